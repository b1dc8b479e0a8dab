"""Regular expressions that are compiled when they are first used: some take milliseconds, and most texts need few.

Moments as other programs spell them are read by one, and words of ASCII sooner without any.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

OTHER_BLANKS = (
    "\t\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004"
    "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space beside the blank and the end of a line."""

SMALL_LETTERS = bytes(
    ord(c.lower()) if (c := chr(code)).isalpha() and code < 128 else 32 for code in range(256)
)
"""Byte of ASCII -> the small letter, or a blank where it is none."""

if TYPE_CHECKING:
    lazy = re.compile
else:

    class lazy:  # noqa: N801 - a function to its callers
        """What `re.compile` returns, compiled at the first use; arguments as there."""

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self._arguments = pattern, flags

        def __getattr__(self, name: str) -> object:
            found = getattr(re.compile(*self._arguments), name)
            setattr(self, name, found)
            return found


class AnyCase:
    """A pattern in small letters that ignores capitals; a text of ASCII it reads in small letters, four times as fast.

    A match in such a text holds small letters: ask where it is, and not what it says.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._any, self._small = lazy(pattern, flags | re.IGNORECASE), lazy(pattern, flags)

    def reading(self, text: str) -> tuple[re.Pattern[str], str]:
        """Return a pattern, and the text in which it finds what this one would find: all places are the same."""
        return (self._small, text.lower()) if text.isascii() else (self._any, text)

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match at the beginning."""
        pattern, told = self.reading(text)
        return pattern.match(told)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Return the match of the whole text."""
        pattern, told = self.reading(text)
        return pattern.fullmatch(told)

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the first match."""
        pattern, told = self.reading(text)
        return pattern.search(told, start)


def letters_of(text: str) -> list[bytes]:
    """Return the words of a text of ASCII, in small letters: as by `[a-z]+`, and faster.

    >>> letters_of("It's 7 a.m.")
    [b'it', b's', b'a', b'm']
    """
    return text.encode().translate(SMALL_LETTERS).split()


FRACTION = lazy(r"\.(\d+)")
"""Of a second."""


def parse_moment(told: str) -> datetime:
    """Read a moment as ISO 8601 spells it; Python 3.10 takes no "Z", and fractions of three or six digits alone.

    Raises:
        ValueError: It is none.

    >>> parse_moment("2026-11-01T10:00:02.5Z").isoformat()
    '2026-11-01T10:00:02.500000+00:00'
    """
    return datetime.fromisoformat(FRACTION.sub(_to_microseconds, told.replace("Z", "+00:00")))


def _to_microseconds(fraction: re.Match[str]) -> str:
    return f".{fraction[1][:6]:0<6}"
