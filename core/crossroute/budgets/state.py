"""The store of spending per account and period, shared by processes, in SQLite or Redis.

A reservation adds the predicted cost of a call before it is made; settling adds the difference to its actual cost. So
no reservation has to be released if a process dies, and a call that may have been made counts as spent.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from crossroute.budgets.budget import REDIS
from crossroute.errors import BudgetStateError, require_extra

KEPT_S = 40 * 86_400
"""Seconds for which the spending of a period is kept after its end."""

BUSY_S = 60
"""Timeout in seconds for locks of other processes."""

MARGIN = 1e-12
"""Tolerance of a limit for rounding errors, USD."""


class Balance(NamedTuple):
    """The balance of an account in a period.

    Attributes:
        spent: USD, including reservations.
        calls: Number of settled calls.
        log_pay: Logarithm of the willingness to pay set by pacing; None before its first step.
        since: Share of the period's expected calls before the first counted call, in [0, 1].
    """

    spent: float = 0.0
    calls: float = 0.0
    log_pay: float | None = None
    since: float = 0.0


NOTHING = Balance()
"""Balance of an account without calls."""


class Change(NamedTuple):
    """An addition to an account in a period.

    Attributes:
        account: Name of the account and period, from `name_account`.
        until: End of the period, seconds since 1970; may be infinite.
        spent: USD to add.
        calls: Number of calls to add.
        step: Addition to the logarithm of the willingness to pay.
        start: What that logarithm is before the first step.
        since: The share of the period that had gone by, kept of the first change.
        limit: USD that may be spent; None does not check.
    """

    account: str
    until: float
    spent: float = 0.0
    calls: float = 0.0
    step: float = 0.0
    start: float | None = None
    since: float = 0.0
    limit: float | None = None


class State(Protocol):
    """A store of balances that processes change concurrently."""

    def read(self, accounts: Sequence[str]) -> list[Balance]:
        """Return the balances of some accounts."""
        ...

    def add(self, changes: Sequence[Change]) -> str | None:
        """Apply all changes, or none if an account would exceed its limit; return that account, else None."""
        ...


def name_account(account: str, begin: float) -> str:
    """Return the name of an account in the period that starts at a time, seconds since 1970."""
    return f"{account}@{begin:.0f}"


def open_state(place: str | Path | None) -> State:
    """Return the store at a Redis URL or path; None is the user's file."""
    if isinstance(place, str) and place.startswith(tuple(f"{scheme}://" for scheme in REDIS)):
        return RedisState(place)
    if place is None:
        from platformdirs import user_data_path

        place = user_data_path("crossroute") / "budgets.sqlite3"
    return SQLiteState(Path(place))


class SQLiteState:
    """Balances in a SQLite file; safe to share between threads and to use after a fork.

    Args:
        path: The file; it and its folder are created if missing.

    Its methods raise BudgetStateError if it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connected: tuple[int, sqlite3.Connection] | None = None

    def __reduce__(self) -> tuple[type[SQLiteState], tuple[Path]]:
        return SQLiteState, (self._path,)

    def read(self, accounts: Sequence[str]) -> list[Balance]:
        """Return the balances of some accounts."""
        with self._lock, self._told():
            return [self._balance(self._connection(), account) for account in accounts]

    def add(self, changes: Sequence[Change]) -> str | None:
        """Apply all changes, or none if an account would exceed its limit."""
        with self._lock, self._told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    before = self._balance(connection, change.account)
                    if change.limit is not None and before.spent + change.spent > change.limit + MARGIN:
                        connection.execute("ROLLBACK")
                        return change.account
                    self._write(connection, before, change)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise BudgetStateError(str(self._path), str(error)) from error

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of this process; SQLite connections cannot be used after a fork."""
        if self._connected is None or self._connected[0] != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(
                self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            opened.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000}")
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = NORMAL")
            opened.execute(
                "CREATE TABLE IF NOT EXISTS balance (account TEXT PRIMARY KEY, until REAL, spent REAL NOT NULL, "
                "calls REAL NOT NULL, log_pay REAL, since REAL NOT NULL) WITHOUT ROWID"
            )
            opened.execute("DELETE FROM balance WHERE until < ?", (time.time() - KEPT_S,))
            self._connected = os.getpid(), opened
        return self._connected[1]

    @staticmethod
    def _balance(connection: sqlite3.Connection, account: str) -> Balance:
        row = connection.execute(
            "SELECT spent, calls, log_pay, since FROM balance WHERE account = ?", (account,)
        ).fetchone()
        return Balance(*row) if row else NOTHING

    @staticmethod
    def _write(connection: sqlite3.Connection, before: Balance, change: Change) -> None:
        log_pay = before.log_pay if before.log_pay is not None else change.start
        connection.execute(
            "INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?, ?, ?)",
            (
                change.account,
                change.until,
                before.spent + change.spent,
                before.calls + change.calls,
                None if log_pay is None else log_pay + change.step,
                change.since if before is NOTHING else before.since,
            ),
        )


ADD = """
for i, key in ipairs(KEYS) do
  local limit = ARGV[7 * i - 6]
  local spent = tonumber(redis.call('HGET', key, 'spent') or '0')
  if limit ~= '' and spent + tonumber(ARGV[7 * i - 5]) > tonumber(limit) then return i end
end
for i, key in ipairs(KEYS) do
  local spent, calls, step, start, since, till = unpack(ARGV, 7 * i - 5, 7 * i)
  redis.call('HSETNX', key, 'since', since)
  redis.call('HINCRBYFLOAT', key, 'spent', spent)
  redis.call('HINCRBYFLOAT', key, 'calls', calls)
  if start ~= '' then
    redis.call('HSETNX', key, 'log_pay', start)
    redis.call('HINCRBYFLOAT', key, 'log_pay', step)
  end
  if till ~= '' then redis.call('EXPIREAT', key, till) end
end
return 0
"""
"""Checks all limits before any addition; Redis runs a script atomically."""


class RedisState:
    """Balances in Redis, one hash per account.

    Args:
        url: URL for redis-py: redis://host:6379/0.
        client: A client of redis-py to use instead of a new one; its errors are raised unchanged.

    Raises:
        MissingExtraError: redis-py is not installed.

    Its methods raise BudgetStateError where it does not answer.
    """

    def __init__(self, url: str, client: Any = None) -> None:
        with require_extra("A budget in Redis", "redis"):
            import redis
        self._url = url
        self._faults = () if client else (redis.RedisError, OSError)
        self._client: Any = client or redis.Redis.from_url(url, decode_responses=True)
        self._add = self._client.register_script(ADD)

    def __reduce__(self) -> tuple[type[RedisState], tuple[str]]:
        return RedisState, (self._url,)

    def read(self, accounts: Sequence[str]) -> list[Balance]:
        """Return the balances of some accounts."""
        with self._told(), self._client.pipeline(transaction=False) as pipeline:
            for account in accounts:
                pipeline.hmget(_key(account), "spent", "calls", "log_pay", "since")
            rows = pipeline.execute()
        return [
            Balance(
                float(spent or 0), float(calls or 0), None if pay is None else float(pay), float(since or 0)
            )
            for spent, calls, pay, since in rows
        ]

    def add(self, changes: Sequence[Change]) -> str | None:
        """Apply all changes, or none if an account would exceed its limit."""
        arguments: list[str] = []
        for change in changes:
            limit = "" if change.limit is None else f"{change.limit + MARGIN:.17g}"
            start = "" if change.start is None else f"{change.start:.17g}"
            till = "" if change.until == float("inf") else f"{change.until + KEPT_S:.0f}"
            added = (f"{change.spent:.17f}", f"{change.calls:g}", f"{change.step:.17f}")
            arguments += [limit, *added, start, f"{change.since:.17f}", till]
        with self._told():
            over = int(self._add(keys=[_key(change.account) for change in changes], args=arguments))
        return changes[over - 1].account if over else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._faults as error:
            place = re.sub(r"^.*@|^[a-z]+://", "", self._url)  # without a password
            raise BudgetStateError(f"Redis at {place}", str(error).rstrip(".")) from error


def _key(account: str) -> str:
    return f"crossroute:budget:{account}"
