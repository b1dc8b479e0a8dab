"""Surface features of a text: its length, and shares of digits, signs and capitals.

Counts of a line's words add up to those of the line.
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
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
UNSPACED_SCRIPTS = lazy(f"[{UNSPACED}]")

WORD = lazy(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
CHOICE = lazy(r"\n\s*\(?(?:[A-Ja-j]|[1-9])[).:](?=\s)")
LONGEST_CHOICE = 3
BLANK_LINE = lazy(r"\n\s*\n")

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
NUMBER = lazy(r"\d+(?:[.,]\d+)*")

KINDS = (str.isdigit, CODE.__contains__, OPERATORS.__contains__, str.isupper)
"""Characters that are counted: digits, brackets and quotes, operators, capitals."""

PLAIN = bytes(filter(lambda code: not any(kind(chr(code)) for kind in KINDS), range(128)))
"""ASCII of no kind."""

ASCII_KINDS = tuple(bytes(filter(lambda code: kind(chr(code)), range(128))) for kind in KINDS)
"""The same of ASCII."""

NO_KINDS = (0,) * len(KINDS)

COUNTS = 10
"""Of a word: whether it may be read as something else, the pieces that a tokenizer makes of it, then `counted`."""

OF_NO_LINE: Counts = (True, *(0,) * (COUNTS - 1))

LOWEST = np.zeros(15, dtype=np.float32)
LOWEST[3] = 1.5  # no text has shorter words on average
CAPITALS = 8
"""Which feature is the share of capitals."""
HIGHEST = np.array(
    [
        np.log(4000),  # tokens
        np.log(1000),  # characters, as many as a view has
        np.log1p(250),  # words
        9.0,  # letters a word
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
        1.0,  # share of words that differ
    ],
    dtype=np.float32,
)
"""Upper bounds of the features: their 99.9 % quantiles in the training data, beyond which they are clipped."""


def within_bounds(rows: Sequence[Counts]) -> Embeddings:
    """Clip rows of features to the range of the training data, shape (n, s)."""
    features = np.array(rows, dtype=np.float32)
    return np.minimum(np.maximum(features, LOWEST, out=features), HIGHEST, out=features)


def line_features(line: str, tokens: int, counts: Counts) -> Counts:
    """Return the features of a line of ASCII without a blank at its beginning or end.

    Args:
        line: The text.
        tokens: Its length as it is read.
        counts: Those of its words after the first two, added up.
    """
    choices = line.find(" ") <= LONGEST_CHOICE and CHOICE.match(f"\n{line[: LONGEST_CHOICE + 1]}") is not None
    return _row(len(line), tokens, counts, different=len(set(letters_of(line))), choices=choices)


def text_features(text: str, tokens: int) -> Counts:
    """Return the features of any text, of so many tokens."""
    if text.isascii():
        plain, beyond = letters_of(text), 0
        counts, different = counted(text, plain), len(set(plain))
    else:
        words, beyond = WORD.findall(text), len(text) - len(text.encode("ascii", "ignore"))
        counts, different = counted_beyond(text, words), len(set(map(str.lower, words)))
    lines = text.count("\n")
    return _row(
        len(text),
        tokens,
        counts,
        different=different,
        beyond=beyond,
        lines=lines,
        paragraphs=len(BLANK_LINE.findall(text)) if lines else 0,
        choices=len(CHOICE.findall(f"\n{text}")),  # a choice begins a line
    )


def _row(
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


def counted(text: str, words: Sequence[bytes]) -> Counts:
    """Return counts of a text of ASCII: words, letters, digits, numbers, code, operators, capitals, question marks."""
    digits, code, operators, capitals = _kinds(text.encode())
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


def counted_beyond(text: str, words: Sequence[str]) -> Counts:
    """Return the same counts of any text."""
    digits, code, operators, capitals = _kinds(text.encode("ascii", "ignore"))
    foreign = [character for character in {*text} if not character.isascii()]
    digits += sum(map(text.count, filter(str.isdigit, foreign)))
    capitals += sum(map(text.count, filter(str.isupper, foreign)))
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


def is_of_words(text: str) -> bool:
    """Return whether a text is printable but for the ends of lines, and of scripts with blanks between words."""
    if text.isascii():
        return is_printed(text)
    return text.replace("\n", " ").isprintable() and not UNSPACED_SCRIPTS.search(text)


def word_counts(word: str) -> Counts:
    """Return the counts of a word, which add up over those of a line of ASCII; such a line holds no other words."""
    if not word.isascii():
        return OF_NO_LINE
    pieces = plain_pieces(word)
    return not pieces, pieces, *counted(word, letters_of(word))


def _kinds(plain: bytes) -> tuple[int, ...]:
    """Return how many characters of ASCII are of each kind."""
    rest = plain.translate(None, PLAIN)
    return tuple(len(rest) - len(rest.translate(None, kind)) for kind in ASCII_KINDS) if rest else NO_KINDS
