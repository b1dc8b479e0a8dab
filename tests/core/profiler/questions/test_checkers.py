"""Answers that models gave, or give, and what they are worth."""

import numpy as np
import pytest

from crossroute.profiler.questions.checkers import json_value, label, letter, listing, number, phrase

STORY = "The city has grown for two thousand years along both banks of its river, and " * 5
CALL = {"city": "Oslo", "days": 3}


@pytest.mark.parametrize(
    "answer",
    [
        "43",
        "17 + 26 = 43.",
        "**43** apples",
        "The answer is 43, since 17 + 26 is 43 and not 44.",
        "43\n\nThis follows from 40 + 3, or from 17 plus 20 plus 6.",
        r"We add: $17 + 26 = \boxed{43}$.",
        r"Answer: \(43\)",
        "Answer: $43.00",
        "#### 43",
        "<think>17 + 26 is 42? No.</think>43",
        "17 + 26 = 43\nAnswer:",
        " 43\nAnswer: 44\nAnswer: 45\nAnswer: 46",
        "٤٣",
    ],
)
def test_a_number_that_is_right(answer):
    assert number(answer, 43) == 1


@pytest.mark.parametrize("answer", ["1250", "1,250", "$1,250.00", r"\boxed{1{,}250}", "1\u202f250 euros"])
def test_a_large_number_that_is_right(answer):
    assert number(answer, 1250) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I do not know.",
        "44",
        "43 + 1 = 44",
        "Answer: 44 (43 is too small)",
        "43:43:43",
        "243",
        "4.3",
        "-43",
        "43.5",
        " 12\nAnswer: 43\nAnswer: 43\nAnswer: 43",
    ],
)
def test_a_number_that_is_wrong(answer):
    assert number(answer, 43) == 0


def test_whole_numbers_are_compared_exactly_and_others_to_a_millionth():
    assert number("12345679", 12345678) == number("12,345,679.0", 12345678.0) == 0
    assert number("12,345,678.00", 12345678) == number("12345678", 12345678.0) == 1
    assert number(str(7**90), 7**90) == 1
    for kind in (np.int64, np.int32, np.float64, np.float32):
        assert (number("3", kind(3)), number("4", kind(3))) == (1, 0)
    assert number(str(7**90 + 1), 7**90) == 0
    assert number("602214076000000000000000", 6.02214076e23) == 1
    assert number("3.1415927", 3.14159265) == number("0.3333333", 1 / 3) == 1
    assert number("3.1416", 3.14159265) == 0


def test_a_letter():
    assert (
        letter("(B) Paris", "B") == letter("**B**", "B") == letter("Not A or C. The answer is B.", "B") == 1
    )
    assert letter("A", "B") == letter("I cannot tell.", "B") == letter("The answer is A, not B.", "B") == 0


def test_a_phrase_counts_in_a_short_answer_and_first_or_last_in_a_long_one():
    assert phrase("It is São Paulo, of course.", ("Sao Paulo",)) == 1
    assert phrase(f"Paris.\n\n{STORY}\nIt is lovely.", ("Paris",)) == 1
    assert phrase(f"Let me think.\n{STORY}\nSo it is Paris.", ("Paris",)) == 1
    assert phrase(f"Let me think.\n{STORY}\nParis or Lyon?\n{STORY}", ("Paris",)) == 0
    assert phrase(" The pancreas\nAnswer: The liver\nAnswer: The skin\nAnswer: The skin", ("pancreas",)) == 1
    assert (
        phrase("The liver", ("pancreas",)) == phrase("", ("pancreas",)) == phrase("A parish", ("Paris",)) == 0
    )


def test_a_label_is_the_only_one_named():
    options = ("positive", ("positive", "negative", "mixed"))
    assert label("Positive.", options) == 1
    assert label(f"Positive.\n\n{STORY}", options) == 1
    assert label(f"{STORY}\nNot negative at all.\nAll in all it is positive.", options) == 1
    assert (
        label("positive or negative", options) == label("negative", options) == label("Great!", options) == 0
    )
    assert label(f"Positive.\n\n{STORY}\nSo it is negative.", options) == 0


def test_a_listing_is_in_order_and_whole():
    wanted = ("Bo", "Eve", "Finn")
    assert listing("Answer: Bo, Eve and Finn.", wanted) == listing("1. Bo\n2. Eve\n3. Finn", wanted) == 1
    assert listing("Bo, Eve, Gus", wanted) == listing("Bo, Finn, Eve", wanted) == 0
    assert listing("Bo, Eve", wanted) == listing("Bo, Eve, Finn, Gus", wanted) == listing("", wanted) == 0


@pytest.mark.parametrize(
    "answer",
    [
        '{"city": "Oslo", "days": 3}',
        'Sure:\n```json\n{"days": 3, "city": "oslo"}\n```\nAnything else?',
        'I call {"name": "forecast", "arguments": {"city": "Oslo", "days": 3}}',
        'The format is {"city": string}. So: {"city": "Oslo", "days": 3.0}',
    ],
)
def test_json_that_is_right_in_prose_in_a_fence_and_in_a_call(answer):
    assert json_value(answer, CALL) == 1


@pytest.mark.parametrize(
    ("answer", "quality"),
    [
        ('{"city": "Oslo", "days": "3"}', 0.5),
        ('{"city": "Oslo", "days": 3, "unit": "C"}', 2 / 3),
        ('{"city": "Rome", "days": 4}', 0),
        ("forecast(city='Oslo', days=3)", 0),
        ('{"city": "Oslo", "days": ', 0),
        ('["Oslo", 3]', 0),
        ("", 0),
    ],
)
def test_json_that_is_wrong_in_part_or_whole(answer, quality):
    assert json_value(answer, CALL) == pytest.approx(quality)
