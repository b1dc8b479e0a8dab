"""Failures: what a decision keeps of an error, and how long a candidate that failed is avoided."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from crossroute.cache import Lock
from crossroute.calls.blame import fault_of, status
from crossroute.calls.faults import note, noted
from crossroute.calls.scrubbing import without_secrets
from crossroute.decision import Failure
from crossroute.errors import CrossRouteError

LOG = logging.getLogger("crossroute.calls")

FIRST_S, LONGEST_S = 5.0, 300.0
DOWN_AFTER = 6
"""Failures in a row, of any calls, after which a candidate counts as down: each of a call that began after the one
before it had failed. Calls that ran beside each other tell one thing, many times."""
LONGEST_MESSAGE = 200


class Cooldowns:
    """How long each candidate that failed is still called last; safe to share between threads.

    The first failure counts `first` seconds and each further one twice as long as the one before, to at most
    `longest`; what the provider asks for itself (Retry-After) counts where it is longer. A success clears
    all. Failures within a cooldown, such as those of calls that ran at once, count as one.

    Args:
        first: Seconds after a first failure.
        longest: Seconds after many.
        clock: Seconds on a clock that never goes back.

    Attributes:
        now: Returns the seconds on the clock.
        failed: Candidates that failed and have not answered since; the others need no look at the clock.
    """

    def __init__(
        self,
        first: float = FIRST_S,
        longest: float = LONGEST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= first <= longest:
            raise ValueError(f"Expected 0 <= first <= longest seconds, got {first!r} and {longest!r}.")
        self.first, self.longest, self.now = first, longest, clock
        self._lock = Lock()
        self.failed: dict[str, int] = {}
        self._in_a_row: dict[str, int] = {}
        self._last: dict[str, float] = {}  # when the last of them was counted
        self._until: dict[str, float] = {}

    def fail(self, candidate: str, retry_after: float | None = None, *, began: float | None = None) -> None:
        """Begin a cooldown, or lengthen the one that runs.

        Args:
            candidate: That failed.
            retry_after: Seconds that its provider asks for.
            began: When the call began that failed, on this clock; None: after any other.
        """
        with self._lock:
            now, until = self.now(), self._until.get(candidate, 0.0)
            if began is None or began >= self._last.get(candidate, began):
                self._in_a_row[candidate] = self._in_a_row.get(candidate, 0) + 1
                self._last[candidate] = now
            begins = now >= until
            if begins:
                self.failed[candidate] = self.failed.get(candidate, 0) + 1
                doublings = min(self.failed[candidate] - 1, 30)
                until = now + min(self.first * 2**doublings, self.longest)
            self._until[candidate] = until = max(until, now + (retry_after or 0.0))
        if begins:
            LOG.warning("%s cools down for %.0f s", candidate, until - now)

    def clear(self, candidate: str) -> None:
        """End a candidate's cooldown and forget its failures."""
        with self._lock:
            self._until.pop(candidate, None)
            self.failed.pop(candidate, None)
            self._in_a_row.pop(candidate, None)
            self._last.pop(candidate, None)

    def is_down(self, candidate: str) -> bool:
        """Return whether a candidate failed many times in a row, whichever calls these were."""
        return self._in_a_row.get(candidate, 0) >= DOWN_AFTER

    def remaining(self, candidate: str) -> float:
        """Return the seconds until a candidate has cooled down; 0 where it has."""
        with self._lock:
            return max(0.0, self._until.get(candidate, 0.0) - self.now())


def failure_of(candidate: str, error: Exception) -> Failure:
    """Return what a decision keeps of an error: its type and its first line, without secrets."""
    fault = fault_of(error)
    return Failure(
        candidate=candidate,
        error=type(error).__name__,
        status=status(error),
        message=_first_line(_said(error)),
        transient=fault.again,
        fault=fault.party,
    )


def _said(error: Exception) -> str:
    """Return an error's words; of values that were refused, the first reason, without the values."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
    return str(error)


def _first_line(message: str) -> str:
    line = (without_secrets(message.strip()).splitlines() or [""])[0]
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


@contextmanager
def naming(model: str) -> Iterator[None]:
    """Note on what is raised within the block which model it came of, for `provider_errors` to say."""
    try:
        yield
    except Exception as error:
        note(error, model=model)
        raise


@contextmanager
def provider_errors(model: str = "", then: str = "") -> Iterator[None]:
    """Tell what a provider raises within the block, of a missing key for one, in one line and without secrets.

    Args:
        model: The one that raised it.
        then: What is said after it.

    Raises:
        CrossRouteError: It raised something.
    """
    try:
        yield
    except CrossRouteError:
        raise
    except Exception as error:
        model = model or noted(error, "model") or ""
        failure = failure_of(model, error)
        told = f"{f'{model}: ' if model else ''}{failure.error}: {failure.message.rstrip('.')}. {then}"
        raise CrossRouteError(told.strip()) from error
