"""Write rows to the database from a background thread; errors of the database are logged once."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from crossroute.errors import one_line

logger = logging.getLogger("crossroute.traffic")

EVERY_S = 0.25
"""Seconds between two checks of the queue; a killed process loses the rows of this time."""
MOST = 100_000
"""Maximum number of pending rows; above it the oldest are dropped."""
BATCH = 1_000
RETRY_S = 5.0


class Writer:
    """Queue rows and write them in batches from a thread; safe to share between threads and to fork.

    Args:
        write: Writes a batch atomically; the batch is retried after an error in `faults`.
        faults: Error types of a failing database.
        idle: Called periodically from the thread.
    """

    def __init__(
        self,
        write: Callable[[list[Any]], None],
        faults: tuple[type[BaseException], ...],
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._write, self._faults, self._idle = write, faults, idle
        self._waiting: deque[Any] = deque()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.lost = 0
        self._told = False
        self._again = 0.0
        _survive_fork(self)

    def put(self, item: Any) -> None:
        """Queue a row."""
        self._waiting.append(item)
        if self._thread is None:
            self._start()

    def flush(self, timeout: float = 60.0) -> bool:
        """Write all pending rows, and return whether they are written."""
        self._again = 0.0
        end = time.monotonic() + timeout
        while self._waiting and time.monotonic() < end:
            if not self._write_batch():
                break
        with self._writing:  # the thread may hold a last batch
            return not self._waiting

    def before_fork(self) -> None:
        """Wait for running writes, since the child would inherit their locks."""
        self._writing.acquire()

    def after_fork_in_parent(self) -> None:
        """Continue writing."""
        self._writing.release()

    def after_fork_in_child(self) -> None:
        """Forget the parent process's thread and pending rows."""
        self._waiting, self._thread, self._writing = deque(), None, threading.Lock()

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_run, args=(weakref.ref(self),), name="crossroute-traffic", daemon=True
                )
                self._thread.start()

    def write_pending(self) -> None:
        """Write pending rows, unless the database has just failed."""
        if time.monotonic() >= self._again:
            with self._writing:
                self._run_idle()
            while self._waiting and self._write_batch():
                pass
        while len(self._waiting) > MOST:
            self._waiting.popleft()
            self.lost += 1

    def _run_idle(self) -> None:
        try:
            self._idle()
        except self._faults as error:
            self._note_failure(error)

    def _note_failure(self, error: BaseException) -> None:
        self._again = time.monotonic() + RETRY_S
        if not self._told:
            self._told = True
            logger.warning(
                "The traffic log cannot be written (%s: %s); calls continue, and up to %s rows are kept in memory.",
                type(error).__name__,
                one_line(error),
                f"{MOST:,}",
            )

    def _write_batch(self) -> bool:
        with self._writing:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                self._write(batch)
            except self._faults as error:
                self._waiting.extendleft(reversed(batch))
                self._note_failure(error)
                return False
            except Exception:  # an invalid row must not block the others
                self._write_one_by_one(batch)
        if self._told:
            self._told = False
            logger.warning("The traffic log is written again; %s rows were lost.", f"{self.lost:,}")
        return True

    def _write_one_by_one(self, batch: list[Any]) -> None:
        for item in batch:
            try:
                self._write([item])
            except self._faults:
                self._waiting.appendleft(item)
            except Exception as refused:
                self.lost += 1
                logger.warning(
                    "The database rejected a row of the traffic log (%s); it is lost.", type(refused).__name__
                )


def _run(writer: weakref.ref[Writer]) -> None:
    pid = os.getpid()
    while (alive := writer()) is not None and os.getpid() == pid:
        try:
            alive.write_pending()
        except Exception:  # keep the thread alive for later rows
            logger.exception("A batch of the traffic log could not be written; it is lost.")
        del alive
        time.sleep(EVERY_S)


def _survive_fork(writer: Writer) -> None:
    known = weakref.ref(writer)

    def tell(name: str) -> None:
        alive = known()
        if alive is not None:
            getattr(alive, name)()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=partial(tell, "before_fork"),
            after_in_parent=partial(tell, "after_fork_in_parent"),
            after_in_child=partial(tell, "after_fork_in_child"),
        )
