import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model2vec import StaticModel
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from crossroute.encoder import static
from crossroute.encoder.features import is_of_words
from crossroute.encoder.static import StaticEncoder, WordRows, normalize_rows
from crossroute.encoder.static_files import BUNDLED


@pytest.fixture(scope="module")
def encoder():
    return StaticEncoder()


def test_vectors_are_of_length_one(encoder):
    embeddings = encoder.encode(["What is 2 + 2?", "Tell me a story.", "a"])
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_texts_of_one_meaning_are_close(encoder):
    cat, kitten, sql = encoder.encode(
        ["The cat sat on the mat.", "A cat was sitting on a mat.", "SELECT name FROM customers WHERE id = 3"]
    )
    assert cat @ kitten > 0.6
    assert cat @ sql < 0.3


def test_agrees_with_the_mean_of_token_vectors(encoder):
    text = "Prove that the square root of 2 is irrational."
    stored = load_file(BUNDLED / "model.safetensors")
    tokens = Tokenizer.from_file(str(BUNDLED / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    rows = stored["mapping"][tokens] if "mapping" in stored else tokens
    vectors = stored["embeddings"][rows].astype(np.float64)
    if "weights" in stored:
        vectors *= stored["weights"][tokens].astype(np.float64)[:, None]
    mean = vectors.mean(axis=0)
    assert encoder.encode([text])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_a_text_is_encoded_alike_alone_and_among_others(encoder):
    texts = ["short", "a longer text with more words in it", "short", "🦉", "x y " * 500]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\u200b", "🦉🦉", "a" * 10_000])
def test_odd_texts_give_finite_vectors(encoder, text):
    (embedding,) = encoder.encode([text])
    assert np.isfinite(embedding).all()


@pytest.mark.parametrize(
    "words",
    [
        ["QID-7:", "don't", "under_score", "x" * 99, "y" * 101, "(e)[f]{g}", "~`!@#$%^&*-+=|\\<>/?\"'"],
        ["A", "[UNK]", "[unk]", "a[PAD]b", "[CLS]"],
        ["word"] * 600,
        [
            "It\u2019s",
            "—",
            "größer,",
            "Ελλάδα",
            "ОБЪЯСНИТЕ",
            "İstanbul",
            "naïve-ish",
            "한국어",
            "🦉",
            "e\u0301te",
            "\u0301a",
        ],
    ],
)
def test_words_have_the_tokens_that_the_tokenizer_finds(encoder, words):
    alone = [encoder._tokenizer.encode(word, add_special_tokens=False).ids for word in words]
    assert encoder._tokens_of_words(words) == alone


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*"aé\u2019ΣЯ\u0301中 \n🦉", "word ", "größer ", "İ"])).map("".join)
)
def test_a_text_of_words_has_the_tokens_of_its_words(encoder, text):
    if is_of_words(text):
        told = encoder._tokenizer.encode(text, add_special_tokens=False).ids
        assert [token for each in encoder._tokens_of_words(text.split()) for token in each] == told
        assert encoder.encode([text]) == pytest.approx(
            normalize_rows(encoder._sum_token_vectors([text])[:, :-1]), abs=1e-6
        )


def test_a_word_of_signs_that_nothing_knows_adds_nothing(encoder):
    """Each sign of the scripts up to Japanese, by itself between words, many of which have no token."""
    signs = [sign for sign in map(chr, range(0x20, 0x3100)) if sign.isprintable() and not sign.isspace()]
    read = encoder.encode([f"what {sign} here" for sign in signs])
    whole = encoder._sum_token_vectors([f"what {sign} here" for sign in signs])[:, :-1]
    np.testing.assert_allclose(read, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-6)


def test_a_text_without_a_known_token_is_the_zero_vector(encoder):
    assert not encoder.encode([" "]).any()


def test_threads_share_an_encoder(encoder):
    texts = [f"What is {number} plus {number}?" for number in range(100)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: encoder.encode([text])[0], texts))
    assert np.stack(found) == pytest.approx(encoder.encode(texts), abs=1e-6)


def test_needs_neither_torch_nor_the_network():
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise SystemExit('went to the network')\n"
        "socket.socket.connect = refuse\n"
        "from crossroute import load_encoder\n"
        "assert load_encoder('static').encode(['a text']).shape[0] == 1\n"
        "assert 'torch' not in sys.modules, 'imported torch'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_folder_of_another_model_is_loaded(encoder):
    other = StaticEncoder(str(BUNDLED))
    assert other.name == f"static:{BUNDLED}"
    assert (other.encode(["a text"]) == encoder.encode(["a text"])).all()


TEXTS = [
    "What is 17 * 23, and is it prime?",
    "",
    "Naïve café, 日本の首都? 🦉",
    "[UNK] and [PAD] [CLS] tokens",
    "don't under_score re-do (a) 1,000.50",
    "x" * 101 + " after a word of 101 letters",
    "? " * 700,
    "one\ntwo\n\nthree\tfour\x00five\x1csix",
]


def test_agrees_with_model2vec(encoder):
    theirs = StaticModel.from_pretrained(BUNDLED)
    expected = np.stack(
        [theirs.embedding[ids].mean(0) if ids else np.zeros(128) for ids in theirs.tokenize(TEXTS)]
    )
    expected /= np.linalg.norm(expected, axis=1, keepdims=True) + 1e-32
    for _ in range(2):  # what was remembered the first time says the same
        np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-6)
    assert set(encoder.tokens) == set(theirs.tokens)


def test_words_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr(static, "KNOWN_WORDS", 3)
    small, whole = StaticEncoder(), StaticEncoder()
    texts = [f"word{number} and {'long' * 11} thing" for number in range(6)]
    found = np.concatenate([small.encode([text]) for text in (*texts, *texts)])
    assert len(small._words) <= 3
    monkeypatch.undo()
    np.testing.assert_array_equal(found, whole.encode([*texts, *texts]))


class Measure:
    """Gives a word its length and a 1, and notes what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, asked):
        self.asked.append(list(asked))
        return np.array([[len(word), 1] for word in asked], dtype=np.float32)


def test_rows_are_added_up_by_text():
    rows = WordRows(2, Measure())
    assert rows.sum_texts([["a", "bcd", "a"], ["ef"]]).tolist() == [[5, 3], [2, 1]]


def test_a_word_is_measured_once():
    measure = Measure()
    rows = WordRows(2, measure)
    rows.sum_texts([["a", "b", "a"]])
    rows.sum_texts([["b"], ["c", "a"]])
    assert measure.asked == [["a", "b"], ["c"]]
    assert len(rows) == 3


def test_words_beyond_the_number_are_forgotten_and_still_added_up(monkeypatch):
    monkeypatch.setattr(static, "KNOWN_WORDS", 3)
    rows = WordRows(2, Measure())
    for text in (["a", "bb"], ["bb", "ccc"], ["dddd", "a"], ["a", "bb", "ccc", "dddd", "e"], ["a"]):
        assert rows.sum_texts([text]).tolist() == [[sum(map(len, text)), len(text)]]
        assert len(rows) <= 3


def test_threads_share_what_is_remembered(monkeypatch):
    monkeypatch.setattr(static, "KNOWN_WORDS", 8)
    rows = WordRows(2, Measure())
    texts = [["x" * number, "y" * (number % 7 + 1)] for number in range(1, 200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: rows.sum_texts([text])[0].tolist(), texts))
    assert found == [[sum(map(len, text)), 2] for text in texts]


def test_a_copy_remembers_nothing_and_adds_up_the_same():
    rows = WordRows(2, Measure())
    rows.sum_texts([["a", "b"]])
    copied = deepcopy(rows)
    assert len(copied) == 0
    assert copied.sum_texts([["a", "bcd"]]).tolist() == [[4, 2]]


def test_a_word_that_another_thread_learns_meanwhile_is_not_measured_again():
    learning, asked = Event(), []

    def measure(words):
        asked.append(words)
        learning.set()
        time.sleep(0.2)  # the others ask for the word, and wait
        return np.array([[len(word), 1] for word in words], dtype=np.float32)

    rows = WordRows(2, measure)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(rows.sum_texts, [["abc"]])
        learning.wait()
        others = [threads.submit(rows.sum_texts, [["abc"]]) for _ in range(3)]
        assert [each.result().tolist() for each in (first, *others)] == [[[3, 1]]] * 4
    assert asked == [["abc"]]


def test_texts_of_any_lengths_are_added_up():
    random = np.random.default_rng(0)
    vocabulary = ["x" * int(size) for size in random.integers(1, 30, 200)]
    lengths = [*random.integers(1, 12, 60), *random.integers(30, 60, static.FEW), 1, 300, 200]
    texts = [random.choice(vocabulary, length).tolist() for length in random.permutation(lengths)]
    for some in (texts, texts[:1], texts[:3], [*texts, ["y" * 50] * 400]):
        sums = WordRows(2, Measure()).sum_texts(some)
        assert sums.tolist() == [[sum(map(len, text)), len(text)] for text in some]
