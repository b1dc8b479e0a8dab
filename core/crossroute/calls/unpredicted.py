"""Decisions without predictions: for a model that the caller names, for calls without text, for unprofiled models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypedDict

from crossroute.candidate import Candidate, Capability, Pool
from crossroute.catalogue import find_candidate
from crossroute.decision import Alternative, Decision
from crossroute.errors import NoEligibleCandidateError, UnknownCandidateError
from crossroute.query import Query
from crossroute.routing.policy import Constraints
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router

BEST = "no text: the best on average that can take the call"


class DialSetting(TypedDict):
    """The dial of a call: one of both, or neither."""

    cost_preference: float | None
    willingness_to_pay: float | None


class Unpredicted:
    """Finds models by name, and decides by their capabilities alone.

    Args:
        router: The router.
        others: Models that it has no profile of.
        default: The model for calls without text, in place of the best on average.
        untold: Model -> capabilities that it may have or lack.

    Attributes:
        models: All of them.
    """

    def __init__(
        self,
        router: Router,
        others: Mapping[str, Candidate],
        default: str | None = None,
        *,
        untold: Mapping[str, frozenset[Capability]] | None = None,
    ) -> None:
        self._router, self._others, self._default, self._untold = router, others, default, untold or {}
        self.models = Pool((*router.pool, *others.values()))
        by_quality = sorted(
            router.pool, key=lambda model: -(model.profile.mean_quality if model.profile else 0)
        )
        self._best = [model.name for model in by_quality]

    @property
    def best(self) -> str:
        """The model with the highest mean quality."""
        return self._best[0]

    def knows(self, name: str) -> bool:
        """Return whether a name or an alias is a model's."""
        return name in self._others or name in self._router.pool

    def named(self, name: str) -> str:
        """Return the name of the model that a name, an alias, or another spelling stands for.

        Raises:
            UnknownCandidateError: None of the models.
        """
        if not self.knows(name):
            found = find_candidate(self.models, name)
            if found is None or found.name not in self.models:
                raise UnknownCandidateError(name, self.models.names)
            return found.name
        return name if name in self._others else self._router.pool[name].name

    def among(self, names: Iterable[str], constraints: Constraints | None) -> Constraints:
        """Return the constraints, narrowed to these models, by name or alias.

        Raises:
            UnknownCandidateError: A name is not known.
        """
        constraints = constraints or Constraints()
        allow = frozenset(map(self.named, names))
        if constraints.allow is not None:
            allow &= frozenset(map(self.named, constraints.allow))
        return constraints.model_copy(update={"allow": allow})

    def profiled(self, constraints: Constraints) -> Constraints:
        """Return the constraints without names that the router does not know."""
        strangers = self._others.keys()
        if not strangers:
            return constraints
        allow = None if constraints.allow is None else constraints.allow - strangers
        return constraints.model_copy(update={"allow": allow, "deny": constraints.deny - strangers})

    def forced(self, query: Query | None, name: str, dial: DialSetting) -> Decision:
        """Return the decision for a model that the caller names."""
        name = self.named(name)
        reason = f"{name} was asked for"
        only = Constraints(allow=frozenset({name}))
        if query is None or name in self._others:
            return self.decide(name, reason, only, dial)
        return self._router.route(query, constraints=only, **dial).because(reason)

    def by_trial(self, query: Query, constraints: Constraints, dial: DialSetting) -> Decision | None:
        """Return the decision among models that may be able to take a call, where none is known to be."""
        tried = self._untold_allowed(constraints)
        if tried is None:
            return None
        try:
            decision = self._router.route(query, constraints=self.profiled(tried), **dial)
        except NoEligibleCandidateError:
            return None
        return decision.because(explain_trial(constraints))

    def by_default(self, stuck: str | None, constraints: Constraints, dial: DialSetting) -> Decision:
        """Return the decision for a call without text: the tool turn's candidate, the default or the best, or any.

        Args:
            stuck: The candidate of the tool turn that the call finishes.
            constraints: What it must satisfy, but for limits on what is predicted.
            dial: Kept in the decision; it does not influence the choice.

        Raises:
            NoEligibleCandidateError: No model may take the call.
        """
        wanted = {} if stuck is None else {stuck: explain_tool_turn(stuck)}
        if self._default is not None:
            wanted.setdefault(self._default, "default: no text")
        else:
            wanted |= dict.fromkeys((name for name in self._best if name not in wanted), BEST)
        free = constraints.without_limits
        try:
            return self.first_of(wanted, free, dial) or self.in_place_of(list(wanted)[-1], free, dial)
        except NoEligibleCandidateError:
            tried = self._untold_allowed(free)
            if tried is None:
                raise
        decision = self.first_of(wanted, tried, dial) or self.in_place_of(list(wanted)[-1], tried, dial)
        return decision.because(explain_trial(constraints))

    def by_elimination(self, constraints: Constraints, dial: DialSetting, tokens: float) -> Decision | None:
        """Return the decision for the default that the router does not know, where it alone can take a call."""
        reasons = dict.fromkeys(self._others, "default: no other can take the call")
        return self.first_of(reasons, constraints, dial, tokens)

    def beside(self, decision: Decision, constraints: Constraints, tokens: float) -> Decision:
        """Return a decision with the models that the router does not know among its alternatives."""
        added = tuple(make_alternative(model, constraints, tokens) for model in self._others.values())
        return decision.model_copy(update={"alternatives": decision.alternatives + added})

    def first_of(
        self, reasons: Mapping[str, str], constraints: Constraints, dial: DialSetting, tokens: float = 0.0
    ) -> Decision | None:
        """Return the decision for the first model that may take the call, or None where none of them may.

        Args:
            reasons: Name -> why it would be chosen, in order.
            constraints: What it must satisfy.
            dial: Kept in the decision; it does not influence the choice.
            tokens: Input tokens of the call, where known.
        """
        decisions = (self.decide(*named, constraints, dial, tokens) for named in reasons.items())
        return next((one for one in decisions if one.candidate in one.eligible), None)

    def in_place_of(self, name: str, constraints: Constraints, dial: DialSetting) -> Decision:
        """Return the decision for the first model of the pool that may take a call which the named one cannot.

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
        """Return the decision for a model, with the others as alternatives."""
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

    def _untold_allowed(self, constraints: Constraints) -> Constraints | None:
        """Return constraints that allow models which may have the needed capabilities; None where none may."""
        needed = constraints.capabilities
        lacking = {model.name: needed - model.capabilities for model in self.models}
        untold = {name for name, lacks in lacking.items() if lacks <= self._untold.get(name, frozenset())}
        if not needed or not untold:
            return None
        return self.among(untold, constraints).model_copy(update={"capabilities": frozenset()})

    def _alternatives(self, constraints: Constraints, tokens: float) -> list[Alternative]:
        return [make_alternative(model, constraints, tokens) for model in self.models]


def make_alternative(model: Candidate, constraints: Constraints, tokens: float) -> Alternative:
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


def explain_tool_turn(name: str) -> str:
    """Return the reason why a candidate finishes a tool turn."""
    return f"stuck to {name}: tool turn"


def explain_trial(constraints: Constraints) -> str:
    """Return the reason why a model is called that may lack what a call needs."""
    return f"no model is known to take {', '.join(sorted(constraints.capabilities))}: tried"
