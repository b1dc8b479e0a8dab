"""A lock that does not stand in the way of copies: what holds one can be copied, pickled and sent to a process."""

from __future__ import annotations

import threading


class Lock:
    """A `threading.Lock`; copied or pickled, it is a new one that nobody holds."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()
