"""The examples run offline and show what they say."""

import pytest


@pytest.fixture
def run(run_example):
    def run(name):
        lines = run_example(name).splitlines()
        assert max(map(len, lines)) <= 80
        return lines

    return run


def test_the_chain(run):
    lines = run("langchain_chain.py")
    assert [line for line in lines if "answer" in line] == [
        "  An answer by gpt-4o-mini's stand-in.",
        "  An answer by gpt-5-mini's stand-in.",
    ]
    assert lines[2].startswith("  predicted quality 0.")
    assert lines[-2:] == ["gpt-4o-mini: 1 call, $0.0000067", "gpt-5-mini: 1 call, $0.000019"]


def test_the_agent(run):
    lines = run("langchain_agent.py")
    assert lines[1] == "  gpt-4o-mini: Lima."
    tried = lines[4].removesuffix(": calls overdue").strip()
    assert tried in {"gpt-5", "gpt-4o-mini"}
    assert lines[4:8:2] == [
        f"  {tried}: calls overdue",
        f"  {tried}: They are late: Ada Ltd: 1,200 euros, 12 days.",
    ]
    assert lines[7].startswith(f"    stuck to {tried}: tool turn; took $")


def test_retrieval(run):
    lines = run("langchain_rag.py")
    assert lines[1] == "  gpt-4o-mini: Delivery to Norway costs 12 euros and takes four days."
    assert lines[3].startswith("  gpt-5-mini: The watch has two years of warranty.")
    assert lines[4] == "Shops are open from nine to six."


def test_the_preference(run):
    lines = run("langchain_preference.py")
    assert lines[0].startswith("cost preference 0: gpt-5, ")
    assert lines[1].startswith("cost preference 0.5: gpt-4o-mini, ")
    assert lines[2].startswith("cost preference 1: llama-3.1-8b-instruct, ")
    assert lines[3] == "asked for by name: gpt-5"
    assert "gpt-4o-mini has the highest exponential reward" in " ".join(lines[4:])


def test_the_failover(run):
    assert run("langchain_failover.py") == [
        "first call: An answer by gpt-4o-mini's stand-in.",
        "  gpt-5 failed with TimeoutError",
        "second call: An answer by gpt-4o-mini's stand-in.",
        "  gpt-5 cools down after a failure",
    ]


def test_the_escalation_of_real_models_says_what_it_needs(run, monkeypatch):
    import local_models

    monkeypatch.setattr(local_models, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install xllamacpp"):
        run("langchain_escalation.py")


def test_the_traffic(run):
    before, mini, drift, after = run("langchain_traffic.py")
    assert before == "Before: gpt-4o-mini 60"
    assert mini.startswith("gpt-4o-mini: quality 0.00, predicted 0.")
    assert "quality" in drift
    changed = dict(zip(after.split()[1::2], map(int, after.split()[2::2]), strict=True))
    assert changed["gpt-4o"] > 45
