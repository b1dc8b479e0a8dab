"""The transcript of one query: its answers, the evidence about each, and how likely each is right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np

from crossroute.calls.escalation.plan import EscalationPlan
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from crossroute.decision import Call
from crossroute.encoder import Encoder
from crossroute.escalation.agreement import SAME_FROM, agreement
from crossroute.escalation.evidence import Evidence, Flaw
from crossroute.escalation.form import find_signs
from crossroute.escalation.panel import Same

T = TypeVar("T")

UNUSABLE: frozenset[Flaw] = frozenset({"empty", "schema"})
"""Flaws of an answer that is only returned if there is no other, regardless of its posterior."""


class Transcript(Generic[T]):
    """The calls of one query so far.

    Args:
        plan: Plan that converts evidence to P(right).
        query: Text of the query.
        expected_tokens: Candidate -> predicted output tokens.
        encoder: Encoder to compare long answers; None leaves them uncompared.
    """

    def __init__(
        self, plan: EscalationPlan, query: str, expected_tokens: Mapping[str, float], encoder: Encoder | None
    ) -> None:
        self._plan, self._query, self._expected, self._encoder = plan, query, expected_tokens, encoder
        self.answers: list[T] = []
        self.replies: list[Reply] = []
        self.calls: list[Call] = []
        self.shifts: list[float] = []
        self._agreements: list[list[float | None]] = []  # how far two answers agree

    @property
    def names(self) -> list[str]:
        """The candidates that were called, in order."""
        return [call.candidate for call in self.calls]

    @property
    def foreign(self) -> bool:
        """Whether a candidate answered that the plan does not know, so that its answer has no posterior."""
        return any(name not in self._plan.names for name in self.names)

    @property
    def same(self) -> Same | None:
        """Which answers agree, shape (r, r); None if two of them cannot be compared."""
        if any(each is None for row in self._agreements for each in row):
            return None
        return np.array(self._agreements, dtype=float) >= SAME_FROM

    @property
    def best(self) -> int:
        """Index of the answer to return: usable, and most likely right."""
        return max(range(len(self.calls)), key=lambda row: _rank(self.calls[row]))

    @property
    def usage(self) -> Usage | None:
        """Tokens of all calls, or None."""
        known = [reply.usage for reply in self.replies if reply.usage is not None]
        return sum(known[1:], known[0]) if known else None

    def add(self, name: str, answer: T, reply: Reply, cost: float | None, seconds: float) -> None:
        """Add an answer, with its own evidence and its agreement with those before it."""
        prior = self._plan.prior(name, self.names, self.shifts) if name in self._plan.names else math.nan
        self.answers.append(answer)
        self.replies.append(reply)
        self.calls.append(
            Call(
                candidate=name,
                prior=prior,
                posterior=prior,
                evidence=self._collect_evidence(name, reply),
                cost=cost,
                latency_s=seconds,
            )
        )
        self._update_agreement()
        self._update_posteriors()

    def _collect_evidence(self, name: str, reply: Reply) -> Evidence:
        """Return an answer's own evidence, with signs in its form unless it calls tools or fails its schema."""
        evidence = reply.evidence(self._expected.get(name))
        if reply.asks_for_tools or evidence.flaws & UNUSABLE:
            return evidence
        return evidence.model_copy(update={"signs": find_signs(self._query, reply.text, self._plan.answers)})

    def add_opinion(self, name: str, opinion: float) -> None:
        """Add an opinion of the check or the judge on the last answer.

        Raises:
            ValueError: The opinion is outside [0, 1].
        """
        if not 0 <= opinion <= 1:
            raise ValueError(f"The {name} must return a number in [0, 1], got {opinion!r}.")
        self._add_evidence(-1, **{name: float(opinion)})
        self._update_posteriors()

    def _update_agreement(self) -> None:
        """Compare the last answer with the others, and update each answer's mean agreement."""
        last = [self._compare(self.replies[-1], reply) for reply in self.replies]
        for found, one in zip(self._agreements, last[:-1], strict=True):
            found.append(one)
        self._agreements.append(last)
        for row, found in enumerate(self._agreements):
            known = [one for other, one in enumerate(found) if other != row and one is not None]
            if known:
                self._add_evidence(row, agreement=sum(known) / len(known))

    def _compare(self, one: Reply, other: Reply) -> float | None:
        if any(reply.evidence().flaws or reply.asks_for_tools for reply in (one, other)):
            return None
        return agreement(one.text, other.text, self._encoder, self._plan.answers, self._query)

    def _add_evidence(self, row: int, **told: float) -> None:
        call = self.calls[row]
        self.calls[row] = call.model_copy(update={"evidence": call.evidence.model_copy(update=told)})

    def _update_posteriors(self) -> None:
        """Compute all posteriors from the evidence."""
        if self.foreign:
            return
        self.shifts = [self._plan.shift(call.candidate, call.evidence) for call in self.calls]
        same = self.same if self._plan.compares else None
        posteriors = self._plan.posteriors(self.names, self.shifts, same)
        pairs = zip(self.calls, posteriors, strict=True)
        self.calls = [call.model_copy(update={"posterior": posterior}) for call, posterior in pairs]


def _rank(call: Call) -> tuple[bool, float]:
    """Return the sort key of a call: usable answers last, then by posterior."""
    return not call.evidence.flaws & UNUSABLE, -1.0 if math.isnan(call.posterior) else call.posterior
