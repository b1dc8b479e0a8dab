"""The static tier: the mean of token vectors that model2vec distilled from a sentence transformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.errors import EncoderError, one_line

BUNDLED = Path(__file__).parents[1] / "weights" / "static-minilm"


class StaticEncoder:
    """Token vectors, averaged and normalized: needs neither torch nor a download.

    Args:
        model: A model2vec folder or hub id; empty for the bundled vectors (all-MiniLM-L6-v2 distilled).

    Raises:
        EncoderError: There is no such model, or it cannot be reached.

    Source: model2vec, https://github.com/MinishLab/model2vec.
    """

    def __init__(self, model: str = "") -> None:
        from model2vec import StaticModel

        self.name = f"static:{model}" if model else "static"
        try:
            self._model = StaticModel.from_pretrained(model or BUNDLED)
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"Cannot load the static encoder {model or str(BUNDLED)!r}: {one_line(error)}. Expected a model2vec "
                "folder or a hub id that can be reached."
            ) from error

    def encode(self, texts: list[str]) -> Embeddings:
        """Return unit vectors, shape (n, d); a text without a known token is the zero vector."""
        tokens = self._model.tokenize(texts)
        means = [self._model.embedding[ids].mean(0) if ids else np.zeros(self._model.dim) for ids in tokens]
        sums = np.array(means, dtype=np.float32)  # (n, d); as model2vec's encode, without its progress bar
        unit: Embeddings = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-32)
        return unit
