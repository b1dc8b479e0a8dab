"""Spend: the tokens and the cost of calls, by candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Price
from crossroute.decision import usd
from crossroute.locks import Lock
from crossroute.notebook import InNotebooks

if TYPE_CHECKING:
    from rich.table import Table


class Usage(BaseModel):
    """Tokens of one call, or of several.

    Attributes:
        input_tokens: Tokens read, cached ones included.
        output_tokens: Tokens written, reasoning included.
        cached_input_tokens: Those of the input that the provider had in its prompt cache.
        cache_write_tokens: Those of the input that it wrote there for some minutes, where it charges for that.
        cache_write_1h_tokens: Those that it wrote there for an hour.
        tier: Times the standard price that the service tier costs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_input_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    tier: float = Field(default=1.0, gt=0, allow_inf_nan=False)

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
            cached_input_tokens=min(self.cached_input_tokens, self.input_tokens),
            cache_write_tokens=self.cache_write_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens,
        )

    def after(self, earlier: Usage | None) -> Usage:
        """Return the tokens of a stream after a chunk that tells these: the whole so far, or what was added.

        A chunk that repeats the input tells the whole.

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

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )


TIERS = {"flex": 0.5, "batch": 0.5, "priority": 2.0}
"""Service tier -> times the standard price; of priority, as gpt-5 has it. Source: https://platform.openai.com/docs/pricing."""


class Spent(BaseModel):
    """What a candidate's calls took.

    Attributes:
        calls: Answered calls.
        usage: Their tokens.
        cost: USD, of those calls whose tokens and price are known.
        unknown: Calls of which they are not: they are paid for, and nobody told how much.
    """

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    usage: Usage = Usage()
    cost: float = 0.0
    unknown: int = 0


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
        self._spent: dict[str, Spent] = {}

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
        """What each candidate's calls took so far."""
        with self._lock:
            return dict(self._spent)

    @property
    def total(self) -> Spent:
        """What all calls took so far."""
        spent = self.by_candidate.values()
        return Spent(
            calls=sum(one.calls for one in spent),
            usage=sum((one.usage for one in spent), Usage()),
            cost=sum(one.cost for one in spent),
            unknown=sum(one.unknown for one in spent),
        )

    def __repr__(self) -> str:
        from crossroute.plain_table import listed

        calls = [f"{name} {spent.calls}" for name, spent in self._dearest_first()]
        return f"Spend(${self.total.cost:.4g}; calls: {listed(calls) or 'none'})"

    def __rich__(self) -> Table:
        """Draw the candidates, most expensive first, and their total."""
        from rich.markup import escape

        from crossroute.plain_table import plain_table

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
            before = self._spent.get(name, Spent())
            self._spent[name] = Spent(
                calls=before.calls + 1,
                usage=before.usage + (usage or Usage()),
                cost=before.cost + (cost or 0.0),
                unknown=before.unknown + (cost is None),
            )


def _cells(spent: Spent) -> tuple[str, str, str, str]:
    usage = spent.usage
    return f"{spent.calls:,}", f"{usage.input_tokens:,}", f"{usage.output_tokens:,}", usd(spent.cost)
