"""Shell completion of options: routers, names of models, and fixed words.

`crossroute --install-completion` turns it on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crossroute.effort import SIGN

BUNDLED = ("universal", "routerbench")
GRADES = ("exact", "number", "choice", "contains", "json", "code")
WAYS = ("rubric", "pairwise")
SCALES = ("quality", "thumbs", "stars")
PERIODS = ("day", "month", "total")
MOST = 50
"""Maximum number of completions."""


def complete_router(incomplete: str) -> list[str]:
    """Complete a router: the bundled ones, and folders in the working directory that contain one."""
    folders = (str(path.parent) for path in Path().glob("*/model.safetensors"))
    return [name for name in (*BUNDLED, *sorted(folders)) if name.startswith(incomplete)]


def complete_candidates(incomplete: str) -> list[str]:
    """Complete the last name of a list a,b,c: a name of the catalogue, or after an @ an effort of the model.

    Each completion includes the names before it.
    """
    from crossroute.catalogue import Catalogue

    before, comma, last = incomplete.rpartition(",")
    taken = set(before.split(","))
    known = Catalogue.bundled()
    model, sign, _ = last.partition(SIGN)
    if sign:
        found = [f"{model}{SIGN}{level}" for level in (known[model].levels if model in known else ())]
    else:
        found = sorted(entry.name for entry in known)
    wanted = [name for name in found if name.startswith(last) and name not in taken]
    return [f"{before}{comma}{name}" for name in wanted[:MOST]]


def complete_word(*known: str) -> Callable[[str], list[str]]:
    """Return a function that completes an option with fixed values."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return complete
