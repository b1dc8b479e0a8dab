"""Surface features and scores by words."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.encoder import Embeddings, load_encoder
from crossroute.encoder.features import (
    BEGINNING,
    CHOICE,
    EASE,
    END,
    HIGHEST,
    KINDS,
    LEAST_SCORES,
    LOWEST,
    MOST_SCORES,
    NUMBER,
    PEOPLE,
    SCORED_WORD,
    SCORES,
    SUMS,
    bound_features,
    compute_scores,
    count_surface,
    list_pieces,
    load_numbers,
    measure_line,
    measure_text,
    measure_word,
    split_words,
    sum_words,
)
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.patterns import letters_of
from crossroute.query import Query

BUNDLED = QueryEncoder(load_encoder("static"))

PARTS = [*"\n\n\n (A1).:\t{}=é²Éß一", "a) ", "\n(B) ", "3. ", "word ", "12,5 "]
TEXTS = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


@given(TEXTS)
def test_characters_are_counted_by_their_kinds(text):
    words = ["one", "two"]
    digits, *others = (sum(map(kind, text)) for kind in KINDS)
    numbers = len(NUMBER.findall(text)) if digits else 0
    expected = (2, 6, digits, numbers, *others, text.count("?"))
    assert count_surface(text, words) == expected


@given(TEXTS)
def test_choices_are_counted_where_they_begin_lines(text):
    assert len(CHOICE.findall(f"\n{text}")) == len(re.findall(r"(?m)^\s*\(?([A-Ja-j]|[1-9])[).:]\s", text))


@given(st.text("aB1 .\n-"))
def test_words_of_ascii_are_runs_of_letters(text):
    assert letters_of(text) == [word.encode() for word in re.findall("[a-z]+", text.lower())]


@given(TEXTS.filter(str.strip))
def test_features_are_within_the_range_of_the_training_data(text):
    features = bound_features([measure_text(text, 1)[0]])
    assert (features >= LOWEST).all()
    assert (features <= HIGHEST).all()
    assert np.isfinite(features).all()


def measure(text: str) -> Embeddings:
    """Return the surface features of a question."""
    view = Query(text).view
    return bound_features([measure_text(view.instance, view.tokens)[0]])[0]


@given(st.lists(st.text("aB1(=.?-", min_size=1), min_size=1))
def test_a_line_measures_the_sum_of_its_words(words):
    line = " ".join(words)
    sums = [sum(column) for column in zip(*map(measure_word, words), strict=True)]
    features, scored = measure_line(line, 7, sums[1:])
    expected, expected_scored = measure_text(line, 7)
    assert features == pytest.approx(expected)
    assert scored == pytest.approx(expected_scored, abs=1e-9)


def test_surface_features_by_hand():
    found = measure("Is 2 + 2 = 4?\nYes.")
    by_hand = [
        np.log(5),  # 18 characters are 5 tokens
        np.log(18),
        np.log1p(2),
        2.5,
        3 / 18,
        np.log1p(3),
        1 / 18,  # "="
        2 / 18,  # "+" and "="
        2 / 18,
        0,
        np.log1p(1),
        0,
        np.log1p(1),
        0,
        1,
    ]
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "\x00",
        "é" * 5000,
        "?" * 10,
        "1\n2\n\n3",
        "\ud800 lone",
        "A) a\nB) b",
        "1" * 50,
        "=;" * 900,
        "A" * 99,
        "字" * 999,
    ],
)
def test_any_text_gives_finite_surface_features_of_one_shape(text):
    found = measure(text)
    assert found.shape == measure("other").shape
    assert np.isfinite(found).all()
    assert (found >= LOWEST - 1e-6).all()
    assert (found <= HIGHEST + 1e-6).all()


def test_choices_and_paragraphs_are_counted():
    plain, choices = (
        measure("Pick one."),
        measure("Pick.\n\nA) one\nB) two"),
    )
    assert choices[13] == pytest.approx(np.log1p(2))
    assert choices[11] == pytest.approx(np.log1p(1))
    assert plain[13] == plain[11] == 0


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
def test_words_numbers_and_letters_without_spaces_are_split(text, words):
    assert split_words(text) == words


def test_the_task_changes_the_ease_more_than_the_topic():
    pairs = [
        ("How many crossings does a trefoil have?", "Prove that the trefoil is not the unknot."),
        ("What is the capital of Peru?", "Derive why exactly each capital lies where it does."),
    ]
    for easy, hard in pairs:
        assert scores(easy)[0][EASE] > scores(hard)[0][EASE] + 0.5


def test_wording_changes_the_manner_more_than_the_topic():
    for_school = "A baker sells 12 cakes at 4 dollars each and pays 9 dollars of rent. How much does he make?"
    asked = "can you check my numbers? i sold 12 cakes at 4 dollars and rent is 9, so what do i make"
    school, person = scores(for_school, asked)
    assert person[PEOPLE] > school[PEOPLE] + 1


def test_scores_are_the_same_by_word_and_for_the_whole_text():
    line = "Prove that each group of order 15 is cyclic"
    by_word, as_a_whole = scores(line, f"{line}\n\n")
    *totals, count = sum_words(line)
    assert by_word == pytest.approx(as_a_whole, abs=1e-5)
    assert by_word == pytest.approx([total / math.sqrt(count) for total in totals], abs=1e-5)
    assert count == 9


@given(st.text(st.characters(max_codepoint=127)))
def test_a_text_without_digits_is_split_as_by_the_pattern(text):
    letters = text.translate({ord(digit): "x" for digit in "0123456789"})
    assert split_words(letters) == SCORED_WORD.findall(letters.lower())


@given(st.lists(st.sampled_from(["prove", "hi", "7", "x^2", "don't", "為什麼", "?", "the"]), max_size=30))
def test_sums_add_up_over_parts_between_blanks(words):
    parts = [sum_words(word) for word in words]
    expected = [sum(column) for column in zip(*parts, strict=True)] or [0] * SUMS
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
def test_a_longer_word_has_a_beginning_and_an_end(word, pieces):
    assert list_pieces([word]) == pieces


def test_an_unknown_form_of_a_word_is_scored_by_its_beginning_and_end():
    known = load_numbers()
    word = next(
        each
        for each in ("unprovabilities", "provabilities", "доказательствующий")
        if each not in known and any(piece in known for piece in list_pieces([each]))
    )
    assert any(sum_words(word)[:SCORES])


@pytest.mark.parametrize("score", range(SCORES))
def test_scores_are_held_within_their_bounds(score):
    lowest = min(load_numbers(), key=lambda word: load_numbers()[word][score])
    *totals, count = sum_words(" ".join([lowest] * 400))
    assert totals[score] / math.sqrt(count) < LEAST_SCORES[score]
    low, high = compute_scores([(*totals, count), (*(-total for total in totals), count)]).tolist()
    assert (low[score], high[score]) == (LEAST_SCORES[score], MOST_SCORES[score])


def test_a_text_without_known_words_scores_0():
    assert not compute_scores([(0.0, 0.0, 0), sum_words("qzxv wvxq")]).any()


def test_the_fitted_numbers_are_of_words_beginnings_and_ends():
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
