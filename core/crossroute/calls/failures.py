"""Failures: an error's record in a decision, and the cooldown of a candidate that failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from crossroute.cache import Lock
from crossroute.calls.blame import find_fault, status
from crossroute.calls.faults import find_note, message_of, note
from crossroute.calls.scrubbing import remove_secrets
from crossroute.candidate import UNWRITABLE
from crossroute.decision import Failure
from crossroute.errors import CrossRouteError

LOG = logging.getLogger("crossroute.calls")

FIRST_S, LONGEST_S = 5.0, 300.0
DOWN_AFTER = 6
"""Failures in a row, of any calls, after which a candidate counts as down. Each must be of a call that began after the
failure before it: concurrent calls that fail together count once."""
LONGEST_MESSAGE = 200


class Cooldowns:
    """Cooldowns of candidates that failed, which are called last; safe to share between threads.

    The first failure cools a candidate down for `first` seconds, and each further one for twice as long as the one
    before, to at most `longest`, or for as long as its provider asks (Retry-After), where that is longer. A success
    clears all. Failures within a cooldown, such as those of concurrent calls, count as one.

    Args:
        first: Seconds after a first failure.
        longest: Seconds after many.
        clock: Returns the seconds of a monotonic clock.

    Attributes:
        now: Returns the seconds on the clock.
        failed: Candidates that failed and have not answered since -> number of cooldowns.
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
            candidate: The failed candidate.
            retry_after: Seconds requested by its provider.
            began: Beginning of the failed call, on this clock; None: after any other.
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
        """Return the seconds until a candidate's cooldown ends; 0 without one."""
        with self._lock:
            return max(0.0, self._until.get(candidate, 0.0) - self.now())


def describe_failure(candidate: str, error: Exception) -> Failure:
    """Return an error's record for a decision: its type and its first line, without secrets."""
    fault = find_fault(error)
    return Failure(
        candidate=candidate,
        error=type(error).__name__,
        status=status(error),
        message=_first_line(_message_of(error)),
        transient=fault.again,
        fault=fault.party,
    )


def _message_of(error: Exception) -> str:
    """Return an error's message; of a validation error, the first reason, without the values."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
    return message_of(error)


def _first_line(message: str) -> str:
    line = UNWRITABLE.sub("", (remove_secrets(message.strip()).splitlines() or [""])[0])
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


@contextmanager
def name_model(model: str) -> Iterator[None]:
    """Record a model on errors within the block, for the message of `shorten_provider_errors`."""
    try:
        yield
    except Exception as error:
        note(error, model=model)
        raise


@contextmanager
def shorten_provider_errors(model: str = "", then: str = "") -> Iterator[None]:
    """Raise a provider's errors, such as a missing key, in one line and without secrets.

    Args:
        model: The model that was called.
        then: Added to the message.

    Raises:
        CrossRouteError: The provider raised an error.
    """
    try:
        yield
    except CrossRouteError:
        raise
    except Exception as error:
        model = model or find_note(error, "model") or ""
        failure = describe_failure(model, error)
        told = f"{f'{model}: ' if model else ''}{failure.error}: {failure.message.rstrip('.')}. {then}"
        raise CrossRouteError(told.strip()) from error
