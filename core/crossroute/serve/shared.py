"""State that servers share in Redis: rates, cooldowns, authors of tool calls, spending.

Requests to Redis time out after 50 ms. After a timeout it is not called for a second, and each process continues with
its own counts; spending in the meantime is added when Redis answers again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from crossroute.budgets.state import MARGIN, NOTHING, Balance, Change, RedisState
from crossroute.cache import Lock
from crossroute.calls.failures import Cooldowns
from crossroute.calls.memory import Memory
from crossroute.errors import require_extra
from crossroute.serve.rates import LocalCounters

T = TypeVar("T")
LOG = logging.getLogger("crossroute.serve")

WAIT_S = 0.05
LEFT_ALONE_S = 1.0
LOOK_S = 1.0
"""Seconds between two reads of other servers' cooldowns."""
KEPT_S = 3_600
DAY_S = 86_400
"""Seconds for which the authors of tool calls are remembered."""
PREFIX = "crossroute:serve:"
MOST_MISSED = 10_000


class Shared:
    """A Redis that may be unreachable; safe to share between threads.

    Args:
        url: As redis-py takes it.

    Raises:
        MissingExtraError: redis-py is not installed.
    """

    def __init__(self, url: str) -> None:
        with require_extra("Sharing by Redis", "redis"):
            import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._faults = (redis.RedisError, OSError)
        self.client: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=WAIT_S,
            socket_connect_timeout=WAIT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._gone_until = 0.0

    @property
    def is_gone(self) -> bool:
        """Whether it is not tried at the moment."""
        return time.monotonic() < self._gone_until

    def do(
        self, work: Callable[[Any], T], otherwise: Callable[[], T], unsure: Callable[[], T] | None = None
    ) -> T:
        """Return the result of some work on Redis, or of a fallback if Redis does not answer.

        Args:
            work: Called with its client.
            otherwise: The fallback if the work was not done.
            unsure: The fallback if the work was sent but not answered in time; by default `otherwise`.
        """
        if self.is_gone:
            return otherwise()
        try:
            return work(self.client)
        except self._faults as error:
            self._gone_until = time.monotonic() + LEFT_ALONE_S
            LOG.warning("Redis does not answer (%s): going on without it", type(error).__name__)
            late = "Timeout" in type(error).__name__
            return unsure() if late and unsure is not None else otherwise()


class SharedCounters:
    """Counters of all servers; of this process alone while Redis is unreachable."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self._own = shared, LocalCounters()

    def add(self, name: str, amount: int) -> int:
        """Add to a number, and return it."""

        def work(client: Any) -> int:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.incrby(PREFIX + name, amount)
                pipeline.expire(PREFIX + name, 180)
                return int(pipeline.execute()[0])

        own = self._own.add(name, amount)
        return self._shared.do(work, lambda: own)

    def read(self, name: str) -> int:
        """Return a number."""
        return self._shared.do(
            lambda client: int(client.get(PREFIX + name) or 0), lambda: self._own.read(name)
        )


class SharedCooldowns(Cooldowns):
    """Cooldowns shared by all servers within a second."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared, self._looked = shared, 0.0
        self._key = f"{PREFIX}cooldowns"
        self.told: dict[str, float] = {}

    def fail(self, candidate: str, retry_after: float | None = None, *, began: float | None = None) -> None:
        """Begin or lengthen a cooldown, for all servers."""
        super().fail(candidate, retry_after, began=began)
        until = time.time() + super().remaining(candidate)
        self._shared.do(lambda client: client.hset(self._key, candidate, f"{until:.3f}"), int)

    def clear(self, candidate: str) -> None:
        """End a candidate's cooldown, for all servers."""
        super().clear(candidate)
        self.told.pop(candidate, None)
        self._shared.do(lambda client: client.hdel(self._key, candidate), int)

    def remaining(self, candidate: str) -> float:
        """Return the seconds until a candidate has cooled down, by whichever server it failed for."""
        return max(super().remaining(candidate), self.told.get(candidate, 0.0) - time.time(), 0.0)

    def look(self) -> None:
        """Read other servers' cooldowns, at most once a second."""
        if time.monotonic() - self._looked < LOOK_S and self._looked:
            return
        self._looked = time.monotonic()
        told = self._shared.do(lambda client: dict(client.hgetall(self._key)), dict)
        now = time.time()
        self.told = {name: float(until) for name, until in told.items() if float(until) > now}
        with self._lock:
            for name in self.told:
                self.failed.setdefault(name, 1)


class SharedMemory(Memory):
    """Memory with cooldowns and authors of tool calls shared by all servers."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.cooldowns: SharedCooldowns = SharedCooldowns(shared)
        self._shared = shared

    def began(self, marks: Iterable[str], candidate: str) -> None:
        """Remember the author of an answer, by its marks, for all servers."""
        known = list(filter(None, marks))
        super().began(known, candidate)

        def work(client: Any) -> None:
            with client.pipeline(transaction=False) as pipeline:
                for mark in known:
                    pipeline.set(f"{PREFIX}mark:{mark}", candidate, ex=KEPT_S)
                pipeline.execute()

        if known:
            self._shared.do(work, lambda: None)

    def beginner(self, marks: Iterable[str]) -> str | None:
        """Return the author of the answer with one of these marks, from any server."""
        known = list(filter(None, marks))
        self.cooldowns.look()
        found = super().beginner(known)
        if found is not None or not known:
            return found
        names = [f"{PREFIX}mark:{mark}" for mark in known]
        told: list[str | None] = self._shared.do(lambda client: list(client.mget(names)), list)
        return next(filter(None, told), None)


class SharedBoard:
    """The servers' published sums; those of stopped servers are kept until no server has published for a day.

    Args:
        shared: The Redis.
        pool: Identifies the servers of one file among others in the same Redis.
    """

    def __init__(self, shared: Shared, pool: str) -> None:
        self._shared, self._key = shared, f"{PREFIX}overview:{pool}"

    def show(self, name: str, text: str) -> None:
        """Publish a text of a process, in place of its last one."""

        def work(client: Any) -> None:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.hset(self._key, name, text)
                pipeline.expire(self._key, DAY_S)
                pipeline.execute()

        self._shared.do(work, lambda: None)

    def read(self) -> dict[str, str]:
        """Return the last text of each process."""
        return self._shared.do(lambda client: dict(client.hgetall(self._key)), dict)


class SharedState:
    """Balances of budgets in Redis; while it is unreachable, the last known ones with the spending since.

    Args:
        shared: The Redis.
        url: Its address.
    """

    def __init__(self, shared: Shared, url: str) -> None:
        self._shared, self._lock = shared, Lock()
        self._state = RedisState(url, shared.client)
        self._known: dict[str, Balance] = {}
        self._missed: list[Change] = []

    def read(self, accounts: Sequence[str]) -> list[Balance]:
        """Return the balances of some accounts."""
        return self._shared.do(lambda _: self._read(accounts), lambda: [self._of(name) for name in accounts])

    def add(self, changes: Sequence[Change]) -> str | None:
        """Add to some accounts, or to none if one would exceed its limit."""
        return self._shared.do(
            lambda _: self._add(changes),
            lambda: self._add_here(changes, missed=True),
            lambda: self._add_here(changes, missed=False),
        )

    def _read(self, accounts: Sequence[str]) -> list[Balance]:
        self._catch_up()
        found = self._state.read(accounts)
        with self._lock:
            self._known |= zip(accounts, found, strict=True)
        return found

    def _add(self, changes: Sequence[Change]) -> str | None:
        self._catch_up()
        over = self._state.add(changes)
        if over is None:
            self._note(changes)
        return over

    def _add_here(self, changes: Sequence[Change], *, missed: bool) -> str | None:
        """Add to the local balances; Redis gets the additions when it answers again."""
        for change in changes:
            if (
                change.limit is not None
                and self._of(change.account).spent + change.spent > change.limit + MARGIN
            ):
                return change.account
        self._note(changes)
        with self._lock:
            if not missed:
                return None
            self._missed += [change._replace(limit=None) for change in changes][
                : MOST_MISSED - len(self._missed)
            ]
        return None

    def _catch_up(self) -> None:
        """Add to Redis what it missed; if that fails, keep it for later."""
        with self._lock:
            missed, self._missed = self._missed, []
        try:
            if missed:
                self._state.add(missed)
        except BaseException:
            with self._lock:
                self._missed = missed + self._missed
            raise

    def _of(self, account: str) -> Balance:
        return self._known.get(account, NOTHING)

    def _note(self, changes: Sequence[Change]) -> None:
        with self._lock:
            for change in changes:
                before = self._of(change.account)
                self._known[change.account] = before._replace(
                    spent=before.spent + change.spent, calls=before.calls + change.calls
                )
