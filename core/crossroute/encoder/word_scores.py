"""The ease and the manner of a text by its words: two fitted numbers per word.

    score = clip(sum of the words' numbers / sqrt(number of words))                                        (2,)

The first is the ease, in logits of the answer's quality; the second is the log-odds that the text is an ordinary
request, against a benchmark's query.

The mean of token vectors represents the topic of a text well and its task badly: "prove" moves it less than another
topic does. So requests on one topic, from trivial to hard, look alike to a linear head, and so do a school book's
problem and a person's question on the same numbers. The numbers were fitted jointly with linear heads: the ease on
requests of stated difficulty, the manner on these beside training queries (`benchmarks/word_scores.py`). The beginning
and the end of a longer word have numbers too, since in many languages one word has dozens of forms. Words in fewer than
three of the requests count 0.
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

FILE = Path(__file__).parents[1] / "weights" / "word_scores.json"
"""The numbers of each word, beginning and end."""

WORD = lazy(rf"[{UNSPACED}\uac00-\ud7af]|[^\W\d_]+|\d+")
"""A letter of a script without spaces between words or with many endings (Korean), a word, or a number. Signs are left
out: they are a matter of style."""

BEGINNING, END = 5, 3
"""Letters of the beginning of a longer word, and of the end of a word that is longer by more than two."""

EASE, PEOPLE = range(2)
"""Columns of scores."""

SCORES = 2

SUMS = SCORES + 1
"""Length of what `sum_words` returns."""

DIGITS = string.digits.encode()

LONGEST_NUMBER = 6
"""Digits above which all numbers count alike."""

LOWEST, HIGHEST = (-3.0, -5.0), (3.0, 5.0)
"""Bounds of each score: the 1 % and 99 % quantiles of the ease over the requests of stated difficulty; nearly all of
them are within those of the manner."""


@lru_cache(maxsize=1)
def load_numbers() -> dict[str, list[float]]:
    """Return the numbers, by word, beginning or end, as `list_pieces` writes them."""
    return json.loads(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case; a number becomes its count of digits.

    >>> split_words("Is 7919 prime?")
    ['is', '#4', 'prime']
    """
    if text.isascii() and len(plain := text.encode()) == len(plain.translate(None, DIGITS)):
        return list(map(bytes.decode, letters_of(text)))  # faster than the pattern
    return [
        f"#{min(len(word), LONGEST_NUMBER)}" if word.isdigit() else word
        for word in WORD.findall(text.lower())
    ]


def list_pieces(words: Sequence[str]) -> list[str]:
    """Return words, and the beginnings and ends of the longer ones.

    >>> list_pieces(["is", "provable", "#4"])
    ['is', 'provable', '#4', 'prova-', '-ble']
    """
    beginnings = [f"{word[:BEGINNING]}-" for word in words if len(word) > BEGINNING]
    ends = [f"-{word[-END:]}" for word in words if len(word) > END + 2]
    return [*words, *beginnings, *ends]


def sum_pieces(words: Sequence[str], known: Mapping[str, Sequence[float]]) -> list[float]:
    """Return the sums of the numbers of words and of their beginnings and ends."""
    found = [*filter(None, map(known.get, list_pieces(words)))]
    return [*map(sum, zip(*found, strict=True))] if found else [0.0] * SCORES


def sum_words(text: str) -> list[float]:
    """Return the sums of a text's numbers, and its count of words. All add up over parts separated by white space."""
    words = split_words(text)
    return [*sum_pieces(words, load_numbers()), len(words)]


def compute_scores(sums: Sequence[Sequence[float]]) -> Floats:
    """Return the scores of texts, shape (n, 2), within `LOWEST` and `HIGHEST`.

    Args:
        sums: What `sum_words` returns for each of the n texts.
    """
    scores = []
    for *totals, count in sums:  # faster than arrays for few texts
        root = math.sqrt(count) or 1.0
        bounded = zip(totals, LOWEST, HIGHEST, strict=True)
        scores.append([min(max(total / root, low), high) for total, low, high in bounded])
    return np.array(scores).reshape(-1, SCORES)
