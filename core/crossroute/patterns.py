"""Regular expressions that are compiled when they are first used: some take milliseconds, and most texts need few."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
