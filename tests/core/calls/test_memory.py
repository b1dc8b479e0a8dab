"""Memory: authors of answers, and candidates that refuse log-probabilities, which are then not requested again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from crossroute.calls import memory as module
from crossroute.calls.memory import Logprobs, Memory
from crossroute.calls.steps import Ask, adrive, drive


class StatusError(Exception):
    def __init__(self, message, status=400, body=None):
        super().__init__(message)
        self.status_code, self.body = status, body


def asking(logprobs):
    return (yield Ask(logprobs))


def asker(asked, error=None):
    """Ask; with log-probabilities, an error is raised where there is one."""

    def ask(logprobs):
        asked.append(logprobs)
        if logprobs and error is not None:
            raise error
        return "answer"

    return ask


def both(logprobs, ask, name="a", **settings):
    async def aask(given):
        return ask(given)

    assert drive(logprobs.steps(name, asking, **settings), ask) == "answer"
    assert asyncio.run(adrive(logprobs.steps(name, asking, **settings), aask)) == "answer"


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (StatusError("logprobs are not supported with reasoning models", 403), True),
        (StatusError("You are not allowed to request logprobs from this model", 403), True),
        (StatusError("logprobs not supported", 404), True),
        (StatusError("Logprobs is not enabled for models/x", 400), True),
        (StatusError("Error code: 422", 422, body={"detail": [{"loc": ["body", "top_logprobs"]}]}), True),
        (StatusError("logprobs are not implemented", 501), True),
        (TypeError("create() got an unexpected keyword argument 'logprobs'"), True),
        (StatusError("unknown parameter", 400), True),
        (StatusError("Unprocessable Entity", 422), True),
        (StatusError("", 400), True),
        (StatusError("logprobs: too many requests", 429), False),
        (StatusError("logprobs timed out", 503), False),
        (StatusError("forbidden", 403), False),
        (StatusError("model not found", 404), False),
        (StatusError("no such key", 401), False),
        (StatusError("context length exceeded", 400), False),
        (StatusError("the conversation is too long", 422), False),
        (StatusError("Invalid image_url", 400), False),
        (StatusError("Error code: 400", 400, body={"error": {"code": "context_length_exceeded"}}), False),
        (ValueError("temperature must be in [0, 2]"), False),
    ],
)
def test_when_the_parameter_may_be_to_blame(error, refused):
    logprobs, asked = Logprobs(), []
    assert logprobs.refused("a", error) is refused
    if refused:
        both(logprobs, asker(asked, error))
        assert asked == [True, False, False], "a candidate that refused is not asked again"
    else:
        for _ in range(2):
            with pytest.raises(type(error)):
                drive(logprobs.steps("a", asking), asker(asked, error))
        assert asked == [True, True], "no request is made twice"


def test_after_a_success_only_an_error_that_names_it_is_a_refusal():
    logprobs, asked = Logprobs(), []
    both(logprobs, asker(asked))
    assert not logprobs.refused("a", StatusError("unknown parameter"))
    assert logprobs.refused("a", StatusError("logprobs: unknown parameter"))
    assert logprobs.refused("b", StatusError("unknown parameter"))
    assert asked == [True, True]


def test_each_candidate_refuses_for_itself():
    logprobs, asked = Logprobs(), []
    both(logprobs, asker(asked, StatusError("no logprobs")))
    both(logprobs, asker(asked), "b")
    assert asked == [True, False, False, True, True]


def test_where_the_request_fails_without_them_too_nothing_is_learnt():
    logprobs, asked = Logprobs(), []

    def ask(wanted):
        asked.append(wanted)
        raise StatusError(f"unknown parameter, {wanted}")

    for _ in range(2):
        with pytest.raises(StatusError, match="False"):
            drive(logprobs.steps("a", asking), ask)
    assert asked == [True, False, True, False]


def test_while_requests_fail_either_way_none_is_made_twice():
    logprobs, asked = Logprobs(), []

    def fail(wanted):
        asked.append(wanted)
        raise StatusError("Bad Request")

    for _ in range(5):
        with pytest.raises(StatusError):
            drive(logprobs.steps("a", asking), fail)
    assert asked == [True, False, True, False, False, False, False]
    both(logprobs, asker(asked))
    assert asked[7:] == [False, True], "after a success it is asked again"


def test_they_are_not_asked_for_where_they_are_not_wanted():
    logprobs, asked = Logprobs(), []
    both(logprobs, asker(asked), wanted=False)
    assert asked == [False, False]


def test_what_is_heard_by_many_threads_is_what_was_said():
    logprobs, names = Logprobs(), [f"model-{number}" for number in range(50)]
    for speaks, silent in ((False, set(names)), (True, set())):
        with ThreadPoolExecutor(50) as threads:
            list(threads.map(lambda n: logprobs.heard(names[n % 50], speaks=speaks), range(1000)))  # noqa: B023
        assert logprobs.silent == silent


def test_any_mark_tells_the_author_and_empty_ones_tell_nothing():
    memory = Memory()
    memory.began(["", "a", "b"], "small")
    memory.began(["b"], "large")
    assert (memory.beginner(["a"]), memory.beginner(["", "b", "a"])) == ("small", "large")
    assert memory.beginner([""]) is memory.beginner([]) is memory.beginner(["c"]) is None


def test_what_is_long_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED_MARKS", 2)
    memory = Memory()
    memory.began(["a", "b", "c"], "small")
    assert [memory.beginner([mark]) for mark in "abc"] == [None, "small", "small"]


def test_other_models_are_heard_anew_and_the_rest_is_shared():
    memory = Memory()
    memory.logprobs.heard("small", speaks=False)
    other = memory.of_other_models()
    other.logprobs.heard("large", speaks=False)
    assert (memory.logprobs.silent, other.logprobs.silent) == ({"small"}, {"large"})
    assert other.spend is memory.spend
    assert other.cooldowns is memory.cooldowns
    other.began(["a"], "large")
    assert memory.beginner(["a"]) == "large"
