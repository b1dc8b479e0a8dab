"""Read plain rows, one per query and candidate, from a table.

    text           the query                                                       required
    candidate      the name of the model                                           required
    quality        a number in [0, 1]; null or empty if unknown                    required
    query_id       identifies the query; by default a hash of the text
    task           the origin of the query
    split          train, validation or test; by default from a hash of the text
    cost_usd       the cost of the call
    input_tokens   output_tokens   latency_s   answer_logprob

    {"text": "What is 2 + 2?", "candidate": "small", "quality": 1, "cost_usd": 0.00002}
    {"text": "What is 2 + 2?", "candidate": "large", "quality": 1, "cost_usd": 0.003}

Forms: JSON lines, a JSON list, text with separators (commas, semicolons, tabs, bars) and parquet. The first three
may be compressed by gzip. Files of lines are read line by line. Other fields are ignored.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from crossroute.candidate import Candidate
from crossroute.data.outcomes import Outcomes
from crossroute.data.parquet import convert_parquet_errors
from crossroute.data.readers.opening import allow_long_fields, open_text, read_json
from crossroute.data.readers.rows import COLUMNS, Mapped, Row, Rows, shorten
from crossroute.errors import DataError, require_extra

SEPARATORS = (",", ";", "\t", "|")
CheckHeader = Callable[[list[str], str], None]
"""Checks a header, given its names and its place, and raises a `DataError` if it is invalid."""

LINES, SEPARATED, PARQUET = (".jsonl", ".ndjson"), (".csv", ".tsv", ".txt"), (".parquet", ".pq")


def read_plain(
    path: Path,
    candidates: Iterable[Candidate] = (),
    columns: Mapped | None = None,
    as_row: Callable[[Row], Row] | None = None,
) -> Outcomes:
    """Read a table in the layout described at the top of this module.

    Args:
        path: A file of one of the forms listed there.
        candidates: Known facts about the candidates.
        columns: Column -> its name in the file, if different.
        as_row: Converts the fields of a file with another layout to a plain row.

    Raises:
        DataError: A line is invalid; the message contains the line, the value and the remedy.
    """
    table = Rows(path, columns)
    for place, fields in read_table(path, table.mapped, None if as_row else table.check_header):
        table.add(place, as_row(fields) if as_row else fields)
    return table.outcomes(candidates)


def read_table(
    path: Path, mapped: Mapped | None = None, check_header: CheckHeader | None = None
) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a table unchanged, each with its place.

    Args:
        path: The file.
        mapped: Column of plain rows -> its name in the file; used to recognize the separator.
        check_header: Called with the header's names and their place.
    """
    kind = suffix(path)
    if kind in SEPARATED:
        return _read_separated(path, {*COLUMNS, *(mapped or {}).values()}, check_header)
    if kind in PARQUET:
        return _read_parquet(path, check_header)
    return read_records(path, read_json(path)) if kind == ".json" else read_json_lines(path)


def suffix(path: Path) -> str:
    """Return the suffix without compression: ".csv" of "runs.csv.gz"."""
    named = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return named.suffix.lower()


def read_json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the objects of a file of JSON lines, each with its place."""
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise line_error(path, number, f"not JSON ({error}). Write one object a line.") from None
            if not isinstance(fields, dict):
                raise line_error(
                    path, number, f"expected a JSON object, got {shorten(fields)}. Write one object a line."
                )
            yield f"line {number}", fields


def read_records(source: object, listed: object) -> Iterator[tuple[str, Row]]:
    """Yield the objects of a list, each with its place."""
    if not isinstance(listed, list):
        raise DataError(f"{source}: expected a list of objects, got {shorten(listed)}.")
    for number, fields in enumerate(listed, start=1):
        if not isinstance(fields, Mapping):
            raise DataError(f"{source}, row {number}: expected an object, got {shorten(fields)}.")
        yield f"row {number}", fields


def _read_separated(
    path: Path, wanted: set[str], check_header: CheckHeader | None
) -> Iterator[tuple[str, Row]]:
    with open_text(path, newline="") as file, allow_long_fields():
        first = next((line for line in iter(file.readline, "") if line.strip()), "")
        separator = _find_separator(first.removeprefix("\ufeff"), wanted)
        file.seek(0)
        reader = csv.reader(file, strict=True, delimiter=separator)
        number = 1
        try:
            written = next((cells for cells in reader if any(map(str.strip, cells))), [])
            header = [name.removeprefix("\ufeff") for name in written]
            if twice := find_repeated(header):
                raise line_error(
                    path, max(reader.line_num, 1), f"two columns are called {twice!r}. Keep one of them."
                )
            if check_header:
                check_header(header, f"line {max(reader.line_num, 1)}")
            number = reader.line_num + 1
            for cells in reader:
                blank = not any(map(str.strip, cells))
                if not blank and len(cells) != len(header):
                    raise line_error(
                        path,
                        number,
                        f"{len(cells)} cells under {len(header)} columns. Quote texts that hold {separator!r}.",
                    )
                if not blank:
                    yield f"line {number}", {n: cell or None for n, cell in zip(header, cells, strict=True)}
                number = reader.line_num + 1
        except csv.Error as error:
            raise line_error(path, number, f"not CSV ({error}). Quote the texts, or write JSONL.") from None


def _find_separator(header: str, wanted: set[str]) -> str:
    """Return the separator that yields the most wanted columns; on a tie, the most columns."""

    def found(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator), [])
        return len(wanted.intersection(cells)), len(cells)

    return max(SEPARATORS, key=found)


def _read_parquet(path: Path, check_header: CheckHeader | None) -> Iterator[tuple[str, Row]]:
    with require_extra("Reading parquet", "train"):
        import pyarrow.parquet as pq

    with convert_parquet_errors(path), pq.ParquetFile(path) as file:
        if twice := find_repeated(file.schema_arrow.names):
            raise DataError(f"{path}: two columns are called {twice!r}. Keep one of them.")
        if check_header:
            check_header(file.schema_arrow.names, "its columns")
        number = 0
        for batch in file.iter_batches():
            for fields in batch.to_pylist():
                number += 1
                yield f"row {number}", {name: _none_if_nan(value) for name, value in fields.items()}


def read_frame(
    frame: object, candidates: Iterable[Candidate] = (), columns: Mapped | None = None
) -> Outcomes:
    """Read a table in memory: a DataFrame of pandas or polars, an Arrow table, or a list of mappings.

    Raises:
        DataError: A row is invalid.
        TypeError: It is not a table.
    """
    # `column_names` in Arrow, `columns` in pandas and polars
    names = getattr(frame, "column_names", getattr(frame, "columns", ()))
    if twice := find_repeated(map(str, names)):
        raise DataError(f"the {type(frame).__name__}: two columns are called {twice!r}. Keep one of them.")
    table, listed = Rows(f"the {type(frame).__name__}", columns), _to_rows(frame)
    if listed:
        table.check_header(list({str(name): None for fields in listed for name in fields}), "its columns")
    for number, fields in enumerate(listed):
        table.add(f"row {number}", {str(name): _none_if_nan(value) for name, value in fields.items()})
    return table.outcomes(candidates)


def _to_rows(frame: object) -> list[Row]:
    if isinstance(frame, (list, tuple)):
        return [fields for _, fields in read_records("the list", list(frame))]
    for method, arguments in (("to_pylist", ()), ("to_dicts", ()), ("to_dict", ("records",))):
        if hasattr(frame, method):  # Arrow, polars, pandas
            return list(getattr(frame, method)(*arguments))
    raise TypeError(
        f"Expected a path, a DataFrame, an Arrow table or a list of mappings, got a {type(frame).__name__}."
    )


def _none_if_nan(value: object) -> object:
    """Return a cell of a frame, with None for NaN and NaT."""
    return None if value != value else value  # noqa: PLR0124 - only NaN and NaT differ from themselves


def find_repeated(names: Iterable[str]) -> str | None:
    """Return a non-empty name that occurs twice, or None.

    >>> find_repeated(["text", "quality", "", "", "quality"])
    'quality'
    """
    return next((name for name, count in Counter(names).items() if name and count > 1), None)


def line_error(path: Path, line: int, what: str) -> DataError:
    """Return the error about a line."""
    return DataError(f"{path}, line {line}: {what}")
