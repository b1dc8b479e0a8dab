"""Graded answers on disk, one line each, written the moment that each is there.

The lines are plain rows of outcomes (data/readers/plain.py), so that `read_outcomes`, `crossroute data` and
`crossroute train` read the file as it is. A process that dies leaves whole lines, and at most one torn at
the end, which the next process cuts off: its query is asked again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from crossroute.data.outcomes import MEASURES
from crossroute.data.readers.rows import Rows, short
from crossroute.errors import DataError
from crossroute.files import replace_file

Row = dict[str, Any]


class AnswersFile:
    """The graded answers so far; one process at a time, whose threads may share it.

    Args:
        path: A .jsonl file, made with its folder where it is missing; None keeps the answers in memory alone.

    Raises:
        DataError: A line is no graded answer, or another process writes to the file now.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[Row] = []
        self._guard = threading.Lock()
        self._descriptor: int | None = None

    def __enter__(self) -> AnswersFile:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.path)
            try:
                self.rows = read_rows(self.path, repair=True)
                self._descriptor = _opened(self.path)
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
                self._lock.release()

    def append(self, row: Row) -> None:
        """Keep a graded answer: once this returns, a killed process has not lost it."""
        line = _line(row)
        with self._guard:
            if self._descriptor is not None:
                _write_whole(self._descriptor, line)
            self.rows.append(row)

    def replace(self, rows: Sequence[Row]) -> None:
        """Keep these graded answers in the place of all there were, the file whole at any moment."""
        with self._guard:
            if self._descriptor is not None and self.path is not None:
                os.close(self._descriptor)
                try:
                    replace_file(self.path, b"".join(map(_line, rows)))
                finally:
                    self._descriptor = _opened(self.path)
            self.rows = list(rows)


def read_rows(path: Path, *, repair: bool = False) -> list[Row]:
    """Read the graded answers of a file; none where there is no file.

    Args:
        path: A .jsonl file.
        repair: Cut off a torn last line, so that what is appended begins a line of its own.

    Raises:
        DataError: A line, other than a torn last one, is no graded answer.
    """
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    rows = [_row(path, number, line) for number, line in enumerate(whole.splitlines(), start=1)]
    checked = Rows(path)
    for number, row in enumerate(rows, start=1):
        checked.add(f"line {number}", row)
    if repair and len(whole) < len(content):
        os.truncate(path, len(whole))
    return rows


def _write_whole(descriptor: int, line: bytes) -> None:
    """Append a line, whole or not at all: the disk may be full, and less so when the next one comes."""
    before = os.fstat(descriptor).st_size
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def _line(row: Row) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not {"query_id", "text", "candidate", "quality"} <= row.keys():
        raise _fault(path, number, "no graded answer")
    for name in ("query_id", *MEASURES.values()):
        kind = str if name == "query_id" else (int, float, type(None))
        if not isinstance(row.get(name), kind) or isinstance(row.get(name), bool):
            raise _fault(path, number, f"{name} is {short(row.get(name))}")
    return row


def _fault(path: Path, number: int, what: str) -> DataError:
    return DataError(f"{path}, line {number}: {what}. Delete the line, and it is asked again.")


def _locked(path: Path) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(
            f"Another process writes to {path} now. Wait for it, or choose another folder."
        ) from None
    return lock
