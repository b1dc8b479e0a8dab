"""The ease of a text by its words: one fitted number per word.

    ease = clip(sum of the words' numbers / sqrt(number of words))           in logits of the answer's quality

The mean of token vectors represents the topic of a text well and its task badly: "prove" moves it less than another
topic does. So requests on one topic, from trivial to hard, look alike to a linear head. The numbers were fitted jointly
with such a head, on requests of stated difficulty (`benchmarks/word_ease.py`). The beginning and the end of a longer
word have numbers too, since in many languages one word has dozens of forms. Words in fewer than three of the requests
count 0.
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
"""Number of each word, beginning and end."""

WORD = lazy(rf"[{UNSPACED}\uac00-\ud7af]|[^\W\d_]+|\d+")
"""A letter of a script without spaces between words or with many endings (Korean), a word, or a number. Signs are left
out: they are a matter of style."""

BEGINNING, END = 5, 3
"""Letters of the beginning of a longer word, and of the end of a word that is longer by more than two."""

SUMS = 2
"""Length of what `sum_words` returns."""

DIGITS = string.digits.encode()

LONGEST_NUMBER = 6
"""Digits above which all numbers count alike."""

LOWEST, HIGHEST = -3.0, 3.0
"""Bounds of the ease: its 1 % and 99 % quantiles over the requests of stated difficulty."""


@lru_cache(maxsize=1)
def numbers() -> dict[str, float]:
    """Return the numbers, by word, beginning or end, as `pieces_of` writes them."""
    return json.loads(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; a number becomes its count of digits.

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
    """Return words, and the beginnings and ends of the longer ones.

    >>> pieces_of(["is", "provable", "#4"])
    ['is', 'provable', '#4', 'prova-', '-ble']
    """
    beginnings = [f"{word[:BEGINNING]}-" for word in words if len(word) > BEGINNING]
    ends = [f"-{word[-END:]}" for word in words if len(word) > END + 2]
    return [*words, *beginnings, *ends]


def sum_pieces(words: Sequence[str], known: Mapping[str, float]) -> float:
    """Return the sum of the numbers of words and of their beginnings and ends."""
    return sum(filter(None, map(known.get, pieces_of(words))))


def sum_words(text: str) -> tuple[float, int]:
    """Return the sum of a text's numbers and its count of words. Both add up over parts separated by white space."""
    words = words_of(text)
    return sum_pieces(words, numbers()), len(words)


def ease_of_sums(sums: Sequence[Sequence[float]]) -> Floats:
    """Return the ease of texts, shape (n,), within `LOWEST` and `HIGHEST`.

    Args:
        sums: What `sum_words` returns for each of the n texts.
    """
    eases = [total / math.sqrt(count) if count else 0.0 for total, count in sums]
    return np.array(
        [min(max(ease, LOWEST), HIGHEST) for ease in eases]
    )  # faster than `np.clip` for few texts
