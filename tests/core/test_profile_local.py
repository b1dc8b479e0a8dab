"""examples/profile_local.py with two stand-ins, for its models are no part of the test environment."""

from functools import partial

import pytest

from crossroute.profiler.questions import calibration_set

ANSWERS = {query.text: query for query in calibration_set()}


@pytest.fixture
def run(run_example, tmp_path):
    return partial(run_example, "profile_local.py", "--folder", str(tmp_path))


def test_without_the_packages_it_says_how_to_install_them(run, monkeypatch):
    import local_models

    monkeypatch.setattr(local_models, "PACKAGES", ("not_installed_here",))
    with pytest.raises(SystemExit, match=r"not_installed_here is not installed(.|\n)*pip install xllamacpp"):
        run()


def test_two_models_are_profiled_and_routed_between_and_a_longer_run_goes_on(run, monkeypatch):
    import local_models

    asked = []

    def strong(query):
        asked.append(query)
        return ANSWERS[query].example

    monkeypatch.setattr(local_models, "PACKAGES", ())
    monkeypatch.setattr(local_models, "smollm2", lambda _: "No.")
    monkeypatch.setattr(local_models, "gemma3", strong)
    run("--limit", "12")
    told = run("--limit", "26")
    assert "smollm2: 12 of 26" not in told
    assert len(asked) == len(set(asked)) == 26
    assert "profiled on 13 queries, routing 13 others" in told
    assert "gemma3 alone        quality 1.000" in told
    assert "cost preference 0   quality 1.000" in told
    assert "cost preference 1   quality 0." in told
