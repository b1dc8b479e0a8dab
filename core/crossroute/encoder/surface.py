"""Surface features: what an averaged embedding loses, such as length, digits, code and choices."""

from __future__ import annotations

import re

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.query import Query

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

WORD = re.compile(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
ASCII_WORD = re.compile(r"[A-Za-z]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CHOICE = re.compile(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s")
BLANK_LINE = re.compile(r"\n\s*\n")

LOWEST = np.zeros(15)
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
    ]
)
"""What one query in a thousand of the training data exceeds: no text reaches beyond what was learned from."""


def surface_features(query: Query) -> Embeddings:
    """Return features of the question's length and of the surface of its instance view, shape (s,).

    Each is within `LOWEST` and `HIGHEST`.
    """
    text = query.instance_view
    length = max(1, len(text))
    words = (ASCII_WORD if text.isascii() else WORD).findall(text)
    features = [
        np.log(query.text_tokens),
        np.log(length),
        np.log1p(len(words)),
        sum(map(len, words)) / max(1, len(words)),
        sum(map(str.isdigit, text)) / length,
        np.log1p(len(NUMBER.findall(text))),
        sum(map(text.count, CODE)) / length,
        sum(map(text.count, OPERATORS)) / length,
        sum(map(str.isupper, text)) / length,
        0.0 if text.isascii() else sum(not character.isascii() for character in text) / length,
        np.log1p(text.count("\n")),
        np.log1p(len(BLANK_LINE.findall(text))),
        np.log1p(text.count("?")),
        np.log1p(len(CHOICE.findall(text))),
        len({word.lower() for word in words}) / max(1, len(words)),
    ]
    bounded: Embeddings = np.clip(features, LOWEST, HIGHEST).astype(np.float32)
    return bounded
