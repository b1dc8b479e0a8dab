"""Rows of numbers by word: worked out once, whatever the threads and the copies."""

import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Event

import numpy as np

from crossroute.encoder import static
from crossroute.encoder.static import WordRows


class Measure:
    """Gives a word its length and a 1, and notes what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, asked):
        self.asked.append(list(asked))
        return np.array([[len(word), 1] for word in asked], dtype=np.float32)


def test_rows_are_added_up_by_text():
    rows = WordRows(2, Measure())
    assert rows.sums([["a", "bcd", "a"], ["ef"]]).tolist() == [[5, 3], [2, 1]]


def test_a_word_is_measured_once():
    measure = Measure()
    rows = WordRows(2, measure)
    rows.sums([["a", "b", "a"]])
    rows.sums([["b"], ["c", "a"]])
    assert measure.asked == [["a", "b"], ["c"]]
    assert len(rows) == 3


def test_words_beyond_the_number_are_forgotten_and_still_added_up(monkeypatch):
    monkeypatch.setattr(static, "KNOWN_WORDS", 3)
    rows = WordRows(2, Measure())
    for text in (["a", "bb"], ["bb", "ccc"], ["dddd", "a"], ["a", "bb", "ccc", "dddd", "e"], ["a"]):
        assert rows.sums([text]).tolist() == [[sum(map(len, text)), len(text)]]
        assert len(rows) <= 3


def test_threads_share_what_is_remembered(monkeypatch):
    monkeypatch.setattr(static, "KNOWN_WORDS", 8)
    rows = WordRows(2, Measure())
    texts = [["x" * number, "y" * (number % 7 + 1)] for number in range(1, 200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: rows.sums([text])[0].tolist(), texts))
    assert found == [[sum(map(len, text)), 2] for text in texts]


def test_a_copy_remembers_nothing_and_adds_up_the_same():
    rows = WordRows(2, Measure())
    rows.sums([["a", "b"]])
    copied = deepcopy(rows)
    assert len(copied) == 0
    assert copied.sums([["a", "bcd"]]).tolist() == [[4, 2]]


def test_a_word_that_another_thread_learns_meanwhile_is_not_measured_again():
    learning, asked = Event(), []

    def measure(words):
        asked.append(words)
        learning.set()
        time.sleep(0.2)  # the others ask for the word, and wait
        return np.array([[len(word), 1] for word in words], dtype=np.float32)

    rows = WordRows(2, measure)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(rows.sums, [["abc"]])
        learning.wait()
        others = [threads.submit(rows.sums, [["abc"]]) for _ in range(3)]
        assert [each.result().tolist() for each in (first, *others)] == [[[3, 1]]] * 4
    assert asked == [["abc"]]


def test_texts_of_any_lengths_are_added_up():
    random = np.random.default_rng(0)
    vocabulary = ["x" * int(size) for size in random.integers(1, 30, 200)]
    lengths = [*random.integers(1, 12, 60), *random.integers(30, 60, static.FEW), 1, 300, 200]
    texts = [random.choice(vocabulary, length).tolist() for length in random.permutation(lengths)]
    for some in (texts, texts[:1], texts[:3], [*texts, ["y" * 50] * 400]):
        sums = WordRows(2, Measure()).sums(some)
        assert sums.tolist() == [[sum(map(len, text)), len(text)] for text in some]
