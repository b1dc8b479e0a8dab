"""Fit the tokens of letters by script again, on what packages say in other languages: one script at a time.

    python benchmarks/token_rates.py FILE.whl...

Each rate of `crossroute.tokens.SCRIPTS` is fitted by least squares of the relative errors, over the passages in which
it makes a tenth of the characters or more, with all other rates as they are. It is printed beside the rate that is
used, with the error of these passages before and after. Fit on some packages, and look at others with `tokens.py`.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict

import numpy as np
from tokens import load_vocabularies, read_passages

from crossroute.tokens import SCRIPTS, Vocabulary, estimate_tokens

NAMES: tuple[Vocabulary, ...] = ("o200k", "cl100k")
FIRST = [first for first, _, _ in SCRIPTS]
SHARE, FEWEST = 0.1, 10
"""Share of a script in a passage's characters, and passages, at least."""


def main() -> None:
    """Print the rates of scripts, as they are and as they fit."""
    if not sys.argv[1:]:
        sys.exit("Name wheels with translations: pip download --no-deps django wagtail weblate")
    by_script = defaultdict(list)
    for texts in read_passages(sys.argv[1:]).values():
        for text in texts:
            scripts = [bisect_right(FIRST, character) - 1 for character in text]
            for script in set(scripts):
                if scripts.count(script) >= SHARE * len(text):
                    by_script[script].append((text, scripts.count(script)))
    known = load_vocabularies()
    print(f"{'from':8s}{'passages':>9s}" + "".join(f"{name:>9s}  used   fit  off  after" for name in NAMES))
    for script, found in sorted(by_script.items()):
        if not script or len(found) < FEWEST:  # ASCII is counted in pieces
            continue
        line = f"U+{ord(FIRST[script]):04X}  {len(found):9d}"
        for place, name in enumerate(NAMES, start=1):
            counted = np.array([len(known[name].encode(text, disallowed_special=())) for text, _ in found])  # type: ignore[attr-defined]
            off = np.array([estimate_tokens(text, name) for text, _ in found]) / counted - 1
            change = _fit(off, np.array([letters for _, letters in found]) / counted)
            after = off + change * np.array([letters for _, letters in found]) / counted
            used = float(SCRIPTS[script][place])
            line += f"{used:15.2f}{used + change:6.2f}{off.mean():+5.0%}{after.mean():+7.0%}"
        print(line)


def _fit(off: np.ndarray, letters: np.ndarray) -> float:
    """Return by how much a rate must change to leave the least squares.

    >>> _fit(np.array([-0.2, -0.1]), np.array([2.0, 1.0]))
    0.1
    """
    return round(float(-(off @ letters) / (letters @ letters)), 6)


if __name__ == "__main__":
    main()
