"""The tables of `crossroute candidates`: a router's pool, or the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from crossroute.candidate import Candidate, Pool
from crossroute.catalogue import Catalogue, Entry, Evidence, find_evidence, resolve_without_suffixes
from crossroute.cli.console import format_count

if TYPE_CHECKING:
    from rich.table import Table

Sources = Mapping[str, Mapping[str, int]]
"""Candidate -> data set -> number of outcomes behind its profile."""

_CAN = {"tools": "T", "structured_output": "S", "vision": "V", "audio": "A", "files": "F"}


class Row(NamedTuple):
    """A candidate in the list.

    Attributes:
        candidate: The candidate in the pool or the catalogue.
        entry: The catalogue's entry of the same model, or None.
        sources: Data set -> number of outcomes; empty if it is unknown.
    """

    candidate: Candidate
    entry: Entry | None
    sources: Mapping[str, int]

    @property
    def outcomes(self) -> int:
        """Number of outcomes of the profile; without a profile, of recorded outcomes."""
        profile = self.candidate.profile
        return round(sum(profile.evidence)) if profile else sum(self.sources.values())

    @property
    def aliases(self) -> list[str]:
        """Other spellings of the same model."""
        entry = (self.entry.name, *self.entry.aliases) if self.entry else ()
        return sorted({*self.candidate.aliases, *entry} - {self.candidate.name})

    @property
    def evidence(self) -> Evidence:
        """Evidence of the profile; without a profile, the evidence available for one."""
        recorded = self.candidate.profile is None and any(self.sources.values())
        return "measured" if recorded else find_evidence(self.candidate)

    @property
    def origin(self) -> str:
        """Data sets of its measurements; without measurements, its evidence."""
        if self.evidence == "measured":
            return " ".join(self.sources)
        return self.evidence if self.candidate.profile or self.entry else ""

    def matches(self, text: str) -> bool:
        """Return whether each word of a text occurs in a name, the maker, a capability or a data set."""
        maker = self.entry.maker if self.entry else ""
        return Entry(
            name=self.candidate.name,
            maker=maker,
            aliases=tuple(self.aliases),
            capabilities=self.candidate.capabilities,
            sources=dict(self.sources),
        ).matches(text)

    def record(self) -> dict[str, Any]:
        """Return the row as plain JSON data."""
        return self.candidate.model_dump(mode="json") | {
            "aliases": self.aliases,
            "outcomes": self.outcomes,
            "sources": dict(self.sources),
            "evidence": self.evidence,
            "scores": self.entry.scores if self.entry else {},
            "scores_from": self.entry.scores_from if self.entry else None,
        }


def list_catalogue() -> list[Row]:
    """Return the models of the catalogue, measured or not."""
    return [Row(entry.candidate, entry, entry.sources) for entry in Catalogue.bundled()]


def list_pool(pool: Pool, sources: Sources) -> list[Row]:
    """Return a pool's candidates, with their sources from the router's provenance."""
    found = {candidate: Catalogue.bundled().find(candidate.name) for candidate in pool}
    return [
        Row(candidate, one.entry if one else None, sources.get(candidate.name, {}))
        for candidate, one in found.items()
    ]


def search_rows(rows: Iterable[Row], text: str) -> list[Row]:
    """Return the rows of the model with this name, in any spelling; else the rows that contain every word."""
    rows = list(rows)
    spelt = Catalogue.bundled().find(text) or resolve_without_suffixes(Catalogue.bundled(), text)
    same = [row for row in rows if spelt and row.entry is spelt.entry]
    return same or [row for row in rows if row.matches(text)]


def build_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    from crossroute.tables import plain_table

    shown = plain_table()
    columns = [_format_row(row) for row in rows]
    for heading in _HEADINGS:
        if any(cells[heading] for cells in columns):
            wide = heading in ("candidate", "from")
            left = wide or heading == "can"
            shown.add_column(heading, justify="left" if left else "right", no_wrap=not wide, overflow="fold")
    headings = [str(column.header) for column in shown.columns]
    told = [text for heading, text in _MEANINGS.items() if heading in headings]
    shown.caption = " ".join([f"{format_count(len(rows), 'candidate')}.", *told, "–: unknown."])
    for cells in columns:
        shown.add_row(*(cells[heading] or "–" for heading in headings))
    return shown


_HEADINGS = ("candidate", "in/out", "context", "can", "quality", "outcomes", "from")
_MEANINGS = {
    "in/out": "In/out: USD per million tokens.",
    "can": "Can: Tools, Structured output, Vision, Audio, Files.",
    "from": (
        "From: the data sets of its measurements, else published scores or a prior (its maker, family, date, size, "
        "price)."
    ),
}


def _format_row(row: Row) -> dict[str, str]:
    from rich.markup import escape

    candidate = row.candidate
    price, profile = candidate.price, candidate.profile
    return {
        "candidate": escape(candidate.name),
        "in/out": f"{price.input:g}/{price.output:g}" if price else "",
        "context": f"{candidate.context_window // 1000}k" if candidate.context_window else "",
        "can": "".join(letter for name, letter in _CAN.items() if name in candidate.capabilities),
        "quality": f"{profile.mean_quality:.3f}" if profile else "",
        "outcomes": f"{row.outcomes:,}" if row.outcomes else "",
        "from": escape(row.origin),
    }
