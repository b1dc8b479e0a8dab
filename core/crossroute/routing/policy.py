"""Constraints on the choice, and the saving of a prompt cache."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from crossroute.candidate import Candidate, Capability, Pool
from crossroute.catalogue import find_candidate
from crossroute.errors import WINDOW
from crossroute.errors.names import suggest_name
from crossroute.numeric import Flags, Floats
from crossroute.query import Query
from crossroute.tokens import estimate_tokens


class Constraints(BaseModel):
    """Conditions that a candidate must satisfy to be chosen.

    Attributes:
        capabilities: Required capabilities, in addition to text.
        max_cost: USD for one call, an upper limit on the `max_cost_confidence` quantile of a candidate's cost, which
            is above its predicted cost.
        max_cost_confidence: Probability that the cost does not exceed `max_cost`, in (0, 1).
        min_quality: Lowest predicted quality, in [0, 1].
        allow: Names or aliases of the allowed candidates; None allows all.
        deny: Names or aliases of excluded candidates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capabilities: frozenset[Capability] = frozenset()
    max_cost: float | None = Field(default=None, ge=0)
    max_cost_confidence: float = Field(default=0.9, gt=0, lt=1)
    min_quality: float | None = Field(default=None, ge=0, le=1)
    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    _unable: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, given: Constraints | Mapping[str, Any]) -> Constraints:
        """Return `Constraints` from an instance or a mapping of fields.

        Raises:
            TypeError: `given` is neither.
            ValueError: A field is unknown, or a value invalid.
        """
        if isinstance(given, Constraints):
            return given
        if not isinstance(given, Mapping):
            raise TypeError(
                f'constraints expects Constraints(max_cost=0.01) or {{"max_cost": 0.01}}, got {given!r}.'
            )
        if strangers := given.keys() - cls.model_fields.keys():
            name = min(strangers)
            raise ValueError(
                f"There is no constraint {name!r}.{suggest_name(name, cls.model_fields)} "
                f"Expected some of {', '.join(cls.model_fields)}."
            )
        return cls.model_validate(dict(given))

    def named_in(self, pool: Pool) -> Constraints:
        """Return the constraints with names resolved to the pool's.

        Raises:
            UnknownCandidateError: The pool has no candidate of a name.
        """
        strangers = [name for name in self.deny | (self.allow or frozenset()) if name not in pool]
        if not strangers:
            return self
        found = {name: find_candidate(pool, name) for name in strangers}
        own = {name: pool[one.name if one and one.name in pool else name].name for name, one in found.items()}
        allow = None if self.allow is None else frozenset(own.get(name, name) for name in self.allow)
        return self.model_copy(
            update={"allow": allow, "deny": frozenset(own.get(name, name) for name in self.deny)}
        )

    def without(self, unable: Mapping[str, str]) -> Constraints:
        """Return the constraints with some candidates excluded for this call.

        Args:
            unable: Candidate -> reason, for messages.
        """
        narrowed = self.model_copy()
        narrowed._unable = dict(unable)
        return narrowed

    def failure(self, candidate: Candidate, quality: float, cost: float, tokens: float) -> str | None:
        """Return the reason why a candidate is not eligible; None if it is.

        Args:
            candidate: The candidate.
            quality: Its predicted quality, in [0, 1]; NaN if unknown, which fails any limit.
            cost: The `max_cost_confidence` quantile of its cost, USD; NaN if unknown, which fails any limit.
            tokens: Input tokens of the call. The answer's length is only predicted, and excludes no candidate.
        """
        return next(self._failures(candidate, quality, cost, tokens), None)

    @property
    def without_limits(self) -> Constraints:
        """A copy without `max_cost` and `min_quality`, for calls without predictions."""
        return self.model_copy(update={"max_cost": None, "min_quality": None})

    def _failures(self, candidate: Candidate, quality: float, cost: float, tokens: float) -> Iterator[str]:
        yield from self.standing_failures(candidate)
        if candidate.context_window is not None and tokens > candidate.context_window:
            yield (f"{WINDOW} of {candidate.context_window:,} tokens, the call has about {tokens:,.0f}")
        if self.max_cost is not None and not cost <= self.max_cost:
            bound = f"cost of up to ${cost:.2g} ({self.max_cost_confidence:.0%} of such calls) above"
            told = "unknown cost, not under" if math.isnan(cost) else bound
            yield f"{told} max_cost ${self.max_cost:.2g}"
        if self.min_quality is not None and not quality >= self.min_quality:
            told = "unknown quality, not" if math.isnan(quality) else f"predicted quality {quality:.3f} under"
            yield f"{told} min_quality {self.min_quality:g}"

    def standing_failures(self, candidate: Candidate) -> Iterator[str]:
        """Yield the reasons to exclude a candidate that do not depend on the query."""
        names = {candidate.name, *candidate.aliases}
        lacking = self.capabilities - candidate.capabilities
        if self.allow is not None and not names & self.allow:
            yield "not in the allow list"
        if names & self.deny:
            yield "in the deny list"
        if candidate.name in self._unable:
            yield self._unable[candidate.name]
        if lacking:
            yield f"lacks {', '.join(sorted(lacking))}"


class Screen:
    """Constraints applied to a pool; the parts that do not depend on the query are evaluated once.

    Args:
        pool: The m candidates.
        constraints: The conditions.

    Raises:
        UnknownCandidateError: The pool has no candidate of a name in the constraints.
    """

    def __init__(self, pool: Pool, constraints: Constraints) -> None:
        constraints = constraints.named_in(pool)
        self.constraints = constraints
        standing = np.array([not any(constraints.standing_failures(candidate)) for candidate in pool])
        self._standing = None if standing.all() else standing

    def eligible(self, quality: Floats, bound: Floats | None, fits: Flags | None) -> Flags | None:
        """Return which candidates are eligible, shape (..., m); None if all are.

        Args:
            quality: Predicted quality, shape (..., m).
            bound: The `max_cost_confidence` quantile of the cost, USD, shape (..., m); unused without a `max_cost`.
            fits: Whether the call is within each candidate's context window; None if all are.
        """
        least, most = self.constraints.min_quality, self.constraints.max_cost
        flags = [
            self._standing,
            fits,
            None if most is None or bound is None else bound <= most,
            None if least is None else quality >= least,
        ]
        return reduce(_intersect, flags)


def _intersect(some: Flags | None, others: Flags | None) -> Flags | None:
    if some is None or others is None:
        return others if some is None else some
    return some & others


def cache_saving(candidate: Candidate, query: Query) -> float:
    """Return the USD that a prompt cache saves if the candidate continues its conversation.

    The cache covers everything before the query's text: system prompt, tool definitions and history.

    >>> from crossroute.candidate import Price
    >>> cached = Candidate(name="a", price=Price(input=10, output=30, cached_input=1))
    >>> round(cache_saving(cached, Query("And then?", input_tokens=10_003)), 4)
    0.09
    """
    price = candidate.price
    if price is None or price.cached_input is None or query.input_tokens is None:
        return 0.0
    held = max(0, query.input_tokens - estimate_tokens(query.text))
    return held * max(0.0, price.input - price.cached_input) / 1e6
