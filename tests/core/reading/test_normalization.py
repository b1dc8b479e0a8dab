# ruff: noqa: RUF001 - look-alikes are the subject
import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.reading.normalization import (
    LONG_RUN,
    READ_CHARACTERS,
    REPEATED_WORDS,
    REPETITION,
    RUN,
    _has_repeated_words,
    find_repetition,
    normalize,
)

QUESTION = "Which of the planets has the longest day, and why is it so slow?"
LOOKALIKES = str.maketrans("aceopxyHOPC", "асеорхуНОРС")
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "dressed",
    [
        QUESTION.upper(),
        QUESTION.translate(LOOKALIKES),
        QUESTION.translate(FULL_WIDTH),
        "\u200b".join(QUESTION),
        QUESTION.replace("h", "h\u0301\u0302\u0303"),
        QUESTION.replace(" ", " \t  "),
        QUESTION.replace(" the ", "\n\n\n\nthe ", 1),
        "\n\n\n" + QUESTION + "\n \n\n",
        QUESTION.replace("?", "???????"),
        base64.b64encode(QUESTION.encode()).decode(),
        base64.urlsafe_b64encode(QUESTION.encode()).decode().rstrip("="),
    ],
)
def test_the_dress_of_a_text_is_not_read(dressed):
    assert normalize(dressed).rstrip("?") == QUESTION.rstrip("?")


@pytest.mark.parametrize(
    "text",
    [
        "Что такое правовой обычай?",
        "Ποια είναι η πρωτεύουσα της Γαλλίας;",
        "法国的首都是哪里？这是一个很长的中文段落没有空格",
        "Find α and ω so that Δx < 3.",
        "Why does tests/billing/test_rates/test_that_a_rate_is_rounded_half_to_even fail?",
        "The NASA and ESA probes of 1000000 km",
        "Überprüfe die Größe der Änderungen.",
        "def f(x):\nreturn x",
    ],
)
def test_what_is_meant_stays(text):
    assert normalize(text).rstrip("?") == text.replace("？", "?").rstrip("?")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("What is 2³ + x²?", "What is 2^3 + x^2?"),
        ("Write 10⁻³ and 2½ as decimals", "Write 10^-3 and 2 1/2 as decimals"),
        ("Is H₂O the same in log₂8?", "Is H2O the same in log2 8?"),
        (f"Is {'ACGT' * 12} a gene?", "Is ACGTACGT a gene?"),
    ],
)
def test_numbers_keep_their_value_and_sequences_their_beginning(text, read):
    assert normalize(text) == read


@pytest.mark.parametrize(
    "run",
    [
        "a" * 1000,
        "ha" * 200,
        "deadbeef" * 120,
        "".join(random.Random(0).choices("ACGT", k=1000)),
        "\n".join("".join(random.Random(i).choices("ACGT", k=60)) for i in range(20)),
        "https://example.com/" + "abcdefghij" * 80,
        "data:image/png;base64," + base64.b64encode(random.Random(0).randbytes(900)).decode(),
        "-" * 400,
        "😀" * 500,
        "lorem ipsum dolor sit amet " * 100,
        "This sentence was put in to be long. " * 70,
    ],
)
def test_a_long_run_takes_little_of_what_is_read(run):
    assert len(normalize(f"What is this? {run}")) <= len("What is this? ") + 20
    assert 0 < len(normalize(run)) <= 40


def test_a_text_of_a_megabyte_is_read_at_both_ends():
    words = [f"word{number}" for number in range(150_000)]
    read = normalize(" ".join(words))
    assert len(read) <= 2 * READ_CHARACTERS + 2
    assert read.startswith("word0 word1 ")
    assert read.endswith("word149999")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_normalized_and_can_be_encoded(text):
    normalize(text).encode("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Sort this list.",
        "sort this list",
        "What is 2 + 2?",
        "why does it crash",
        "Answer:",
        "- first\n- second",
        "¿Qué hora es?",
    ],
)
@pytest.mark.parametrize("shouted", ["???", "?!?!?!", "?" * 40, " ?????"])
def test_question_marks_at_the_end_make_no_question_of_what_is_none(text, shouted):
    assert normalize(text + shouted).removesuffix("?") == normalize(text).removesuffix("?")
    if text in {"Sort this list.", "sort this list", "Answer:", "- first\n- second"}:
        assert normalize(text + shouted) == normalize(text)


@pytest.mark.parametrize(
    "dressed",
    [
        "What Is The Capital Of France, And Who Founded It?",
        "wHaT iS tHe CaPiTaL oF fRaNcE, aNd WhO fOuNdEd It?",
        "Decode this and answer: V2hhdCBpcyB0aGUgY2FwaXRhbCBvZiBmcmFuY2UsIGFuZCB3aG8gZm91bmRlZCBpdD8=",
    ],
)
def test_titles_alternating_letters_and_encodings_change_nothing(dressed):
    assert normalize(dressed).lower() == "what is the capital of france, and who founded it?"


def test_accents_of_styled_letters_stay():
    plain = "Où est né l'écrivain déjà cité?"
    styled = "".join(chr(ord(c) + 0xFEE0) if 33 <= ord(c) < 127 else c for c in plain)
    assert normalize(styled) == plain


def test_names_and_nouns_make_no_title():
    for text in (
        "Der Hund und die Katze im Haus",
        "Was Newton right about light?",
        "Ask Anna, Bert or Carl today",
    ):
        assert normalize(text) == text


@given(st.text("ab1.é", max_size=14))
def test_repetition_is_found_in_every_word_that_holds_some(word):
    assert (find_repetition(word) is None) is (REPETITION.search(word) is None)


@given(
    st.lists(st.sampled_from(["a", "b", "c d", "a b c", "x y z u v w s t r q p o"]), max_size=40).map(
        " ".join
    )
)
def test_words_that_repeat_at_once_are_told_before_they_are_looked_for(text):
    assert _has_repeated_words(text.split()) or not REPEATED_WORDS.search(text)


@given(
    st.lists(st.sampled_from(["A" * 20, "b9" * 10, "/", " ", ".", "data:a;base64,", "\n"]), max_size=9).map(
        "".join
    )
)
def test_a_run_stands_in_a_word(text):
    assert any(map(LONG_RUN.search, text.split())) is (RUN.search(text) is not None)


def test_what_is_left_beside_a_run_is_unwrapped():
    key = "ACGTTGCATT" * 8
    assert normalize(f'{{"role": "user", "content": "Who was Euler?"}}\n{key}') == "Who was Euler?"
    assert normalize(f"Who was Euler? \U0001f64f {key}") == "Who was Euler?"
