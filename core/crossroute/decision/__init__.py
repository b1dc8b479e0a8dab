"""The decision for one query: the chosen candidate, its predictions and the reasons."""

from __future__ import annotations

import math
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from crossroute.decision.parts import (
    BEST,
    Alternative,
    Call,
    Cluster,
    Failure,
    Foreseen,
    Held,
    Promise,
    by_reward,
)
from crossroute.decision.words import explain, format_usd, tabulate
from crossroute.reward import Reward
from crossroute.tables import InNotebooks, to_text

if TYPE_CHECKING:
    from rich.console import Group

__all__ = [
    "BEST",
    "Alternative",
    "Call",
    "Cluster",
    "Decision",
    "Details",
    "Failure",
    "Foreseen",
    "Held",
    "Promise",
    "format_usd",
    "unchecked",
]


DRAWN = 64
"""Random numbers for ids, drawn in one system call."""


class _Ids:
    """Generates version 7 UUIDs, which increase with time, also within a millisecond.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3), https://www.rfc-editor.org/rfc/rfc9562.
    """

    def __init__(self) -> None:
        self._lock, self._latest = threading.Lock(), 0
        self._random: list[int] = []  # drawn in advance, since each draw is a system call
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._random.clear)  # a child draws its own

    def next(self) -> str:
        """Generate the next id."""
        ticks = (time.time_ns() << 12) // 1_000_000  # 48 bits of milliseconds, 12 of their fraction
        with self._lock:
            ticks = self._latest = max(ticks, self._latest + 1)
            if not self._random:
                self._random += struct.unpack(f"{DRAWN}Q", os.urandom(8 * DRAWN))
            random = self._random.pop()
        moment, drawn = f"{ticks:015x}", f"{2 << 62 | random >> 2:016x}"
        return f"{moment[:8]}-{moment[8:12]}-7{moment[12:]}-{drawn[:4]}-{drawn[4:]}"


_ids = _Ids()
Model = TypeVar("Model", bound=BaseModel)


def build_unchecked(
    model: type[Model], values: dict[str, Any], private: dict[str, Any] | None = None
) -> Model:
    """Build a pydantic model without validation.

    Args:
        model: The class.
        values: A value for each field, in the order of the fields.
        private: Private attributes.
    """
    made = model.__new__(model)
    object.__setattr__(made, "__dict__", values)
    object.__setattr__(made, "__pydantic_fields_set__", set(values))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", private)
    return made


Rows = list[dict[str, Any]]
Details = tuple[Rows, Rows]
"""Fields of the alternatives and of the clusters, in the order of their models."""

PLAIN = frozenset({str, int, bool, type(None)})
"""Types of values that JSON takes unchanged."""

DETAILS = ("alternatives", "clusters")
"""Fields of a decision that are computed on first use."""


class Decision(InNotebooks, BaseModel):
    """The chosen candidate for a query, with its predictions and the reasons.

    `alternatives` and `clusters` are computed on first use, since most decisions are carried out without them.

    Attributes:
        candidate: The chosen candidate's name.
        quality: Its predicted quality, in [0, 1].
        cost: Its predicted cost, USD for one call.
        willingness_to_pay: The reward's lambda, USD.
        cost_preference: The dial that set the willingness to pay; None if that was given in USD.
        reward: The reward that was maximized.
        alternatives: All candidates of the pool, highest reward first, excluded ones last.
        clusters: The nearest clusters of training queries, by descending weight.
        reasons: Reasons other than the reward ("stuck to a: tool turn"), in order.
        failures: Attempts that failed before the candidate was called.
        actual_cost: USD of all answered calls; None if tokens or price are unknown.
        max_calls: How many candidates may be called in turn, until an answer is trusted.
        calls: Answered calls, in order, if more than one was allowed.
        warnings: Likely mistakes of the user, such as a dial that sends all requests to one candidate.
        id: A version 7 UUID; ids of one process sort by time. It stays the same while the decision is carried out, and
            links feedback and outcomes to the decision; equality ignores it.
        propensity: Probability with which the candidate was chosen, in (0, 1]; 1 for a deterministic choice.
        floor: The promise of quality that this choice keeps; None if the router has none, or if something other than
            the reward decided (a constraint, a tool turn, a failure).
        budgets: Budgets that the call counts for; `held` marks those that changed the decision.
        propensities: Candidate -> propensity, if more than one could have been chosen; else empty.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    quality: Foreseen
    cost: Foreseen
    willingness_to_pay: float
    cost_preference: float | None
    reward: Reward
    alternatives: tuple[Alternative, ...]
    clusters: tuple[Cluster, ...]
    reasons: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    actual_cost: float | None = None
    max_calls: int = 1
    calls: tuple[Call, ...] = ()
    warnings: tuple[str, ...] = ()
    id: str = Field(default_factory=_ids.next)
    propensity: float = Field(default=1.0, gt=0, le=1)
    floor: Promise | None = None
    budgets: tuple[Held, ...] = ()
    propensities: dict[str, float] = Field(default={})
    _details: Callable[[], Details] | Details | None = PrivateAttr(None)

    @classmethod
    def deferred(cls, details: Callable[[], Details], **fields: Any) -> Decision:
        """Build a decision that computes its alternatives and clusters on first use.

        Args:
            details: Computes both.
            fields: The other fields, with valid values: they are not checked.
        """
        return build_unchecked(cls, {**_DEFAULTS, **fields, "id": _ids.next()}, {"_details": details})

    def _computed(self) -> Decision:
        """Compute the missing fields, and return the decision."""
        if (rows := self._missing()) is not None:
            alternatives = tuple(build_unchecked(Alternative, row) for row in rows[0])
            clusters = tuple(build_unchecked(Cluster, row) for row in rows[1])
            object.__setattr__(self, "__dict__", self._with_details(alternatives, clusters))
            object.__setattr__(self, "__pydantic_fields_set__", self.model_fields_set | set(DETAILS))
            self._details = None
        return self

    def _missing(self) -> Details | None:
        """Return the rows of alternatives and clusters, unless these are built already."""
        private = self.__pydantic_private__
        details: Callable[[], Details] | Details | None = private["_details"] if private else None
        if private is None or details is None or self.__dict__.keys() >= set(DETAILS):
            return None
        if callable(details):
            private["_details"] = details = details()
        return details

    def _with_details(self, alternatives: Any, clusters: Any) -> dict[str, Any]:
        """Return all fields in their order."""
        values = {**self.__dict__, "alternatives": alternatives, "clusters": clusters}
        return {name: values[name] for name in _FIELDS}

    if not TYPE_CHECKING:  # a type checker sees the fields

        def __getattr__(self, name: str) -> Any:
            if name in DETAILS:
                return self._computed().__dict__[name]
            return super().__getattr__(name)

    @model_serializer(mode="wrap")
    def _serialize(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return serialize(self._computed())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Decision:
        """Return a copy with some fields replaced; see pydantic's `BaseModel`."""
        made = self._computed() if deep or not {*DETAILS}.isdisjoint(update or ()) else self
        return super(Decision, made).model_copy(update=update, deep=deep)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Decision:
        return super(Decision, self._computed()).__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        return super(Decision, self._computed()).__getstate__()

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]  # as pydantic's
        return super(Decision, self._computed()).__iter__()

    def __repr_args__(self) -> Any:
        return super(Decision, self._computed()).__repr_args__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return False
        return {**vars(self._computed()), "id": ""} == {**vars(other._computed()), "id": ""}

    def __hash__(self) -> int:
        return hash((self.candidate, self.willingness_to_pay, self.alternatives, self.reasons))

    @property
    def eligible(self) -> tuple[str, ...]:
        """The candidates that satisfy all constraints: the chosen one first, then by reward."""
        return tuple(a.candidate for a in self.alternatives if a.excluded is None)

    def because(self, reason: str) -> Decision:
        """Return the decision with one more reason."""
        return self.model_copy(update={"reasons": (*self.reasons, reason)})

    def switched(self, candidate: str, reason: str) -> Decision:
        """Return the decision changed to another candidate, with the reason.

        Quality and cost are those of the alternative, NaN if it is not listed. The propensity is 1, since the switch is
        deterministic.
        """
        first = tuple(a for a in self.alternatives if a.candidate == candidate)
        others = tuple(sorted((a for a in self.alternatives if a.candidate != candidate), key=by_reward))
        quality, cost = (first[0].quality, first[0].cost) if first else (math.nan, math.nan)
        update = {"candidate": candidate, "quality": quality, "cost": cost, "alternatives": first + others}
        if self.max_calls == 1:  # with several calls, the promise concerns the best answer
            update["floor"] = None
        update |= {"propensity": 1.0, "propensities": {}}
        return self.model_copy(update=update).because(reason)

    def as_json(self) -> dict[str, Any]:
        """Return the decision as plain JSON data; `model_validate` reads it back.

        The same data as `model_dump_json`, with the id also as `decision_id`; faster, since every answer carries it.
        """
        rows = self._missing()
        values = vars(self) if rows is None else self._with_details(*rows)
        return {**_plain(values), "decision_id": self.id}

    def explain(self) -> str:
        """Explain the choice in words."""
        return explain(self)

    def __rich__(self) -> Group:
        """Draw the decision as a table, with the chosen candidate marked, and the reasons."""
        return tabulate(self)

    def __repr__(self) -> str:
        numbers = f"quality={self.quality:.3g}, cost={self.cost:.3g}, of {len(self.alternatives)}"
        return f"Decision({self.candidate!r}, {numbers}; id={self.id!r})"

    def __str__(self) -> str:
        return to_text(self)


_FIELDS = tuple(Decision.model_fields)
_DEFAULTS = {name: field.default for name, field in Decision.model_fields.items() if not field.is_required()}


def _plain(value: Any) -> Any:
    """Convert a value to JSON data: non-finite numbers to None, models to dicts."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, (list, tuple, frozenset)):
        return [_plain(part) for part in value] if value else []
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (str, int)):
        return value
    parts = value if isinstance(value, dict) else vars(value)  # a model's
    return {
        name: part if type(part) in PLAIN or (type(part) is float and math.isfinite(part)) else _plain(part)
        for name, part in parts.items()
    }
