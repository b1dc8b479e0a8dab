"""How easy a text's words make it, beside what its vector tells: one number a word.

    ease = bounded(sum over its words of w / sqrt(number of words))          in logits of the answer's quality

The mean of token vectors tells what a text is about, and little of what is to be done about it: "prove" moves it less
than another topic does. So requests on one topic, from trivial to hard, look alike to what is linear in it. The numbers
were fitted beside such a reading on requests of stated difficulty (`benchmarks/word_ease.py`). A longer word counts by
its beginning and its end, too, since in many languages one word has dozens of forms. What fewer than three of the
requests hold counts 0.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from crossroute.encoder.surface import UNSPACED
from crossroute.numeric import Floats
from crossroute.patterns import lazy, letters_of

FILE = Path(__file__).parents[1] / "weights" / "word_ease.json"
"""What each word, beginning and end counts."""

WORD = lazy(rf"[{UNSPACED}\uac00-\ud7af]|[^\W\d_]+|\d+")
"""A letter of a script whose words are not set apart or take many endings, a word, a number. Signs tell how one writes,
not what is asked."""

BEGINNING, END = 5, 3
"""Letters of a longer word's beginning, and of the end of one that is longer by more than two."""

SUMS = 2
"""Numbers that `sum_words` returns."""

DIGITS = string.digits.encode()

LONGEST_NUMBER = 6
"""Digits of a number beyond which all count alike."""

LOWEST, HIGHEST = -3.0, 3.0
"""What one in a hundred requests of stated difficulty reaches: no text reaches further."""


@lru_cache(maxsize=1)
def numbers() -> dict[str, float]:
    """Return what each word counts, by the word, and beginnings and ends, as `pieces_of` writes them."""
    return json.loads(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters, with numbers by how many digits they have.

    >>> words_of("Is 7919 prime?")
    ['is', '#4', 'prime']
    """
    if text.isascii() and len(plain := text.encode()) == len(plain.translate(None, DIGITS)):
        return list(map(bytes.decode, letters_of(text)))  # faster than the pattern
    return [
        f"#{min(len(word), LONGEST_NUMBER)}" if word.isdigit() else word
        for word in WORD.findall(text.lower())
    ]


def pieces_of(words: Sequence[str]) -> list[str]:
    """Return all that counts of some words: themselves, and beginnings and ends of longer ones.

    >>> pieces_of(["is", "provable", "#4"])
    ['is', 'provable', '#4', 'prova-', '-ble']
    """
    beginnings = [f"{word[:BEGINNING]}-" for word in words if len(word) > BEGINNING]
    ends = [f"-{word[-END:]}" for word in words if len(word) > END + 2]
    return [*words, *beginnings, *ends]


def sum_pieces(words: Sequence[str], known: Mapping[str, float]) -> float:
    """Return the sum of the numbers of some words and of their beginnings and ends."""
    return sum(filter(None, map(known.get, pieces_of(words))))


def sum_words(text: str) -> tuple[float, int]:
    """Return the sum over a text's words, and how many there are; both add up over parts between blanks."""
    words = words_of(text)
    return sum_pieces(words, numbers()), len(words)


def ease_of_sums(sums: Sequence[Sequence[float]]) -> Floats:
    """Return the ease of texts by what `sum_words` returns of each, shape (n,), within `LOWEST` and `HIGHEST`."""
    eases = [total / math.sqrt(count) if count else 0.0 for total, count in sums]
    return np.array([min(max(ease, LOWEST), HIGHEST) for ease in eases])  # quicker than `np.clip` of a few
