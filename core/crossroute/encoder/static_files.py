"""Load the token vectors and the tokenizer from a folder in one of model2vec's layouts."""

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
"""Layouts of a folder: names of its configuration, weights and tokenizer, and of the tensor with the vectors."""

MOST_TOKENS = 512
"""Tokens after which a text is truncated, unless the model states it; model2vec's default."""


def locate(model: str) -> Path:
    """Return a model's folder: the bundled one for an empty name; a hub id is downloaded."""
    if not model or is_folder(model):
        return Path(model or BUNDLED)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors"]))


def load(folder: Path) -> tuple[Tokenizer, npt.NDArray[np.generic]]:
    """Load a folder's tokenizer and its vectors, one per token, shape (v, d), in their stored type.

    Raises:
        ValueError: The folder has none of the layouts.
    """
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
    """Return the id of the token for unknown words; None if there is none."""
    named = getattr(tokenizer.model, "unk_token", None)
    if named is not None:
        return tokenizer.token_to_id(named)
    number: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")
    return number


def splits_at_blanks(tokenizer: Tokenizer) -> bool:
    """Return whether a tokenizer treats each word between blanks separately, as BERT's does."""
    kinds = [type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)]
    added = tokenizer.get_added_tokens_decoder().values()
    whole = all(
        not (token.lstrip or token.rstrip) and token.content.split() == [token.content] for token in added
    )
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and whole
