"""Files of queries read in blocks, and blocks of decisions written: parquet, JSON lines and CSV, in flat memory.

A place is a path, or an address such as "s3://bucket/queries.parquet": whatever fsspec has a file system for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from crossroute.data.readers.opening import allow_long_fields, open_text
from crossroute.data.readers.plain import find_repeated, read_json_lines, suffix
from crossroute.errors import DataError, one_line, require_extra
from crossroute.files import replace_entry

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

FORMATS = (".parquet", ".jsonl", ".csv")

Columns = Mapping[str, list[Any]]


def locate(told: str | Path) -> Path:
    """Return a path of this machine, or an address as something that does what a path does.

    Raises:
        DataError: No file system is known for the address, or its package is not installed.
        MissingExtraError: It is an address, and the extra `ray` is not installed.
    """
    if "://" not in str(told):
        return Path(told)
    with require_extra("A file at an address", "ray"):
        from upath import UPath
    try:
        found = UPath(told)
        _ = found.fs
    except (ImportError, ValueError) as error:
        raise DataError(f"{told} cannot be opened: {one_line(error)}.") from error
    return cast("Path", found)


def read_blocks(path: Path, column: str, size: int, first: int = 0) -> Iterator[list[str | None]]:
    """Yield the texts of a file, `size` at a time; None where a row holds none.

    Args:
        path: A .parquet, .jsonl or .csv file; the latter two may be gzipped.
        column: What the file calls the texts.
        size: Rows of a block.
        first: The row to begin with; of parquet, row groups before it are not read.

    Raises:
        DataError: The file has another form, or no such column.
        MissingExtraError: It is parquet, and pyarrow is not installed.
    """
    kind = check_form(path)
    if kind == ".parquet":
        yield from _split_blocks(_read_parquet(path, column, size, first), size)
        return
    texts = _read_json(path, column) if kind == ".jsonl" else _read_csv(path, column)
    yield from _split_blocks(islice(texts, first, None), size)


def count_rows(path: Path, column: str) -> int:
    """Return the rows of a parquet file, as its footer tells them; raises as `read_blocks` does."""
    with _open_parquet(path, column) as file:
        return cast("int", file.metadata.num_rows)


def _split_blocks(texts: Iterator[str | None], size: int) -> Iterator[list[str | None]]:
    while block := list(islice(texts, size)):
        yield block


def check_form(path: Path) -> str:
    """Return the ending that tells a file's form: ".csv" of "queries.csv.gz".

    Raises:
        DataError: It is none that is read.
    """
    kind = suffix(path)
    if kind not in FORMATS:
        raise DataError(
            f"{path} is of another form; expected a file that ends in {', '.join(FORMATS)}. "
            "Lines of text, one query each, are routed by: crossroute route - < FILE"
        )
    return kind


def write_block(path: Path, columns: Columns) -> None:
    """Write columns of equal length to a .parquet, .jsonl or .csv file, which appears whole."""
    kind = check_form(path)
    if kind == ".parquet":
        with require_extra("Writing parquet", "train"):
            import pyarrow as pa
            import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(pa.table(dict(columns)), sink)
        write_whole(path, sink.getvalue())
        return
    rows = zip(*columns.values(), strict=True)
    if kind == ".jsonl":
        lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)
        write_whole(path, "".join(f"{line}\n" for line in lines).encode())
        return
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(columns), *rows])
    write_whole(path, text.getvalue().encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole, or not at all, at a path or an address."""
    if isinstance(path, Path):
        replace_entry(path, content)
        return
    remote = cast("Any", path)
    scratch = remote.with_name(f".{path.name}.{uuid4().hex}")
    scratch.write_bytes(content)
    remote.fs.mv(scratch.path, remote.path)


@contextmanager
def _open_parquet(path: Path, column: str) -> Iterator[ParquetFile]:
    with require_extra("Reading parquet", "train"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    try:
        with path.open("rb") as opened_file, pq.ParquetFile(opened_file) as file:
            if column not in file.schema_arrow.names:
                raise _missing_column(path, column, file.schema_arrow.names)
            yield file
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as parquet: {error}. Write it again.") from error


def _read_parquet(path: Path, column: str, size: int, first: int) -> Iterator[str | None]:
    with _open_parquet(path, column) as file:
        import pyarrow as pa

        groups = list(range(file.num_row_groups))
        while groups and first >= (rows := file.metadata.row_group(groups[0]).num_rows):
            first -= rows
            del groups[0]
        batches = file.iter_batches(batch_size=size, row_groups=groups, columns=[column]) if groups else ()
        lists = (batch.column(0).cast(pa.large_string()).to_pylist() for batch in batches)
        yield from islice(chain.from_iterable(lists), first, None)


def _read_json(path: Path, column: str) -> Iterator[str | None]:
    for place, row in read_json_lines(path):
        if column not in row:
            raise _missing_column(f"{path}, {place},", column, row)
        yield _to_text(row[column])


def _read_csv(path: Path, column: str) -> Iterator[str | None]:
    with open_text(path, newline="") as file, allow_long_fields():
        rows = csv.DictReader(file)
        if column not in (rows.fieldnames or ()):
            raise _missing_column(path, column, rows.fieldnames or ())
        if find_repeated(rows.fieldnames or ()) == column:
            raise DataError(f"{path} has two columns that are called {column!r}. Keep one of them.")
        for row in rows:
            yield _to_text(row[column])


def _to_text(value: object) -> str | None:
    return None if value is None else str(value)


def _missing_column(place: object, column: str, known: Iterable[str]) -> DataError:
    told = ", ".join(known) or "none"
    return DataError(
        f"{place} has no column {column!r}, only {told}. Name the one that holds the texts: --text."
    )
