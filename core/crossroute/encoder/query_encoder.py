"""Queries -> what the network reads: both views' embeddings beside a few surface features.

The features tell what an averaged embedding loses, such as length, digits, code and choices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crossroute.cache import LRUCache
from crossroute.encoder import (
    Embeddings,
    Encoder,
    checked_embeddings,
    encoder_name,
    is_encoder_name,
    load_encoder,
)
from crossroute.encoder.static import StaticEncoder
from crossroute.locks import Lock
from crossroute.numeric import bounded
from crossroute.patterns import lazy
from crossroute.query import Query

CACHED_VIEWS = 4096

CODE = "{}()[]=;_<>#`\"'"
OPERATORS = "+-*/^%$\\|="
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

WORD = lazy(rf"[{UNSPACED}]{{1,3}}|[^\W\d_{UNSPACED}]+")
NUMBER = lazy(r"\d+(?:[.,]\d+)*")
CHOICE = lazy(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s")
BLANK_LINE = lazy(r"\n\s*\n")

KINDS = (str.isdigit, CODE.__contains__, OPERATORS.__contains__, str.isupper)
"""Characters that are counted: digits, brackets and quotes, operators, capitals."""

PLAIN = bytes(filter(lambda code: not any(kind(chr(code)) for kind in KINDS), range(128)))
"""ASCII of no kind."""

ASCII_KINDS = tuple(bytes(filter(lambda code: kind(chr(code)), range(128))) for kind in KINDS)
"""The same of ASCII."""

LETTERS = bytes(ord(c.lower()) if (c := chr(code)).isalpha() and code < 128 else 32 for code in range(256))
"""Byte -> the small letter, or a blank where it is none."""

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


class QueryEncoder:
    """Encode each view once, remembered by content; safe to share between threads.

    Args:
        encoder: An encoder, or the name of one, which is then loaded at the first query.
    """

    def __init__(self, encoder: Encoder | str) -> None:
        self._encoder = None if isinstance(encoder, str) else encoder
        self.name = encoder if isinstance(encoder, str) else encoder_name(encoder)
        self._views = LRUCache[str, Embeddings](CACHED_VIEWS)
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out an encoder that can be loaded by its name: some hold sessions of other libraries."""
        return {**self.__dict__, **({"_encoder": None} if is_encoder_name(self.name) else {})}

    def __reduce__(self) -> tuple[Any, ...]:  # an encoder that has a name is loaded anew
        return QueryEncoder, (self.name if is_encoder_name(self.name) else self.encoder,)

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded."""
        if self._encoder is None:
            with self._lock:
                if self._encoder is None:
                    self._encoder = load_encoder(self.name)
        return self._encoder

    def encode(self, queries: Sequence[Query]) -> Embeddings:
        """Return task view, instance view and surface features side by side, shape (n, 2 d + s).

        Raises:
            EncoderError: The encoder returned something other than one finite vector a text.
        """
        return np.concatenate([self.embed(queries), surface_features(queries)], axis=1)

    def known_share(self, queries: Sequence[Query]) -> npt.NDArray[np.floating]:
        """Return how much of each question the encoder knows, shape (n,), in [0, 1]; 1 where it cannot tell."""
        measure = getattr(self.encoder, "known_share", None)
        texts = [query.instance_view for query in queries]
        return np.ones(len(texts)) if measure is None else np.asarray(measure(texts), dtype=float)

    @property
    def views_width(self) -> int:
        """2 d: how much of an encoded query is embeddings."""
        return len(self.embed([Query("width")])[0])

    def embed(self, queries: Sequence[Query]) -> Embeddings:
        """Return the embeddings of task view and instance view side by side, shape (n, 2 d)."""
        row: dict[str, int] = {}
        places = [row.setdefault(view, len(row)) for query in queries for view in query.view[:2]]
        encoder = self.encoder
        if isinstance(encoder, StaticEncoder):  # quicker than to look up what it said
            vectors = encoder.encode([*row])
        else:
            vectors = np.stack(self._encode_views(encoder, row))
        return vectors.take(places, axis=0).reshape(len(queries), -1)

    def _encode_views(self, encoder: Encoder, views: Iterable[str]) -> list[Embeddings]:
        found = {view: self._views.get(view) for view in views}
        missing = [view for view, embedding in found.items() if embedding is None]
        if missing:
            for view, embedding in zip(missing, checked_embeddings(encoder, missing), strict=True):
                self._views.put(view, embedding)
                found[view] = embedding
        return [embedding for embedding in found.values() if embedding is not None]


def surface_features(queries: Sequence[Query]) -> Embeddings:
    """Return features of each question's length and of the surface of its instance view, shape (n, s).

    Each is within `LOWEST` and `HIGHEST`.
    """
    features = np.array([_features_of(query.view.instance, query.view.tokens) for query in queries])
    return bounded(features, LOWEST, HIGHEST).astype(np.float32)


def _features_of(text: str, tokens: int) -> tuple[float, ...]:
    length, lines = max(1, len(text)), text.count("\n")
    words: list[bytes] | list[str]
    if text.isascii():
        data = text.encode()
        words = data.translate(LETTERS).split()
        different, beyond = len(set(words)), 0
        digits = code = operators = capitals = 0
        if rest := data.translate(None, PLAIN):
            digits, code, operators, capitals = [
                len(rest) - len(rest.translate(None, kind)) for kind in ASCII_KINDS
            ]
    else:
        words = WORD.findall(text)
        different = len({word.lower() for word in words})
        digits, code, operators, capitals = (sum(map(kind, text)) for kind in KINDS)
        beyond = sum(not character.isascii() for character in text)
    choices = CHOICE.findall(text) if lines else CHOICE.match(text) and [""]  # a line begins with one
    count = max(1, len(words))
    return (
        math.log(tokens),
        math.log(length),
        math.log1p(len(words)),
        sum(map(len, words)) / count,
        digits / length,
        math.log1p(len(NUMBER.findall(text)) if digits else 0),
        code / length,
        operators / length,
        capitals / length,
        beyond / length,
        math.log1p(lines),
        math.log1p(len(BLANK_LINE.findall(text)) if lines else 0),
        math.log1p(text.count("?")),
        math.log1p(len(choices or ())),
        different / count,
    )
