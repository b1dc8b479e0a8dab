"""The tables of a traffic log, and its database connections."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossroute.errors import TrafficError, one_line, require_extra

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

with require_extra("A traffic log", "traffic"):
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.exc import (
        DatabaseError,
        DataError,
        IntegrityError,
        InterfaceError,
        NotSupportedError,
        OperationalError,
        ProgrammingError,
    )
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

VERSION = 2
BUSY_S = 60
"""Seconds that a process waits for other processes that write to a SQLite file."""
LOCK = 0x63726F737372
"""Key of PostgreSQL's advisory lock for creating the tables."""
TRIES = 50
SQLITE = b"SQLite format 3\x00"
"""First bytes of a SQLite file."""
LONGEST_SOURCE, LONGEST_NAME = 64, 200
"""Maximum length of a grade's source and of a candidate's name, in characters."""

_one_thread = threading.Lock()
"""Lock between the threads of a process, since file locks belong to a process."""

tables = sa.MetaData()

meta = sa.Table(
    "crossroute_meta", tables, sa.Column("key", sa.String(32), primary_key=True), sa.Column("value", sa.Text)
)

decisions = sa.Table(
    "crossroute_decisions",
    tables,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("time", sa.Float, nullable=False, index=True),  # seconds since 1970
    sa.Column("router", sa.String(16), nullable=False),  # its fingerprint
    sa.Column("encoder", sa.Text),
    sa.Column("candidate", sa.Text, nullable=False),
    sa.Column("would", sa.Text),  # shadow mode: the router's choice
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("cost_preference", sa.Float),
    sa.Column("willingness_to_pay", sa.Float, nullable=False),
    sa.Column("candidates", sa.Text, nullable=False),  # JSON, see rows.py
    sa.Column("query", sa.LargeBinary),  # as encoded, float16
    sa.Column("tokens", sa.Float),
    sa.Column("context_tokens", sa.Float),
    sa.Column("text", sa.Text),
    sa.Column("tags", sa.Text, nullable=False),  # JSON
    sa.Column("conversation_id", sa.Text, index=True),
    sa.Column("run_id", sa.Text, index=True),
    sa.Column("trace_id", sa.Text, index=True),
)

calls = sa.Table(
    "crossroute_calls",
    tables,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("decision_id", sa.String(36), nullable=False, index=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("candidate", sa.Text, nullable=False),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("cached_input_tokens", sa.Integer),
    sa.Column("cost", sa.Float),  # USD
    sa.Column("seconds", sa.Float),
    sa.Column("error", sa.Text),  # its type
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("answer", sa.Text),  # if texts are kept
)

feedback = sa.Table(
    "crossroute_feedback",
    tables,
    sa.Column("decision_id", sa.String(36), primary_key=True),
    sa.Column("source", sa.String(LONGEST_SOURCE), primary_key=True),
    sa.Column(
        "candidate", sa.String(LONGEST_NAME), primary_key=True
    ),  # empty for the answer that the caller got
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("quality", sa.Float, nullable=False),
    sa.Column("probability", sa.Float),  # sampling probability of the grade, if known
)

routers = sa.Table(
    "crossroute_routers",
    tables,
    sa.Column("fingerprint", sa.String(16), primary_key=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("config", sa.LargeBinary, nullable=False),
    sa.Column("weights", sa.LargeBinary, nullable=False),
)

adoptions = sa.Table(
    "crossroute_adoptions",
    tables,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("fingerprint", sa.String(16)),  # null: each integration uses its own router
    sa.Column("reason", sa.Text, nullable=False),
)


def check_file(url: sa.URL) -> None:
    """Check that a file which is named as a log is a SQLite database, or empty like a new one.

    Raises:
        TrafficError: The file has another format.
    """
    path = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or not path.is_file():
        return
    try:
        with path.open("rb") as file:
            begins = file.read(len(SQLITE))
    except OSError:  # reported when the log is used, as for a database that is down
        return
    if begins not in (SQLITE, b""):
        raise TrafficError(
            f"The traffic log {url.database} cannot be used (not a SQLite file). Name one that `traffic=` wrote, or a "
            "new file."
        )


def to_url(log: str | Path) -> sa.URL:
    """Return the database URL of a log, given as a URL or the path of a SQLite file.

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(log, str | Path) or not str(log).strip():
        raise ValueError(
            f"Expected the URL of a traffic log or the path of a SQLite file, such as traffic.db, got {log!r}."
        )
    text = str(log)
    if "://" not in text:
        return sa.URL.create("sqlite", database=text)
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise ValueError(
            f"{text.partition('://')[0]}://... is not a database URL. Expected sqlite:///traffic.db, "
            "postgresql+psycopg://user@host/name, or a SQLite file's path."
        ) from error
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def open_engine(url: sa.URL) -> Engine:
    """Return the engine of a log's database, not yet connected; its errors do not show texts of queries."""
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(
            f"A traffic log needs SQLite or PostgreSQL, got {url.get_backend_name()!r}. Expected "
            "sqlite:///traffic.db, postgresql+psycopg://user@host/name, or a SQLite file's path."
        )
    if url.get_backend_name() == "postgresql":
        with require_extra("A traffic log in PostgreSQL", "traffic"):
            return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=2)
    waiting = {"timeout": BUSY_S, "check_same_thread": False}
    engine = sa.create_engine(url, hide_parameters=True, connect_args=waiting)
    sa.event.listen(engine, "connect", _take_over_transactions)
    sa.event.listen(engine, "begin", _begin)
    return engine


def prepare(engine: Engine, *, create: bool = True) -> None:
    """Create missing tables, and check their version.

    Args:
        engine: The database.
        create: Whether an empty database may become a log.

    Raises:
        TrafficError: The tables have another version, or are missing without `create`.
    """
    if engine.dialect.name == "sqlite" and create:
        _write_ahead(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if not create and not sa.inspect(connection).has_table(meta.name):
            raise TrafficError(f"{_render_url(engine)} has no traffic log. Name one that `traffic=` wrote.")
        tables.create_all(connection)
        connection.execute(insert_statement(engine, meta), [{"key": "version", "value": str(VERSION)}])
        found = connection.execute(sa.select(meta.c.value).where(meta.c.key == "version")).scalar_one()
    if int(found) != VERSION:
        raise TrafficError(
            f"{_render_url(engine)} is a traffic log of version {found}; this crossroute reads version {VERSION}. "
            "Install the crossroute that wrote it, or start a new log."
        )


@contextmanager
def wait_for_turn(engine: Engine) -> Iterator[None]:
    """Hold a file lock while writing to a SQLite database.

    SQLite polls for its lock, so that with many processes some may never get it. The system's file locks are granted in
    order, and released when a process ends. Systems without them use SQLite's polling.
    """
    place = engine.url.database if engine.dialect.name == "sqlite" else None
    if fcntl is None or place in (None, "", ":memory:"):
        yield
        return
    with _one_thread, Path(f"{place}.lock").open("a") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def after_fork() -> None:
    """Replace the lock, which another thread of the parent process may hold."""
    global _one_thread  # noqa: PLW0603
    _one_thread = threading.Lock()


def insert_statement(engine: Engine, table: sa.Table, latest: tuple[str, ...] = ()) -> Any:
    """Return the statement that inserts rows; in existing rows it updates only the columns `latest`."""
    insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)
    if not latest:
        return insert.on_conflict_do_nothing()
    new = {column: insert.excluded[column] for column in latest}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=new)


def _write_ahead(engine: Engine) -> None:
    """Turn on SQLite's write-ahead log, so that readers and a writer do not block each other."""
    with engine.connect() as connection:
        for attempt in range(TRIES):
            try:
                connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.Error as error:  # another process turns it on at the same time
                if "locked" not in str(error) or attempt == TRIES - 1:
                    raise OperationalError("PRAGMA journal_mode=WAL", None, error) from error
                time.sleep(0.05)


def _take_over_transactions(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are started by `_begin`
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    """Begin a writing transaction with its lock, since upgrading a reading one may fail instead of waiting."""
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _render_url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


FAULTS = (DatabaseError, InterfaceError, PoolTimeoutError, OSError)
"""Errors of a database that is down, full, damaged or locked."""

REFUSALS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""Subclasses of `FAULTS` that concern a row or a statement, not the database."""


@contextmanager
def translate_errors(engine: Engine) -> Iterator[None]:
    """Translate errors of the database within the block to a `TrafficError` that names the log.

    Raises:
        TrafficError: The database is down, full, damaged or locked.
    """
    try:
        yield
    except REFUSALS:
        raise
    except FAULTS as error:
        reason = one_line(getattr(error, "orig", None) or error)
        raise TrafficError(
            f"The traffic log {_render_url(engine)} cannot be used ({reason}). "
            "Check that it can be reached and written to, and that its disk is not full."
        ) from error
