"""A small cache and a lock that threads share and that can be copied and pickled."""

from __future__ import annotations

import _thread
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lock(_thread.RLock):  # type: ignore[misc] # final in its stub alone
    """A lock that lets its owner be copied and pickled: the copy gets a new one, which is not held."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()


class LRUCache(Generic[K, V]):
    """Keep the last `size` values by key, and forget what was used least recently; safe to share between threads.

    >>> cache = LRUCache[str, int](size=1)
    >>> cache.put("a", 1); cache.put("b", 2)
    >>> cache.get("a"), cache.get("b")
    (None, 2)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[LRUCache[K, V]], tuple[int]]:
        """Copy and pickle the cache empty."""
        return type(self), (self.size,)

    def get(self, key: K) -> V | None:
        """Return the value, or None where it is not, or no longer, held."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def pop(self, key: K) -> V | None:
        """Return the value, or None where it is not held, and forget it."""
        with self._lock:
            return self._values.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Hold a value; the least recently used one makes room."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self.size:
                self._values.popitem(last=False)
