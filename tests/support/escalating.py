"""A decision over a few candidates, and what keeps count, for the tests of escalation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crossroute import Candidate, Decision, Price
from crossroute.calls.attempts import Attempts
from crossroute.calls.escalation.plan import EscalationPlan
from crossroute.calls.failures import Cooldowns
from crossroute.calls.ledger import Ledger
from crossroute.calls.memory import Logprobs
from crossroute.calls.spend import Spend
from crossroute.decision import Alternative
from crossroute.escalation import Escalation
from crossroute.escalation.correlation import Correlation
from crossroute.escalation.verifier import KNOTS, Reading, Verifier

NAMES = ("cheap", "middle", "dear")
QUALITY, COST = (0.6, 0.7, 0.9), (1e-4, 3e-4, 1e-3)
PRICES = {"cheap": Price(input=1, output=10), "middle": Price(input=3, output=30)}  # dear's is not known
SURE, UNSURE = (-1e-5, -1e-5), (-1.5, -0.5)


def reading(weight: float = 1.0, centre: float = 5.0) -> Reading:
    """A reading that is monotone: each unit of confidence adds `weight` to the log-odds."""
    knots = np.array(KNOTS)
    right, wrong = (np.exp(-((knots - at) ** 2) / 18) for at in (centre + 2, centre - 2))
    return Reading(
        shift=tuple((weight * (knots - centre)).tolist()),
        slope=(0.0,) * len(KNOTS),
        right=tuple((right / right.sum()).tolist()),
        wrong=tuple((wrong / wrong.sum()).tolist()),
    )


def verifier(correlation: Correlation | None = None, **readings: Reading) -> Verifier:
    """A verifier of monotone readings."""
    return Verifier(pooled=reading(0.8), readings=readings, correlation=correlation or Correlation())


def candidates(names: Sequence[str] = NAMES) -> tuple[Candidate, ...]:
    """The candidates, as a router knows them."""
    return tuple(Candidate(name=name, price=PRICES.get(name)) for name in names)


def decided(
    quality: Sequence[float] = QUALITY,
    cost: Sequence[float] = COST,
    *,
    names: Sequence[str] = NAMES,
    pay: float = 0.01,
    max_calls: int = 2,
) -> Decision:
    """A decision for the first of the candidates."""
    alternatives = tuple(
        Alternative(candidate=name, quality=q, cost=c, reward=float(np.log(q)) - c / pay, attention=0.5)
        for name, q, c in zip(names, quality, cost, strict=True)
    )
    return Decision(
        candidate=names[0],
        quality=quality[0],
        cost=cost[0],
        willingness_to_pay=pay,
        cost_preference=None,
        reward="exponential",
        alternatives=alternatives,
        clusters=(),
        max_calls=max_calls,
    )


def plan(decision: Decision, escalation: Escalation | None = None, **options: object) -> EscalationPlan:
    """The plan of a decision, by a verifier of monotone readings."""
    names = [alternative.candidate for alternative in decision.alternatives]
    return EscalationPlan(
        decision,
        candidates(names),
        verifier(),
        escalation or Escalation(),
        **options,  # type: ignore[arg-type]
    )


class Books:
    """What a query's calls need: real attempts, cooldowns and spend, at the prices above."""

    def __init__(self, prices: Mapping[str, Price] = PRICES) -> None:
        self.cooldowns, self.spend, self.logprobs = Cooldowns(), Spend(), Logprobs()
        self.ledger = Ledger(self.spend, prices.get)

    def of(self, decision: Decision) -> dict[str, Any]:
        """Return what the calls of a decision are made with."""
        return {
            "attempts": Attempts(decision, self.cooldowns),
            "ledger": self.ledger,
            "logprobs": self.logprobs,
        }
