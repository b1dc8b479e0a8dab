"""Surface features: what an averaged embedding loses, such as length, digits, code and choices."""

from __future__ import annotations

import re

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.query import Query

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
WORD = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CHOICE = re.compile(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s")
BLANK_LINE = re.compile(r"\n\s*\n")


def surface_features(query: Query) -> Embeddings:
    """Return features of the whole query's length and of the surface of its instance view, shape (s,)."""
    text = query.instance_view
    length = max(1, len(text))
    words = WORD.findall(text)
    return np.array(
        [
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
        ],
        dtype=np.float32,
    )
