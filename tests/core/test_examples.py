"""The examples that need no framework run offline and show what they say; data_frames.py by pandas alone."""

import pytest


def test_a_partition_is_routed_as_one_call_would(run_example):
    pytest.importorskip("pandas")
    first, *chosen = run_example("data_frames.py").splitlines()
    assert first == "pandas: 100 queries, as by one call here"
    assert len(chosen) > 1


def test_own_data_send_most_sums_to_the_model_that_can_add(run_example):
    worth, *chosen = run_example("own_data.py").splitlines()
    assert "new queries: the quality of large for" in worth
    counts = {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in chosen}
    assert counts["sums: large"] > counts.get("sums: small", 0)
    assert counts["haiku: small"] > counts.get("haiku: large", 0)


def test_a_coding_agents_tool_turn_stays_with_one_model(run_example, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    called, answered = run_example("serve_coding_agent.py").splitlines()
    model, _, rest = called.partition(" ")
    assert rest == "calls Read({'path': 'stats.py'})"
    assert answered == f"{model} answers: len(xs) is 0, and nothing divides by 0."
