"""Text -> embeddings, in two tiers.

    static                      bundled token vectors, averaged; no torch, no download, under a millisecond
    static:FOLDER_OR_HUB_ID     any other model2vec model
    minilm                      all-MiniLM-L6-v2; from the installed offline package, else from the hub
    sentence-transformers:NAME  any sentence-transformers model, by hub name or folder
    onnx:NAME, onnx-int8:NAME   the same, exported once and run by onnxruntime (NAME may be minilm)

The name is recorded in a router's checkpoint. Any object with `encode(list[str]) -> array (n, d)` serves as
well; a checkpoint made with it is loaded by `Router.from_pretrained(folder, encoder=that_object)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from crossroute.errors import EncoderError

Embeddings = npt.NDArray[np.float32]

DEFAULT_ENCODER = "static"


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns texts into embeddings."""

    def encode(self, texts: list[str], /) -> npt.NDArray[np.floating]:
        """Return one embedding a text, shape (n, d)."""
        ...


def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """Return the encoder that a name stands for (the table above).

    Raises:
        EncoderError: No encoder goes by this name.
        MissingExtraError: Its packages are not installed.
    """
    tier, _, model = name.partition(":")
    loaders: dict[str, Callable[[str], Encoder]] = {
        "static": _static,
        "minilm": lambda _: _sentence_transformer("minilm"),
        "sentence-transformers": _sentence_transformer,
        "onnx": lambda model: _onnx(model, int8=False),
        "onnx-int8": lambda model: _onnx(model, int8=True),
    }
    if tier not in loaders or (not model and tier not in ("static", "minilm")):
        raise EncoderError(
            f"Unknown encoder {name!r}; expected static, static:FOLDER, minilm, sentence-transformers:NAME, "
            "onnx:NAME or onnx-int8:NAME."
        )
    return loaders[tier](model)


def encoder_name(encoder: Encoder) -> str:
    """Return the name under which an encoder is recorded: its own `name`, else its type's."""
    return str(getattr(encoder, "name", f"custom:{type(encoder).__qualname__}"))


def _static(model: str) -> Encoder:
    from crossroute.encoder.static import StaticEncoder

    return StaticEncoder(model)


def _sentence_transformer(model: str) -> Encoder:
    from crossroute.encoder.transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(model)


def _onnx(model: str, *, int8: bool) -> Encoder:
    from crossroute.encoder.onnx import OnnxEncoder

    return OnnxEncoder(model, int8=int8)
