"""Folders of token vectors, as model2vec and sentence-transformers lay them out."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import BPE, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Whitespace

from crossroute import EncoderError
from crossroute.encoder.static import StaticEncoder
from crossroute.encoder.static_files import (
    BUNDLED,
    MOST_TOKENS,
    load,
    locate,
    splits_at_blanks,
    unknown_token,
)


def test_no_name_means_the_bundled_folder():
    assert locate("") == BUNDLED
    assert locate(str(BUNDLED.parent)) == BUNDLED.parent


def test_a_text_is_cut_where_the_folder_says(tmp_path):
    for file in BUNDLED.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text("{}")
    assert load(tmp_path)[0].truncation["max_length"] == MOST_TOKENS
    (tmp_path / "config.json").write_text('{"max_length": 7}')
    assert load(tmp_path)[0].truncation["max_length"] == 7
    (tmp_path / "config.json").write_text('{"max_length": null}')
    assert load(tmp_path)[0].truncation is None


def bert() -> Tokenizer:
    tokenizer = Tokenizer(WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    return tokenizer


def test_only_a_tokenizer_like_berts_reads_word_by_word():
    assert splits_at_blanks(bert())
    other = bert()
    other.pre_tokenizer = Whitespace()
    assert not splits_at_blanks(other)
    other = bert()
    other.add_tokens(["two words"])
    assert not splits_at_blanks(other)


def test_the_unknown_token_is_found_where_there_is_one():
    assert unknown_token(bert()) == 0
    assert unknown_token(Tokenizer(BPE())) is None


@pytest.mark.parametrize("mark", ["model2vec", "sentence_transformers"])
def test_vectors_that_tokens_share_and_weights_are_read(tmp_path, mark):
    stored = load_file(BUNDLED / "model.safetensors")["embeddings"].astype(np.float32)
    name, config = ("embeddings", "config.json")
    if mark == "sentence_transformers":
        name, config = ("embedding.weight", "config_sentence_transformers.json")
    tokens = len(stored)
    weights = np.linspace(0.5, 2, tokens).astype(np.float64)
    tensors = {name: stored[::-1].copy(), "mapping": np.arange(tokens)[::-1].copy(), "weights": weights}
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / config).write_text('{"max_length": null}')
    (tmp_path / "tokenizer.json").write_bytes((BUNDLED / "tokenizer.json").read_bytes())
    text = "a cat sat on a mat"
    ids = Tokenizer.from_file(str(BUNDLED / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    mean = (stored[ids] * weights[ids][:, None]).mean(0)
    found = StaticEncoder(str(tmp_path)).encode([text])[0]
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"has no config\.json, model\.safetensors and tokenizer\.json"):
        StaticEncoder(str(tmp_path))
