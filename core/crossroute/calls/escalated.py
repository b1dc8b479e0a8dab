"""Route, verify, escalate: one query, as many calls as its answers ask for."""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from crossroute.calls.agreement import agreement
from crossroute.calls.attempts import Attempts
from crossroute.calls.cooldowns import Cooldowns
from crossroute.calls.escalation_plan import EscalationPlan
from crossroute.calls.failover import failure_of, retry_after
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from crossroute.decision import Call, Decision, Failure
from crossroute.encoder import Encoder
from crossroute.escalation import Escalation, Opinion
from crossroute.escalation.evidence import Flaw

T = TypeVar("T")

CHECK, JUDGE = "check", "judge"
UNUSABLE: frozenset[Flaw] = frozenset({"empty", "schema"})
"""Such an answer is returned only where there is no other, whatever its posterior."""


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """What came of a query.

    Attributes:
        answer: The answer that is most likely right.
        decision: Who gave it, and every call.
        usage: Tokens of all calls; None where none are known.
        answers: All answers, in the order of the decision's calls.
    """

    answer: T
    decision: Decision
    usage: Usage | None
    answers: tuple[T, ...]


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
        self._ledger, self._expected, self._encoder = ledger, expected_tokens or {}, encoder
        self._answers: list[T] = []
        self._replies: list[Reply] = []
        self._calls: list[Call] = []
        self._shifts: list[float] = []
        self._paid: list[float | None] = []

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
                    self._note(failure_of(name, error))
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
        """Do the same, awaited; a check or judge that is no coroutine function runs in a thread."""
        begun = began = time.monotonic()
        attempts = self._ledger.attempts(self.decision)
        answer = await attempts.acall(do)
        decision = self.decision = attempts.decision
        reply = read(answer)
        while True:
            self._take(decision, answer, reply, time.monotonic() - began)
            for name, opinion in self._opinions():
                try:
                    self._say(name, await _awaited(opinion, self.query, reply.text))
                except Exception as error:
                    self._note(failure_of(name, error))
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
        """Take an answer in, with what it tells by itself."""
        name = decision.candidate
        if self.escalation.logprobs and reply.text and not reply.asks_for_tools:
            self._ledger.heard(name, bool(reply.logprobs))
        prior = self.plan.prior(name, self._names, self._shifts) if name in self.plan.names else math.nan
        self._answers.append(answer)
        self._replies.append(reply)
        self._paid.append(self._ledger.count(name, reply.usage))
        evidence = reply.evidence(self._expected.get(name))
        cost = self._paid[-1]
        self._calls.append(
            Call(
                candidate=name,
                prior=prior,
                posterior=prior,
                evidence=evidence,
                cost=cost,
                latency_s=seconds,
            )
        )
        self._compare()
        self._judge_anew()

    def _compare(self) -> None:
        """Set how far each answer agrees with the others."""
        if len(self._calls) < 2:
            return
        for row, reply in enumerate(self._replies):
            others = [self._agreement(reply, other) for other in self._replies if other is not reply]
            known = [found for found in others if found is not None]
            if known:
                self._seen(row, agreement=sum(known) / len(known))

    def _agreement(self, one: Reply, other: Reply) -> float | None:
        if any(reply.evidence().flaws or reply.asks_for_tools for reply in (one, other)):
            return None
        return agreement(one.text, other.text, self._encoder)

    def _opinions(self) -> list[tuple[str, Opinion]]:
        """Return who is asked about the last answer: those with text and without a plain flaw."""
        if self._calls[-1].evidence.flaws or self._replies[-1].asks_for_tools:
            return []
        asked: list[tuple[str, Opinion]] = []
        if self.escalation.check is not None:
            asked.append((CHECK, self.escalation.check))
        if self.escalation.judge is not None:
            asked.append((JUDGE, self.escalation.judge.ask))
        return asked

    def _say(self, name: str, opinion: float) -> None:
        """Take in what the check or the judge says."""
        if name == JUDGE and self.escalation.judge is not None and self.escalation.judge.cost:
            self._paid.append(self._ledger.count(JUDGE, None, cost=self.escalation.judge.cost))
        if not 0 <= opinion <= 1:
            raise ValueError(f"The {name} must return a number in [0, 1], got {opinion!r}.")
        self._seen(-1, **{name: float(opinion)})
        self._judge_anew()

    def _seen(self, row: int, **told: float) -> None:
        call = self._calls[row]
        self._calls[row] = call.model_copy(update={"evidence": call.evidence.model_copy(update=told)})

    def _judge_anew(self) -> None:
        """Set every posterior by all evidence."""
        if any(name not in self.plan.names for name in self._names):
            return
        self._shifts = [self.plan.shift(call.candidate, call.evidence) for call in self._calls]
        posteriors = self.plan.posteriors(self._names, self._shifts)
        pairs = zip(self._calls, posteriors, strict=True)
        self._calls = [call.model_copy(update={"posterior": posterior}) for call, posterior in pairs]

    def _following(self, seconds: float) -> Decision | None:
        """Return the decision for the next call, or None where the best answer in hand is returned."""
        last, limits = self._replies[-1], self.escalation
        begins_a_tool_turn = last.asks_for_tools and last.schema_error is None
        unknown = any(name not in self.plan.names for name in self._names)
        if begins_a_tool_turn or unknown or len(self._calls) >= self.decision.max_calls:
            return None
        cooling = [name for name in self.plan.names if self._ledger.cooldowns.remaining(name)]
        name = self.plan.next(self._names, self._shifts, math.inf, cooling)
        if name is None:
            return None
        if limits.max_latency_s is not None and seconds > limits.max_latency_s:
            self.decision = self.decision.because(
                f"no further call after {limits.max_latency_s:g} s: max_latency_s"
            )
            return None
        if limits.max_cost is not None:
            name = self.plan.next(self._names, self._shifts, limits.max_cost - self._spent(), cooling)
            if name is None:
                self.decision = self.decision.because(
                    f"no further call within ${limits.max_cost:g}: max_cost"
                )
                return None
        best = max(self._calls, key=lambda call: call.posterior)
        reason = f"escalated from {best.candidate}, {best.posterior:.0%} likely right, to {name}"
        self.decision = self.decision.switched(name, reason).model_copy(update={"calls": tuple(self._calls)})
        return self.decision

    def _spent(self) -> float:
        """Return USD of the calls so far: actual, or foreseen where that is not known."""
        foreseen = {a.candidate: a.cost for a in self.decision.alternatives}
        calls = (foreseen[call.candidate] if call.cost is None else call.cost for call in self._calls)
        return (
            sum(calls)
            + sum(paid or 0.0 for paid in self._paid)
            - sum(call.cost or 0.0 for call in self._calls)
        )

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
        rows = range(len(self._calls))
        best = max(rows, key=lambda row: _worth(self._calls[row]))
        name, decision = self._calls[best].candidate, self.decision
        if name != decision.candidate:
            decision = decision.switched(name, f"kept the answer of {name}" + (f": {why}" if why else ""))
        costs = [paid for paid in self._paid if paid is not None]
        usages = [reply.usage for reply in self._replies if reply.usage is not None]
        update = {"calls": tuple(self._calls), "actual_cost": sum(costs) if costs else None}
        usage = sum(usages[1:], usages[0]) if usages else None
        return Chosen(self._answers[best], decision.model_copy(update=update), usage, tuple(self._answers))

    @property
    def _names(self) -> list[str]:
        return [call.candidate for call in self._calls]


def _worth(call: Call) -> tuple[bool, float]:
    """Order calls by whose answer is to be returned, the last being the best."""
    return not call.evidence.flaws & UNUSABLE, -1.0 if math.isnan(call.posterior) else call.posterior


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
