"""The calls of one query: budgets, faults, opinions and what is counted, by call and awaited."""

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from crossroute import Query
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.escalation.loop import EscalationLoop
from crossroute.calls.reply import Reply
from crossroute.calls.settings import CallSettings
from crossroute.calls.spend import Usage
from crossroute.escalation import Escalation, Judge
from crossroute.routing.members import Ability
from tests.support.escalating import COST, SURE, UNSURE, Books, decided, plan
from tests.support.steps import aescalate_by, escalate_by

USAGE = Usage(input_tokens=100, output_tokens=20)
PAID = {"cheap": 3e-4, "middle": 9e-4}
"""What a call with that usage costs."""

SURELY = {name: Reply(f"of {name}", SURE, "stop", USAGE) for name in ("cheap", "middle", "dear")}
DOUBTED = SURELY | {"cheap": Reply("of cheap", UNSURE, "stop", USAGE)}


class RateLimitError(Exception):
    status_code = 429


class BadRequestError(Exception):
    status_code = 400


class Members:
    """Models that answer, or fail, as they are told; a list is answered in turn."""

    def __init__(self, answers):
        self.answers, self.asked = dict(answers), []

    def __call__(self, decision):
        name = decision.candidate
        self.asked.append(name)
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def by_call(escalated, members, read):
    return escalate_by(escalated, members, read)


def awaited(escalated, members, read):
    async def ado(decision):
        await asyncio.sleep(0)
        return members(decision)

    return asyncio.run(aescalate_by(escalated, ado, read))


@pytest.fixture(params=[by_call, awaited])
def ask(request):
    """Ask once; returns what is chosen, the members and the ledger."""

    def run(answers=DOUBTED, escalation=None, *, decision=None, books=None, read=lambda answer: answer):
        escalation, books, members = escalation or Escalation(), books or Books(), Members(answers)
        decision = decision or decided()
        escalated = EscalationLoop(
            decision, "the query", escalation, plan(decision, escalation), **books.of(decision)
        )
        return request.param(escalated, members, read), members, books

    return run


def names(chosen):
    return [call.candidate for call in chosen.decision.calls]


def test_an_answer_that_is_sure_stands(ask):
    chosen, members, _ = ask(SURELY)
    assert chosen.answer is SURELY["cheap"]
    assert members.asked == names(chosen) == ["cheap"]
    call = chosen.decision.calls[0]
    assert call.prior == pytest.approx(0.6)
    assert call.posterior > 0.9
    assert call.evidence.min_logprob == SURE[0]
    assert chosen.decision.actual_cost == pytest.approx(PAID["cheap"])


def test_a_doubted_answer_escalates_and_all_calls_are_told_in_order(ask):
    chosen, members, books = ask()
    second = members.asked[1]
    assert names(chosen) == members.asked == ["cheap", second]
    assert chosen.answer is DOUBTED[second]
    assert chosen.decision.candidate == second
    assert chosen.answers == (DOUBTED["cheap"], DOUBTED[second])
    assert chosen.usage == USAGE + USAGE
    assert {name: spent.calls for name, spent in books.spend.by_candidate.items()} == {"cheap": 1, second: 1}
    first, last = chosen.decision.calls
    assert first.posterior < 0.6
    assert last.prior < {"middle": 0.7, "dear": 0.9}[second], "what is hard for one is hard for another"
    assert any("escalated from cheap" in reason for reason in chosen.decision.reasons)


def test_costs_that_are_not_known_are_not_made_up(ask):
    doubted_by_two = DOUBTED | {"middle": Reply("of middle", UNSURE, "stop", USAGE)}
    chosen, _, _ = ask(doubted_by_two, decision=decided(max_calls=3, pay=1.0))
    costs = {call.candidate: call.cost for call in chosen.decision.calls}
    assert costs["dear"] is None
    assert chosen.decision.actual_cost == pytest.approx(sum(cost for cost in costs.values() if cost))
    nothing = {name: Reply(reply.text, reply.logprobs) for name, reply in SURELY.items()}
    chosen, _, books = ask(nothing)
    assert (chosen.decision.actual_cost, chosen.usage, books.spend.total.calls) == (None, None, 1)


def test_the_answer_most_likely_right_is_kept_though_it_came_first(ask):
    worse = {name: Reply("", None, "stop", USAGE) for name in SURELY}
    worse["cheap"] = Reply("of cheap", (-0.1,), "stop", USAGE)
    chosen, members, _ = ask(worse)
    assert len(members.asked) == 2
    assert chosen.answer is worse["cheap"]
    assert chosen.decision.candidate == "cheap"
    assert chosen.decision.reasons[-1] == "kept the answer of cheap"


@pytest.mark.parametrize("error", [RateLimitError("slow down"), ValueError("bad request")])
def test_a_failed_escalation_returns_the_answer_in_hand(ask, error):
    chosen, members, books = ask(DOUBTED | {"middle": error, "dear": error})
    failed = members.asked[1]
    assert chosen.answer is DOUBTED["cheap"]
    assert chosen.decision.candidate == "cheap"
    assert [(f.candidate, f.error) for f in chosen.decision.failures] == [(failed, type(error).__name__)]
    assert chosen.decision.reasons[-1] == f"kept the answer of cheap: {failed} failed"
    assert (books.cooldowns.remaining(failed) > 0) == isinstance(error, RateLimitError)
    assert books.spend.total.calls == 1


def test_an_answer_that_cannot_be_read_counts_as_failed(ask):
    def read(answer):
        if answer is not DOUBTED["cheap"]:
            raise KeyError("content")
        return answer

    chosen, _, _ = ask(read=read)
    assert chosen.answer is DOUBTED["cheap"]
    assert chosen.decision.failures[0].error == "KeyError"


def test_the_first_call_fails_over_as_ever(ask):
    chosen, members, _ = ask(SURELY | {"cheap": RateLimitError("slow down")})
    assert members.asked[0] == "cheap"
    assert len(members.asked) == 2
    assert chosen.decision.failures[0].candidate == "cheap"
    assert chosen.decision.candidate == members.asked[1]
    with pytest.raises(BadRequestError, match="no such field"):
        ask(SURELY | {"cheap": BadRequestError("no such field")})


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_being_stopped_is_no_failure(error):
    decision = decided()
    members = Members(DOUBTED | {"middle": error, "dear": error})
    escalated = EscalationLoop(decision, "q", Escalation(), plan(decision), **Books().of(decision))
    with pytest.raises(type(error)):
        escalate_by(escalated, members, lambda answer: answer)


def test_a_cancelled_task_stops_during_the_second_call():
    begun, decision = [], decided()

    async def ado(asked):
        begun.append(asked.candidate)
        if len(begun) == 2:
            await asyncio.Event().wait()
        return DOUBTED[asked.candidate]

    async def run():
        escalated = EscalationLoop(decision, "q", Escalation(), plan(decision), **Books().of(decision))
        task = asyncio.create_task(aescalate_by(escalated, ado, lambda answer: answer))
        while len(begun) < 2:
            await asyncio.sleep(0.001)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_no_call_is_made_beyond_the_cost(ask):
    chosen, members, _ = ask(escalation=Escalation(max_cost=PAID["cheap"] + COST[1] / 2))
    assert members.asked == ["cheap"]
    assert chosen.answer is DOUBTED["cheap"]
    assert "max_cost" in chosen.decision.reasons[-1]
    chosen, members, _ = ask(escalation=Escalation(max_cost=PAID["cheap"] + COST[1] * 1.01))
    assert members.asked == ["cheap", "middle"]


def test_no_call_begins_after_the_latency(ask, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("crossroute.calls.escalation.loop.time", SimpleNamespace(monotonic=lambda: clock.now))

    def slow(answer):
        clock.now += 2.0
        return answer

    chosen, members, _ = ask(escalation=Escalation(max_latency_s=1.0), read=slow)
    assert members.asked == ["cheap"]
    assert "max_latency_s" in chosen.decision.reasons[-1]
    assert chosen.decision.calls[0].latency_s == 2.0
    chosen, members, _ = ask(escalation=Escalation(max_latency_s=2.5), read=slow)
    assert [call.latency_s for call in chosen.decision.calls] == [2.0, 2.0]


def test_a_further_call_is_made_where_it_is_worth_the_wait(ask, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("crossroute.calls.escalation.loop.time", SimpleNamespace(monotonic=lambda: clock.now))

    def slow(answer):
        clock.now += 4.0
        return answer

    _, members, _ = ask(escalation=Escalation(usd_per_second=1e-9), read=slow)
    assert len(members.asked) == 2, "hardly anything a second"
    _, members, _ = ask(escalation=Escalation(usd_per_second=1e3), read=slow)
    assert len(members.asked) == 1, "more than any answer is worth"


def test_max_calls_is_kept(ask):
    hopeless = {name: Reply(f"of {name}", UNSURE, "stop", USAGE) for name in SURELY}
    for most in (1, 2, 3):
        _, members, _ = ask(hopeless, decision=decided(pay=10.0, max_calls=most))
        assert len(members.asked) == len(set(members.asked)) <= most
    assert len(members.asked) == 3


def test_a_candidate_that_cools_down_is_not_called(ask):
    books = Books()
    for name in ("middle", "dear"):
        books.cooldowns.fail(name, 60.0)
    chosen, members, _ = ask(books=books)
    assert members.asked == ["cheap"]
    assert chosen.answer is DOUBTED["cheap"]


def test_a_check_and_a_judge_are_heard_and_the_judge_is_paid(ask):
    seen = []

    def check(query, answer):
        seen.append((query, answer))
        return float("cheap" not in answer)

    judge = Judge(ask=lambda query, answer: 1.0, cost=2e-3)
    chosen, members, books = ask(SURELY, Escalation(check=check, judge=judge), decision=decided(pay=1.0))
    told = [(call.evidence.check, call.evidence.judge) for call in chosen.decision.calls]
    assert told[0] == (0.0, 1.0)
    assert all(pair == (1.0, 1.0) for pair in told[1:])
    assert seen == [("the query", f"of {name}") for name in members.asked]
    assert books.spend.by_candidate["judge"].calls == len(told)
    assert chosen.decision.actual_cost == pytest.approx(books.spend.total.cost)
    assert books.spend.by_candidate["judge"].cost == pytest.approx(2e-3 * len(told))


def test_a_judgement_counts_toward_the_budget(ask):
    judge = Judge(ask=lambda query, answer: 0.0, cost=1.0)
    _, members, _ = ask(SURELY, Escalation(judge=judge, max_cost=0.5))
    assert members.asked == ["cheap"]


@pytest.mark.parametrize("said", [2.0, float("nan"), "yes", RuntimeError("judge is out")])
def test_an_opinion_that_fails_is_noted_and_not_heard(ask, said):
    def broken(query, answer):
        if isinstance(said, Exception):
            raise said
        return said

    both = Escalation(check=broken, judge=Judge(ask=broken))
    chosen, _, _ = ask(SURELY, both)
    assert chosen.answer is SURELY["cheap"]
    assert [failure.candidate for failure in chosen.decision.failures][:2] == ["check", "judge"]
    assert [failure.message for failure in chosen.decision.failures][:2] == ["", ""], (
        "it may quote the answer"
    )
    assert chosen.decision.calls[0].evidence.check is chosen.decision.calls[0].evidence.judge is None


def test_a_coroutine_check_serves_awaited_calls_and_is_noted_otherwise(ask):
    async def check(query, answer):
        return 1.0

    chosen, _, _ = ask(SURELY, Escalation(check=check))
    heard, failures = chosen.decision.calls[0].evidence.check, chosen.decision.failures
    assert (heard == 1.0 and not failures) or (heard is None and failures[0].error == "TypeError")


def test_two_answers_are_compared(ask):
    alike = {name: Reply("The answer is 4.0", UNSURE, "stop", USAGE) for name in SURELY}
    apart = {name: Reply(f"{number}", UNSURE, "stop", USAGE) for number, name in enumerate(SURELY)}
    for answers, expected in ((alike, 1.0), (apart, 0.0)):
        chosen, _, _ = ask(answers)
        assert [call.evidence.agreement for call in chosen.decision.calls] == [expected, expected]
    chosen, _, _ = ask(DOUBTED | {name: Reply("", finish_reason="stop") for name in ("middle", "dear")})
    assert [call.evidence.agreement for call in chosen.decision.calls] == [None, None], "one says nothing"


def test_tool_calls_are_returned_at_once_unless_they_fail_their_schema(ask):
    asks = Reply("", finish_reason="tool_calls", usage=USAGE, asks_for_tools=True)
    chosen, members, books = ask(SURELY | {"cheap": asks})
    assert members.asked == ["cheap"]
    assert not books.logprobs.silent, "tool calls have no log-probabilities to be heard"
    broken = Reply("", usage=USAGE, asks_for_tools=True, schema_error="city: missing")
    chosen, members, _ = ask(SURELY | {"cheap": broken})
    assert len(members.asked) == 2
    assert chosen.answer is not broken


def test_candidates_that_return_log_probabilities_are_noted(ask):
    mute = Reply("Paris", usage=USAGE)
    muted = {"cheap": mute, "middle": mute, "dear": mute}
    assert not ask(SURELY)[2].logprobs.silent
    books = ask(muted)[2]
    assert "cheap" in books.logprobs.silent
    ask(SURELY, books=books)
    assert "cheap" not in books.logprobs.silent
    assert not ask(muted, Escalation(logprobs=False))[2].logprobs.silent


@pytest.fixture
def dispatcher(router):
    return Dispatcher(router, {"small": Ability(), "large": Ability(), "x": Ability()}, default="x")


TEXT = "What is 12 plus 30, and what is their product minus 12?"


def test_the_dispatcher_allows_further_calls_only_where_they_may_be_made(dispatcher):
    query, escalation = Query(TEXT), Escalation(max_calls=5)
    settings = CallSettings(escalate=escalation)
    decision = dispatcher.decide(query, settings)
    assert decision.max_calls == 2, "two have a profile"
    plain = dispatcher.decide(query)
    assert (plain.max_calls, plain.calls) == (1, ())
    for forbidding in (
        {"current": "small", "tool_turn": True},
        {"current": "x", "tool_turn": True},
    ):
        assert dispatcher.decide(query, settings, **forbidding).max_calls == 1
    named = settings.overridden({"candidate": "small"})
    assert dispatcher.decide(query, named).max_calls == 1
    assert dispatcher.decide(query, settings, alone=True).max_calls == 1
    stayed = dispatcher.decide(query, settings, alone="it is streamed")
    assert (stayed.max_calls, stayed.reasons[-1]) == (1, "not escalated: it is streamed")
    assert dispatcher.decide(None, settings).max_calls == 1
    assert dispatcher.decide(query, CallSettings(escalate=Escalation(max_calls=1))) == plain


def test_the_ledger_is_safe_to_share_between_threads(dispatcher):
    escalation = Escalation(check=lambda query, answer: float("large" in answer))

    def run(number):
        query = Query(f"{TEXT} No. {number}")
        decision = dispatcher.decide(query, CallSettings(willingness_to_pay=10.0, escalate=escalation))
        answers = {name: Reply(f"of {name}", None, "stop", USAGE) for name in ("small", "large")}
        return escalate_by(dispatcher.escalated(decision, query, escalation), Members(answers), lambda a: a)

    with ThreadPoolExecutor(50) as threads:
        found = list(threads.map(run, range(50)))
    calls = [call for chosen in found for call in chosen.decision.calls]
    assert {chosen.decision.candidate for chosen in found} == {"large"}
    assert dispatcher.spend.total.calls == len(calls)
    assert dispatcher.spend.total.cost == pytest.approx(sum(call.cost for call in calls))


def test_what_is_heard_by_many_threads_is_what_was_said(dispatcher):
    names = [f"model-{number}" for number in range(50)]
    with ThreadPoolExecutor(50) as threads:
        list(
            threads.map(
                lambda number: dispatcher.memory.logprobs.heard(names[number % 50], speaks=False), range(1000)
            )
        )
    assert dispatcher.memory.logprobs.silent == set(names)
    with ThreadPoolExecutor(50) as threads:
        list(
            threads.map(
                lambda number: dispatcher.memory.logprobs.heard(names[number % 50], speaks=True), range(1000)
            )
        )
    assert not dispatcher.memory.logprobs.silent


def test_posteriors_of_a_call_without_evidence_are_its_prior(ask):
    mute = {name: Reply("some", usage=USAGE) for name in SURELY}
    chosen, _, _ = ask(mute, decision=decided(max_calls=1))
    call = chosen.decision.calls[0]
    assert call.posterior == pytest.approx(call.prior, abs=1e-12)
    assert np.isfinite(call.latency_s)


COMPARED = Escalation(max_calls=3, answers="number", logprobs=False)
ALIKE = {"quality": (0.7, 0.7, 0.9), "cost": (1e-4, 1e-4, 1e-2), "pay": 0.2, "max_calls": 3}


def compared(second):
    """Three models of which two are cheap; the first says 12, the second what it is told to, the dear one 15."""
    texts = {"cheap": "3 times 4, so 12.", "middle": second, "dear": "15"}
    return {name: Reply(text, None, "stop", USAGE) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("second", "asked", "kept"),
    [("It is 12", ["cheap", "middle"], "cheap"), ("It is 13", ["cheap", "middle", "dear"], "dear")],
)
def test_two_cheap_answers_that_agree_are_enough_and_two_that_differ_are_not(second, asked, kept):
    decision = decided(**ALIKE)
    escalated = EscalationLoop(decision, "?", COMPARED, plan(decision, COMPARED), **Books().of(decision))
    members = Members(compared(second))
    chosen = escalate_by(escalated, members, lambda reply: reply)
    assert members.asked == asked
    assert chosen.decision.candidate == kept
    told = {call.candidate: call.posterior for call in chosen.decision.calls}
    assert (told["cheap"] > 0.8) == (len(asked) == 2)
    assert max(told, key=told.get) == kept


def test_an_empty_answer_is_not_compared():
    decision = decided(**ALIKE)
    escalated = EscalationLoop(decision, "?", COMPARED, plan(decision, COMPARED), **Books().of(decision))
    members = Members(compared("It is 12") | {"cheap": Reply("", None, "stop", USAGE)})
    chosen = escalate_by(escalated, members, lambda reply: reply)
    assert members.asked[0] == "cheap"
    assert chosen.decision.candidate != "cheap"


def test_with_a_check_or_with_two_calls_agreement_plans_nothing():
    decision = decided(**ALIKE)
    for settings in (
        COMPARED.model_copy(update={"check": lambda query, answer: 1.0}),
        COMPARED.model_copy(update={"max_calls": 2}),
        COMPARED.model_copy(update={"answers": None}),
        COMPARED.model_copy(update={"logprobs": True}),
    ):
        assert not plan(decision, settings).compares


def test_an_answer_that_repeats_the_question_counts_less_where_answers_are_compared():
    decision, told = decided(**ALIKE), {}
    for asked in ("What is 12 plus 3?", "What is 5 plus 7?"):
        escalated = EscalationLoop(
            decision, asked, COMPARED, plan(decision, COMPARED), **Books().of(decision)
        )
        chosen = escalate_by(escalated, Members(compared("It is 13")), lambda reply: reply)
        told[asked] = chosen.decision.calls[0]
    echoed, other = told.values()
    assert (echoed.candidate, echoed.evidence.signs) == ("cheap", {"echoed"})
    assert (other.candidate, other.evidence.signs) == ("cheap", frozenset())
    assert echoed.posterior < other.posterior


def test_two_answers_that_differ_are_told_apart_by_their_form():
    planned, apart = plan(decided(**ALIKE), COMPARED), np.eye(2, dtype=bool)
    plain, told = (
        planned.posteriors(["cheap", "middle"], [shift, math.nan], apart) for shift in (math.nan, -1.0)
    )
    assert plain[0] == pytest.approx(plain[1])
    assert told[0] < plain[0] < told[1]
