"""The escalation loop: call a candidate, check its answer, and call another one if that is worth its cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from crossroute.calls.attempts import Attempts
from crossroute.calls.blame import find_fault
from crossroute.calls.escalation.plan import EscalationPlan
from crossroute.calls.escalation.transcript import Transcript
from crossroute.calls.failures import describe_failure
from crossroute.calls.faults import HANDLER
from crossroute.calls.ledger import Ledger
from crossroute.calls.memory import Logprobs
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from crossroute.calls.steps import Run, Steps
from crossroute.calls.waits import read_wait
from crossroute.decision import Decision, Failure
from crossroute.encoder import Encoder
from crossroute.escalation import Escalation, Opinion

T = TypeVar("T")

CHECK, JUDGE = "check", "judge"


@dataclass(frozen=True)
class EscalationResult(Generic[T]):
    """The result of an escalation loop.

    Attributes:
        answer: The answer that is most likely right.
        decision: The decision for the answering candidate, with every call.
        usage: Tokens of all calls, or None.
        answers: All answers, in the order of the decision's calls.
        judgements: USD of each paid judgement.
    """

    answer: T
    decision: Decision
    usage: Usage | None
    answers: tuple[T, ...]
    judgements: tuple[float, ...] = ()


class EscalationLoop(Generic[T]):
    """The calls of one query; used once.

    Args:
        decision: The decision; its candidate is called first.
        query: The query's text.
        escalation: Limits, check and judge.
        plan: Chooses candidates, and weighs evidence.
        attempts: The attempts of the first call.
        ledger: Counts the calls.
        logprobs: Remembers candidates that refuse log-probabilities.
        askable: Candidates to request them from.
        expected_tokens: Candidate -> predicted output tokens.
        encoder: Compares long answers; without it they are not compared.
    """

    def __init__(
        self,
        decision: Decision,
        query: str,
        escalation: Escalation,
        plan: EscalationPlan,
        *,
        attempts: Attempts,
        ledger: Ledger,
        logprobs: Logprobs,
        askable: Container[str] = (),
        expected_tokens: Mapping[str, float] | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.decision, self.query, self.escalation, self.plan = decision, query, escalation, plan
        self._attempts, self._ledger, self._logprobs, self._askable = attempts, ledger, logprobs, askable
        self._cooldowns = attempts.cooldowns
        self._transcript: Transcript[T] = Transcript(plan, query, expected_tokens or {}, encoder)
        self._judging: list[float] = []  # USD of each judgement

    def steps(self, asking: Callable[[Decision, bool], Steps[tuple[T, Reply]]]) -> Steps[EscalationResult[T]]:
        """Return the steps: call, weigh the answer, call again if it is worth it, and choose the best answer.

        Args:
            asking: (decision, whether with log-probabilities) -> the steps of a request to its candidate: to its
                answer and the answer's facts.
        """
        first_began = began = time.monotonic()
        self._ledger.decided(self._attempts.decision)
        taken = yield from self._attempts.steps(partial(self._ask, asking))
        self.decision = self._attempts.decision
        while True:
            yield Run(self._add_answer, (*taken, time.monotonic() - began))
            for name, opinion in self._list_opinions():
                try:
                    self._add_opinion(name, (yield Run(opinion, (self.query, taken[1].text))))
                except Exception as error:
                    self._add_failure(_drop_message(describe_failure(name, error)))
            further = yield Run(self._decide_next, (time.monotonic() - first_began,))
            if further is None:
                return self._choose_best()
            began = time.monotonic()
            self._ledger.decided(further)
            try:
                taken = yield from self._ask(asking, further)
            except Exception as error:
                if find_fault(error) is HANDLER:
                    raise
                return self._stop_after_failure(further.candidate, error)
            self._cooldowns.clear(further.candidate)

    def _ask(
        self, asking: Callable[[Decision, bool], Steps[tuple[T, Reply]]], decision: Decision
    ) -> Steps[tuple[T, Reply, Decision]]:
        """Return the steps of one counted call: answer, facts and decision."""
        name = decision.candidate
        with (yield from self._ledger.begin(decision, final=False)) as entry:
            wanted = self.escalation.logprobs and name in self._askable
            answer, reply = yield from self._logprobs.steps(name, partial(asking, decision), wanted=wanted)
            entry.usage, entry.cost = reply.usage, reply.cost
            if reply.instead is not None:
                entry.priced = bool(reply.instead)
                entry.decision = decision.model_copy(update={"candidate": reply.instead or name})
        return answer, reply, entry.decision

    def _add_answer(self, answer: T, reply: Reply, decision: Decision, seconds: float) -> None:
        """Add an answer to the transcript."""
        name = decision.candidate
        if reply.instead is not None:
            told = f"{reply.instead or 'another model'} answered in place of {self.decision.candidate}"
            self.decision = self.decision.because(told)
        if self.escalation.logprobs and reply.text and not reply.asks_for_tools:
            self._logprobs.heard(name, speaks=bool(reply.logprobs))
        self._transcript.add(name, answer, reply, decision.actual_cost, seconds)

    def _list_opinions(self) -> list[tuple[str, Opinion]]:
        """Return the check and the judge to ask about the last answer; none if it has flaws or calls tools."""
        if self._transcript.calls[-1].evidence.flaws or self._transcript.replies[-1].asks_for_tools:
            return []
        asked: list[tuple[str, Opinion]] = []
        if self.escalation.check is not None:
            asked.append((CHECK, self.escalation.check))
        if self.escalation.judge is not None:
            asked.append((JUDGE, self.escalation.judge.ask))
        return asked

    def _add_opinion(self, name: str, opinion: float) -> None:
        """Add the opinion of the check or the judge, and count its cost."""
        judge = self.escalation.judge
        if name == JUDGE and judge is not None and judge.cost:
            self._judging.append(self._ledger.judged(self.decision, JUDGE, judge.cost))
        self._transcript.add_opinion(name, opinion)

    def _decide_next(self, seconds: float) -> Decision | None:
        """Return the decision for the next call, or None to return the best answer in hand."""
        transcript, limits = self._transcript, self.escalation
        last = transcript.replies[-1]
        begins_a_tool_turn = last.asks_for_tools and last.schema_error is None
        if begins_a_tool_turn or transcript.foreign or len(transcript.calls) >= self.decision.max_calls:
            return None
        cooling = [name for name in self.plan.names if self._cooldowns.remaining(name)]
        each = seconds / len(transcript.calls)
        same = transcript.same if self.plan.compares else None
        name = self.plan.choose_next(
            transcript.names, transcript.shifts, math.inf, cooling, seconds=each, same=same
        )
        if name is None:
            return None
        if limits.max_latency_s is not None and seconds > limits.max_latency_s:
            self.decision = self.decision.because(
                f"no further call after {limits.max_latency_s:g} s: max_latency_s"
            )
            return None
        if limits.max_cost is not None:
            left = limits.max_cost - self._sum_cost()
            name = self.plan.choose_next(
                transcript.names, transcript.shifts, left, cooling, seconds=each, same=same
            )
            if name is None:
                self.decision = self.decision.because(
                    f"no further call within ${limits.max_cost:g}: max_cost"
                )
                return None
        best = max(transcript.calls, key=lambda call: call.posterior)
        reason = f"escalated from {best.candidate}, {best.posterior:.0%} likely right, to {name}"
        self.decision = self.decision.switched(name, reason).model_copy(
            update={"calls": tuple(transcript.calls)}
        )
        return self.decision

    def _sum_cost(self) -> float:
        """Return the cost of the calls so far, USD: actual, or predicted if that is unknown."""
        predicted = {a.candidate: a.cost for a in self.decision.alternatives}
        calls = (
            predicted[call.candidate] if call.cost is None else call.cost for call in self._transcript.calls
        )
        return sum(calls) + sum(self._judging)

    def _stop_after_failure(self, name: str, error: Exception) -> EscalationResult[T]:
        if find_fault(error).cools:
            self._cooldowns.fail(name, read_wait(error))
        self._add_failure(describe_failure(name, error))
        return self._choose_best(f"{name} failed")

    def _add_failure(self, failure: Failure) -> None:
        failures = (*self.decision.failures, failure)
        self.decision = self.decision.model_copy(update={"failures": failures})

    def _choose_best(self, why: str = "") -> EscalationResult[T]:
        transcript, decision = self._transcript, self.decision
        best = transcript.best
        name = transcript.names[best]
        if name != decision.candidate:
            decision = decision.switched(name, f"kept the answer of {name}" + (f": {why}" if why else ""))
        costs = [*(call.cost for call in transcript.calls if call.cost is not None), *self._judging]
        update = {"calls": tuple(transcript.calls), "actual_cost": sum(costs) if costs else None}
        answers = tuple(transcript.answers)
        decision = decision.model_copy(update=update)
        return EscalationResult(answers[best], decision, transcript.usage, answers, tuple(self._judging))


def _drop_message(failure: Failure) -> Failure:
    """Return the failure of a check or judge without its message, which may quote the answer."""
    return failure.model_copy(update={"message": ""})
