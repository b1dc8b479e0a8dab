"""Open text files, compressed by gzip or not, with one-line errors for unreadable ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from crossroute.errors import DataError, one_line


@contextmanager
def open_text(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a file of UTF-8 text, compressed if its name ends in .gz; `path` may be any object with `Path.open`.

    Raises:
        DataError: Text read within the block cannot be decoded.
    """
    with convert_decoding_errors(path), path.open("rb") as packed:
        content = gzip.GzipFile(fileobj=packed) if path.suffix.lower() == ".gz" else packed
        with io.TextIOWrapper(cast("BinaryIO", content), encoding="utf-8-sig", newline=newline) as file:
            yield file


@contextmanager
def convert_decoding_errors(path: Path) -> Iterator[None]:
    """Convert decoding errors within the block to a `DataError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} cannot be decompressed ({one_line(error)}). Write it again.") from None


@contextmanager
def allow_long_fields() -> Iterator[None]:
    """Allow fields of CSV files beyond the csv module's default limit of 131,072 characters."""
    former = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(former)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: It is not valid JSON.
    """
    with open_text(path) as file:
        text = file.read()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({one_line(error)}). Write it again.") from None


def not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Return the error for a file that is not UTF-8 text."""
    byte = error.object[error.start]
    return DataError(f"{path} is not UTF-8 text: it holds the byte 0x{byte:02x}. Save it as UTF-8.")
