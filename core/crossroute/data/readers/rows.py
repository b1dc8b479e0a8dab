"""Collect rows of outcomes: check each one, average repeats, and build `Outcomes`.

Each row is a mapping in the layout of plain rows (plain.py). Only one copy of each query's text and a few numbers
per row are kept in memory.
"""

from __future__ import annotations

import hashlib
import warnings
from array import array
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from shlex import quote
from typing import NoReturn

import numpy as np

from crossroute.candidate import Candidate
from crossroute.data.columns import MEASURES, Column, describe_fault, is_out_of_range
from crossroute.data.outcomes import SPLITS, Outcomes
from crossroute.errors import DataError, DataWarning
from crossroute.numeric import Floats

REQUIRED = ("text", "candidate", "quality")
OPTIONAL = ("query_id", "task", "split", *(column for column in MEASURES.values() if column != "quality"))
COLUMNS = (*REQUIRED, *OPTIONAL)

LIKE = 0.65
"""Similarity to a known column from which an ignored column causes a warning; cost and cost_usd have 0.67."""

TRUTH = {"true": 1.0, "false": 0.0}
"""Qualities written as truth values, for example by pandas."""

OUTLIER = 10_000
"""Multiple of a candidate's median cost above which a cost is probably in another unit."""

USUAL = {
    "text": ("prompt", "query", "question", "input"),
    "candidate": ("model", "model_name"),
    "quality": ("score", "grade", "reward"),
}
"""Names of the required columns in other tools."""

Row = Mapping[str, object]
Mapped = Mapping[str, str]
"""Column of plain rows -> its name in a file."""


class Rows:
    """The rows read so far.

    Args:
        source: The source of the rows, for error messages.
        columns: Column of plain rows -> its name in the source.

    Raises:
        DataError: A mapped column does not exist in plain rows.
    """

    def __init__(self, source: object, columns: Mapped | None = None) -> None:
        self._source = source
        self.mapped = dict(columns or {})
        self._seen: set[str] = set()
        self._queries: dict[str, dict[str, str | None]] = {}
        self._names: dict[str, str] = {}
        self._query_ids: list[str] = []
        self._candidates: list[str] = []
        self._places: list[str] = []
        self._numbers = {column: array("d") for column in MEASURES.values()}
        for column in self.mapped:
            if column not in COLUMNS:
                raise DataError(
                    f"There is no column {column!r} of outcomes{_suggest(column, COLUMNS)}. "
                    f"Map one of {', '.join(COLUMNS)}."
                )

    def check_header(self, found: list[str], place: str) -> None:
        """Raise an error for a missing column, and warn of one that looks misspelt."""
        for column in (*self.mapped, *REQUIRED):
            name = self.mapped.get(column, column)
            if name not in found:
                self._fault(place, _missing_column(column, name, found))
        self._warn_of_misspelt(found)

    def add(self, place: str, fields: Row) -> None:
        """Add one row.

        Args:
            place: Its position: "line 7".
            fields: Its fields, by the names in the source.
        """
        if not self._seen.issuperset(fields):
            self._warn_of_misspelt(fields)
        if self.mapped:
            fields = {**fields, **self._rename(place, fields)}
        if missing := [name for name in REQUIRED if name not in fields]:
            self._fault(place, _missing_column(missing[0], missing[0], fields))
        name = self._text(place, "candidate", fields).strip()
        query = self._query(place, fields)
        numbers = {column: self._number(place, column, fields.get(column)) for column in self._numbers}
        for measure, column in MEASURES.items():
            if is_out_of_range(measure, np.array(numbers[column])):
                self._fault(place, describe_fault(measure, numbers[column], name, query))
        self._query_ids.append(query)
        self._candidates.append(self._names.setdefault(name, name))
        self._places.append(place)
        for column, values in self._numbers.items():
            values.append(numbers[column])

    def outcomes(self, candidates: Iterable[Candidate]) -> Outcomes:
        """Build outcomes; rows for the same query and candidate are averaged, with a warning."""
        numbers: dict[str, Floats] = {column: np.asarray(values) for column, values in self._numbers.items()}
        candidates = tuple(candidates)
        meant = {alias: one.name for one in candidates for alias in (one.name, *one.aliases)}
        cells: dict[tuple[str, str], list[int]] = {}
        for row, (query, name) in enumerate(zip(self._query_ids, self._candidates, strict=True)):
            cells.setdefault((query, meant.get(name, name)), []).append(row)
        repeats = len(self._query_ids) - len(cells)
        firsts = [rows[0] for rows in cells.values()]
        if repeats:
            numbers = {column: _average(values, cells.values()) for column, values in numbers.items()}
            self._warn_of_repeats(repeats, next(rows for rows in cells.values() if len(rows) > 1))
        self._warn_of_outliers(numbers["cost_usd"], firsts)
        rows: dict[str, Column] = {
            "query_id": [self._query_ids[row] for row in firsts],
            "candidate": [self._candidates[row] for row in firsts],
            **numbers,
        }
        return Outcomes.from_rows(
            list(self._queries.values()),
            rows,
            candidates,
            place=lambda row: f"{self._source}, {self._places[firsts[row]]}",
        )

    def _warn_of_misspelt(self, found: Iterable[str]) -> None:
        """Warn of new columns that are ignored but resemble a known one."""
        unread = set(found) - self._seen - {*COLUMNS, *self.mapped.values()}
        self._seen.update(found)
        for column in OPTIONAL:
            like = get_close_matches(column, unread, n=1, cutoff=LIKE)
            if like and self.mapped.get(column, column) not in self._seen:
                warnings.warn(
                    f"{self._source}: the column {like[0]!r} is not read. If {column} is meant, rename it, or map "
                    f"it: --column {column}={like[0]}",
                    DataWarning,
                    stacklevel=3,
                )

    def _warn_of_repeats(self, repeats: int, example: list[int]) -> None:
        first, second = example[:2]
        warnings.warn(
            f"{self._source}: {repeats} {'row repeats' if repeats == 1 else 'rows repeat'} the query and candidate of "
            f"an earlier row ({self._places[second]}: {self._candidates[first]!r} on {self._query_ids[first]!r}, as "
            f"{self._places[first]}); their mean is taken.",
            DataWarning,
            stacklevel=3,
        )

    def _warn_of_outliers(self, costs: Floats, firsts: list[int]) -> None:
        """Warn of each candidate's highest cost if it far exceeds the median, as one in another unit does."""
        paid: dict[str, list[int]] = {}
        for place in np.flatnonzero(costs > 0).tolist():
            paid.setdefault(self._candidates[firsts[place]], []).append(place)
        for name, places in paid.items():
            most, median = max(places, key=costs.__getitem__), float(np.median(costs[places]))
            if costs[most] > OUTLIER * median:
                warnings.warn(
                    f"{self._source}, {self._places[firsts[most]]}: cost_usd {costs[most]:g} of {name!r} is "
                    f"{costs[most] / median:,.0f} times the median of its costs. Check its unit, or leave the row out: "
                    "the candidate's cost is learned from all rows.",
                    DataWarning,
                    stacklevel=3,
                )

    def _rename(self, place: str, fields: Row) -> Row:
        for column, name in self.mapped.items():
            if name not in fields and column in REQUIRED:
                self._fault(place, _missing_column(column, name, fields))
        return {column: fields.get(name) for column, name in self.mapped.items()}

    def _query(self, place: str, fields: Row) -> str:
        """Record the query of a row, and return its id."""
        text = self._text(place, "text", fields)
        query_id = _hash(text) if fields.get("query_id") is None else str(fields["query_id"])
        query: dict[str, str | None] = {"query_id": query_id, "text": text}
        for name in ("task", "split"):
            query[name] = None if fields.get(name) is None else self._text(place, name, fields)
        if query["split"] not in (None, *SPLITS):
            self._fault(place, f"split is {query['split']!r}. Expected {', '.join(SPLITS)}, or none.")
        known = self._queries.setdefault(query_id, query)
        for name, value in query.items():
            if value is not None and value != known[name]:
                what = f"{name} is {shorten(value)}, but was {shorten(known[name])} earlier for query {query_id!r}"
                self._fault(place, f"{what}. Use one value, or give the queries different ids.")
        return known["query_id"] or query_id

    def _text(self, place: str, name: str, fields: Row) -> str:
        value = fields[name]
        if not isinstance(value, str) or not value.strip():
            self._fault(place, f"{name} is {shorten(value)}. Expected a text that is not empty.")
        return value

    def _number(self, place: str, name: str, value: object) -> float:
        if value is None:
            return np.nan
        if name == "quality" and isinstance(value, str):
            value = TRUTH.get(value.strip().lower(), value)
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            self._fault(place, f"{name} is {shorten(value)}. Expected a number, or nothing if it is unknown.")

    def _fault(self, place: str, what: str) -> NoReturn:
        raise DataError(f"{self._source}, {place}: {what}")


def _missing_column(column: str, name: str, found: Iterable[str]) -> str:
    """Return the message for a missing column: the existing ones, and the one that was probably meant."""
    found = list(found)
    like = get_close_matches(name, found, n=1, cutoff=0.6) + [
        usual for usual in USUAL.get(column, ()) if usual in found
    ]
    meant = like[0] if like else "NAME"
    return (
        f"no column {name!r} among {shorten(','.join(found))}. Expected at least {','.join(REQUIRED)}; map another "
        f"name: --column {quote(f'{column}={meant}')}"
    )


def _suggest(name: str, known: Iterable[str]) -> str:
    like = get_close_matches(name, list(known), n=1)
    return f"; {like[0]!r} is near" if like else ""


def _average(values: Floats, cells: Iterable[list[int]]) -> Floats:
    """Return the mean of the known values of each cell; NaN without a known value."""
    known = (values[rows][~np.isnan(values[rows])] for rows in cells)
    return np.array([part.mean() if part.size else np.nan for part in known])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def shorten(value: object) -> str:
    """Return a value's repr, cut to 80 characters, for error messages."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
