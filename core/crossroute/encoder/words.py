"""Rows of numbers by word, remembered: what is added up over a text's words is worked out once a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt

from crossroute.locks import Lock

KNOWN_WORDS = 16_384
"""Words that are remembered; when there are more, all are forgotten."""

Rows = npt.NDArray[np.float32]


class WordRows:
    """Rows of numbers by word; safe to share between threads.

    Args:
        width: Numbers a word.
        measure: Words -> their rows, shape (w, width).
    """

    def __init__(self, width: int, measure: Callable[[list[str]], Rows]) -> None:
        self._width, self._most, self._measure = width, KNOWN_WORDS, measure
        self._ones = np.ones(self._most, dtype=np.float32)
        self._known = _Known(width, self._most)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known.places)

    def sums(self, texts: Sequence[Sequence[str]]) -> Rows:
        """Return the sum of the rows of each text's words, shape (n, width); each text has some.

        >>> WordRows(2, lambda words: np.array([[len(w), 1] for w in words], dtype=np.float32)).sums([["a", "bcd"]])
        array([[4., 2.]], dtype=float32)
        """
        words = texts[0] if len(texts) == 1 else [*chain.from_iterable(texts)]
        known = self._known
        try:
            places = np.fromiter(map(known.places.__getitem__, words), np.intp, len(words))
        except KeyError:
            known = self._learn(words)
            places = np.fromiter(map(known.places.__getitem__, words), np.intp, len(words))
        rows = known.rows.take(places, axis=0)
        if len(texts) == 1 and len(words) <= self._most:  # a product is quicker
            return np.asarray(self._ones[None, : len(words)] @ rows)
        starts = [0, *accumulate(map(len, texts))][:-1]
        return np.asarray(np.add.reduceat(rows, starts, axis=0))

    def _learn(self, words: Sequence[str]) -> _Known:
        """Return what holds all of these words."""
        with self._lock:
            known, different = self._known, [*dict.fromkeys(words)]
            missing = [word for word in different if word not in known.places]
            if len(known.places) + len(missing) > self._most:
                known, missing = _Known(self._width, max(self._most, len(different))), different
                if len(different) <= self._most:
                    self._known = known
            if missing:  # else another thread has learned them meanwhile
                known.add(missing, self._measure(missing))
        return known


class _Known:
    """Words, and the place of each among the rows; what a place holds never changes, so that readers need no lock."""

    def __init__(self, width: int, size: int) -> None:
        self.places: dict[str, int] = {}
        self.rows = np.empty((size, width), dtype=np.float32)  # takes memory as it is filled

    def add(self, words: list[str], rows: Rows) -> None:
        """Hold further words: their rows first, so that no place is known before it is filled."""
        start = len(self.places)
        self.rows[start : start + len(words)] = rows
        self.places.update(zip(words, range(start, start + len(words)), strict=True))

    def __reduce__(self) -> tuple[type[_Known], tuple[int, int]]:
        """Copy and pickle what is remembered empty."""
        return _Known, (self.rows.shape[1], len(self.rows))
