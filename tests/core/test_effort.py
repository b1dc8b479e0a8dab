"""How an effort is written, and what stays part of a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.effort import BUDGETS, LEVELS, EffortLevel, read_effort, split_effort, with_effort


@pytest.mark.parametrize(
    ("name", "model", "effort"),
    [
        ("gpt-5.5@low", "gpt-5.5", "low"),
        ("openai:gpt-5.5@HIGH", "openai:gpt-5.5", "high"),
        ("claude-sonnet-4-5@16k", "claude-sonnet-4-5", "16k"),
        ("claude-sonnet-4-5@budget=2048", "claude-sonnet-4-5", "budget=2048"),
        ("claude-sonnet-4-5@4096", "claude-sonnet-4-5", "budget=4096"),
        ("claude-sonnet-4-5@16384", "claude-sonnet-4-5", "budget=16384"),
        ("claude-sonnet-4-5@32000", "claude-sonnet-4-5", "32k"),
        ("gpt-5.5@100000", "gpt-5.5", "100k"),
        ("deepseek-v3.2@thinking", "deepseek-v3.2", "high"),
        ("qwen3-8b@off", "qwen3-8b", "none"),
        ("vertex_ai/claude-sonnet-4@20250514@medium", "vertex_ai/claude-sonnet-4@20250514", "medium"),
    ],
)
def test_an_effort_stands_after_the_last_sign(name, model, effort):
    found, told = split_effort(name)
    assert (found, str(told)) == (model, effort)


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5.5",
        "claude-3-5-sonnet@20241022",
        "mistral-large@2407",
        "mistral-large-4@2611",
        "doubao-seed@261001",
        "grok-4@0709",
        "gemini-1.5-pro@001",
        "a@default",
        "@low",
    ],
)
def test_a_version_is_no_effort(name):
    assert split_effort(name) == (name, None)


def test_levels_rise_and_a_budget_lies_between_those_that_it_reaches():
    assert [EffortLevel(level).step for level in LEVELS] == sorted(
        EffortLevel(level).step for level in LEVELS
    )
    assert EffortLevel("low").step < read_effort("4k").step < EffortLevel("medium").step
    assert read_effort(f"budget={BUDGETS['high']}").step == EffortLevel("high").step
    assert read_effort("budget=0").step == EffortLevel("none").step == 0


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_a_larger_budget_never_stands_lower(one, other):
    low, high = sorted((one, other))
    assert read_effort(f"budget={low}").step <= read_effort(f"budget={high}").step


@given(st.sampled_from(LEVELS) | st.integers(1, 999).map("{}k".format))
def test_what_is_written_is_read_again(text):
    told = read_effort(text)
    assert split_effort(with_effort("m", told)) == ("m", told)


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="Expected a model's name, got 5"):
        split_effort(5)
