"""Read a folder of token vectors, as model2vec writes it, and its tokenizer's settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crossroute.files import is_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUNDLED = Path(__file__).parents[1] / "weights" / "static-minilm"
SENTENCE_TRANSFORMERS = "config_sentence_transformers.json"
LAYOUTS = (
    ("config.json", "model.safetensors", "tokenizer.json", "embeddings"),
    (SENTENCE_TRANSFORMERS, "model.safetensors", "tokenizer.json", "embedding.weight"),
    (
        SENTENCE_TRANSFORMERS,
        "0_StaticEmbedding/model.safetensors",
        "0_StaticEmbedding/tokenizer.json",
        "embedding.weight",
    ),
)
"""The files of a folder, and the tensor that holds the vectors, as model2vec looks for them."""

MOST_TOKENS = 512
"""Tokens that are read of a text where the model does not say, as in model2vec."""


def locate(model: str) -> Path:
    """Return a model's folder: the bundled one's where it is empty, a hub id's once it is fetched."""
    if not model or is_folder(model):
        return Path(model or BUNDLED)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors"]))


def load(folder: Path) -> tuple[Tokenizer, npt.NDArray[np.generic]]:
    """Return a folder's tokenizer and its vectors, one a token, shape (v, d), as they are kept: some as integers."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    layout = next((each for each in LAYOUTS if all((folder / file).exists() for file in each[:3])), None)
    if layout is None:
        raise ValueError(f"{folder} has no config.json, model.safetensors and tokenizer.json")
    config, weights, words, name = layout
    tensors = load_file(folder / weights)
    vectors = tensors[name]
    if "mapping" in tensors:  # several tokens share a vector
        vectors = vectors[tensors["mapping"]]
    if "weights" in tensors:
        vectors = vectors.astype(np.float32) * tensors["weights"][:, None].astype(np.float32)
    tokenizer = Tokenizer.from_file(str(folder / words))
    tokenizer.no_padding()
    most = json.loads((folder / config).read_text("utf-8")).get("max_length", MOST_TOKENS)
    tokenizer.no_truncation() if most is None else tokenizer.enable_truncation(most)
    return tokenizer, vectors


def unknown_token(tokenizer: Tokenizer) -> int | None:
    """Return the token for unknown words, or None."""
    named = getattr(tokenizer.model, "unk_token", None)
    if named is not None:
        return tokenizer.token_to_id(named)
    number: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")
    return number


def splits_at_blanks(tokenizer: Tokenizer) -> bool:
    """Return whether a tokenizer reads each chunk between blanks by itself, as BERT's does."""
    kinds = [type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)]
    added = tokenizer.get_added_tokens_decoder().values()
    whole = all(
        not (token.lstrip or token.rstrip) and token.content.split() == [token.content] for token in added
    )
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and whole
