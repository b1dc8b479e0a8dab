"""Spend: the tokens and the cost of calls, by candidate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from crossroute.cache import Lock
from crossroute.candidate import Price
from crossroute.decision import format_usd
from crossroute.tables import InNotebooks

if TYPE_CHECKING:
    from rich.table import Table


CACHES = ("cached_input_tokens", "cache_write_1h_tokens", "cache_write_tokens")
WHOLES = (
    ("input_tokens", *CACHES),
    ("input_tokens", "input_audio_tokens"),
    ("output_tokens", "output_audio_tokens", "output_image_tokens"),
)
"""Counts of tokens, each with those that are apart from each other within it."""
PARTS = (*CACHES, "input_audio_tokens", "output_audio_tokens", "output_image_tokens")


class Usage(BaseModel):
    """Tokens of one call, or of several. What is told of a part, above the whole that it belongs to, is that whole.

    Attributes:
        input_tokens: Tokens read, cached ones included.
        output_tokens: Tokens written, reasoning included.
        cached_input_tokens: Those of the input that the provider had in its prompt cache.
        cache_write_tokens: Those of the input that it wrote there for some minutes, where it charges for that.
        cache_write_1h_tokens: Those that it wrote there for an hour.
        input_audio_tokens: Those of the input that are sound.
        output_audio_tokens: Those of the output.
        output_image_tokens: Those of the output that are pictures.
        tier: Price of the service tier, as a multiple of the standard price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_input_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    input_audio_tokens: int = Field(default=0, ge=0)
    output_audio_tokens: int = Field(default=0, ge=0)
    output_image_tokens: int = Field(default=0, ge=0)
    tier: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        """Bound each part by what is left of its whole: some providers tell more."""
        told = self.__dict__
        for whole, *parts in WHOLES:
            left = told[whole]
            for part in parts:
                if told[part]:
                    told[part] = min(told[part], left)
                    left -= told[part]
        return self

    def cost(self, price: Price | None) -> float | None:
        """Return USD at a price, or None where the price is not known.

        >>> Usage(input_tokens=1_000, output_tokens=100).cost(Price(input=10, output=30))
        0.013
        """
        if price is None:
            return None
        return self.tier * price.cost(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_input_tokens=self.cached_input_tokens,
            cache_write_tokens=self.cache_write_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens,
            input_audio_tokens=self.input_audio_tokens,
            output_audio_tokens=self.output_audio_tokens,
            output_image_tokens=self.output_image_tokens,
        )

    def after(self, earlier: Usage | None) -> Usage:
        """Return the tokens of a stream after a chunk that states these: the whole so far, or what was added.

        A chunk that repeats the input states the whole.

        >>> Usage(input_tokens=9, output_tokens=5).after(Usage(input_tokens=9, output_tokens=3)).output_tokens
        5
        >>> Usage(output_tokens=5).after(Usage(input_tokens=9, output_tokens=3)).output_tokens
        8
        """
        if earlier is None:
            return self
        whole = self.input_tokens >= earlier.input_tokens > 0 and self.output_tokens >= earlier.output_tokens
        tier = earlier.tier if self.tier == 1 else self.tier
        return (self if whole else earlier + self).model_copy(update={"tier": tier})

    def completed(self, other: Usage | None) -> Usage:
        """Return them with what others tell of their parts, of the tier and the input, where these tell nothing of it.

        >>> Usage(output_tokens=3).completed(Usage(input_tokens=9, output_tokens=1)).input_tokens
        9
        """
        if other is None:
            return self
        own, others = self.__dict__, other.__dict__
        told = {name: others[name] for name in (*PARTS, "input_tokens") if others[name] and not own[name]}
        if own["tier"] == 1 and others["tier"] != 1:
            told["tier"] = others["tier"]
        return Usage(**{**own, **told}) if told else self

    def whole(self, others: Iterable[Usage | None]) -> Usage:
        """Return, of these and others with the same output, the one with the most input: some omit cached tokens.

        >>> told = Usage(input_tokens=9, output_tokens=3)
        >>> told.whole([None, Usage(input_tokens=30, output_tokens=3, cached_input_tokens=21)]).input_tokens
        30
        """
        alike = [one for one in others if one is not None and one.output_tokens == self.output_tokens]
        return max((self, *alike), key=lambda one: one.input_tokens)

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in COUNTS})


COUNTS = tuple(name for name in Usage.model_fields if name != "tier")

TIERS = {"flex": 0.5, "batch": 0.5, "priority": 2.0}
"""Service tier -> multiple of the standard price; of priority, gpt-5's. Source: https://platform.openai.com/docs/pricing."""


def sum_output(read: int, written: int, thought: int, total: int | None) -> int:
    """Return the tokens of an output, with those of reasoning where a provider counts them beside it.

    Where no output is told, it is what the total holds beyond the input.

    Source: xAI, whose `total_tokens` are the sum of prompt, completion and reasoning; OpenAI's completion holds them.

    >>> sum_output(100, 10, 500, total=610), sum_output(100, 510, 500, total=610)
    (510, 510)
    >>> sum_output(100, 0, 0, total=107)
    7
    """
    if not written and total is not None and total > read > 0:
        return total - read
    return written + thought if total == read + written + thought else written


def sum_stream(chunks: Iterable[Usage | None]) -> Usage | None:
    """Return the tokens of a stream by those that its chunks state in turn; None where they state none.

    >>> sum_stream([Usage(input_tokens=9, output_tokens=3), None, Usage(input_tokens=9, output_tokens=5)]).output_tokens
    5
    """
    whole: Usage | None = None
    for told in chunks:
        whole = whole if told is None else told.after(whole)
    return whole


class Spent(BaseModel):
    """Calls, tokens and cost of a candidate.

    Attributes:
        calls: Answered calls, and those that were given up while they ran.
        usage: Their tokens.
        cost: USD, of those calls whose tokens and price are known.
        unknown: Calls of unknown cost: they are paid for.
    """

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    usage: Usage = Usage()
    cost: float = 0.0
    unknown: int = 0


class _Tally:
    """The running sums of a candidate."""

    __slots__ = ("calls", "cost", "tokens", "unknown")

    def __init__(self) -> None:
        self.calls, self.cost, self.unknown = 0, 0.0, 0
        self.tokens = dict.fromkeys(COUNTS, 0)

    def add(self, usage: Usage | None, cost: float | None) -> None:
        """Count one call."""
        self.calls += 1
        if usage is not None:
            for name in COUNTS:
                self.tokens[name] += getattr(usage, name)
        if cost is None:
            self.unknown += 1
        else:
            self.cost += cost

    def spent(self) -> Spent:
        """Return the sums so far."""
        return Spent(calls=self.calls, usage=Usage(**self.tokens), cost=self.cost, unknown=self.unknown)


class Spend(InNotebooks):
    """A tally by candidate; safe to share between threads.

    >>> spend = Spend()
    >>> spend.add("small", Usage(input_tokens=1_000, output_tokens=100), Price(input=10, output=30))
    0.013
    >>> spend.total.calls, spend.by_candidate["small"].usage.output_tokens
    (1, 100)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._tallies: dict[str, _Tally] = {}

    def add(self, candidate: str, usage: Usage | None, price: Price | None) -> float | None:
        """Count one answered call and return its cost in USD, or None where tokens or price are not known."""
        cost = None if usage is None else usage.cost(price)
        self._count(candidate, usage, cost)
        return cost

    def charge(self, name: str, cost: float, usage: Usage | None = None) -> float:
        """Count one call whose cost in USD is known by itself, whatever its tokens, and return it."""
        self._count(name, usage, cost)
        return cost

    @property
    def by_candidate(self) -> dict[str, Spent]:
        """Calls, tokens and cost so far, by candidate."""
        with self._lock:
            return {name: tally.spent() for name, tally in self._tallies.items()}

    @property
    def total(self) -> Spent:
        """Calls, tokens and cost so far, of all candidates."""
        spent = self.by_candidate.values()
        return Spent(
            calls=sum(one.calls for one in spent),
            usage=sum((one.usage for one in spent), Usage()),
            cost=sum(one.cost for one in spent),
            unknown=sum(one.unknown for one in spent),
        )

    def __repr__(self) -> str:
        from crossroute.tables import list_names

        calls = [f"{name} {spent.calls}" for name, spent in self._dearest_first()]
        total = self.total
        unknown = f" and {total.unknown:,} of unknown cost" if total.unknown else ""
        return f"Spend(${total.cost:.4g}{unknown}; calls: {list_names(calls) or 'none'})"

    def __rich__(self) -> Table:
        """Draw the candidates, most expensive first, and their total."""
        from rich.markup import escape

        from crossroute.tables import plain_table

        table = plain_table("candidate", title="Spend")
        for heading in ("calls", "input tokens", "output tokens", "USD"):
            table.add_column(heading, justify="right")
        for name, spent in self._dearest_first():
            table.add_row(escape(name), *_cells(spent))
        table.show_footer = True
        for column, cell in zip(table.columns, ("all", *_cells(self.total)), strict=True):
            column.footer = cell
        return table

    def _dearest_first(self) -> list[tuple[str, Spent]]:
        return sorted(self.by_candidate.items(), key=lambda row: -row[1].cost)

    def _count(self, name: str, usage: Usage | None, cost: float | None) -> None:
        with self._lock:
            self._tallies.setdefault(name, _Tally()).add(usage, cost)


def _cells(spent: Spent) -> tuple[str, str, str, str]:
    usage = spent.usage
    told = "" if spent.unknown == spent.calls > 0 else format_usd(spent.cost)
    unknown = f"{spent.unknown:,} unknown" if spent.unknown else ""
    cost = " + ".join(filter(None, (told, unknown)))
    return f"{spent.calls:,}", f"{usage.input_tokens:,}", f"{usage.output_tokens:,}", cost
