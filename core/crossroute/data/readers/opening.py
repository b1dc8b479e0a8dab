"""Open text files, gzip or not; what cannot be read becomes a one-line error."""

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
def opened(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a file of UTF-8 text, compressed where its name ends in .gz; `path` may be whatever opens as paths do.

    Raises:
        DataError: What is read within the block cannot be decoded.
    """
    with decoded(path), path.open("rb") as packed:
        content = gzip.GzipFile(fileobj=packed) if path.suffix.lower() == ".gz" else packed
        with io.TextIOWrapper(cast("BinaryIO", content), encoding="utf-8-sig", newline=newline) as file:
            yield file


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Tell what within the block cannot be decoded as an error of the data."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} cannot be decompressed ({one_line(error)}). Write it again.") from None


@contextmanager
def long_fields() -> Iterator[None]:
    """Let a field of a CSV file be longer than the 131,072 characters that the csv module reads by default."""
    former = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(former)


def read_json(path: Path) -> Any:
    """Return what a file of JSON says.

    Raises:
        DataError: It is no JSON.
    """
    with opened(path) as file:
        text = file.read()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({one_line(error)}). Write it again.") from None


def not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Return the error for a file of another encoding, or of another kind altogether."""
    byte = error.object[error.start]
    return DataError(f"{path} is not UTF-8 text: it holds the byte 0x{byte:02x}. Save it as UTF-8.")
