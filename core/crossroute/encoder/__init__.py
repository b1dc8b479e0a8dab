"""Text -> embeddings, in two tiers.

    static                      bundled token vectors, averaged; no torch, no download, under a millisecond
    static:FOLDER_OR_HUB_ID     any other model2vec model
    minilm                      all-MiniLM-L6-v2; from the installed offline package, else from the hub
    sentence-transformers:NAME  any sentence-transformers model, by hub name or folder
    onnx:NAME, onnx-int8:NAME   the same, exported once and run by onnxruntime (NAME may be minilm)

The name is recorded in a router's checkpoint. Any object with `encode(list[str]) -> array (n, d)` is also an encoder; a
checkpoint made with it is loaded by `Router.from_pretrained(folder, encoder=that_object)`.
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
    """An object that converts texts to embeddings."""

    def encode(self, texts: list[str], /) -> npt.NDArray[np.floating]:
        """Return one embedding per text, shape (n, d)."""
        ...


def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """Load the encoder of a name (see the table above).

    Raises:
        EncoderError: The name is unknown, or the model cannot be loaded.
        MissingExtraError: Its packages are not installed.
    """
    if not is_encoder_name(name):
        raise EncoderError(
            f"Unknown encoder {name!r}; expected static, static:FOLDER, minilm, sentence-transformers:NAME, "
            "onnx:NAME or onnx-int8:NAME."
        )
    tier, _, model = name.partition(":")
    return _LOADERS[tier](model)


def is_encoder_name(name: str) -> bool:
    """Return whether `load_encoder` knows the kind of encoder that a name states."""
    tier, _, model = name.partition(":")
    if tier == "minilm":
        return not model
    return tier == "static" or (tier in _LOADERS and bool(model))


def encoder_name(encoder: Encoder) -> str:
    """Return the name recorded for an encoder: its `name` attribute, or else its type's name."""
    return str(getattr(encoder, "name", f"custom:{type(encoder).__qualname__}"))


def encode_checked(encoder: Encoder, texts: list[str]) -> Embeddings:
    """Return an encoder's embeddings, shape (n, d), after checking them.

    Raises:
        EncoderError: The encoder did not return one finite vector per text.
    """
    name, returned = encoder_name(encoder), encoder.encode(texts)
    try:
        with np.errstate(over="ignore"):
            embeddings = np.asarray(returned, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EncoderError(f"The encoder {name!r} returned no array of numbers: {error}.") from error
    if embeddings.ndim != 2 or len(embeddings) != len(texts):
        raise EncoderError(
            f"The encoder {name!r} returned an array of shape {embeddings.shape} for {len(texts)} texts; "
            f"expected ({len(texts)}, d)."
        )
    if not np.isfinite(embeddings).all():
        raise EncoderError(f"The encoder {name!r} returned NaN or infinity.")
    return embeddings


def _load_static(model: str) -> Encoder:
    from crossroute.encoder.static import StaticEncoder

    return StaticEncoder(model)


def _load_sentence_transformer(model: str) -> Encoder:
    from crossroute.encoder.transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(model)


def _load_onnx(model: str, *, int8: bool) -> Encoder:
    from crossroute.encoder.onnx import OnnxEncoder

    return OnnxEncoder(model, int8=int8)


_LOADERS: dict[str, Callable[[str], Encoder]] = {
    "static": _load_static,
    "minilm": lambda _: _load_sentence_transformer("minilm"),
    "sentence-transformers": _load_sentence_transformer,
    "onnx": lambda model: _load_onnx(model, int8=False),
    "onnx-int8": lambda model: _load_onnx(model, int8=True),
}
