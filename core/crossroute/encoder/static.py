"""The static tier: the mean of token vectors that model2vec distilled from a sentence transformer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crossroute.encoder import Embeddings
from crossroute.errors import EncoderError, one_line

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

KNOWN_CHUNKS, LONGEST_CHUNK = 32_768, 40
"""Chunks between blanks whose tokens are remembered, and the most characters of one."""


class StaticEncoder:
    """Token vectors, averaged and normalized: needs neither torch nor a download; safe to share between threads.

    Args:
        model: A model2vec folder or hub id; empty for the bundled vectors (all-MiniLM-L6-v2 distilled).

    Raises:
        EncoderError: There is no such model, or it cannot be reached.

    Source: model2vec, https://github.com/MinishLab/model2vec.
    """

    def __init__(self, model: str = "") -> None:
        self.name = f"static:{model}" if model else "static"
        try:
            self._tokenizer, vectors = _read(_folder(model))
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(
                f"Cannot load the static encoder {model or str(BUNDLED)!r}: {one_line(error)}. Expected a model2vec "
                "folder or a hub id that can be reached."
            ) from error
        self._unknown = _unknown_token(self._tokenizer)
        if self._unknown is not None:
            vectors[self._unknown] = 0  # it tells nothing
        self._vectors = vectors
        self._most = (self._tokenizer.truncation or {}).get("max_length")
        self._ones = np.ones(self._most or MOST_TOKENS, dtype=np.float32)
        self._chunks: dict[str, bytes] | None = {} if _splits_at_blanks(self._tokenizer) else None

    def encode(self, texts: list[str]) -> Embeddings:
        """Return unit vectors, shape (n, d); a text without a known token is the zero vector."""
        sums = np.array([self._sum(tokens) for tokens in self._tokens(texts)])
        return np.asarray(sums / (np.sqrt(np.add.reduce(sums * sums, axis=1, keepdims=True)) + 1e-32))

    @property
    def tokens(self) -> list[str]:
        """The vocabulary."""
        return list(self._tokenizer.get_vocab())

    def known_share(self, texts: list[str]) -> npt.NDArray[np.floating]:
        """Return how much of each text the vectors know, shape (n,), in [0, 1].

        That is the share of its letters that stand in words with a vector of their own: near 1 for English, about
        0.4 for a language whose words fall into pieces, 0 for a script that is unknown; 1 for a text without letters.
        """
        return np.array([self._known_share(text) for text in texts])

    def _sum(self, tokens: npt.NDArray[np.int32]) -> Embeddings:
        """Return the sum of the tokens' vectors, shape (d,): it points where their mean does. A product is quicker."""
        ones = self._ones if len(tokens) <= len(self._ones) else np.ones(len(tokens), dtype=np.float32)
        return np.asarray(
            ones[: len(tokens)] @ self._vectors.take(tokens, axis=0).astype(np.float32, copy=False)
        )

    def _tokens(self, texts: list[str]) -> list[npt.NDArray[np.int32]]:
        """Return the tokens of each text: remembered chunk by chunk where no token crosses a blank."""
        known = self._chunks
        found = [
            self._chunk_tokens(known, text.split())
            if known is not None
            and text.isascii()
            and (text.isprintable() or text.replace("\n", " ").isprintable())
            else None
            for text in texts
        ]
        others = [row for row, tokens in enumerate(found) if tokens is None]
        if others:
            encoded = self._tokenizer.encode_batch_fast(
                [texts[row] for row in others], add_special_tokens=False
            )
            for row, encoding in zip(others, encoded, strict=True):
                found[row] = np.array(encoding.ids, dtype=np.int32)
        return [tokens[: self._most] for tokens in found if tokens is not None]

    def _chunk_tokens(self, known: dict[str, bytes], chunks: list[str]) -> npt.NDArray[np.int32]:
        """Return the tokens of a text's chunks, which are remembered as the bytes of 32-bit integers."""
        try:
            return np.frombuffer(b"".join(map(known.__getitem__, chunks)), dtype=np.int32)
        except KeyError:
            missing = [chunk for chunk in dict.fromkeys(chunks) if chunk not in known]
        encoded = self._tokenizer.encode_batch_fast(missing, add_special_tokens=False)
        fresh = {
            chunk: np.array(encoding.ids, dtype=np.int32).tobytes()
            for chunk, encoding in zip(missing, encoded, strict=True)
        }
        tokens = b"".join([fresh[chunk] if chunk in fresh else known[chunk] for chunk in chunks])
        if len(known) + len(fresh) <= KNOWN_CHUNKS:
            known.update((chunk, ids) for chunk, ids in fresh.items() if len(chunk) <= LONGEST_CHUNK)
        return np.frombuffer(tokens, dtype=np.int32)

    def _known_share(self, text: str) -> float:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        pieces = Counter(encoding.word_ids)
        letters = known = 0
        for token, word, (start, end) in zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True):
            size = end - start if text[start].isalpha() else 0
            letters += size
            if pieces[word] == 1 and token != self._unknown and (size > 1 or text[start].isascii()):
                known += size
        return known / letters if letters else 1.0


def _folder(model: str) -> Path:
    if not model or Path(model).is_dir():
        return Path(model or BUNDLED)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors"]))


def _read(folder: Path) -> tuple[Tokenizer, npt.NDArray[np.generic]]:
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


def _unknown_token(tokenizer: Tokenizer) -> int | None:
    """Return the token of what the vocabulary lacks, if there is one."""
    named = getattr(tokenizer.model, "unk_token", None)
    if named is not None:
        return tokenizer.token_to_id(named)
    number: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")
    return number


def _splits_at_blanks(tokenizer: Tokenizer) -> bool:
    """Return whether a tokenizer reads each chunk between blanks by itself, as BERT's does."""
    kinds = [type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)]
    added = tokenizer.get_added_tokens_decoder().values()
    whole = all(
        not (token.lstrip or token.rstrip) and token.content.split() == [token.content] for token in added
    )
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and whole
