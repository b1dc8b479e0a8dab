"""State kept between calls: cooldowns, spend, authors of answers, candidates without log-probabilities."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from crossroute.cache import LRUCache
from crossroute.calls.failures import Cooldowns
from crossroute.calls.logprobs import Logprobs
from crossroute.calls.spend import Spend

REMEMBERED_MARKS = 4096


class Memory:
    """What dispatchers share from call to call; safe to share between threads.

    >>> memory = Memory()
    >>> memory.began(["call-1", ""], "small")
    >>> memory.beginner(["", "call-1"]), memory.beginner([""])
    ('small', None)
    """

    def __init__(self) -> None:
        self.cooldowns = Cooldowns()
        self.spend = Spend()
        self.logprobs = Logprobs()
        self._began = LRUCache[str, str](REMEMBERED_MARKS)

    def began(self, marks: Iterable[str], candidate: str) -> None:
        """Remember which candidate wrote an answer, by its marks: ids of its tool calls, or digests; not empty ones."""
        for mark in filter(None, marks):
            self._began.put(mark, candidate)

    def beginner(self, marks: Iterable[str]) -> str | None:
        """Return which candidate wrote the answer with one of these marks; None where that is not remembered."""
        found = (self._began.get(mark) for mark in filter(None, marks))
        return next(filter(None, found), None)

    def of_other_models(self) -> Memory:
        """Return the memory for other models of the same names: shared, but for log-probabilities."""
        memory = copy.copy(self)
        memory.logprobs = Logprobs()
        return memory
