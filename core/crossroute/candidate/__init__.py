"""Candidate and Pool: the models to choose from, with prices, capabilities and profiles.

A candidate has no index: the network reads only its profile (model/profiles.py), so a pool can be permuted, cut and
extended without retraining.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_serializer, model_validator

from crossroute.candidate.price import FREE, Price, Usd
from crossroute.effort import Effort
from crossroute.errors import UnknownCandidateError
from crossroute.tables import InNotebooks

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "FREE",
    "Belief",
    "Candidate",
    "Capability",
    "Lesson",
    "Name",
    "Pool",
    "Price",
    "Profile",
    "Usd",
    "take_candidates",
    "unwritable",
]

Capability = Literal["tools", "structured_output", "vision", "audio", "files"]

UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line breaks and lone surrogates, which not every file format can store."""


def unwritable(name: object) -> str | None:
    """Return the first character of a name that not every file format can store, or None."""
    found = UNWRITABLE.search(name) if isinstance(name, str) else None
    return found[0] if found else None


def _writable(name: Any) -> Any:
    if (found := unwritable(name)) is not None:
        raise ValueError(f"a name cannot contain {found!r}, which not every file can store; leave it out")
    return name


Name = Annotated[str, Field(min_length=1), BeforeValidator(_writable)]
"""A candidate's name."""

Numbers = tuple[Annotated[float, Field(allow_inf_nan=False)], ...]


class Belief(BaseModel):
    """Prior of a candidate by kind of work, for queries far from all of its outcomes.

    Estimated from published scores, family, generation, reasoning and price.

    Attributes:
        ability: In logits, added to a query's ease, by kind, shape (K,).
        ability_error: Its standard error, shape (K,).
        log_tokens: Log ratio of the length of its answers to a typical candidate's, by kind, shape (K,).
        log_tokens_error: Its standard error, shape (K,).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ability: Numbers = Field(min_length=1)
    ability_error: Numbers
    log_tokens: Numbers
    log_tokens_error: Numbers

    @model_validator(mode="after")
    def _one_value_a_kind(self) -> Belief:
        sizes = {len(values) for _, values in self}
        if len(sizes) > 1:
            raise ValueError(f"a belief needs one value per kind in each field, got lengths {sorted(sizes)}")
        return self


class Lesson(BaseModel):
    """A correction of a router's predictions for a candidate, learned from live traffic.

    Attributes:
        quality: Added to the log-odds of its quality.
        quality_error: Its standard error.
        quality_slope: Factor applied to the log-odds first; below 1 if predictions vary too much between queries.
        log_tokens: Added to the cost head's output, by query cluster, shape (k,).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Annotated[float, Field(allow_inf_nan=False)]
    quality_error: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    quality_slope: Annotated[float, Field(ge=0, le=2)] = 1.0
    log_tokens: Numbers = Field(min_length=1)


class Profile(BaseModel):
    """A candidate's outcomes summarized by query cluster: the source of its model embedding.

    Attributes:
        quality: Mean quality per cluster, shrunk towards the candidate's mean, shape (k,), in [0, 1].
        log_tokens: Mean natural logarithm of the cost head's target, shape (k,).
        evidence: Number of outcomes per cluster, shape (k,).
        learned_price: Input and output price of the outcomes, if `log_tokens` was derived from costs; None until a
            router adopts the profile, and if `log_tokens` counts output tokens.
        made_by: Digest of the router's clusters; empty until a router adopts the profile.
        belief: Prior by kind of work; None without one.
        lesson: Correction learned from live traffic; None without one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(min_length=1)
    log_tokens: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]
    evidence: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...]
    learned_price: tuple[Usd, Usd] | None = None
    made_by: str = ""
    belief: Belief | None = None
    lesson: Lesson | None = None

    @property
    def mean_quality(self) -> float:
        """Mean of the shrunk quality, weighted by evidence."""
        weights = self.evidence if sum(self.evidence) else (1.0,) * len(self.evidence)
        return sum(q * w for q, w in zip(self.quality, weights, strict=True)) / sum(weights)

    @model_validator(mode="after")
    def _one_value_a_cluster(self) -> Profile:
        sizes = {len(self.quality), len(self.log_tokens), len(self.evidence)}
        if len(sizes) > 1:
            raise ValueError(
                f"a profile needs one value per cluster in each field, got lengths {sorted(sizes)}"
            )
        return self


class Candidate(BaseModel):
    """A model to choose from.

    Attributes:
        name: Unique in a pool.
        aliases: Other names of the same model.
        price: USD per million tokens; None if unknown.
        context_window: Tokens of input and output together; None if unknown.
        capabilities: Capabilities other than text.
        profile: Its summarized outcomes; None until it is profiled.
        effort: Its effort, if that differs from the effort that its profile was measured at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    aliases: tuple[Name, ...] = ()
    price: Price | None = None
    context_window: int | None = Field(default=None, gt=0)
    capabilities: frozenset[Capability] = frozenset()
    profile: Profile | None = None
    effort: Effort | None = None

    def completed(self, other: Candidate) -> Candidate:
        """Return this candidate with missing fields taken from another description of the same model."""
        return self.model_copy(update={field: told for field, told in other if not getattr(self, field)})

    @field_serializer("capabilities", when_used="json")
    def _in_order(self, capabilities: frozenset[str]) -> list[str]:
        return sorted(capabilities)  # so that the same candidate gives the same bytes


def take_candidates(given: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return several candidates as a tuple.

    Raises:
        TypeError: A single candidate is given, or an item is something else, such as a name.
    """
    if isinstance(given, Candidate):  # pydantic's models pass for iterables of their fields
        raise TypeError(f"Expected several candidates, got one, {given.name!r}; put it in a list.")
    candidates = tuple(given)
    for each in candidates:
        if not isinstance(each, Candidate):
            raise TypeError(f"Expected candidates, got {each!r}; a known one is router.pool['its name'].")
    return candidates


class Pool(InNotebooks):
    """The candidates to choose from, in order, with unique names and aliases.

    Args:
        candidates: In the order of the columns of every (n, m) array.

    Raises:
        ValueError: Two candidates share a name or an alias.
        TypeError: An item is no candidate.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = take_candidates(candidates)
        self._position: dict[str, int] = {}
        for position, candidate in enumerate(self._candidates):
            for name in (candidate.name, *candidate.aliases):
                if name in self._position:
                    raise ValueError(f"Two candidates are named {name!r}; names and aliases must be unique.")
                self._position[name] = position

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(candidate.name for candidate in self._candidates)

    def position(self, name: str) -> int:
        """Return the index of a candidate, by name or alias.

        Raises:
            UnknownCandidateError: The pool has no such candidate.
            TypeError: The name is not a str.
        """
        if not isinstance(name, str):
            raise TypeError(f"Expected a candidate's name, got {name!r}; by position: list(pool)[0].")
        if name not in self._position:
            raise UnknownCandidateError(name, self.names)
        return self._position[name]

    def subset(self, names: Iterable[str]) -> Pool:
        """Return a pool of the named candidates, in this order."""
        if isinstance(names, str):
            raise TypeError(f"Expected several names, got one, {names!r}; put it in a list.")
        return Pool(self[name] for name in names)

    def with_prices(self, prices: Mapping[str, Price | tuple[float, float]]) -> Pool:
        """Return the candidates at other prices.

        Args:
            prices: Name or alias -> price, or a pair: USD per million tokens of input and of output.

        Raises:
            UnknownCandidateError: The pool has no candidate of a name.
            ValueError: A value is not a price.
        """
        stated = {self[name].name: Price.of(price) for name, price in prices.items()}
        return Pool(
            candidate.model_copy(update={"price": stated.get(candidate.name, candidate.price)})
            for candidate in self
        )

    def __getitem__(self, name: str) -> Candidate:
        return self._candidates[self.position(name)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._position

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._candidates)

    def __len__(self) -> int:
        return len(self._candidates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pool) and self._candidates == other._candidates

    def __hash__(self) -> int:
        return hash(self._candidates)

    def __repr__(self) -> str:
        from crossroute.tables import list_names

        return f"Pool({list_names(self.names)})"

    def __rich__(self) -> Table:
        """Render the candidates with prices, context windows and measured quality."""
        from rich.markup import escape

        from crossroute.tables import candidate_column, plain_table

        sources = sorted({f"{c.price.source} {c.price.as_of or ''}".strip() for c in self if c.price})
        caption = f"USD per million tokens. Prices: {escape('; '.join(sources)) or 'unknown'}."
        table = plain_table(candidate_column(self.names), caption=caption)
        for heading in ("input", "output", "context", "quality", "outcomes"):
            table.add_column(heading, justify="right")
        for candidate in self:
            price, profile = candidate.price, candidate.profile
            table.add_row(
                escape(candidate.name),
                f"{price.input:g}" if price else "–",
                f"{price.output:g}" if price else "–",
                f"{candidate.context_window:,}" if candidate.context_window else "–",
                f"{profile.mean_quality:.3f}" if profile else "–",
                f"{sum(profile.evidence):,.0f}" if profile else "–",
            )
        return table
