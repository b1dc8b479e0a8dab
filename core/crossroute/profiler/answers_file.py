"""Store graded answers as JSON lines, appended as they arrive.

The lines are plain rows of outcomes (data/readers/plain.py), which `read_outcomes`, `crossroute data` and
`crossroute train` read directly. A killed process leaves at most one incomplete line at the end; the next process
removes it, and that query is asked again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import MEASURES
from crossroute.data.readers.rows import Rows, shorten
from crossroute.errors import DataError
from crossroute.files import replace_file
from crossroute.profiler.questions import GradedQuery

Row = dict[str, Any]


class AnswersFile:
    """A file of graded answers, used by one process at a time; safe to share between its threads.

    Args:
        path: A .jsonl file, created with its folder if missing; None keeps the answers in memory.

    Raises:
        DataError: A line is not a graded answer, or another process is writing to the file.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[Row] = []
        self._guard = threading.Lock()
        self._descriptor: int | None = None

    def __enter__(self) -> AnswersFile:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock_file(self.path)
            try:
                self.rows = read_rows(self.path, repair=True)
                self._descriptor = _open(self.path)
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
        """Append a graded answer; when this returns, it survives the process being killed."""
        line = _format_line(row)
        with self._guard:
            if self._descriptor is not None:
                _write_whole(self._descriptor, line)
            self.rows.append(row)

    def replace(self, rows: Sequence[Row]) -> None:
        """Replace all graded answers atomically."""
        with self._guard:
            if self._descriptor is not None and self.path is not None:
                os.close(self._descriptor)
                try:
                    replace_file(self.path, b"".join(map(_format_line, rows)))
                finally:
                    self._descriptor = _open(self.path)
            self.rows = list(rows)

    def unanswered(
        self, queries: Sequence[GradedQuery], candidate: str, *, others: bool
    ) -> list[GradedQuery]:
        """Return the queries that have no answer yet.

        Args:
            queries: The graded queries.
            candidate: Name of the candidate that answers them.
            others: Whether the file may contain answers to other queries.

        Raises:
            DataError: The file contains answers of another candidate, or to other queries.
        """
        wanted = {query.query_id for query in queries}
        for row in self.rows:
            if row["candidate"] != candidate:
                raise DataError(
                    f"{self.path} holds answers of {row['candidate']!r}, not of {candidate!r}. Choose another file."
                )
            if row["query_id"] not in wanted and not others:
                raise DataError(
                    f"{self.path} answers {row['query_id']!r}, which is not one of these {len(wanted)} queries. It was "
                    "made with other queries, or another version; choose another file, or delete it to start over."
                )
        answered = {row["query_id"] for row in self.rows}
        return [query for query in queries if query.query_id not in answered]

    def regrade(self, queries: Sequence[GradedQuery], candidate: Candidate) -> None:
        """Grade and price stored answers again, since references, graders or prices may have changed.

        Costs that the model reported are kept.
        """
        asked = {query.query_id: query for query in queries}
        price = cast("Price", candidate.price)
        counted = [
            _regrade_row(row, asked[row["query_id"]], price) if row["query_id"] in asked else row
            for row in self.rows
        ]
        if counted != self.rows:
            self.replace(counted)


def price_fields(price: Price) -> dict[str, float]:
    """Return the price of a call as a field of its row."""
    return {"input": price.input, "output": price.output}


def read_rows(path: Path, *, repair: bool = False) -> list[Row]:
    """Read the graded answers of a file; an empty list without a file.

    Args:
        path: A .jsonl file.
        repair: Remove an incomplete last line.

    Raises:
        DataError: A complete line is not a graded answer.
    """
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    rows = [_parse_row(path, number, line) for number, line in enumerate(whole.splitlines(), start=1)]
    checked = Rows(path)
    for number, row in enumerate(rows, start=1):
        checked.add(f"line {number}", row)
    if repair and len(whole) < len(content):
        os.truncate(path, len(whole))
    return rows


def _write_whole(descriptor: int, line: bytes) -> None:
    """Append a line, whole or not at all, even if the disk is full."""
    before = os.fstat(descriptor).st_size
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _regrade_row(row: Row, query: GradedQuery, price: Price) -> Row:
    if "answer" in row:
        row = row | {"quality": query.grade(row["answer"])}
    if "price" in row:
        cost = price.cost(input_tokens=row["input_tokens"], output_tokens=row["output_tokens"])
        row = row | {"cost_usd": cost, "price": price_fields(price)}
    return row


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def _format_line(row: Row) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _parse_row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not {"query_id", "text", "candidate", "quality"} <= row.keys():
        raise _fault(path, number, "not a graded answer")
    for name in ("query_id", *MEASURES.values()):
        kind = str if name == "query_id" else (int, float, type(None))
        if not isinstance(row.get(name), kind) or isinstance(row.get(name), bool):
            raise _fault(path, number, f"{name} is {shorten(row.get(name))}")
    return row


def _fault(path: Path, number: int, what: str) -> DataError:
    return DataError(f"{path}, line {number}: {what}. Delete the line, and it is asked again.")


def _lock_file(path: Path) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(
            f"Another process is writing to {path}. Wait for it, or choose another folder."
        ) from None
    return lock
