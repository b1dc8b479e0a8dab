"""Outcomes as plain rows, one a query and candidate, in JSONL or CSV.

    text           the query                                                       required
    candidate      the name of the model                                           required
    quality        a number in [0, 1]; null or empty where it is not known         required
    query_id       tells queries apart; by default a hash of the text
    task           where the query comes from
    split          train, validation or test; by default from a hash of the text
    cost_usd       what the call cost
    input_tokens   output_tokens   latency_s   answer_logprob

    {"text": "What is 2 + 2?", "candidate": "small", "quality": 1, "cost_usd": 0.00002}
    {"text": "What is 2 + 2?", "candidate": "large", "quality": 1, "cost_usd": 0.003}

Other fields are left aside. The file is read line by line: what is held is one copy of each query's text
and a few numbers a row.
"""

from __future__ import annotations

import csv
import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from crossroute.candidate import Candidate
from crossroute.data.columns import MEASURES, Column
from crossroute.data.outcomes import SPLITS, Outcomes
from crossroute.errors import DataError

REQUIRED = ("text", "candidate", "quality")


def read_plain(path: Path, candidates: Iterable[Candidate] = ()) -> Outcomes:
    """Read a .jsonl or .csv file in the layout at the head of this module.

    Raises:
        DataError: A line is not as expected; the message names it, the value and the remedy.
    """
    lines = _csv_lines(path) if path.suffix.lower() == ".csv" else _json_lines(path)
    table = _Rows(path)
    try:
        for number, fields in lines:
            table.add(number, fields)
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    return table.outcomes(candidates)


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _fault(path, number, f"not JSON ({error}). Write one object a line.") from None
            if not isinstance(fields, dict):
                raise _fault(
                    path, number, f"expected a JSON object, got {_short(fields)}. Write one object a line."
                )
            yield number, fields


def _csv_lines(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8-sig", newline="") as file, long_fields():
        reader = csv.reader(file, strict=True)
        number = 1
        try:
            header = next(reader, [])
            if missing := [name for name in REQUIRED if name not in header]:
                raise _fault(path, 1, _without(missing[0], header))
            number = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise _fault(
                        path,
                        number,
                        f"{len(cells)} cells under {len(header)} columns. Quote texts with commas.",
                    )
                if cells:
                    yield number, {name: cell or None for name, cell in zip(header, cells, strict=True)}
                number = reader.line_num + 1
        except csv.Error as error:
            raise _fault(path, number, f"not CSV ({error}). Quote the texts, or write JSONL.") from None


@contextmanager
def long_fields() -> Iterator[None]:
    """Let a field of a CSV file be longer than the 131,072 characters that the csv module reads by default."""
    former = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(former)


class _Rows:
    """The rows read so far, in as little memory as they need."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queries: dict[str, dict[str, str | None]] = {}
        self._names: dict[str, str] = {}
        self._query_ids: list[str] = []
        self._candidates: list[str] = []
        self._lines = array("q")
        self._numbers = {column: array("d") for column in MEASURES.values()}

    def add(self, line: int, fields: Mapping[str, object]) -> None:
        """Take one row in."""
        if missing := [name for name in REQUIRED if name not in fields]:
            raise _fault(
                self._path, line, f"{missing[0]!r} is missing. Expected at least {', '.join(REQUIRED)}."
            )
        name = self._text(line, "candidate", fields)
        self._query_ids.append(self._query(line, fields))
        self._candidates.append(self._names.setdefault(name, name))
        self._lines.append(line)
        for column, values in self._numbers.items():
            values.append(self._number(line, column, fields.get(column)))

    def outcomes(self, candidates: Iterable[Candidate]) -> Outcomes:
        """Turn the rows into outcomes."""
        rows: dict[str, Column] = {"query_id": self._query_ids, "candidate": self._candidates}
        rows.update({column: np.asarray(values) for column, values in self._numbers.items()})
        return Outcomes.from_rows(
            list(self._queries.values()),
            rows,
            candidates,
            place=lambda row: f"{self._path}, line {self._lines[row]}",
        )

    def _query(self, line: int, fields: Mapping[str, object]) -> str:
        """Note the query that a row speaks of, and return its id."""
        text = self._text(line, "text", fields)
        query_id = _hash(text) if fields.get("query_id") is None else str(fields["query_id"])
        query: dict[str, str | None] = {"query_id": query_id, "text": text}
        for name in ("task", "split"):
            query[name] = None if fields.get(name) is None else self._text(line, name, fields)
        if query["split"] not in (None, *SPLITS):
            raise _fault(
                self._path, line, f"split is {query['split']!r}. Expected {', '.join(SPLITS)}, or none."
            )
        known = self._queries.setdefault(query_id, query)
        for name, value in query.items():
            if value is not None and value != known[name]:
                what = (
                    f"{name} is {_short(value)}, but was {_short(known[name])} earlier for query {query_id!r}"
                )
                raise _fault(self._path, line, f"{what}. Make them one, or give the queries different ids.")
        return known["query_id"] or query_id

    def _text(self, line: int, name: str, fields: Mapping[str, object]) -> str:
        value = fields[name]
        if not isinstance(value, str) or not value.strip():
            raise _fault(self._path, line, f"{name} is {_short(value)}. Expected a text that is not empty.")
        return value

    def _number(self, line: int, name: str, value: object) -> float:
        if value is None:
            return np.nan
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            raise _fault(
                self._path,
                line,
                f"{name} is {_short(value)}. Expected a number, or nothing where it is not known.",
            ) from None


def _without(column: str, found: Iterable[str]) -> str:
    """Say that a column is missing, and which there are: a wrong separator shows in these."""
    return f"no column {column!r} among {_short(','.join(found))}. Expected at least {','.join(REQUIRED)}."


def _fault(path: Path, line: int, what: str) -> DataError:
    return DataError(f"{path}, line {line}: {what}")


def not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Return the error for a file of another encoding, or of another kind altogether."""
    byte = error.object[error.start]
    return DataError(f"{path} is not UTF-8 text: it holds the byte 0x{byte:02x}. Save it as UTF-8.")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
