"""Memory: what goes on from call to call, whichever dispatcher decides them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable

from crossroute.cache import LRUCache
from crossroute.calls.cooldowns import Cooldowns
from crossroute.calls.spend import Spend

REMEMBERED_MARKS = 4096


class Memory:
    """Who failed lately, what was spent, who gave which answer, who is silent; safe to share between threads.

    >>> memory = Memory()
    >>> memory.began(["call-1", ""], "small")
    >>> memory.beginner(["", "call-1"]), memory.beginner([""])
    ('small', None)

    Attributes:
        silent: Whose last answer came without log-probabilities.
    """

    def __init__(self) -> None:
        self.cooldowns = Cooldowns()
        self.spend = Spend()
        self.silent: frozenset[str] = frozenset()
        self._hearing = threading.Lock()
        self._began = LRUCache[str, str](REMEMBERED_MARKS)

    def began(self, marks: Iterable[str], candidate: str) -> None:
        """Remember who gave an answer, by its marks: ids of its tool calls, or digests; empty ones are passed over."""
        for mark in filter(None, marks):
            self._began.put(mark, candidate)

    def beginner(self, marks: Iterable[str]) -> str | None:
        """Return who gave the answer with one of these marks, or None where that is not, or no longer, remembered."""
        found = (self._began.get(mark) for mark in filter(None, marks))
        return next(filter(None, found), None)

    def heard(self, candidate: str, speaks: bool) -> None:
        """Note whether a model's answer came with log-probabilities."""
        with self._hearing:
            self.silent = self.silent - {candidate} if speaks else self.silent | {candidate}

    def of_other_models(self) -> Memory:
        """Return what goes on where other models bear the names: all is shared but who is silent."""
        memory = copy.copy(self)
        memory.silent, memory._hearing = frozenset(), threading.Lock()
        return memory
