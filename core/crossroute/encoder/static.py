"""The static tier: the mean of token vectors that model2vec distilled from a sentence transformer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

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

    @property
    def tokens(self) -> list[str]:
        """The vocabulary."""
        return list(self._model.tokenizer.get_vocab())

    def known_share(self, texts: list[str]) -> npt.NDArray[np.floating]:
        """Return how much of each text the vectors know, shape (n,), in [0, 1].

        That is the share of its letters that stand in words with a vector of their own: near 1 for English, about
        0.4 for a language whose words fall into pieces, 0 for a script that is unknown; 1 for a text without letters.
        """
        return np.array([self._known_share(text) for text in texts])

    def _known_share(self, text: str) -> float:
        encoding = self._model.tokenizer.encode(text, add_special_tokens=False)
        pieces = Counter(encoding.word_ids)
        letters = known = 0
        for token, word, (start, end) in zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True):
            size = end - start if text[start].isalpha() else 0
            letters += size
            if (
                pieces[word] == 1
                and token != self._model.unk_token_id
                and (size > 1 or text[start].isascii())
            ):
                known += size
        return known / letters if letters else 1.0
