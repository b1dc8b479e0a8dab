"""Regular expressions that are compiled when they are first used: some take milliseconds, and most texts need few.

Moments as other programs spell them are read by one.
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


FRACTION = lazy(r"\.(\d+)")
"""Of a second."""


def moment(told: str) -> datetime:
    """Read a moment as ISO 8601 spells it; Python 3.10 takes no "Z", and fractions of three or six digits alone.

    Raises:
        ValueError: It is none.

    >>> moment("2026-11-01T10:00:02.5Z").isoformat()
    '2026-11-01T10:00:02.500000+00:00'
    """
    return datetime.fromisoformat(FRACTION.sub(_to_microseconds, told.replace("Z", "+00:00")))


def _to_microseconds(fraction: re.Match[str]) -> str:
    return f".{fraction[1][:6]:0<6}"
