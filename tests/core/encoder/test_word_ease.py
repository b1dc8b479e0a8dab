import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.encoder.word_ease import (
    BEGINNING,
    END,
    HIGHEST,
    LOWEST,
    WORD,
    ease_of_sums,
    numbers,
    pieces_of,
    sum_words,
    words_of,
)
from crossroute.query import Query

BUNDLED = QueryEncoder(load_encoder("static"))


def ease(*texts: str) -> list[float]:
    return BUNDLED.read([Query(text) for text in texts]).word_ease.tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Is 7919 prime?", ["is", "#4", "prime"]),
        ("PROVE it: 1234567890!", ["prove", "it", "#6"]),
        ("don't", ["don", "t"]),
        ("证明 ok", ["证", "明", "ok"]),
        ("증명", ["증", "명"]),
        ("?!", []),
        ("", []),
    ],
)
def test_words_are_told_apart(text, words):
    assert words_of(text) == words


def test_what_is_to_be_done_tells_more_than_the_topic():
    pairs = [
        ("How many crossings does a trefoil have?", "Prove that the trefoil is not the unknot."),
        ("What is the capital of Peru?", "Derive why exactly each capital lies where it does."),
    ]
    for easy, hard in pairs:
        assert ease(easy)[0] > ease(hard)[0] + 0.5


def test_a_text_is_worth_the_same_read_word_by_word_and_as_a_whole():
    line = "Prove that each group of order 15 is cyclic"
    by_word, as_a_whole = ease(line, f"{line}\n\n")
    total, count = sum_words(line)
    assert by_word == pytest.approx(as_a_whole)
    assert by_word == pytest.approx(total / math.sqrt(count), abs=1e-5)
    assert count == 9


@given(st.text(st.characters(max_codepoint=127)))
def test_letters_alone_are_cut_as_the_pattern_cuts_them(text):
    letters = text.translate({ord(digit): "x" for digit in "0123456789"})
    assert words_of(letters) == WORD.findall(letters.lower())


@given(st.lists(st.sampled_from(["prove", "hi", "7", "x^2", "don't", "為什麼", "?", "the"]), max_size=30))
def test_sums_add_up_over_what_stands_between_blanks(words):
    total, count = sum_words(" ".join(words))
    parts = [sum_words(word) for word in words]
    assert total == pytest.approx(sum(part for part, _ in parts), abs=1e-9)
    assert count == sum(number for _, number in parts)


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("prove", ["prove"]),
        ("proves", ["proves", "prove-", "-ves"]),
        ("证", ["证"]),
        ("#4", ["#4"]),
        ("доказательство", ["доказательство", "доказ-", "-тво"]),
    ],
)
def test_a_longer_word_counts_by_its_beginning_and_end_too(word, pieces):
    assert pieces_of([word]) == pieces


def test_forms_of_a_word_that_no_request_holds_count_like_those_that_some_do():
    known = numbers()
    word = next(
        each
        for each in ("unprovabilities", "provabilities", "доказательствующий")
        if each not in known and any(piece in known for piece in pieces_of([each]))
    )
    assert sum_words(word)[0] != 0


def test_no_text_reaches_further_than_those_of_stated_difficulty():
    hardest = min(numbers(), key=numbers().__getitem__)
    total, count = sum_words(" ".join([hardest] * 200))
    assert total / math.sqrt(count) < LOWEST
    assert ease_of_sums([(total, count), (-total, count)]).tolist() == [LOWEST, HIGHEST]


def test_a_text_without_known_words_counts_nothing():
    assert ease_of_sums([(0.0, 0), sum_words("qzxv wvxq")]).tolist() == [0, 0]


def test_each_number_is_of_a_word_or_of_its_beginning_or_end():
    words = [each for each in numbers() if not each.startswith("#") and "-" not in each]
    beginnings = [each[:-1] for each in numbers() if each.endswith("-")]
    ends = [each[1:] for each in numbers() if each.startswith("-")]
    assert len(words) > 4000
    assert len(words) + len(beginnings) + len(ends) + sum("#" in each for each in numbers()) == len(numbers())
    assert all(words_of(each) == [each] for each in words)
    assert {len(each) for each in beginnings} == {BEGINNING}
    assert {len(each) for each in ends} == {END}
    assert max(map(abs, numbers().values())) < 6
