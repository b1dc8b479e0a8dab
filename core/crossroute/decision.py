"""A decision: the chosen candidate with its numbers and the reasons for it."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from crossroute.escalation.evidence import Evidence
from crossroute.notebook import InNotebooks
from crossroute.reward import Reward

if TYPE_CHECKING:
    from rich.console import Group

Foreseen = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A predicted number; NaN where nothing was predicted, which JSON writes as null."""


THIN = 0.05
"""Standard error of a predicted quality from which a table shows it."""


class _Ids:
    """Ids that are UUIDs of version 7 and rise with time, within a millisecond by a fraction of it.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3), https://www.rfc-editor.org/rfc/rfc9562.
    """

    def __init__(self) -> None:
        self._lock, self._latest = threading.Lock(), 0

    def next(self) -> str:
        """Return the next id."""
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        ticks = (
            milliseconds << 12 | (rest << 12) // 1_000_000
        )  # 48 bits of milliseconds, 12 of their fraction
        with self._lock:
            ticks = self._latest = max(ticks, self._latest + 1)
        bits = (
            (ticks >> 12) << 80
            | 7 << 76
            | (ticks & 0xFFF) << 64
            | 2 << 62
            | int.from_bytes(os.urandom(8), "big") >> 2
        )
        digits = f"{bits:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_ids = _Ids()

Model = TypeVar("Model", bound=BaseModel)


def unchecked(model: type[Model], values: dict[str, Any], private: dict[str, Any] | None = None) -> Model:
    """Return a model with values of our own making, in the order of its fields: they are not validated again."""
    made = model.__new__(model)
    object.__setattr__(made, "__dict__", values)
    object.__setattr__(made, "__pydantic_fields_set__", set(values))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", private)
    return made


class Failure(BaseModel):
    """An attempt that failed.

    Attributes:
        candidate: Which one failed.
        error: The error's type.
        status: Its HTTP status, where it has one.
        message: Its first line, without secrets.
        transient: Whether another attempt could succeed.
        fault: Whose it is, the request's, the member's or the network's; None where nothing is known of that.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    error: str
    status: int | None = None
    message: str = ""
    transient: bool
    fault: Literal["request", "member", "network"] | None = None

    def __str__(self) -> str:
        status = "" if self.status is None else f" {self.status}"
        return f"{self.candidate} failed with {self.error}{status}"


class Alternative(BaseModel):
    """A candidate as the decision saw it.

    Attributes:
        candidate: Its name.
        quality: Predicted quality, in [0, 1].
        cost: Predicted cost, USD for one call.
        reward: What decided: the logarithm of its exponential reward, or its linear reward.
        attention: Weight of the query's attention on it, in [0, 1].
        quality_error: Standard error of the quality, by how much was observed of it on such queries.
        excluded: The constraint that it fails, or None.
        rests_on: What is predicted of it rests on: "measured", "published scores" or "prior"; None where nothing is.
        effort: How hard it is told to think, where it is a variant by the effect of that on other models.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    quality: Foreseen
    cost: Foreseen
    reward: Foreseen
    attention: Foreseen
    quality_error: Foreseen = math.nan
    excluded: str | None = None
    rests_on: str | None = None
    effort: str | None = None


class Call(BaseModel):
    """A call that was answered, where more than one may be made for a query.

    Attributes:
        candidate: Which one answered.
        prior: P(right) before its answer, after those of the calls before it.
        posterior: P(right) by all evidence, in the end.
        evidence: What was seen of its answer.
        cost: USD; None where tokens or price are not known.
        latency_s: Seconds to the answer.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    prior: Foreseen
    posterior: Foreseen
    evidence: Evidence
    cost: float | None
    latency_s: float


class Cluster(BaseModel):
    """A cluster of training queries that the query resembles.

    Attributes:
        index: Its number.
        weight: How much of the query it explains, in [0, 1].
        label: The tasks that most of its training queries came from.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    weight: float
    label: str


Details = tuple[tuple[Alternative, ...], tuple[Cluster, ...]]
DETAILS = ("alternatives", "clusters")
"""Fields of a decision that are made when they are asked for."""


BEST = "best"
"""What a promise is against where no candidate is named: every candidate that it was proved with."""


class Promise(BaseModel):
    """A quality floor: what is promised, and the least willingness to pay at which it is kept.

    Attributes:
        drop: Mean quality is at most this much under that of the reference, in (0, 1).
        against: The reference: a candidate, or "best", the best of those that it was proved with.
        confidence: Probability with which the promise holds, over the outcomes that were drawn to prove it.
        willingness_to_pay: USD; the floor itself.
        max_calls: It holds for one call a query, and where answers are looked at for up to so many.
        groups: It holds in each of these groups of queries by itself; empty where it holds over all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    drop: float = Field(gt=0, lt=1)
    against: str = BEST
    confidence: float = Field(default=0.9, gt=0, lt=1)
    willingness_to_pay: float = math.inf
    max_calls: int = Field(default=1, ge=1)
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        reference = "the best candidate" if self.against == BEST else self.against
        within = f" in each of {', '.join(self.groups)}" if self.groups else ""
        return f"quality at most {self.drop:g} under {reference}{within}, at confidence {self.confidence:g}"


class Held(BaseModel):
    """A budget that a call counts on, as the decision found it.

    Attributes:
        budget: In words: "$50 a day for user:ann".
        account: On which the call is counted, with its period.
        left: USD, before this call.
        until: When money comes again, in seconds since 1970; None where it does not.
        willingness_to_pay: USD that its pacing allowed; None where it is not paced.
        held: Whether it changed the decision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: str
    account: str
    left: float
    until: float | None = None
    willingness_to_pay: float | None = None
    held: bool = False


class Decision(InNotebooks, BaseModel):
    """Which candidate a query goes to, and why.

    A router makes `alternatives` and `clusters` when they are first asked for: most decisions are carried out
    without a look at them.

    Attributes:
        candidate: The chosen candidate's name.
        quality: Its predicted quality, in [0, 1].
        cost: Its predicted cost, USD for one call.
        willingness_to_pay: USD, what the reward discounted cost by.
        cost_preference: The dial that set it; None where it was given in USD.
        reward: Which reward decided.
        alternatives: All candidates of the pool, best reward first, excluded ones last.
        clusters: The nearest clusters of training queries, heaviest first.
        reasons: What decided besides the reward ("stuck to a: tool turn"), in order.
        failures: Attempts that failed before the candidate was called.
        actual_cost: USD that the call took, once it is answered and its tokens and price are known; where
            several calls were made, USD of them all.
        max_calls: How many candidates may be called, one after the other, until an answer is trusted.
        calls: Those answered, in order, where more than one was allowed.
        warnings: What the user may not have meant, such as a dial that sends all requests to one candidate.
        id: Unique, a UUID of version 7; those of one process sort by time. It stays as it is while the decision is
            carried out, and tells which decision an outcome belongs to; equality ignores it.
        propensity: Probability with which the candidate was chosen, in (0, 1]; 1 where the choice is deterministic.
        floor: The promise that this choice keeps; None where the router has none, or where something other than the
            reward decided (a constraint, a tool turn, a failure).
        budgets: That the call counts on; `held` says which of them changed the decision.
        propensities: Candidate -> that probability, where more than one could have been chosen; else empty.
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
    _details: Callable[[], Details] | None = PrivateAttr(None)

    @classmethod
    def deferred(cls, details: Callable[[], Details], **told: Any) -> Decision:
        """Return a decision whose alternatives and clusters are made when they are asked for.

        Args:
            details: Makes both.
            told: The fields before them and after them, as `Decision` validates them.
        """
        return unchecked(cls, {**_DEFAULTS, **told, "id": _ids.next()}, {"_details": details})

    def _whole(self) -> Decision:
        """Return this decision once all of its fields are made."""
        if self._details is not None and not self.__dict__.keys() >= set(DETAILS):
            told = self.__dict__ | dict(zip(DETAILS, self._details(), strict=True))
            object.__setattr__(self, "__dict__", {name: told[name] for name in type(self).model_fields})
            object.__setattr__(self, "__pydantic_fields_set__", self.model_fields_set | set(DETAILS))
            self._details = None
        return self

    if not TYPE_CHECKING:  # a type checker sees the fields

        def __getattr__(self, name: str) -> Any:
            if name in DETAILS:
                return self._whole().__dict__[name]
            return super().__getattr__(name)

    @model_serializer(mode="wrap")
    def _serialize(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return serialize(self._whole())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Decision:
        """Return a copy, with some fields replaced; see pydantic's `BaseModel`."""
        made = self._whole() if deep or not {*DETAILS}.isdisjoint(update or ()) else self
        return super(Decision, made).model_copy(update=update, deep=deep)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Decision:
        return super(Decision, self._whole()).__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        return super(Decision, self._whole()).__getstate__()

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]  # as pydantic's
        return super(Decision, self._whole()).__iter__()

    def __repr_args__(self) -> Any:
        return super(Decision, self._whole()).__repr_args__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return False
        return {**vars(self._whole()), "id": ""} == {**vars(other._whole()), "id": ""}

    def __hash__(self) -> int:
        return hash((self.candidate, self.willingness_to_pay, self.alternatives, self.reasons))

    @property
    def eligible(self) -> tuple[str, ...]:
        """The candidates that fail no constraint: the chosen one first, then by reward."""
        return tuple(a.candidate for a in self.alternatives if a.excluded is None)

    def because(self, reason: str) -> Decision:
        """Return the same decision with one more reason."""
        return self.model_copy(update={"reasons": (*self.reasons, reason)})

    def switched(self, candidate: str, reason: str) -> Decision:
        """Return the decision for another candidate, and why it is another.

        Its numbers are those of its alternative; one that is no alternative has none (NaN). It was not drawn: its
        propensity is 1.
        """
        first = tuple(a for a in self.alternatives if a.candidate == candidate)
        others = tuple(sorted((a for a in self.alternatives if a.candidate != candidate), key=_by_reward))
        quality, cost = (first[0].quality, first[0].cost) if first else (math.nan, math.nan)
        update = {"candidate": candidate, "quality": quality, "cost": cost, "alternatives": first + others}
        if self.max_calls == 1:  # of several, the promise has the best answer in view
            update["floor"] = None
        update |= {"propensity": 1.0, "propensities": {}}
        return self.model_copy(update=update).because(reason)

    def explain(self) -> str:
        """Say in words why this candidate."""
        if math.isnan(self.quality):
            return f"{self.candidate} was chosen: {'; '.join(self.reasons)}."
        return " ".join(
            (
                *(self._likeness(), self._choice(), *self._comparisons()),
                *(*self._evidence(), *self._exclusions(), *self.warnings),
            )
        )

    def _likeness(self) -> str:
        nearest = self.clusters[0]
        return f"The query most resembles training queries of {nearest.label} (weight {nearest.weight:.2f})."

    def _choice(self) -> str:
        if self.reasons:
            return (
                f"{self.candidate} was chosen: {'; '.join(self.reasons)}; "
                f"predicted quality {self.quality:.3f} for {usd(self.cost)}."
            )
        dial = "" if self.cost_preference is None else f" at cost preference {self.cost_preference:g}"
        return (
            f"{self.candidate} has the highest {self.reward} reward{dial}: "
            f"predicted quality {self.quality:.3f} for {usd(self.cost)}."
        )

    def _comparisons(self) -> list[str]:
        others = [a for a in self.alternatives if a.candidate != self.candidate and a.excluded is None]
        if not others:
            return ["No other candidate was eligible."]
        best = max(others, key=lambda a: a.quality)
        cheapest = min(others, key=lambda a: a.cost)
        sentences = []
        if best.quality > self.quality:
            times = f", {best.cost / self.cost:.1f} times as much" if self.cost else ""
            sentences.append(
                f"{best.candidate} is predicted {best.quality - self.quality:.3f} better but costs "
                f"{usd(best.cost)}{times}."
            )
        if cheapest.cost < self.cost:
            sentences.append(
                f"{cheapest.candidate} is the cheapest at {usd(cheapest.cost)}, with predicted quality "
                f"{cheapest.quality:.3f}."
            )
        return sentences

    def _evidence(self) -> list[str]:
        """Say what rests on less than outcomes: of the candidate, and of those that it is compared with."""
        others = [a for a in self.alternatives if a.candidate != self.candidate and a.excluded is None]
        compared = {self.candidate} | {
            pick(others, key=key).candidate for pick, key in ((max, _quality), (min, _cost)) if others
        }
        named = [a for a in self.alternatives if a.candidate in compared]
        return [
            f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} {text}"
            for holds, text in _SAYINGS
            if (names := [a.candidate for a in named if holds(a)])
        ]

    def _exclusions(self) -> list[str]:
        return [f"{a.candidate} was excluded: {a.excluded}." for a in self.alternatives if a.excluded]

    def __rich__(self) -> Group:
        """Draw the decision as a table, the chosen candidate marked, and what else decided."""
        from rich.console import Group
        from rich.markup import escape

        from crossroute.plain_table import name_column, plain_table

        names = name_column("candidate", (a.candidate for a in self.alternatives))
        table = plain_table("", names, title=f"→ {escape(self.candidate)}")
        for heading in ("quality", "cost", "log reward" if self.reward == "exponential" else "reward"):
            table.add_column(heading, justify="left" if heading == "quality" else "right", no_wrap=True)
        for a in self.alternatives:
            chosen = a.candidate == self.candidate
            last = a.excluded or f"{a.reward:.3f}"
            style = "bold green" if chosen else "dim" if a.excluded else ""
            doubt = f" ±{a.quality_error:.2f}" if a.quality_error >= THIN else ""
            quality, cost = f"{a.quality:.3f}{doubt}", usd(a.cost)
            table.add_row(
                "●" if chosen else "", escape(a.candidate), quality, cost, escape(last), style=style
            )
        return Group(table, *map(escape, (*self.reasons, *map(str, self.failures), *self.warnings)))

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=100, no_color=True, force_terminal=False, force_jupyter=False)
        with console.capture() as capture:
            console.print(self)
        return capture.get().rstrip()


_DEFAULTS = {name: field.default for name, field in Decision.model_fields.items() if not field.is_required()}


def _quality(alternative: Alternative) -> float:
    return alternative.quality


def _cost(alternative: Alternative) -> float:
    return alternative.cost


_SAYINGS: tuple[tuple[Callable[[Alternative], bool], str], ...] = (
    (
        lambda a: a.rests_on == "prior",
        "not measured: what is predicted rests on a prior, which is what its maker, family, date, size, price and "
        "reasoning lead to expect.",
    ),
    (
        lambda a: a.rests_on == "published scores",
        "not measured on single queries: what is predicted rests on published scores.",
    ),
    (
        lambda a: a.effort is not None,
        "predicted by what such an effort did to other models.",
    ),
)
"""What is said of candidates of which less is known, and of which."""


def _by_reward(alternative: Alternative) -> tuple[bool, float]:
    """Order alternatives: best reward first, those without one after them, excluded ones last."""
    unknown = math.isnan(alternative.reward)
    return alternative.excluded is not None, math.inf if unknown else -alternative.reward


def usd(amount: float) -> str:
    """Write USD so that both 0.00002 and 12 can be read.

    >>> usd(0.0000213), usd(0.0123), usd(12.5), usd(0)
    ('$0.000021', '$0.012', '$12.50', '$0')
    """
    if amount == 0:
        return "$0"
    if math.isnan(amount):
        return "–"
    digits = 2 if amount >= 1 else 1 - math.floor(math.log10(amount))
    return f"${amount:.{digits}f}"
