"""State kept between calls: cooldowns, spend, authors of answers, candidates without log-probabilities."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from crossroute.cache import Lock, LRUCache
from crossroute.calls.blame import is_transient, status
from crossroute.calls.failures import Cooldowns
from crossroute.calls.spend import Spend
from crossroute.calls.steps import Steps

T = TypeVar("T")

REMEMBERED_MARKS = 4096

REFUSALS = frozenset({400, 422})
MAX_DOUBTS = 2
BLAMED = re.compile(
    r"context|length|exceed|maxim|too (?:long|large|big|many)|token|temperature|image|audio|file|tool|schema|json|role"
    r"|content|empty|polic|safety|credit|billing|balance|quota|not found|not exist",
    re.IGNORECASE,
)
"""Words of an error about something other than log-probabilities."""


class Logprobs:
    """Requests log-probabilities, and remembers candidates that refuse them; safe to share between threads.

    Attributes:
        silent: Candidates whose last answer came without them.
    """

    def __init__(self) -> None:
        self.silent: frozenset[str] = frozenset()
        self._accept: dict[str, bool] = {}
        self._doubts: dict[str, int] = {}
        self._lock = Lock()

    def steps(self, candidate: str, ask: Callable[[bool], Steps[T]], *, wanted: bool = True) -> Steps[T]:
        """Return the steps to a candidate's answer, with log-probabilities if it returns them.

        Args:
            candidate: Its name.
            ask: Whether to request log-probabilities -> the steps of one request. A request that may have been
                refused for the parameter is made again without it.
            wanted: Whether to request them at all: the candidate's API has them, and the user left it open.
        """
        if not (wanted and self._worthwhile(candidate)):
            answer = yield from ask(False)
            self._doubts.pop(candidate, None)
            return answer
        try:
            answer = yield from ask(True)
        except Exception as error:
            if not self.refused(candidate, error):
                raise
        else:
            self._accept[candidate] = True
            return answer
        self._doubts[candidate] = self._doubts.get(candidate, 0) + 1
        answer = yield from ask(False)
        self._accept[candidate] = False  # the same request succeeded without
        return answer

    def refused(self, candidate: str, error: Exception) -> bool:
        """Return whether the parameter may have caused an error, so that a request without it may succeed.

        It may if the error names it and is not transient (a rate limit); or if a bad request names no cause, until the
        candidate has once answered a request with the parameter. Any other bad request would fail again.
        """
        told = f"{error} {getattr(error, 'body', None) or ''}"
        if "logprob" in told.lower():
            return not is_transient(error) or status(error) == 501
        return status(error) in REFUSALS and candidate not in self._accept and not BLAMED.search(told)

    def _worthwhile(self, candidate: str) -> bool:
        """Return whether to request them: not after refusals, nor while requests fail for unknown reasons."""
        return self._accept.get(candidate, True) and self._doubts.get(candidate, 0) < MAX_DOUBTS

    def heard(self, candidate: str, *, speaks: bool) -> None:
        """Note whether a candidate's answer came with log-probabilities."""
        with self._lock:
            self.silent = self.silent - {candidate} if speaks else self.silent | {candidate}


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
