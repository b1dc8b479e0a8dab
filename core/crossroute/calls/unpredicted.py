"""Decisions without predictions: for calls that hold no text, and for models that the router does not know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypedDict

from crossroute.candidate import Candidate, Pool
from crossroute.decision import Alternative, Decision
from crossroute.errors import NoEligibleCandidateError
from crossroute.routing.policy import Constraints
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router

BEST = "no text: the best on average that can take the call"


class DialSetting(TypedDict):
    """How the dial is set for a call: by one of both, or by neither."""

    cost_preference: float | None
    willingness_to_pay: float | None


class Unpredicted:
    """Decides by what models can do alone.

    Args:
        router: The router.
        others: Models that it does not know.
        default: The model for calls without text, in place of the best on average.

    Attributes:
        models: All of them.
    """

    def __init__(self, router: Router, others: Mapping[str, Candidate], default: str | None = None) -> None:
        self._router, self._others, self._default = router, others, default
        self.models = Pool((*router.pool, *others.values()))
        by_quality = sorted(
            router.pool, key=lambda model: -(model.profile.mean_quality if model.profile else 0)
        )
        self._best = [model.name for model in by_quality]

    @property
    def best(self) -> str:
        """The model that is the best on average."""
        return self._best[0]

    def by_default(self, stuck: str | None, constraints: Constraints, dial: DialSetting) -> Decision:
        """Return the decision for a call without text: the tool turn's candidate, the default or the best, or any.

        Args:
            stuck: The candidate of the tool turn that the call finishes.
            constraints: What it must satisfy, but for limits on what is predicted.
            dial: How it is set; nothing follows from it.

        Raises:
            NoEligibleCandidateError: No model may take the call.
        """
        wanted = {} if stuck is None else {stuck: finishing(stuck)}
        if self._default is not None:
            wanted.setdefault(self._default, "default: no text")
        else:
            wanted |= dict.fromkeys((name for name in self._best if name not in wanted), BEST)
        free = constraints.without_limits
        return self.first_of(wanted, free, dial) or self.in_place_of(list(wanted)[-1], free, dial)

    def by_elimination(self, constraints: Constraints, dial: DialSetting, tokens: float) -> Decision | None:
        """Return the decision for the default that the router does not know, where it alone can take a call."""
        reasons = dict.fromkeys(self._others, "default: no other can take the call")
        return self.first_of(reasons, constraints, dial, tokens)

    def beside(self, decision: Decision, constraints: Constraints, tokens: float) -> Decision:
        """Return a decision with the models that the router does not know among its alternatives."""
        added = tuple(alternative(model, constraints, tokens) for model in self._others.values())
        return decision.model_copy(update={"alternatives": decision.alternatives + added})

    def first_of(
        self, reasons: Mapping[str, str], constraints: Constraints, dial: DialSetting, tokens: float = 0.0
    ) -> Decision | None:
        """Return the decision for the first model that may take the call, or None where none of them may.

        Args:
            reasons: Name -> why it would be chosen, in order.
            constraints: What it must satisfy.
            dial: How it is set; nothing follows from it.
            tokens: Input tokens of the call, as far as they are known.
        """
        decisions = (self.decide(*named, constraints, dial, tokens) for named in reasons.items())
        return next((one for one in decisions if one.candidate in one.eligible), None)

    def in_place_of(self, name: str, constraints: Constraints, dial: DialSetting) -> Decision:
        """Return the decision for the first model that may take the call that one cannot, in the pool's order.

        Raises:
            NoEligibleCandidateError: There is none.
        """
        excluded = {a.candidate: a.excluded for a in self._alternatives(constraints, 0.0)}
        able = next((other for other, failure in excluded.items() if failure is None), None)
        if able is None:
            raise NoEligibleCandidateError({other: failure or "" for other, failure in excluded.items()})
        reason = f"no text, and {name} is excluded: {excluded[name]}"
        return self.decide(able, reason, constraints, dial)

    def decide(
        self, name: str, reason: str, constraints: Constraints, dial: DialSetting, tokens: float = 0.0
    ) -> Decision:
        """Return the decision for a model; the others that satisfy the constraints come after it."""
        alternatives = sorted(self._alternatives(constraints, tokens), key=lambda a: a.candidate != name)
        pay = dial["willingness_to_pay"]
        preference = DEFAULT_COST_PREFERENCE if dial["cost_preference"] is None else dial["cost_preference"]
        return Decision(
            candidate=name,
            quality=math.nan,
            cost=math.nan,
            willingness_to_pay=self._router.dial.at(preference) if pay is None else pay,
            cost_preference=preference if pay is None else None,
            reward=self._router.reward,
            alternatives=tuple(alternatives),
            clusters=(),
            reasons=(reason,),
        )

    def _alternatives(self, constraints: Constraints, tokens: float) -> list[Alternative]:
        return [alternative(model, constraints, tokens) for model in self.models]


def alternative(model: Candidate, constraints: Constraints, tokens: float) -> Alternative:
    """Return a model as an alternative without predictions."""
    unknown = math.nan
    return Alternative(
        candidate=model.name,
        quality=unknown,
        cost=unknown,
        reward=unknown,
        attention=unknown,
        excluded=constraints.failure(model, unknown, unknown, tokens),
    )


def finishing(name: str) -> str:
    """Return the reason why a candidate finishes a tool turn."""
    return f"stuck to {name}: tool turn"
