import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.encoder.word_scores import (
    BEGINNING,
    EASE,
    END,
    HIGHEST,
    LOWEST,
    PEOPLE,
    SCORES,
    WORD,
    compute_scores,
    list_pieces,
    load_numbers,
    split_words,
    sum_words,
)
from crossroute.query import Query

BUNDLED = QueryEncoder(load_encoder("static"))


def scores(*texts: str) -> list[list[float]]:
    return BUNDLED.read([Query(text) for text in texts]).word_scores.tolist()


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
    assert split_words(text) == words


def test_what_is_to_be_done_tells_more_than_the_topic():
    pairs = [
        ("How many crossings does a trefoil have?", "Prove that the trefoil is not the unknot."),
        ("What is the capital of Peru?", "Derive why exactly each capital lies where it does."),
    ]
    for easy, hard in pairs:
        assert scores(easy)[0][EASE] > scores(hard)[0][EASE] + 0.5


def test_how_a_problem_is_put_tells_more_than_what_it_is_about():
    for_school = "A baker sells 12 cakes at 4 dollars each and pays 9 dollars of rent. How much does he make?"
    asked = "can you check my numbers? i sold 12 cakes at 4 dollars and rent is 9, so what do i make"
    school, person = scores(for_school, asked)
    assert person[PEOPLE] > school[PEOPLE] + 1


def test_a_text_is_worth_the_same_read_word_by_word_and_as_a_whole():
    line = "Prove that each group of order 15 is cyclic"
    by_word, as_a_whole = scores(line, f"{line}\n\n")
    *totals, count = sum_words(line)
    assert by_word == pytest.approx(as_a_whole, abs=1e-5)
    assert by_word == pytest.approx([total / math.sqrt(count) for total in totals], abs=1e-5)
    assert count == 9


@given(st.text(st.characters(max_codepoint=127)))
def test_letters_alone_are_cut_as_the_pattern_cuts_them(text):
    letters = text.translate({ord(digit): "x" for digit in "0123456789"})
    assert split_words(letters) == WORD.findall(letters.lower())


@given(st.lists(st.sampled_from(["prove", "hi", "7", "x^2", "don't", "為什麼", "?", "the"]), max_size=30))
def test_sums_add_up_over_what_stands_between_blanks(words):
    parts = [sum_words(word) for word in words]
    expected = [sum(column) for column in zip(*parts, strict=True)] or [0] * (SCORES + 1)
    assert sum_words(" ".join(words)) == pytest.approx(expected, abs=1e-9)


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
    assert list_pieces([word]) == pieces


def test_forms_of_a_word_that_no_request_holds_count_like_those_that_some_do():
    known = load_numbers()
    word = next(
        each
        for each in ("unprovabilities", "provabilities", "доказательствующий")
        if each not in known and any(piece in known for piece in list_pieces([each]))
    )
    assert any(sum_words(word)[:SCORES])


@pytest.mark.parametrize("score", range(SCORES))
def test_no_text_reaches_further_than_those_of_the_fit(score):
    lowest = min(load_numbers(), key=lambda word: load_numbers()[word][score])
    *totals, count = sum_words(" ".join([lowest] * 400))
    assert totals[score] / math.sqrt(count) < LOWEST[score]
    low, high = compute_scores([(*totals, count), (*(-total for total in totals), count)]).tolist()
    assert (low[score], high[score]) == (LOWEST[score], HIGHEST[score])


def test_a_text_without_known_words_counts_nothing():
    assert not compute_scores([(0.0, 0.0, 0), sum_words("qzxv wvxq")]).any()


def test_each_number_is_of_a_word_or_of_its_beginning_or_end():
    words = [each for each in load_numbers() if not each.startswith("#") and "-" not in each]
    beginnings = [each[:-1] for each in load_numbers() if each.endswith("-")]
    ends = [each[1:] for each in load_numbers() if each.startswith("-")]
    assert len(words) > 4000
    assert len(words) + len(beginnings) + len(ends) + sum("#" in each for each in load_numbers()) == len(
        load_numbers()
    )
    assert all(split_words(each) == [each] for each in words)
    assert {len(each) for each in beginnings} == {BEGINNING}
    assert {len(each) for each in ends} == {END}
    assert all(len(each) == SCORES and max(map(abs, each)) < 8 for each in load_numbers().values())
