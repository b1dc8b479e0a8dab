"""Waits: the seconds that a provider asks for before the next call, wherever it states them.

| where | sent by |
|---|---|
| `retry-after`, `retry-after-ms` | most |
| `x-ratelimit-reset-tokens: 6m0s` and the like | OpenAI, Groq, OpenRouter |
| `anthropic-ratelimit-tokens-reset: 2026-11-29T12:00:00Z` | Anthropic |
| `ratelimit-reset: 30` | gateways, by the draft of the IETF |
| `retryDelay: "37s"`, `retry_after: 4` in the body | Google, gateways |
| `metadata.headers` in the body | OpenRouter |
| "Please try again in 1.2s.", "Please wait 1 min 5 s", "resets in 45 seconds" in the message | OpenAI, Groq, Azure |

Source: the providers' references on rate limits, as of November 2026.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from itertools import chain as joined
from typing import Any

from crossroute.calls.blame import TELLING_LENGTH, chain, status, to_json
from crossroute.calls.counting import get_field
from crossroute.calls.faults import get_attribute, message_of
from crossroute.patterns import parse_moment

LONGEST_WAIT = 3600.0
"""Seconds that are heeded at most."""

RESET = re.compile(
    r"(?:(?:x|anthropic)-)?rate-?limit-(?:reset(?:-(?!after)([\w-]+))?|([\w-]+)-reset|reset-after)$",
    re.IGNORECASE,
)
REMAINING = ("x-ratelimit-remaining-{}", "anthropic-ratelimit-{}-remaining", "ratelimit-remaining-{}")
STATUS = "anthropic-ratelimit-{}-status"
ALLOWED = frozenset({"allowed", "allowed_warning"})
"""States of a limit that is not used up."""
IN_ONE = re.compile(r"\b(?:r|remaining)=0\b.*\b(?:t|reset)=(\d+)")
"""How the later drafts of the IETF state a limit that is used up in one header, `ratelimit`."""
IN_MS = ("retry-after-ms", "x-ms-retry-after-ms")
LONG = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in ("d", "h", "m(?!s)", "s", "ms")) + "$")
CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)")
UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 1e-3)
WORDS = re.compile(r" ?(?<=[\d ])(d|h|m|s)(?:ays?|ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)\b")
"""Units that are written out."""
AND = re.compile(r",? and |, ")
ISO = re.compile("^p(.*)t")
"""The letters of ISO 8601 around the days of a length."""
DELAY = re.compile(
    r'["\'](?:retry[_-]?(?:delay|after(?:_?seconds|_s)?|in)|estimated_time)(_?ms)?["\']: '
    r'(?:\{["\']seconds["\']: )?["\']?(\d+(?:\.\d+)?s?)',
    re.IGNORECASE,
)
NUMBER, UNIT = r"\d[\d.]*", r" ?(?:m?s|(?:second|sec|minute|min|hour|hr|day)s?|[dhm])(?![a-z])"
DATE = r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[-+]\d\d:\d\d)?"
ASKED = re.compile(
    r"(?:(?:try again|retry|available(?: again)?)(?: your request)? (?:in|after|at(?= \d{4}-))"
    r"|\bresets?(?: again)? in|retry-after:|\bwait(?: for)?) (?:about |approximately )?"
    rf"({DATE}|\d\d:\d\d:\d\d|{NUMBER}(?:{UNIT})?(?:(?:,? and |,? ?){NUMBER}{UNIT})*)",
    re.IGNORECASE,
)
BUSY = frozenset((429, 503, 529))
"""Statuses of an overload, in the words of which a wait is looked for."""
EPOCH_S = 1.5e9
"""A number from here up is a date in seconds; a thousand times that, in milliseconds."""


def read_wait(error: BaseException) -> float | None:
    """Return the seconds that the provider asks to wait, at most an hour, or None where it asks nothing."""
    for link in chain(error):
        wait = next((wait for wait in _find_waits(link) if wait is not None), None)
        if wait is not None:
            return min(max(wait, 0.0), LONGEST_WAIT)
    return None


def parse_seconds(told: Any) -> float | None:
    """Return a wait in seconds, as headers and bodies spell it: a number, a length, or a date.

    >>> [parse_seconds(told) for told in ("7", "6m0s", "20ms", "1h2m", "soon")]
    [7.0, 360.0, 0.02, 3720.0, None]
    """
    text = str(told).strip().strip('"')
    text = re.split("[,;]", text, maxsplit=1)[0] if text[:1].isdigit() else text  # of two headers the first
    if clock := CLOCK.fullmatch(text):
        return 3_600.0 * int(clock[1]) + 60.0 * int(clock[2]) + float(clock[3])
    with suppress(ValueError):
        number = float(text)
        return None if not math.isfinite(number) else _seconds_until(number) if number >= EPOCH_S else number
    length = LONG.match(ISO.sub(r"\1", WORDS.sub(r"\1", text.lower()).replace(" ", "")))
    if length and any(length.groups()):
        return sum(float(part) * unit for part, unit in zip(length.groups(), UNITS, strict=True) if part)
    for read in (parsedate_to_datetime, parse_moment):
        with suppress(ValueError):
            return read(text).timestamp() - time.time()
    return None


def _find_waits(error: BaseException) -> Iterator[float | None]:
    """Yield what each place of an error asks for, the most explicit first."""
    headers = _headers(error)
    for name in IN_MS:
        in_ms = parse_seconds(headers.get(name))
        yield None if in_ms is None else in_ms / 1_000
    yield parse_seconds(headers.get("retry-after"))
    yield parse_seconds(headers.get("x-retry-after"))
    yield parse_seconds(get_attribute(error, "retry_after"))
    body = to_json([get_attribute(error, name) for name in ("details", "body")])
    delay = DELAY.search(body) or DELAY.search(message_of(error)[:TELLING_LENGTH])
    yield parse_seconds(f"{delay[2]}ms" if delay[1] else delay[2]) if delay else None
    if status(error) in BUSY:
        yield _parse_message(message_of(error))
    if status(error) == 429:
        yield max(_find_resets(headers), default=None)


def _headers(error: BaseException) -> dict[str, str]:
    response = get_attribute(error, "response")
    if isinstance(response, Mapping):  # botocore
        response = response.get("ResponseMetadata", {})
        headers = response.get("HTTPHeaders") if isinstance(response, Mapping) else None
    else:
        headers = getattr(response, "headers", None) or get_attribute(error, "headers")
    within = get_field(get_field(get_attribute(error, "body"), "metadata"), "headers")
    told = (one.items() for one in (within, headers) if one is not None and hasattr(one, "items"))
    return {str(name).lower(): value for name, value in joined(*told)}


def _find_resets(headers: Mapping[str, str]) -> Iterator[float]:
    """Yield the seconds until each limit that is used up is lifted; one whose rest is not told counts as such."""
    if used_up := IN_ONE.search(str(headers.get("ratelimit")).replace(" ", "")):
        yield float(used_up[1])
    for header, told in headers.items():
        found = RESET.match(header)
        wait = parse_seconds(told) if found else None
        if found and wait is not None:
            of = found[1] or found[2] or ""
            left = [headers.get(name.format(of).rstrip("-")) for name in REMAINING]
            if all(one in (None, "0") for one in left) and headers.get(STATUS.format(of)) not in ALLOWED:
                yield wait


def _parse_message(message: str) -> float | None:
    asked = ASKED.search(message)
    if not asked:
        return None
    told = AND.sub(" ", asked[1].rstrip("."))
    return parse_seconds(told if ":" in told or told[-1].isalpha() else f"{told}s")


def _seconds_until(date: float) -> float:
    return (date / 1_000 if date >= 1_000 * EPOCH_S else date) - time.time()
