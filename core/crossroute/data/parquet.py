"""Read, validate and atomically write the parquet files of outcomes.

pyarrow takes 0.2 s to import, so it is imported only when a file is read or written.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import TypeAdapter

from crossroute.candidate import Candidate, Pool
from crossroute.errors import DataError, one_line, require_extra
from crossroute.files import explain_missing_file
from crossroute.numeric import Floats

if TYPE_CHECKING:
    import pyarrow as pa


class Table:
    """The columns of one parquet file, converted and validated on access."""

    def __init__(self, path: Path, *, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.path = path
        self._table = _read(path, (*required, *optional))
        missing = sorted(set(required) - set(self._table.column_names))
        if missing:
            raise DataError(
                f"{path} has no column {missing[0]!r}. Expected {', '.join(required)} "
                f"and, optionally, {', '.join(optional)}; add the column."
            )

    def __contains__(self, name: object) -> bool:
        return name in self._table.column_names

    def texts(self, name: str) -> list[str | None]:
        """Return a column of texts with None for missing values, or all None if the file lacks the column."""
        import pyarrow as pa

        if name not in self:
            return [None] * len(self._table)
        return cast("list[str | None]", self._cast(name, pa.large_string()).to_pylist())

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers, with NaN for missing values."""
        import pyarrow as pa

        return cast("Floats", self._cast(name, pa.float64()).to_numpy())

    def _cast(self, name: str, kind: pa.DataType) -> pa.ChunkedArray:
        import pyarrow as pa

        column = self._table[name]
        try:
            return column.cast(kind)
        except pa.ArrowException as error:
            raise DataError(
                f"{self.path}: column {name!r} is {column.type}, expected {kind}: {error}"
            ) from None


def _read(path: Path, columns: tuple[str, ...]) -> pa.Table:
    with require_extra("Reading parquet", "train"):
        import pyarrow.parquet as pq

    if lacking := explain_missing_file(path):
        raise DataError(
            f"{path} {lacking}. A folder of outcomes contains queries.parquet and outcomes.parquet."
        )
    with convert_parquet_errors(path), pq.ParquetFile(path) as file:
        present = [name for name in columns if name in file.schema_arrow.names]
        return file.read(columns=present)


@contextmanager
def convert_parquet_errors(path: Path) -> Iterator[None]:
    """Convert errors of pyarrow about a file, also about names or texts that are not UTF-8, to a DataError.

    Raises:
        DataError: pyarrow raised an error within the block.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is not a readable parquet file ({one_line(error)}). Write it again."
        ) from error


def write_table(path: Path, columns: Mapping[str, Sequence[str] | Floats]) -> None:
    """Write columns of texts and numbers as parquet; NaN is stored as missing."""
    with require_extra("Writing parquet", "train"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    try:
        arrays = {
            name: pa.array(values, from_pandas=True)
            if isinstance(values, np.ndarray)
            else pa.array(values, pa.large_string())
            for name, values in columns.items()
        }
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path.name} cannot hold the lone surrogate {error.object[error.start]!r}; replace it."
        ) from None
    pq.write_table(pa.table(arrays), path, compression="zstd")


def read_candidates(path: Path) -> Pool:
    """Read a JSON list of candidates; return an empty pool if the file does not exist."""
    if not path.exists():
        return Pool(())
    try:
        return Pool(TypeAdapter(list[Candidate]).validate_json(path.read_bytes()))
    except ValueError as error:
        raise DataError(f"{path} is not a list of candidates: {error}") from None


def write_candidates(path: Path, pool: Pool) -> None:
    """Write the candidates as a JSON list, without their profiles."""
    listed = [entry.model_dump(mode="json", exclude={"profile"}, exclude_defaults=True) for entry in pool]
    for entry in listed:
        entry["capabilities"] = sorted(entry.get("capabilities", ()))
    path.write_text(json.dumps(listed, indent=2), encoding="utf-8")


@contextmanager
def replace_folder(folder: Path, holding: Iterable[str]) -> Iterator[Path]:
    """Yield an empty folder that replaces `folder` when the block ends without an error.

    Args:
        folder: The folder to replace. Its present files are deleted only when the new ones are complete.
        holding: Names of the files that it may contain now.

    Raises:
        FileExistsError: It contains other files, or is not a folder.
    """
    folder = folder.resolve()
    foreign = sorted({entry.name for entry in folder.iterdir()} - set(holding)) if folder.exists() else []
    if foreign:
        raise FileExistsError(
            f"{folder} also contains {foreign[0]!r}. Choose a separate folder for the outcomes."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as staging:
        fresh, former = Path(staging, "fresh"), Path(staging, "former")
        fresh.mkdir()
        yield fresh
        if folder.exists():
            folder.rename(former)
        try:
            fresh.rename(folder)
        except OSError:
            if former.exists():
                former.rename(folder)
            raise
