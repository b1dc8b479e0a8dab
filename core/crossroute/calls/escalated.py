"""Route, verify, escalate: one query, as many calls as its answers ask for."""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from crossroute.calls.attempts import Attempts
from crossroute.calls.cooldowns import Cooldowns
from crossroute.calls.escalation_plan import EscalationPlan
from crossroute.calls.failover import failure_of, retry_after
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from crossroute.calls.transcript import Transcript
from crossroute.decision import Decision, Failure
from crossroute.encoder import Encoder
from crossroute.escalation import Escalation, Opinion

T = TypeVar("T")

CHECK, JUDGE = "check", "judge"


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """What came of a query.

    Attributes:
        answer: The answer that is most likely right.
        decision: Who gave it, and every call.
        usage: Tokens of all calls; None where none are known.
        answers: All answers, in the order of the decision's calls.
        judgements: USD of each judgement that was paid for.
    """

    answer: T
    decision: Decision
    usage: Usage | None
    answers: tuple[T, ...]
    judgements: tuple[float, ...] = ()


class Ledger(Protocol):
    """What a query's calls need of whoever makes them: failover, cooldowns, and a count of what was spent."""

    cooldowns: Cooldowns

    def attempts(self, decision: Decision) -> Attempts:
        """Return the attempts of the first call."""
        ...

    def count(self, candidate: str, usage: Usage | None, *, cost: float | None = None) -> float | None:
        """Count an answered call, or what else was paid for, and return its cost in USD."""
        ...

    def heard(self, candidate: str, speaks: bool) -> None:
        """Note whether a candidate's answer came with log-probabilities."""
        ...


class Escalated(Generic[T]):
    """The calls of one query; used once.

    Args:
        decision: What was decided; its candidate is called first.
        query: The query's text.
        escalation: Limits, check and judge.
        plan: Whom to call, and what evidence is worth.
        ledger: Who keeps count.
        expected_tokens: Candidate -> output tokens foreseen.
        encoder: For whether long answers agree; they are not compared without it.
    """

    def __init__(
        self,
        decision: Decision,
        query: str,
        escalation: Escalation,
        plan: EscalationPlan,
        ledger: Ledger,
        *,
        expected_tokens: Mapping[str, float] | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.decision, self.query, self.escalation, self.plan = decision, query, escalation, plan
        self._ledger = ledger
        self._heard: Transcript[T] = Transcript(plan, expected_tokens or {}, encoder)
        self._judging: list[float] = []  # USD of each judgement

    def call(self, do: Callable[[Decision], T], read: Callable[[T], Reply]) -> Chosen[T]:
        """Call, look, call again where it pays, and return the best answer.

        Args:
            do: Calls the decision's candidate once and returns its answer.
            read: What the answer says.
        """
        begun = began = time.monotonic()
        attempts = self._ledger.attempts(self.decision)
        answer = attempts.call(do)
        decision = self.decision = attempts.decision
        reply = read(answer)
        while True:
            self._take(decision, answer, reply, time.monotonic() - began)
            for name, opinion in self._opinions():
                try:
                    self._say(name, _at_once(opinion(self.query, reply.text)))
                except Exception as error:
                    self._note(_without_words(failure_of(name, error)))
            following = self._following(time.monotonic() - begun)
            if following is None:
                return self._chosen()
            decision, began = following, time.monotonic()
            try:
                answer = do(decision)
                reply = read(answer)
            except Exception as error:
                return self._failed(decision.candidate, error)
            self._ledger.cooldowns.clear(decision.candidate)

    async def acall(self, do: Callable[[Decision], Awaitable[T]], read: Callable[[T], Reply]) -> Chosen[T]:
        """Do the same, awaited; what computes, and a check or judge that is no coroutine function, runs in a thread."""
        begun = began = time.monotonic()
        attempts = self._ledger.attempts(self.decision)
        answer = await attempts.acall(do)
        decision = self.decision = attempts.decision
        reply = read(answer)
        while True:
            await asyncio.to_thread(self._take, decision, answer, reply, time.monotonic() - began)
            for name, opinion in self._opinions():
                try:
                    self._say(name, await _awaited(opinion, self.query, reply.text))
                except Exception as error:
                    self._note(_without_words(failure_of(name, error)))
            following = await asyncio.to_thread(self._following, time.monotonic() - begun)
            if following is None:
                return self._chosen()
            decision, began = following, time.monotonic()
            try:
                answer = await do(decision)
                reply = read(answer)
            except Exception as error:
                return self._failed(decision.candidate, error)
            self._ledger.cooldowns.clear(decision.candidate)

    def _take(self, decision: Decision, answer: T, reply: Reply, seconds: float) -> None:
        """Count an answer's cost, and take it in."""
        name = decision.candidate
        if self.escalation.logprobs and reply.text and not reply.asks_for_tools:
            self._ledger.heard(name, bool(reply.logprobs))
        self._heard.take(name, answer, reply, self._ledger.count(name, reply.usage, cost=reply.cost), seconds)

    def _opinions(self) -> list[tuple[str, Opinion]]:
        """Return who is asked about the last answer: those with text and without a plain flaw."""
        if self._heard.calls[-1].evidence.flaws or self._heard.replies[-1].asks_for_tools:
            return []
        asked: list[tuple[str, Opinion]] = []
        if self.escalation.check is not None:
            asked.append((CHECK, self.escalation.check))
        if self.escalation.judge is not None:
            asked.append((JUDGE, self.escalation.judge.ask))
        return asked

    def _say(self, name: str, opinion: float) -> None:
        """Take in what the check or the judge says, and count what that cost."""
        judge = self.escalation.judge
        if name == JUDGE and judge is not None and judge.cost:
            self._judging.append(self._ledger.count(JUDGE, None, cost=judge.cost) or 0.0)
        self._heard.say(name, opinion)

    def _following(self, seconds: float) -> Decision | None:
        """Return the decision for the next call, or None where the best answer in hand is returned."""
        heard, limits = self._heard, self.escalation
        last = heard.replies[-1]
        begins_a_tool_turn = last.asks_for_tools and last.schema_error is None
        if begins_a_tool_turn or heard.foreign or len(heard.calls) >= self.decision.max_calls:
            return None
        cooling = [name for name in self.plan.names if self._ledger.cooldowns.remaining(name)]
        name = self.plan.next(heard.names, heard.shifts, math.inf, cooling)
        if name is None:
            return None
        if limits.max_latency_s is not None and seconds > limits.max_latency_s:
            self.decision = self.decision.because(
                f"no further call after {limits.max_latency_s:g} s: max_latency_s"
            )
            return None
        if limits.max_cost is not None:
            name = self.plan.next(heard.names, heard.shifts, limits.max_cost - self._spent(), cooling)
            if name is None:
                self.decision = self.decision.because(
                    f"no further call within ${limits.max_cost:g}: max_cost"
                )
                return None
        best = max(heard.calls, key=lambda call: call.posterior)
        reason = f"escalated from {best.candidate}, {best.posterior:.0%} likely right, to {name}"
        self.decision = self.decision.switched(name, reason).model_copy(update={"calls": tuple(heard.calls)})
        return self.decision

    def _spent(self) -> float:
        """Return USD of the calls so far: actual, or foreseen where that is not known."""
        foreseen = {a.candidate: a.cost for a in self.decision.alternatives}
        calls = (foreseen[call.candidate] if call.cost is None else call.cost for call in self._heard.calls)
        return sum(calls) + sum(self._judging)

    def _failed(self, name: str, error: Exception) -> Chosen[T]:
        failure = failure_of(name, error)
        if failure.transient:
            self._ledger.cooldowns.fail(name, retry_after(error))
        self._note(failure)
        return self._chosen(f"{name} failed")

    def _note(self, failure: Failure) -> None:
        failures = (*self.decision.failures, failure)
        self.decision = self.decision.model_copy(update={"failures": failures})

    def _chosen(self, why: str = "") -> Chosen[T]:
        heard, decision = self._heard, self.decision
        best = heard.best
        name = heard.names[best]
        if name != decision.candidate:
            decision = decision.switched(name, f"kept the answer of {name}" + (f": {why}" if why else ""))
        costs = [*(call.cost for call in heard.calls if call.cost is not None), *self._judging]
        update = {"calls": tuple(heard.calls), "actual_cost": sum(costs) if costs else None}
        answers = tuple(heard.answers)
        decision = decision.model_copy(update=update)
        return Chosen(answers[best], decision, heard.usage, answers, tuple(self._judging))


def _without_words(failure: Failure) -> Failure:
    """Return the failure of a check or judge without its message, which may quote the answer."""
    return failure.model_copy(update={"message": ""})


def _at_once(opinion: float | Awaitable[float]) -> float:
    if inspect.isawaitable(opinion):
        if inspect.iscoroutine(opinion):
            opinion.close()
        raise TypeError("A check or judge that is a coroutine function serves asynchronous calls only.")
    return opinion


async def _awaited(opinion: Opinion, query: str, answer: str) -> float:
    if inspect.iscoroutinefunction(opinion):
        return float(await opinion(query, answer))
    said = await asyncio.to_thread(opinion, query, answer)
    return await said if inspect.isawaitable(said) else said
