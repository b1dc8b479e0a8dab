"""What is measured of a text besides its embedding: 15 surface features, and two scores by its words.

The surface features are its length, shares of digits, signs and capitals, and the like. The scores are sums of fitted
numbers of its words:

    score = clip(sum of the words' numbers / sqrt(number of words))                                        (2,)

The first score is the ease, in logits of the answer's quality; the second is the manner, the log-odds that the text is
an ordinary request, against a benchmark's query. The mean of token vectors represents the topic of a text well and its
task badly: "prove" moves it less than another topic does. So requests on one topic, from trivial to hard, look alike to
a linear head, and so do a school book's problem and a person's question on the same numbers. The numbers were fitted
jointly with linear heads: the ease on requests of stated difficulty, the manner on these beside training queries
(`benchmarks/word_scores.py`). Words in fewer than three of the requests count 0.

Counts and sums add up over words. So those of a line of ASCII are the sums of its words' (`measure_word`, which
`StaticEncoder` caches), and `measure_line` gives the same as `measure_text` in a fraction of the time.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.numeric import Floats
from crossroute.patterns import lazy, letters_of
from crossroute.query import count_plain_pieces
from crossroute.reading.normalization import is_printed

Counts = Sequence[float]

FILE = Path(__file__).parents[1] / "weights" / "word_scores.json"
"""The fitted numbers of each word, and of beginnings and ends of words."""

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

UNSPACED_SCRIPTS = lazy(f"[{UNSPACED}]")

COUNTED_WORD = lazy(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
"""A word to count, or up to three letters of a script without spaces; for ASCII, `letters_of`."""

SCORED_WORD = lazy(rf"[{UNSPACED}\uac00-\ud7af]|[^\W\d_]+|\d+")
"""A letter of a script without spaces between words or with many endings (Korean), a word, or a number. Signs are left
out: they are a matter of style."""

BEGINNING, END = 5, 3
"""Letters of the beginning of a longer word, and of the end of a word that is longer by more than two. They have
numbers of their own, since in many languages one word has dozens of forms."""

LONGEST_NUMBER = 6
"""Digits above which all numbers are scored alike."""

EASE, PEOPLE = range(2)
"""Columns of the scores."""

SCORES = 2
LEAST_SCORES, MOST_SCORES = (-3.0, -5.0), (3.0, 5.0)
"""Bounds of each score: the 1 % and 99 % quantiles of the ease over the requests of stated difficulty; nearly all of
them are within those of the manner."""

CHOICE = lazy(r"\n\s*\(?(?:[A-Ja-j]|[1-9])[).:](?=\s)")
LONGEST_CHOICE = 3
BLANK_LINE = lazy(r"\n\s*\n")
NUMBER = lazy(r"\d+(?:[.,]\d+)*")

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
DIGITS = string.digits.encode()

KINDS = (str.isdigit, CODE.__contains__, OPERATORS.__contains__, str.isupper)
"""Kinds of characters that are counted: digits, brackets and quotes, operators, capitals."""

PLAIN = bytes(filter(lambda code: not any(kind(chr(code)) for kind in KINDS), range(128)))
"""ASCII characters of no kind."""

ASCII_KINDS = tuple(bytes(filter(lambda code: kind(chr(code)), range(128))) for kind in KINDS)
"""ASCII characters of each kind."""

NO_KINDS = (0,) * len(KINDS)

COUNTS, SUMS = 8, SCORES + 1
"""Length of what `count_surface` and `sum_words` return."""

MEASURES = 2 + COUNTS + SUMS
"""Length of what `measure_word` returns."""

LOWEST = np.zeros(15, dtype=np.float32)
LOWEST[3] = 1.5  # letters per word
CAPITALS = 8
"""Index of the share of capitals."""

HIGHEST = np.array(
    [
        np.log(4000),  # tokens
        np.log(1000),  # characters, the length of a view
        np.log1p(250),  # words
        9.0,  # letters per word
        0.3,  # share of digits
        np.log1p(80),  # numbers
        0.2,  # share of brackets and quotes
        0.15,  # share of operators
        0.3,  # share of capitals
        0.3,  # share of characters beyond ASCII
        np.log1p(60),  # lines
        np.log1p(20),  # paragraphs
        np.log1p(4),  # question marks
        np.log1p(10),  # choices
        1.0,  # share of distinct words
    ],
    dtype=np.float32,
)
"""Upper bounds of the surface features: 99.9 % quantiles in the training data."""


def measure_text(text: str, tokens: int) -> tuple[Counts, Counts]:
    """Return the surface features of any text, before `bound_features`, and its `sum_words`.

    Args:
        text: The text.
        tokens: Length of the question that it is a view of, after normalization.
    """
    words = letters_of(text) if text.isascii() else COUNTED_WORD.findall(text)
    lines = text.count("\n")
    features = _make_row(
        len(text),
        tokens,
        count_surface(text, words),
        different=len({word.lower() for word in words}),
        beyond=len(text) - len(text.encode("ascii", "ignore")),
        lines=lines,
        paragraphs=len(BLANK_LINE.findall(text)) if lines else 0,
        choices=len(CHOICE.findall(f"\n{text}")),  # a choice begins a line
    )
    return features, sum_words(text)


def measure_line(line: str, tokens: int, sums: Counts) -> tuple[Counts, Counts]:
    """Return the same for a line of ASCII without white space at its ends.

    Args:
        line: The text.
        tokens: Its length after normalization.
        sums: Sums of its words' `measure_word`, without the first number.
    """
    choices = line.find(" ") <= LONGEST_CHOICE and CHOICE.match(f"\n{line[: LONGEST_CHOICE + 1]}") is not None
    counts, different = sums[1:-SUMS], len(set(letters_of(line)))
    return _make_row(len(line), tokens, counts, different=different, choices=choices), sums[-SUMS:]


def measure_word(word: str) -> Counts:
    """Return what adds up over the words of a line of ASCII.

    These are whether no such line contains the word as it stands, its tokens, its `count_surface` and its `sum_words`.
    """
    sums = sum_words(word)
    if not word.isascii():
        return True, *(0,) * (1 + COUNTS), *sums
    pieces = count_plain_pieces(word)
    return not pieces, pieces, *count_surface(word, letters_of(word)), *sums


def bound_features(rows: Sequence[Counts]) -> Embeddings:
    """Clip rows of surface features to the range of the training data, shape (n, 15)."""
    features = np.array(rows, dtype=np.float32)
    return np.minimum(np.maximum(features, LOWEST, out=features), HIGHEST, out=features)


def compute_scores(sums: Sequence[Counts]) -> Floats:
    """Return the scores of texts, shape (n, 2), within `LEAST_SCORES` and `MOST_SCORES`.

    Args:
        sums: What `sum_words` returns for each of the n texts.
    """
    scores = []
    for *totals, words in sums:  # faster than arrays for few texts
        root = math.sqrt(words) or 1.0
        bounded = zip(totals, LEAST_SCORES, MOST_SCORES, strict=True)
        scores.append([min(max(total / root, least), most) for total, least, most in bounded])
    return np.array(scores).reshape(-1, SCORES)


def is_of_words(text: str) -> bool:
    """Return whether a text is printable apart from newlines, and in scripts with spaces between words."""
    if text.isascii():
        return is_printed(text)
    return text.replace("\n", " ").isprintable() and not UNSPACED_SCRIPTS.search(text)


def _make_row(
    length: int,
    tokens: int,
    counts: Counts,
    *,
    different: int,
    beyond: int = 0,
    lines: int = 0,
    paragraphs: int = 0,
    choices: int = 0,
) -> Counts:
    words, letters, digits, numbers, code, operators, capitals, questions = counts
    length, least_one = max(1, length), max(1, words)
    return (
        math.log(tokens),
        math.log(length),
        math.log1p(words),
        letters / least_one,
        digits / length,
        math.log1p(numbers),
        code / length,
        operators / length,
        capitals / length,
        beyond / length,
        math.log1p(lines),
        math.log1p(paragraphs),
        math.log1p(questions),
        math.log1p(choices),
        different / least_one,
    )


def count_surface(text: str, words: Sequence[str] | Sequence[bytes]) -> Counts:
    """Count the words of a text, letters in them, digits, numbers, code, operators, capitals and question marks.

    Args:
        text: The text.
        words: Its words.
    """
    digits, code, operators, capitals = _count_kinds(text.encode("ascii", "ignore"))
    if not text.isascii():
        foreign = [character for character in {*text} if not character.isascii()]
        digits += sum(map(text.count, filter(str.isdigit, foreign)))
        capitals += sum(map(text.count, filter(str.isupper, foreign)))
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


def _count_kinds(plain: bytes) -> tuple[int, ...]:
    """Return the number of ASCII characters of each kind."""
    rest = plain.translate(None, PLAIN)
    return tuple(len(rest) - len(rest.translate(None, kind)) for kind in ASCII_KINDS) if rest else NO_KINDS


@lru_cache(maxsize=1)
def load_numbers() -> dict[str, list[float]]:
    """Return the fitted numbers, by word, beginning or end, as `list_pieces` writes them."""
    return json.loads(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def sum_words(text: str) -> list[float]:
    """Return the sums of a text's numbers, and its count of words. All add up over parts separated by white space."""
    words = split_words(text)
    return [*sum_pieces(words, load_numbers()), len(words)]


def sum_pieces(words: Sequence[str], known: Mapping[str, Sequence[float]]) -> list[float]:
    """Return the sums of the numbers of words and of their beginnings and ends."""
    numbers = [*filter(None, map(known.get, list_pieces(words)))]
    return [*map(sum, zip(*numbers, strict=True))] if numbers else [0.0] * SCORES


def split_words(text: str) -> list[str]:
    """Return the words to score in lower case; a number becomes its count of digits.

    >>> split_words("Is 7919 prime?")
    ['is', '#4', 'prime']
    """
    if text.isascii() and len(plain := text.encode()) == len(plain.translate(None, DIGITS)):
        return list(map(bytes.decode, letters_of(text)))  # faster than the pattern
    return [
        f"#{min(len(word), LONGEST_NUMBER)}" if word.isdigit() else word
        for word in SCORED_WORD.findall(text.lower())
    ]


def list_pieces(words: Sequence[str]) -> list[str]:
    """Return words, and the beginnings and ends of the longer ones.

    >>> list_pieces(["is", "provable", "#4"])
    ['is', 'provable', '#4', 'prova-', '-ble']
    """
    beginnings = [f"{word[:BEGINNING]}-" for word in words if len(word) > BEGINNING]
    ends = [f"-{word[-END:]}" for word in words if len(word) > END + 2]
    return [*words, *beginnings, *ends]
