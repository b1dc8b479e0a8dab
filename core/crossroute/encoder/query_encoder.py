"""Queries -> what the network reads: both views' embeddings beside a few surface features."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from crossroute.cache import LRUCache
from crossroute.encoder import Embeddings, Encoder, checked_embeddings, encoder_name, load_encoder
from crossroute.encoder.surface import surface_features
from crossroute.query import Query

CACHED_VIEWS = 4096


class QueryEncoder:
    """Encode each view once, remembered by content; safe to share between threads.

    Args:
        encoder: An encoder, or the name of one, which is then loaded at the first query.
    """

    def __init__(self, encoder: Encoder | str) -> None:
        self._encoder = None if isinstance(encoder, str) else encoder
        self.name = encoder if isinstance(encoder, str) else encoder_name(encoder)
        self._views = LRUCache[str, Embeddings](CACHED_VIEWS)
        self._lock = threading.Lock()

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded."""
        with self._lock:
            if self._encoder is None:
                self._encoder = load_encoder(self.name)
            return self._encoder

    def encode(self, queries: Sequence[Query]) -> Embeddings:
        """Return task view, instance view and surface features side by side, shape (n, 2 d + s).

        Raises:
            EncoderError: The encoder returned something other than one finite vector a text.
        """
        surface = np.stack([surface_features(query) for query in queries])
        return np.concatenate([self.embed(queries), surface], axis=1)

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
        views = [(query.task_view, query.instance_view) for query in queries]
        found = self._encode_views(dict.fromkeys(view for pair in views for view in pair))
        return np.stack([np.concatenate([found[task], found[instance]]) for task, instance in views])

    def _encode_views(self, views: Iterable[str]) -> dict[str, Embeddings]:
        found = {view: self._views.get(view) for view in views}
        missing = [view for view, embedding in found.items() if embedding is None]
        if missing:
            for view, embedding in zip(missing, checked_embeddings(self.encoder, missing), strict=True):
                self._views.put(view, embedding)
                found[view] = embedding
        return {view: embedding for view, embedding in found.items() if embedding is not None}
