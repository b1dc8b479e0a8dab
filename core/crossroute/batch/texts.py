"""Files of queries read in blocks, and blocks of decisions written: parquet, JSON lines and CSV, in flat memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from crossroute.data.readers.opening import decoded, long_fields, opened
from crossroute.data.readers.plain import json_lines, suffix
from crossroute.errors import DataError, needs_extra
from crossroute.files import replace_entry

FORMATS = (".parquet", ".jsonl", ".csv")

Columns = Mapping[str, list[Any]]


def read_blocks(path: Path, column: str, size: int) -> Iterator[list[str | None]]:
    """Yield the texts of a file, `size` at a time; None where a row holds none.

    Args:
        path: A .parquet, .jsonl or .csv file; the latter two may be gzipped.
        column: What the file calls the texts.
        size: Rows of a block.

    Raises:
        DataError: The file has another form, or no such column.
        MissingExtraError: It is parquet, and pyarrow is not installed.
    """
    kind = form_of(path)
    if kind == ".parquet":
        yield from _parquet_blocks(path, column, size)
        return
    with decoded(path):
        texts = _json_texts(path, column) if kind == ".jsonl" else _csv_texts(path, column)
        while block := list(islice(texts, size)):
            yield block


def form_of(path: Path) -> str:
    """Return the ending that tells a file's form: ".csv" of "queries.csv.gz".

    Raises:
        DataError: It is none that is read.
    """
    kind = suffix(path)
    if kind not in FORMATS:
        raise DataError(f"{path} is of another form; expected a file that ends in {', '.join(FORMATS)}.")
    return kind


def write_block(path: Path, columns: Columns) -> None:
    """Write columns of equal length to a .parquet, .jsonl or .csv file, which appears whole."""
    kind = form_of(path)
    if kind == ".parquet":
        with needs_extra("Writing parquet", "train"):
            import pyarrow as pa
            import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(pa.table(dict(columns)), sink)
        replace_entry(path, sink.getvalue())
        return
    rows = zip(*columns.values(), strict=True)
    if kind == ".jsonl":
        lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)
        replace_entry(path, "".join(f"{line}\n" for line in lines).encode())
        return
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(columns), *rows])
    replace_entry(path, text.getvalue().encode())


def _parquet_blocks(path: Path, column: str, size: int) -> Iterator[list[str | None]]:
    with needs_extra("Reading parquet", "train"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                raise _without(path, column, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=size, columns=[column]):
                yield batch.column(0).cast(pa.large_string()).to_pylist()
    except pa.ArrowException as error:
        raise DataError(f"{path} cannot be read as parquet: {error}. Write it again.") from error


def _json_texts(path: Path, column: str) -> Iterator[str | None]:
    for place, row in json_lines(path):
        if column not in row:
            raise _without(f"{path}, {place},", column, row)
        yield _text(row[column])


def _csv_texts(path: Path, column: str) -> Iterator[str | None]:
    with opened(path, newline="") as file, long_fields():
        rows = csv.DictReader(file)
        if column not in (rows.fieldnames or ()):
            raise _without(path, column, rows.fieldnames or ())
        for row in rows:
            yield _text(row[column])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _without(place: object, column: str, known: Iterable[str]) -> DataError:
    told = ", ".join(known) or "none"
    return DataError(
        f"{place} has no column {column!r}, only {told}. Name the one that holds the texts: --text."
    )
