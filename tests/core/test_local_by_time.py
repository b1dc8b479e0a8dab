"""examples/local_by_time.py with two stand-ins, for its models are no part of the test environment."""

import time

import pytest

from crossroute import Answer


def test_it_says_what_to_install(run_example, monkeypatch):
    import local_models

    monkeypatch.setattr(local_models, "PACKAGES", ("not_installed_here",))
    with pytest.raises(SystemExit, match="not_installed_here is not installed"):
        run_example("local_by_time.py")


def test_the_dial_trades_right_answers_for_seconds(run_example, monkeypatch):
    import local_models

    def stand_in(seconds, knows):
        def ask(query):
            time.sleep(seconds)
            known = "Paris Tokyo Rome Cairo Lima Madrid Oslo Berlin " + " ".join(map(str, range(5, 30)))
            return Answer(text=known if knows else "I do not know.", input_tokens=10, output_tokens=10)

        return ask

    monkeypatch.setattr(local_models, "PACKAGES", ())
    monkeypatch.setattr(local_models, "smollm2", stand_in(0.001, knows=False))
    monkeypatch.setattr(local_models, "gemma3", stand_in(0.05, knows=True))
    told = run_example("local_by_time.py")
    assert "smollm2: 0% right" in told
    assert "gemma3: 100% right" in told
    for line in told.splitlines()[2:]:
        assert "0 gemma3" in line
        assert "1 smollm2" in line
