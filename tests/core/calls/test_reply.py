"""A reply's facts become evidence."""

import pytest

from crossroute.calls.reply import LEAST_LOGPROB, Reply
from crossroute.calls.spend import Usage

NAN, INFINITE = float("nan"), float("inf")


def test_token_log_probabilities_are_averaged_and_the_least_is_kept():
    told = Reply("Paris", logprobs=(-0.5, -1.5, -0.1)).evidence()
    assert told.mean_logprob == pytest.approx(-0.7)
    assert told.min_logprob == -1.5


@pytest.mark.parametrize("logprobs", [None, (), (NAN,)])
def test_without_log_probabilities_nothing_is_said_of_them(logprobs):
    assert Reply("Paris", logprobs=logprobs).evidence().is_silent


def test_impossible_log_probabilities_are_held_in_bounds():
    told = Reply("x", logprobs=(-INFINITE, -9999.0, 1e-7, NAN)).evidence()
    assert told.min_logprob == LEAST_LOGPROB
    assert told.mean_logprob == pytest.approx(2 * LEAST_LOGPROB / 3)


def test_length_is_relative_to_what_was_expected():
    reply = Reply("x", usage=Usage(output_tokens=30))
    assert reply.evidence(20).length_ratio == 1.5
    assert Reply("x").evidence(20).length_ratio is None


@pytest.mark.parametrize("expected", [None, 0.0, -1e-12, NAN])
def test_no_length_is_judged_where_none_was_expected(expected):
    assert Reply("x", usage=Usage(output_tokens=30)).evidence(expected).length_ratio is None


@pytest.mark.parametrize(
    ("reply", "flaws"),
    [
        (Reply("Paris", finish_reason="stop"), set()),
        (Reply(" \n"), {"empty"}),
        (Reply("", asks_for_tools=True, finish_reason="tool_calls"), set()),
        (Reply("", schema_error="people: not an integer"), {"schema"}),
        (Reply("Once upon a", finish_reason="length"), {"cut off"}),
        (Reply("Once upon a", finish_reason="MAX_TOKENS"), {"cut off"}),
        (Reply("No.", finish_reason="content_filter"), {"refusal"}),
        (Reply("No.", refused=True), {"refusal"}),
        (Reply("", finish_reason="length"), {"empty", "cut off"}),
    ],
)
def test_flaws_are_found(reply, flaws):
    assert reply.evidence().flaws == flaws


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m very sorry, I cannot do that.",
        "Sorry, but I can't assist with this request.",
        "I cannot provide that.",
        "I am unable to help.",
        "As an AI language model, I do not have opinions.",
    ],
)
def test_refusals_are_known_by_how_they_begin(text):
    assert Reply(text).evidence().flaws == {"refusal"}


@pytest.mark.parametrize(
    "text",
    ["I'm sorry for your loss.", "I can help.", "The answer: I cannot help it, he said.", "I am Paul."],
)
def test_what_only_resembles_a_refusal_is_none(text):
    assert not Reply(text).evidence().flaws
