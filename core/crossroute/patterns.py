"""Regular expressions compiled at first use, since some take milliseconds and most texts need few of them.

Also fast paths for ASCII, and a parser of ISO 8601.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

OTHER_BLANKS = (
    "\t\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004"
    "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space other than the blank and the newline."""

SMALL_LETTERS = bytes(
    ord(c.lower()) if (c := chr(code)).isalpha() and code < 128 else 32 for code in range(256)
)
"""ASCII byte -> the lower-case letter, or a blank for any other character."""

LETTER_RUN = re.compile(r"[^\W\d_]+")
"""A run of letters of any script."""

if TYPE_CHECKING:
    lazy = re.compile
else:

    class lazy:  # noqa: N801 - a function to its callers
        """A pattern as by `re.compile`, compiled at first use; the arguments are the same."""

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self._arguments = pattern, flags

        def __getattr__(self, name: str) -> object:
            attribute = getattr(re.compile(*self._arguments), name)
            setattr(self, name, attribute)
            return attribute


class AnyCase:
    """A case-insensitive pattern, written in lower case, that is four times as fast on ASCII.

    ASCII is converted to lower case before matching. So use the positions of a match, not its text.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._any, self._small = lazy(pattern, flags | re.IGNORECASE), lazy(pattern, flags)

    def choose(self, text: str) -> tuple[re.Pattern[str], str]:
        """Return the faster pattern and the text for it; positions are those in the original text."""
        return (self._small, text.lower()) if text.isascii() else (self._any, text)

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match at the beginning."""
        pattern, subject = self.choose(text)
        return pattern.match(subject)

    def match_small(self, text: str) -> re.Match[str] | None:
        """Return the match at the beginning of a text of ASCII in lower case."""
        return self._small.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Return the match of the whole text."""
        pattern, subject = self.choose(text)
        return pattern.fullmatch(subject)

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the first match."""
        pattern, subject = self.choose(text)
        return pattern.search(subject, start)


def letters_of(text: str) -> list[bytes]:
    """Return the runs of letters of an ASCII text in lower case, faster than the pattern `[a-z]+`.

    >>> letters_of("It's 7 a.m.")
    [b'it', b's', b'a', b'm']
    """
    return text.encode().translate(SMALL_LETTERS).split()


FRACTION = lazy(r"\.(\d+)")
"""Fraction of a second."""


def parse_moment(text: str) -> datetime:
    """Parse a time in ISO 8601; Python 3.10 supports neither "Z" nor fractions of other than three or six digits.

    Raises:
        ValueError: It is not such a time.

    >>> parse_moment("2026-11-01T10:00:02.5Z").isoformat()
    '2026-11-01T10:00:02.500000+00:00'
    """
    return datetime.fromisoformat(FRACTION.sub(_to_microseconds, text.replace("Z", "+00:00")))


def _to_microseconds(fraction: re.Match[str]) -> str:
    return f".{fraction[1][:6]:0<6}"
