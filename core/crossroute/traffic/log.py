"""TrafficLog: a log of live traffic in SQLite or PostgreSQL."""

from __future__ import annotations

import atexit
import math
import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import Self

from crossroute.calls.hooks import Called
from crossroute.errors import TrafficError, require_extra
from crossroute.traffic import schema
from crossroute.traffic.rows import DecisionRecord, call_row, decision_row, encode_queries, now
from crossroute.traffic.scales import Scale, to_quality
from crossroute.traffic.writer import Writer

with require_extra("A traffic log", "traffic"):
    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

DAY_S = 86_400
USER = "user"

LAST_S = 5.0
"""Time to write pending rows when a process ends, seconds."""


class TrafficLog:
    """A database of decisions, calls and grades; safe to share between threads, and to use after a fork.

    Decisions and calls are written in the background, within a second; feedback is in the database when `feedback`
    returns. A failure of the database is logged once by the logger `crossroute.traffic`, and calls continue.

    Args:
        url: `sqlite:///traffic.db`, the path of a SQLite file, or `postgresql+psycopg://user@host/name`.
        keep_text: Store the texts of queries and answers, which `crossroute traffic judge` and retraining need. Without
            it only the query's embedding is stored, which still reveals its topic (see the docs).
        learn: Update the routers of the integrations that write to the log from grades and costs, as they arrive.
        create: Create missing tables.

    Raises:
        MissingExtraError: SQLAlchemy, or psycopg, is not installed.
        TrafficError: The file has another format.
        ValueError: The URL is invalid.
    """

    def __init__(
        self,
        url: str | Path = "sqlite:///traffic.db",
        *,
        keep_text: bool = False,
        learn: bool = False,
        create: bool = True,
    ) -> None:
        self._url = schema.to_url(url)
        schema.check_file(self._url)
        self.keep_text, self.learn, self._create = keep_text, learn, create
        self._engine = schema.open_engine(self._url)
        self._ready, self._preparing = False, threading.Lock()
        self._writer = Writer(self._write, (TrafficError,), self._run_watchers)
        self._watchers: list[weakref.WeakMethod[Any]] = []
        _register_hooks(self)

    @classmethod
    def of(cls, log: TrafficLog | str | Path) -> TrafficLog:
        """Return a `TrafficLog` from an instance, a URL or a path."""
        return log if isinstance(log, TrafficLog) else cls(log)

    @classmethod
    def existing(cls, log: str | Path) -> Self:
        """Open an existing log.

        Raises:
            TrafficError: There is no log at this URL or path.
        """
        url = schema.to_url(log)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise TrafficError(
                f"There is no traffic log {url.database!r}. Name the file or URL that was given as `traffic=`."
            )
        return cls(log, create=False)

    def feedback(
        self,
        decision_id: str,
        quality: float | bool | str,
        *,
        source: str = USER,
        scale: Scale = "quality",
        candidate: str = "",
        probability: float | None = None,
    ) -> None:
        """Store a grade of an answer; a later one of the same source replaces it.

        Args:
            decision_id: `Decision.id`, which every answer carries.
            quality: The grade.
            source: The grader, such as "user".
            scale: The scale of the grade: `quality` in [0, 1], `thumbs` up or down, `stars` 1 to 5.
            candidate: The model that wrote the answer; needed only for an answer that the caller did not get.
            probability: Probability with which the answer was sampled for grading, in (0, 1]; None if unknown.

        Raises:
            ValueError: The grade is not on the scale, the probability is out of range, or the id is malformed.
        """
        if probability is not None and not 0 < probability <= 1:
            raise ValueError(f"A grade's probability must be in (0, 1], got {probability!r}.")
        row = {
            "decision_id": parse_id(decision_id),
            "source": _check_label("source", source, schema.LONGEST_SOURCE),
            "candidate": candidate and _check_label("candidate", candidate, schema.LONGEST_NAME),
            "time": now(),
        }
        self.add_feedback([row | {"quality": to_quality(quality, scale), "probability": probability}])

    def add_feedback(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store several grades, rows of the feedback table, in one transaction."""
        if not rows:
            return
        latest = ("time", "quality", "probability")
        with self.writing() as connection:
            connection.execute(schema.insert_statement(self._engine, schema.feedback, latest), list(rows))

    def flush(self, timeout: float = 60.0) -> bool:
        """Write pending rows, and return whether all are written.

        Args:
            timeout: Seconds.
        """
        return self._writer.flush(timeout)

    def counts(self) -> tuple[int, int]:
        """Return the numbers of calls and grades."""
        tables = (schema.calls, schema.feedback)
        with self.reading(flushed=False) as connection:
            calls, grades = (
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            )
        return calls, grades

    @property
    def lost(self) -> int:
        """Rows that this process could not write."""
        return self._writer.lost

    def prune(self, days: float) -> int:
        """Delete entries older than so many days, and return the number of deleted decisions.

        Raises:
            ValueError: `days` is negative or not a number.
        """
        if not 0 <= days < math.inf:
            raise ValueError(f"days must be a number, at least 0, got {days!r}.")
        self.flush()
        before = now() - days * DAY_S
        old = sa.select(schema.decisions.c.id).where(schema.decisions.c.time < before)
        with self.writing() as connection:
            for table in (schema.calls, schema.feedback):
                connection.execute(sa.delete(table).where(table.c.decision_id.in_(old)))
            deleted = connection.execute(sa.delete(schema.decisions).where(schema.decisions.c.time < before))
        if self._engine.dialect.name == "sqlite":
            with schema.wait_for_turn(self._engine), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM")
        return deleted.rowcount

    @contextmanager
    def reading(self, *, flushed: bool = True) -> Iterator[Connection]:
        """Open a reading transaction; `flush` before it makes all rows of this process visible."""
        if flushed:
            self.flush()
        with schema.translate_errors(self._engine):
            self._prepare()
            with self._engine.connect().execution_options(reads=True) as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a writing transaction, committed at the end of the block."""
        with schema.translate_errors(self._engine):
            self._prepare()
            with schema.wait_for_turn(self._engine), self._engine.begin() as connection:
                yield connection

    def put(self, item: DecisionRecord | tuple[Called, float]) -> None:
        """Queue a decision, or a call and its end, to be written in the background."""
        self._writer.put(item)

    def watch(self, method: Any) -> None:
        """Call a bound method periodically in the background, while its object is alive."""
        self._watchers.append(weakref.WeakMethod(method))

    def close(self) -> None:
        """Write pending rows and close the connections."""
        self.flush()
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"TrafficLog({self._url.render_as_string(hide_password=True)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        place = self._url.render_as_string(hide_password=False)
        return _reopen, (place, self.keep_text, self.learn, self._create)

    def __deepcopy__(self, memo: dict[int, Any]) -> TrafficLog:
        return self

    def after_fork(self) -> None:
        """Forget the parent process's connections."""
        self._engine.dispose(close=False)
        self._preparing = threading.Lock()
        schema.after_fork()

    def _prepare(self) -> None:
        with self._preparing:
            if not self._ready:
                with schema.wait_for_turn(self._engine):
                    schema.prepare(self._engine, create=self._create)
                self._ready = True

    def _run_watchers(self) -> None:
        for watcher in self._watchers:
            method = watcher()
            if method is not None:
                method()

    def _write(self, batch: list[Any]) -> None:
        decided = [item for item in batch if isinstance(item, DecisionRecord)]
        vectors = encode_queries(decided)
        decisions = [
            decision_row(one, vectors.get(one.decision.id), keep_text=self.keep_text) for one in decided
        ]
        called = [
            call_row(*item, keep_text=self.keep_text)
            for item in batch
            if not isinstance(item, DecisionRecord)
        ]
        with self.writing() as connection:
            for table, rows in ((schema.decisions, decisions), (schema.calls, called)):
                if rows:
                    connection.execute(schema.insert_statement(self._engine, table), rows)


def parse_id(decision_id: object) -> str:
    """Return a decision's id in canonical form.

    Raises:
        ValueError: It is not a UUID.
    """
    text = str(decision_id).strip()
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(
            f"{text[:60]!r} is not the id of a decision. An answer carries it as "
            "response_metadata['crossroute']['decision_id'] (LangChain), additional_kwargs (LlamaIndex) or the header "
            "x-crossroute-decision-id (server)."
        ) from None


def _check_label(what: str, value: object, longest: int) -> str:
    if isinstance(value, str) and 0 < len(value) <= longest:
        return value
    raise ValueError(f"A {what} is a text of 1 to {longest} characters, got {str(value)[:60]!r}.")


def _reopen(url: str, keep_text: bool, learn: bool, create: bool) -> TrafficLog:
    return TrafficLog(url, keep_text=keep_text, learn=learn, create=create)


def _register_hooks(log: TrafficLog) -> None:
    """Write pending rows when the process ends, and open new connections after a fork."""
    known = weakref.ref(log)

    def end() -> None:
        alive = known()
        if alive is not None:
            alive.flush(timeout=LAST_S)

    def forked() -> None:
        alive = known()
        if alive is not None:
            alive.after_fork()

    atexit.register(end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
