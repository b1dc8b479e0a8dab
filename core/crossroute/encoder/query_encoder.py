"""Encode queries as the network's input: embeddings of both views, and surface features.

A question that needs no normalization, usually a short one, is encoded from cached rows of its words: its vector,
features and token count are sums over the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.cache import Lock, LRUCache
from crossroute.encoder import (
    Embeddings,
    Encoder,
    encode_checked,
    encoder_name,
    is_encoder_name,
    load_encoder,
)
from crossroute.encoder.features import (
    SCORES,
    Counts,
    bound_features,
    compute_scores,
    measure_line,
    measure_text,
)
from crossroute.encoder.static import StaticEncoder
from crossroute.numeric import Floats
from crossroute.query import Query, measure_length

CACHED_VIEWS = 4096
"""Most views whose embeddings are cached."""


class EncodedQueries(NamedTuple):
    """Queries as input of the network.

    Attributes:
        vectors: Task view, instance view and surface features, concatenated, shape (n, D), D = 2 d + s.
        tokens: Length of each question after normalization, in units of four characters, shape (n,).
        context: Further input tokens of each call, shape (n,); negative if the counted tokens are fewer than these.
        one_call: 1 for a query declared as one call, -1 as an agent's whole run, 0 if not declared, shape (n,).
        word_scores: Ease and manner by words, shape (n, 2); see `features`.
    """

    vectors: Floats
    tokens: Floats
    context: Floats
    one_call: npt.NDArray[np.integer]
    word_scores: Floats

    @classmethod
    def of(
        cls,
        queries: Sequence[Query],
        vectors: Embeddings,
        tokens: Sequence[float],
        whole: Sequence[float],
        word_scores: Floats,
    ) -> EncodedQueries:
        """Return encoded queries.

        Args:
            queries: The n queries.
            vectors: Their vectors, shape (n, D).
            tokens: Length of each question after normalization.
            whole: Input tokens of each whole call.
            word_scores: Scores by words, shape (n, 2).
        """
        read, calls = np.array(tokens, dtype=float), np.array(whole, dtype=float)
        one_call = np.array([query.said for query in queries], dtype=np.int8)
        return cls(vectors, read, calls - read, one_call, word_scores)

    @classmethod
    def alone(cls, vectors: Floats, tokens: Floats, word_scores: Floats | None = None) -> EncodedQueries:
        """Return queries of calls without further input."""
        none = np.zeros(len(tokens))
        scores = np.zeros((len(tokens), SCORES)) if word_scores is None else word_scores
        return cls(vectors, tokens, none, np.zeros(len(tokens), dtype=np.int8), scores)

    def take(self, rows: npt.NDArray[Any] | slice) -> EncodedQueries:
        """Return a selection of the queries."""
        vectors, tokens, context, one_call, word_scores = self
        return EncodedQueries(vectors[rows], tokens[rows], context[rows], one_call[rows], word_scores[rows])


class QueryEncoder:
    """Encodes queries, with a cache of embeddings by view; safe to share between threads.

    Args:
        encoder: An encoder, or the name of one, which is loaded at the first query.
    """

    def __init__(self, encoder: Encoder | str) -> None:
        self._encoder = None if isinstance(encoder, str) else encoder
        self.name = encoder if isinstance(encoder, str) else encoder_name(encoder)
        self._views = LRUCache[str, Embeddings](CACHED_VIEWS)
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle an encoder that has a name by its name: some hold sessions that cannot be pickled."""
        return QueryEncoder, (self.name if is_encoder_name(self.name) else self.encoder,)

    @property
    def encoder(self) -> Encoder:
        """The encoder; loaded at first use."""
        if self._encoder is None:
            with self._lock:
                if self._encoder is None:
                    self._encoder = load_encoder(self.name)
        return self._encoder

    def encode(self, queries: Sequence[Query]) -> Embeddings:
        """Return task view, instance view and surface features, concatenated, shape (n, 2 d + s).

        Raises:
            EncoderError: The encoder did not return one finite vector per text.
        """
        return np.asarray(self.read(queries).vectors)

    def read(self, queries: Sequence[Query]) -> EncodedQueries:
        """Return the encoded queries, with their tokens and ease by words.

        Raises:
            EncoderError: As `encode`.
        """
        encoder = self.encoder
        if not (isinstance(encoder, StaticEncoder) and encoder.by_word):
            return self._read_views(queries)
        words = [query.plain_words() for query in queries]
        if len(words) == 1 and words[0]:
            embeddings, counts = encoder.read(words)
            return (
                self._read_views(queries) if counts[0] is None else _read_lines(queries, embeddings, counts)
            )
        rows = [row for row, each in enumerate(words) if each]
        if not rows:
            return self._read_views(queries)
        embeddings, counts = encoder.read([each for each in words if each])
        fine = [place for place, each in enumerate(counts) if each is not None]
        if len(fine) == len(queries):
            return _read_lines(queries, embeddings, counts)
        lines = [rows[place] for place in fine]
        others = sorted({*range(len(queries))}.difference(lines))
        parts = [self._read_views([queries[row] for row in others])]
        if lines:
            known = [queries[row] for row in lines]
            parts.append(_read_lines(known, embeddings[fine], [counts[place] for place in fine]))
        order = np.argsort([*others, *lines])
        return EncodedQueries(*map(np.concatenate, zip(*parts, strict=True))).take(order)

    def _read_views(self, queries: Sequence[Query]) -> EncodedQueries:
        tokens, whole = zip(*((query.text_tokens, query.whole_tokens) for query in queries), strict=True)
        measured = [measure_text(query.view.instance, query.text_tokens) for query in queries]
        features, sums = zip(*measured, strict=True)
        vectors = np.concatenate([self.embed(queries), bound_features(features)], axis=1)
        return EncodedQueries.of(queries, vectors, tokens, whole, compute_scores(sums))

    def known_share(self, queries: Sequence[Query]) -> npt.NDArray[np.floating]:
        """Return the share of each question that the encoder knows, shape (n,), in [0, 1].

        It is 1 if the encoder does not measure it.
        """
        measure = getattr(self.encoder, "known_share", None)
        texts = [query.instance_view for query in queries]
        return np.ones(len(texts)) if measure is None else np.asarray(measure(texts), dtype=float)

    @property
    def views_width(self) -> int:
        """Number of columns that are embeddings, 2 d."""
        return len(self.embed([Query("width")])[0])

    def embed(self, queries: Sequence[Query]) -> Embeddings:
        """Return the embeddings of task view and instance view, concatenated, shape (n, 2 d)."""
        row: dict[str, int] = {}
        places = [row.setdefault(view, len(row)) for query in queries for view in query.view[:2]]
        encoder = self.encoder
        if isinstance(encoder, StaticEncoder):  # encoding is faster than the cache
            vectors = encoder.encode([*row])
        else:
            vectors = np.stack(self._encode_views(encoder, row))
        return vectors.take(places, axis=0).reshape(len(queries), -1)

    def _encode_views(self, encoder: Encoder, views: Iterable[str]) -> list[Embeddings]:
        embeddings = {view: self._views.get(view) for view in views}
        missing = [view for view, embedding in embeddings.items() if embedding is None]
        if missing:
            for view, embedding in zip(missing, encode_checked(encoder, missing), strict=True):
                self._views.put(view, embedding)
                embeddings[view] = embedding
        return [embedding for embedding in embeddings.values() if embedding is not None]


def _read_lines(
    queries: Sequence[Query], embeddings: Embeddings, counts: Sequence[Counts | None]
) -> EncodedQueries:
    """Encode queries that need no normalization from the cached rows of their words."""
    lengths, whole, features, sums = [], [], [], []
    for query, each in zip(queries, counts, strict=True):
        if each is not None:
            length = measure_length(query.text)
            row, scored = measure_line(query.text, length, each)
            lengths.append(length)
            whole.append(each[0] if query.input_tokens is None else query.input_tokens)
            features.append(row)
            sums.append(scored)
    vectors = np.concatenate([embeddings, embeddings, bound_features(features)], axis=1)
    return EncodedQueries.of(queries, vectors, lengths, whole, compute_scores(sums))
