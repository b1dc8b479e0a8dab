"""Failures: which ones another candidate may make good, and for how long a candidate that failed is avoided.

Transient are rate limits, timeouts, overload, 5xx and broken connections. All else, bad requests and refused
keys first of all, would fail again or must be seen, and is raised at once. Errors are told apart by duck typing,
since no framework is known here.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from crossroute.decision import Failure

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
"""Beside every 5xx (529 is a provider's own word for overload)."""

TRANSIENT_NAMES = frozenset(
    {
        *("RateLimitError", "TooManyRequests", "ResourceExhausted", "ThrottlingException", "Throttled"),
        *("APITimeoutError", "Timeout", "TimeoutError", "TimeoutException", "DeadlineExceeded"),
        *("APIConnectionError", "ConnectionError", "TransportError", "ClientConnectionError"),
        *("InternalServerError", "OverloadedError", "ServerError", "BadGateway", "GatewayTimeout"),
        *("ServiceUnavailable", "ServiceUnavailableError", "ModelNotReadyException"),
    }
)
"""Names of exception classes, of any library, anywhere among a class's bases."""

TRANSIENT_KINDS = frozenset(
    {
        *("overloaded_error", "rate_limit_error", "timeout_error", "api_error"),
        *("server_error", "internal_error", "rate_limit_exceeded", "service_unavailable"),
    }
)
"""What an error within a stream calls itself, where the status was sent (200) before it."""

FIRST_S, LONGEST_S = 5.0, 300.0
LONGEST_WAIT = 3600.0
LONGEST_MESSAGE = 200

SECRETS = (
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"),
    re.compile(
        r"(?i)\b[\w-]*(?:api[-_ ]?key|token|secret|password|authorization|signature)[\w-]*"
        r"(?: provided| given)?['\"]?\s*[=:]\s*['\"]?[^\s'\",}]+"
    ),
    re.compile(r"(?i)\b(?:sk|pk|rk|gsk|xai|hf|ghp|key)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\bAKIA\w{8,}"),
    re.compile(r"(?<=//)[^/@\s]+@"),
    re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]+)*"),  # a JSON web token
    re.compile(r"(?i)(?<=[?&](?:key|sig)=)[^&\s]+"),
)


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
        self.first, self.longest, self._clock = first, longest, clock
        self._lock = threading.Lock()
        self.failed: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def fail(self, candidate: str, retry_after: float | None = None) -> None:
        """Begin a cooldown, or lengthen the one that runs."""
        with self._lock:
            now, until = self._clock(), self._until.get(candidate, 0.0)
            if now >= until:
                self.failed[candidate] = self.failed.get(candidate, 0) + 1
                doublings = min(self.failed[candidate] - 1, 30)
                until = now + min(self.first * 2**doublings, self.longest)
            self._until[candidate] = max(until, now + (retry_after or 0.0))

    def clear(self, candidate: str) -> None:
        """End a candidate's cooldown and forget its failures."""
        with self._lock:
            self._until.pop(candidate, None)
            self.failed.pop(candidate, None)

    def remaining(self, candidate: str) -> float:
        """Return the seconds until a candidate has cooled down; 0 where it has."""
        with self._lock:
            return max(0.0, self._until.get(candidate, 0.0) - self._clock())


def is_transient(error: BaseException) -> bool:
    """Return whether another candidate, or a later attempt, may succeed where this error was raised.

    The outermost error that tells decides: by its status, by what its body calls it, by its class's name;
    then the error that it was explicitly raised from.

    >>> is_transient(TimeoutError()), is_transient(ValueError("temperature must be in [0, 2]"))
    (True, False)
    """
    for link in _chain(error):
        if not isinstance(link, Exception):
            return False
        code = status(link)
        if code is not None:
            return code in TRANSIENT_STATUSES or code >= 500
        if _kind(link) in TRANSIENT_KINDS or not TRANSIENT_NAMES.isdisjoint(_names(link)):
            return True
    return False


def is_timeout(error: BaseException) -> bool:
    """Return whether the error says that an answer took too long."""
    return any("Timeout" in name for link in _chain(error) for name in _names(link))


def status(error: BaseException) -> int | None:
    """Return the HTTP status of an error, from 400 up, or None where it carries none."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # botocore
        response = response.get("ResponseMetadata", {})
        places = [response.get("HTTPStatusCode") if isinstance(response, Mapping) else None]
    else:
        names = ("status_code", "http_status", "status", "code")
        places = [getattr(error, name, None) for name in names] + [getattr(response, "status_code", None)]
    return next((place for place in places if isinstance(place, int) and 400 <= place < 600), None)


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that the provider asks to wait, at most an hour, or None where it asks nothing."""
    for link in _chain(error):
        headers = getattr(getattr(link, "response", None), "headers", None) or {}
        waits = (
            _seconds(headers.get("retry-after-ms"), 1e-3),
            _seconds(headers.get("retry-after")) or _until(headers.get("retry-after")),
            _seconds(getattr(link, "retry_after", None)),
        )
        for wait in waits:
            if wait is not None:
                return min(max(wait, 0.0), LONGEST_WAIT)
    return None


def failure_of(candidate: str, error: Exception) -> Failure:
    """Return what a decision keeps of an error: its type and its first line, without secrets."""
    return Failure(
        candidate=candidate,
        error=type(error).__name__,
        status=status(error),
        message=_without_secrets(str(error)),
        transient=is_transient(error),
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was explicitly raised from."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        yield link
        seen.add(id(link))
        link = link.__cause__


def _names(error: BaseException) -> set[str]:
    return {base.__name__ for base in type(error).__mro__}


def _kind(error: BaseException) -> str | None:
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    return kind if isinstance(kind, str) else None


def _seconds(value: Any, unit: float = 1.0) -> float | None:
    try:
        return None if value is None else float(value) * unit
    except (TypeError, ValueError):
        return None


def _until(value: Any) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() - time.time() if isinstance(value, str) else None
    except ValueError:
        return None


def _without_secrets(message: str) -> str:
    line = (message.strip().splitlines() or [""])[0]
    for secret in SECRETS:
        line = secret.sub("[removed]", line)
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
