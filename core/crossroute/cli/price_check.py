"""The table of `crossroute prices`: where each price comes from, its age, and the catalogue's price."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from crossroute.candidate import Pool, Price
from crossroute.catalogue import Catalogue

if TYPE_CHECKING:
    from rich.table import Table


class PriceCheck(BaseModel):
    """Comparison of a candidate's price with the catalogue's.

    Attributes:
        candidate: Its name in the pool.
        price: The router's price, or None.
        age_days: Days since the date of the price; None without a date.
        listed: The catalogue's price, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: str
    price: Price | None
    age_days: int | None
    listed: Price | None

    @property
    def differs(self) -> bool:
        """Whether the catalogue's price is different."""
        return (
            self.price is not None and self.listed is not None and not is_same_price(self.price, self.listed)
        )


def check_prices(pool: Pool | None, today: date) -> list[PriceCheck]:
    """Compare the price of each candidate of a pool with the catalogue's; None checks the catalogue's own prices."""
    catalogue = Catalogue.bundled()
    pool = Pool(entry.candidate for entry in catalogue) if pool is None else pool
    listed = find_listed_prices(pool)
    return [
        PriceCheck(
            candidate=candidate.name,
            price=candidate.price,
            age_days=(today - candidate.price.as_of).days
            if candidate.price and candidate.price.as_of
            else None,
            listed=listed.get(candidate.name),
        )
        for candidate in pool
    ]


def find_listed_prices(pool: Pool) -> dict[str, Price]:
    """Return candidate -> the catalogue's price, for candidates that have one."""
    found = {candidate.name: Catalogue.bundled().find(candidate.name) for candidate in pool}
    return {name: one.entry.price for name, one in found.items() if one and one.entry.price}


def is_same_price(one: Price, other: Price) -> bool:
    """Return whether two prices charge the same for fresh input and for output."""
    return (one.input, one.output) == (other.input, other.output)


def build_table(checks: list[PriceCheck]) -> Table:
    """Return the checks as a table; prices that differ from the catalogue are marked."""
    from rich.markup import escape

    from crossroute.tables import plain_table

    shown = plain_table(caption="USD per million tokens.")
    shown.add_column("candidate", overflow="fold")
    for heading in ("in/out", "days old", "catalogue"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("source", overflow="fold")
    for check in checks:
        price, listed = check.price, check.listed
        other = (
            f"[yellow]{_format_price(listed)}[/]" if check.differs else ("same" if listed and price else "–")
        )
        age = "–" if check.age_days is None else f"{check.age_days:,}"
        source = escape(price.source) if price else ""
        shown.add_row(escape(check.candidate), _format_price(price), age, other, source)
    return shown


def _format_price(price: Price | None) -> str:
    return f"{price.input:g}/{price.output:g}" if price else "–"
