"""Surface features of a text: what an averaged embedding loses, such as length, digits, code and choices.

Most are counts that add up over the words of a line of ASCII: of such texts they are counted once a word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.patterns import lazy
from crossroute.query import Query, plain_pieces

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

WORD = lazy(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
NUMBER = lazy(r"\d+(?:[.,]\d+)*")
CHOICE = lazy(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s")
LONGEST_CHOICE = 3
BLANK_LINE = lazy(r"\n\s*\n")

KINDS = (str.isdigit, CODE.__contains__, OPERATORS.__contains__, str.isupper)
"""Characters that are counted: digits, brackets and quotes, operators, capitals."""

PLAIN = bytes(filter(lambda code: not any(kind(chr(code)) for kind in KINDS), range(128)))
"""ASCII of no kind."""

ASCII_KINDS = tuple(bytes(filter(lambda code: kind(chr(code)), range(128))) for kind in KINDS)
"""The same of ASCII."""

LETTERS = bytes(ord(c.lower()) if (c := chr(code)).isalpha() and code < 128 else 32 for code in range(256))
"""Byte -> the small letter, or a blank where it is none."""

LOWEST = np.zeros(15, dtype=np.float32)
LOWEST[3] = 1.5  # no text has shorter words on average
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
"""What one query in a thousand of the training data exceeds: no text reaches beyond what was learned from."""

COUNTS = 10
"""Of a word: whether it may be read as something else, the pieces that a tokenizer makes of it, then `_counted`."""

Counts = Sequence[float]


def surface_features(queries: Sequence[Query]) -> Embeddings:
    """Return features of each question's length and of the surface of its instance view, shape (n, s).

    Each is within `LOWEST` and `HIGHEST`.
    """
    return features_of([_features(query.view.instance, query.view.tokens) for query in queries])


def features_of(rows: Sequence[Counts]) -> Embeddings:
    """Return rows of features, held within what was learned from, shape (n, s)."""
    features = np.array(rows, dtype=np.float32)
    return np.minimum(np.maximum(features, LOWEST, out=features), HIGHEST, out=features)


def word_counts(word: str) -> Counts:
    """Return the counts of a word of ASCII, which add up over those of a line."""
    pieces = plain_pieces(word)
    return not pieces, pieces, *_counted(word, letters_of(word))


def line_features(line: str, tokens: int, counts: Counts) -> Counts:
    """Return the features of a line of ASCII without a blank at its beginning or end.

    Args:
        line: The text.
        tokens: Its length as it is read.
        counts: Those of its words after the first two, added up.
    """
    choices = line.find(" ") <= LONGEST_CHOICE and CHOICE.match(line) is not None
    return _row(len(line), tokens, counts, different=len(set(letters_of(line))), choices=choices)


def letters_of(text: str) -> list[bytes]:
    """Return the words of a text of ASCII, in small letters."""
    return text.encode().translate(LETTERS).split()


def _features(text: str, tokens: int) -> Counts:
    words: list[bytes] | list[str]
    if text.isascii():
        words = letters_of(text)
        counts, different, beyond = _counted(text, words), len(set(words)), 0
    else:
        words = WORD.findall(text)
        different = len({word.lower() for word in words})
        digits, code, operators, capitals = (sum(map(kind, text)) for kind in KINDS)
        numbers = len(NUMBER.findall(text)) if digits else 0
        letters = sum(map(len, words))
        counts = len(words), letters, digits, numbers, code, operators, capitals, text.count("?")
        beyond = sum(not character.isascii() for character in text)
    lines = text.count("\n")
    choices = CHOICE.findall(text) if lines else CHOICE.match(text) and [""]  # a line begins with one
    return _row(
        len(text),
        tokens,
        counts,
        different=different,
        beyond=beyond,
        lines=lines,
        paragraphs=len(BLANK_LINE.findall(text)) if lines else 0,
        choices=len(choices or ()),
    )


def _counted(text: str, words: Sequence[bytes]) -> Counts:
    """Return counts of a text of ASCII: words, letters, digits, numbers, code, operators, capitals, question marks."""
    digits = code = operators = capitals = 0
    if rest := text.encode().translate(None, PLAIN):
        digits, code, operators, capitals = [
            len(rest) - len(rest.translate(None, kind)) for kind in ASCII_KINDS
        ]
    numbers = len(NUMBER.findall(text)) if digits else 0
    letters = sum(map(len, words))
    return len(words), letters, digits, numbers, code, operators, capitals, text.count("?")


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
