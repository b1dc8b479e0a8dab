"""Surface features of a text: its length, shares of digits, signs and capitals, and the like.

Counts of a line are the sums of its words' counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.patterns import lazy, letters_of
from crossroute.query import plain_pieces
from crossroute.reading.normalization import is_printed

Counts = Sequence[float]

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

UNSPACED_SCRIPTS = lazy(f"[{UNSPACED}]")

WORD = lazy(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
CHOICE = lazy(r"\n\s*\(?(?:[A-Ja-j]|[1-9])[).:](?=\s)")
LONGEST_CHOICE = 3
BLANK_LINE = lazy(r"\n\s*\n")

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
NUMBER = lazy(r"\d+(?:[.,]\d+)*")

KINDS = (str.isdigit, CODE.__contains__, OPERATORS.__contains__, str.isupper)
"""Kinds of characters that are count_ascii: digits, brackets and quotes, operators, capitals."""

PLAIN = bytes(filter(lambda code: not any(kind(chr(code)) for kind in KINDS), range(128)))
"""ASCII characters of no kind."""

ASCII_KINDS = tuple(bytes(filter(lambda code: kind(chr(code)), range(128))) for kind in KINDS)
"""ASCII characters of each kind."""

NO_KINDS = (0,) * len(KINDS)

COUNTS = 10
"""Numbers in `word_counts`: whether the word may have another reading, its tokens, then `count_ascii`."""

OF_NO_LINE: Counts = (True, *(0,) * (COUNTS - 1))
"""Counts of a word that no line of plain ASCII contains."""

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
"""Upper bounds of the features: 99.9 % quantiles in the training data."""


def within_bounds(rows: Sequence[Counts]) -> Embeddings:
    """Clip rows of features to the range of the training data, shape (n, s)."""
    features = np.array(rows, dtype=np.float32)
    return np.minimum(np.maximum(features, LOWEST, out=features), HIGHEST, out=features)


def line_features(line: str, tokens: int, counts: Counts) -> Counts:
    """Return the features of a line of ASCII without white space at its ends.

    Args:
        line: The text.
        tokens: Its length after normalization.
        counts: Sum of its words' `word_counts`, without the first two numbers.
    """
    choices = line.find(" ") <= LONGEST_CHOICE and CHOICE.match(f"\n{line[: LONGEST_CHOICE + 1]}") is not None
    return _make_row(len(line), tokens, counts, different=len(set(letters_of(line))), choices=choices)


def text_features(text: str, tokens: int) -> Counts:
    """Return the features of any text.

    Args:
        text: The text.
        tokens: Its length after normalization.
    """
    if text.isascii():
        plain, beyond = letters_of(text), 0
        counts, different = count_ascii(text, plain), len(set(plain))
    else:
        words, beyond = WORD.findall(text), len(text) - len(text.encode("ascii", "ignore"))
        counts, different = count_any(text, words), len(set(map(str.lower, words)))
    lines = text.count("\n")
    return _make_row(
        len(text),
        tokens,
        counts,
        different=different,
        beyond=beyond,
        lines=lines,
        paragraphs=len(BLANK_LINE.findall(text)) if lines else 0,
        choices=len(CHOICE.findall(f"\n{text}")),  # a choice begins a line
    )


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
    length, count = max(1, length), max(1, words)
    return (
        math.log(tokens),
        math.log(length),
        math.log1p(words),
        letters / count,
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
        different / count,
    )


def count_ascii(text: str, words: Sequence[bytes]) -> Counts:
    """Return counts of an ASCII text: words, letters, digits, numbers, code, operators, capitals, question marks."""
    digits, code, operators, capitals = _count_kinds(text.encode())
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


def count_any(text: str, words: Sequence[str]) -> Counts:
    """Return the same counts for any text."""
    digits, code, operators, capitals = _count_kinds(text.encode("ascii", "ignore"))
    foreign = [character for character in {*text} if not character.isascii()]
    digits += sum(map(text.count, filter(str.isdigit, foreign)))
    capitals += sum(map(text.count, filter(str.isupper, foreign)))
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


def is_of_words(text: str) -> bool:
    """Return whether a text is printable apart from newlines, and in scripts with spaces between words."""
    if text.isascii():
        return is_printed(text)
    return text.replace("\n", " ").isprintable() and not UNSPACED_SCRIPTS.search(text)


def word_counts(word: str) -> Counts:
    """Return the counts of a word of a line of ASCII; see `COUNTS`."""
    if not word.isascii():
        return OF_NO_LINE
    pieces = plain_pieces(word)
    return not pieces, pieces, *count_ascii(word, letters_of(word))


def _count_kinds(plain: bytes) -> tuple[int, ...]:
    """Return the number of ASCII characters of each kind."""
    rest = plain.translate(None, PLAIN)
    return tuple(len(rest) - len(rest.translate(None, kind)) for kind in ASCII_KINDS) if rest else NO_KINDS
