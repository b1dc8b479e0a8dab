"""Attempts: the order in which candidates are called, in calls and in streams, sync and async."""

import asyncio
import math
import random
import sys
from functools import partial
from json import JSONDecodeError

import pytest

from crossroute.calls import attempts as module
from crossroute.calls.attempts import Attempts
from crossroute.calls.failures import Cooldowns
from crossroute.calls.ledger import Ledger
from crossroute.calls.spend import Spend
from crossroute.calls.tail import Tail
from crossroute.decision import Alternative, Decision
from tests.support.steps import acall_by, call_by


class RateLimitError(Exception):
    status_code = 429


class APITimeoutError(Exception):
    pass


class Rejected(Exception):  # noqa: N818
    status_code = 400


def decision(*names, excluded=()):
    alternatives = [
        Alternative(
            candidate=name,
            quality=0.9,
            cost=0.1,
            reward=-i,
            attention=0,
            excluded="no" if name in excluded else None,
        )
        for i, name in enumerate(names)
    ]
    return Decision(
        candidate=names[0],
        quality=0.9,
        cost=0.1,
        willingness_to_pay=1,
        cost_preference=0.5,
        reward="linear",
        alternatives=alternatives,
        clusters=(),
    )


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.0)


class Members:
    """Candidates that fail as told; what is not told answers its name."""

    def __init__(self, **errors):
        self.errors = {name: list(told) for name, told in errors.items()}
        self.called = []

    def call(self, decision):
        self.called.append(decision.candidate)
        errors = self.errors.get(decision.candidate)
        if errors:
            raise errors.pop(0)
        return decision

    async def acall(self, decision):
        await asyncio.sleep(0)
        return self.call(decision)


def test_the_first_answer_counts_and_each_failure_is_kept():
    members, cooldowns = Members(a=[RateLimitError("slow down")]), Cooldowns()
    answered = call_by(Attempts(decision("a", "b", "c"), cooldowns), members.call)
    assert members.called == ["a", "b"]
    assert answered.candidate == "b"
    assert answered.reasons == ("a failed",)
    assert [(f.candidate, f.error, f.status, f.transient) for f in answered.failures] == [
        ("a", "RateLimitError", 429, True)
    ]
    assert cooldowns.remaining("a") > 0
    assert cooldowns.remaining("b") == 0


def test_a_permanent_error_is_raised_at_once_as_it_was():
    rejected = Rejected("no such parameter")
    members, cooldowns = Members(a=[rejected]), Cooldowns()
    with pytest.raises(Rejected) as raised:
        call_by(Attempts(decision("a", "b"), cooldowns), members.call)
    assert raised.value is rejected
    assert members.called == ["a"]
    assert [failure.fault for failure in rejected.crossroute_failures] == ["request"]
    assert cooldowns.remaining("a") == 0


def test_a_candidate_that_cools_down_is_called_last_but_is_called():
    cooldowns = Cooldowns()
    cooldowns.fail("a")
    members = Members(b=[RateLimitError()])
    answered = call_by(Attempts(decision("a", "b"), cooldowns), members.call)
    assert members.called == ["b", "a"]
    assert answered.reasons == ("a cools down after a failure", "b failed")
    assert cooldowns.remaining("a") == 0, "a success ends the cooldown"


def test_excluded_candidates_are_never_called():
    members = Members(a=[RateLimitError()] * 9)
    with pytest.raises(RateLimitError):
        call_by(Attempts(decision("a", "b", excluded=("b",)), Cooldowns(), max_attempts=3), members.call)
    assert members.called == ["a", "a", "a"]


def test_rounds_go_on_until_max_attempts_and_the_last_error_tells_of_the_others():
    members = Members(
        a=[RateLimitError(f"a{i}") for i in range(9)], b=[RateLimitError(f"b{i}") for i in range(9)]
    )
    with pytest.raises(RateLimitError, match="a1") as raised:
        call_by(Attempts(decision("a", "b"), Cooldowns(), max_attempts=3), members.call)
    assert members.called == ["a", "b", "a"]
    assert [f.message for f in raised.value.crossroute_failures] == ["a0", "b0", "a1"]


def test_calls_that_failed_beside_it_in_one_moment_do_not_end_a_call():
    members, cooldowns = Members(a=[ConnectionError()], b=[ConnectionError()]), Cooldowns()
    attempts = Attempts(decision("a", "b"), cooldowns)
    for name in ("a", "b") * 6:
        cooldowns.fail(name)
    assert call_by(attempts, members.call).candidate == "a"
    assert members.called == ["a", "b", "a"]


def test_a_total_outage_ends_after_six_failures_and_the_next_call_tries_once():
    members, cooldowns = Members(a=[RateLimitError()] * 99), Cooldowns()
    for calls in (6, 7):
        with pytest.raises(RateLimitError):
            call_by(Attempts(decision("a"), cooldowns), members.call)
        assert members.called == ["a"] * calls


def test_failures_that_are_alike_stand_in_one_note():
    error = RateLimitError("slow")
    members = Members(a=[RateLimitError("slow")] * 5 + [error] * 9)
    with pytest.raises(RateLimitError) as raised:
        call_by(Attempts(decision("a"), Cooldowns()), members.call)
    assert len(raised.value.crossroute_failures) == 6
    if sys.version_info >= (3, 11):  # the first Python whose errors take notes
        assert raised.value.__notes__ == ["Before it, a failed with RateLimitError 429: slow (5 times)"]


def test_a_candidate_that_times_out_is_called_three_times_at_most():
    members = Members(a=[APITimeoutError()] * 9, b=[RateLimitError()] * 2)
    assert call_by(Attempts(decision("a", "b"), Cooldowns()), members.call).candidate == "b"
    assert members.called == ["a", "b", "a", "b", "a", "b"]
    alone = Members(a=[APITimeoutError()] * 9)
    with pytest.raises(APITimeoutError):
        call_by(Attempts(decision("a"), Cooldowns()), alone.call)
    assert alone.called == ["a"] * 3


def test_a_member_that_nobody_can_read_is_asked_five_times_at_most():
    broken = [JSONDecodeError("no value", "<html>", 0) for _ in range(9)]
    members = Members(a=broken, b=[RateLimitError(), *broken[:2], RateLimitError(), RateLimitError()])
    assert call_by(Attempts(decision("a", "b"), Cooldowns()), members.call).candidate == "b"
    assert members.called == ["a", "b"] * 5 + ["b"]


class Unauthorized(Exception):  # noqa: N818
    status_code = 401


class TooLong(Exception):  # noqa: N818
    status_code, body = 400, {"code": "context_length_exceeded"}


def test_a_member_that_would_fail_again_is_left_out_and_told_of():
    members, cooldowns = Members(a=[Unauthorized()] * 9, b=[RateLimitError()]), Cooldowns()
    answered = call_by(Attempts(decision("a", "b"), cooldowns), members.call)
    assert members.called == ["a", "b", "b"]
    assert [(f.candidate, f.fault) for f in answered.failures] == [("a", "member"), ("b", "member")]
    assert cooldowns.remaining("a") > 290
    with pytest.raises(Unauthorized):
        call_by(Attempts(decision("a"), Cooldowns()), Members(a=[Unauthorized()] * 9).call)


def test_after_a_window_that_is_too_small_only_larger_ones_are_called():
    windows, cooldowns = {"a": 8_000, "b": 4_000, "c": 8_000, "d": 1_000_000}, Cooldowns()
    members = Members(a=[TooLong()])
    answered = call_by(Attempts(decision("a", "b", "c", "d"), cooldowns, windows=windows), members.call)
    assert members.called == ["a", "d"]
    assert answered.failures[0].fault == "member"
    assert cooldowns.remaining("a") == 0
    with pytest.raises(TooLong):
        call_by(Attempts(decision("a", "b"), cooldowns, windows=windows), Members(a=[TooLong()]).call)


def test_a_content_filter_is_raised_or_passed_by_option():
    class Filtered(Exception):  # noqa: N818
        status_code, body = 400, {"code": "content_filter"}

    members = Members(a=[Filtered(), Filtered()])
    with pytest.raises(Filtered):
        call_by(Attempts(decision("a", "b"), Cooldowns()), members.call)
    assert (
        call_by(Attempts(decision("a", "b"), Cooldowns(), past_filters=True), members.call).candidate == "b"
    )


def test_a_provider_that_asks_for_an_hour_is_not_called_again_and_one_that_asks_for_less_is_waited_for():
    class Busy(Exception):  # noqa: N818
        status_code = 429

        def __init__(self, seconds):
            self.retry_after = seconds

    with pytest.raises(Busy):
        call_by(Attempts(decision("a"), Cooldowns()), (members := Members(a=[Busy(3600)] * 9)).call)
    assert members.called == ["a"]
    waits = []

    def asking(decision):
        if not waits:
            raise Busy(2)
        return decision
        yield

    steps = Attempts(decision("a"), Cooldowns()).steps(asking)
    waits.append(next(steps).seconds)
    assert waits == [2]


@pytest.mark.parametrize("passing", [KeyboardInterrupt, asyncio.CancelledError])
def test_what_is_no_exception_passes_through(passing):
    members, cooldowns = Members(a=[passing()]), Cooldowns()
    with pytest.raises(passing):
        call_by(Attempts(decision("a", "b"), cooldowns), members.call)
    assert cooldowns.remaining("a") == 0


def test_the_asynchronous_call_is_the_same():
    members = Members(a=[RateLimitError()], b=[RateLimitError()])
    answered = asyncio.run(acall_by(Attempts(decision("a", "b", "c"), Cooldowns()), members.acall))
    assert answered.candidate == "c"
    with pytest.raises(Rejected):
        asyncio.run(acall_by(Attempts(decision("a"), Cooldowns()), Members(a=[Rejected()]).acall))


def opening(stream):
    """What `Attempts.stream` takes, for a stream that no tail changes."""
    ledger = Ledger(Spend(), {}.get)

    def opened(decision):
        return partial(stream, decision), Tail((yield from ledger.begin(decision)))

    return opened


def stream_of(failing_after):
    """A stream of three chunks a candidate, which breaks after so many of them."""

    def stream(decision):
        for i in range(3):
            if failing_after.get(decision.candidate) == i:
                raise RateLimitError(decision.candidate)
            yield f"{decision.candidate}{i}"

    async def astream(decision):
        for chunk in stream(decision):
            yield chunk

    return stream, astream


async def gather(stream):
    return [chunk async for chunk in stream]


def test_a_stream_fails_over_before_its_first_chunk():
    stream, astream = stream_of({"a": 0})
    assert list(Attempts(decision("a", "b"), Cooldowns()).stream(opening(stream), None)) == ["b0", "b1", "b2"]
    found = asyncio.run(gather(Attempts(decision("a", "b"), Cooldowns()).astream(opening(astream), None)))
    assert found == ["b0", "b1", "b2"]


def test_a_stream_that_has_begun_does_not_fail_over():
    stream, astream = stream_of({"a": 1})
    cooldowns, chunks = Cooldowns(), []
    with pytest.raises(RateLimitError):
        chunks.extend(
            chunk for chunk in Attempts(decision("a", "b"), cooldowns).stream(opening(stream), None)
        )
    assert cooldowns.remaining("a") > 0
    with pytest.raises(RateLimitError):
        asyncio.run(gather(Attempts(decision("a", "b"), Cooldowns()).astream(opening(astream), None)))


def test_closing_a_stream_closes_the_candidates():
    closed = []

    def stream(decision):
        try:
            yield from "xyz"
        finally:
            closed.append(decision.candidate)

    chunks = Attempts(decision("a"), Cooldowns()).stream(opening(stream), None)
    assert next(chunks) == "x"
    chunks.close()
    assert closed == ["a"]


def test_two_hundred_calls_at_once_with_three_in_ten_failing_lose_none():
    chance, cooldowns = random.Random(0), Cooldowns()

    async def do(decision):
        await asyncio.sleep(0)
        if chance.random() < 0.3:
            raise RateLimitError
        return decision

    async def run():
        calls = (acall_by(Attempts(decision("a", "b", "c"), cooldowns), do) for _ in range(200))
        return await asyncio.gather(*calls)

    answers = asyncio.run(run())
    assert len(answers) == 200
    assert sum(len(answer.failures) for answer in answers) > 40


def test_timeouts_that_end_in_one_moment_lose_no_call_of_two_members():
    chance, cooldowns = random.Random(0), Cooldowns()

    async def do(decision):
        fails = chance.random() < 0.4
        await asyncio.sleep(0.1 if fails else 0)
        if fails:
            raise ConnectionError
        return decision

    async def run():
        calls = (acall_by(Attempts(decision("a", "b"), cooldowns), do) for _ in range(1_000))
        return await asyncio.gather(*calls)

    assert len(asyncio.run(run())) == 1_000


def test_a_decision_without_alternatives_calls_its_candidate():
    alone = decision("a").model_copy(update={"alternatives": (), "quality": math.nan})
    assert call_by(Attempts(alone, Cooldowns()), Members().call).candidate == "a"


def test_no_attempt_at_all_is_refused():
    with pytest.raises(ValueError, match="max_attempts must be at least 1"):
        Attempts(decision("a"), Cooldowns(), max_attempts=0)


def test_a_candidate_that_is_insisted_on_is_called_first_even_while_it_cools_down():
    cooldowns = Cooldowns()
    cooldowns.fail("a")
    members = Members(a=[RateLimitError("slow down")])
    call_by(Attempts(decision("a", "b"), cooldowns, insist=True), members.call)
    assert members.called == ["a", "b"]
