"""Agreement: what counts as the same answer."""

import numpy as np
import pytest

from crossroute.escalation.agreement import agreement, normalize

LONG = "The river rises in the mountains, crosses three countries and ends in a wide delta by the sea"


class Angles:
    """An encoder of two texts at a given cosine, of any lengths."""

    def __init__(self, cosine):
        self.cosine = cosine

    def encode(self, texts):
        return np.array([[2.0, 0.0], [3 * self.cosine, 3 * np.sqrt(1 - self.cosine**2)]])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris", " paris. "),
        ("(B) 1,000 metres", "The answer is B"),
        ("b", "B)"),
        ("Option C: the last", "c"),
        ("4.0", "4"),
        ("1,000", "1000.00"),
        ("$1,234,567", "1234567"),
        ("The answer is 42.", "42"),
        ("The Nile", "nile"),
        ("-3", "-3.0"),
        (LONG, LONG.upper()),
    ],
)
def test_the_same_in_another_spelling_agrees(one, other):
    assert agreement(one, other) == agreement(other, one) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris", "Lyon"),
        ("B", "C"),
        ("3", "-3"),
        ("0.5", "5"),
        ("1234567", "1234568"),
        ("[1, 2]", "[12]"),
        ("1,2", "12"),
        ("Paris", LONG),
        ("10", "100"),
    ],
)
def test_another_short_answer_does_not(one, other):
    assert agreement(one, other) == agreement(other, one) == 0.0


def test_long_answers_need_an_encoder():
    assert agreement(LONG, f"{LONG} in the end") is None


@pytest.mark.parametrize(("cosine", "expected"), [(1.0, 1.0), (0.75, 0.5), (0.5, 0.0), (-0.2, 0.0)])
def test_long_answers_agree_by_their_cosine_above_that_of_the_unrelated(cosine, expected):
    assert agreement(LONG, f"{LONG} in the end", Angles(cosine)) == pytest.approx(expected)


def test_the_encoder_that_comes_along_tells_a_paraphrase_from_another_matter(router):
    encoder = router.predictor.query_encoder.encoder
    near = "The river begins in the mountains, flows through three countries and ends in a broad delta at sea"
    far = (
        "To bake bread, mix flour, water, salt and yeast, let it rest overnight and bake it very hot at noon"
    )
    assert agreement(LONG, near, encoder) > agreement(LONG, far, encoder) + 0.2
    assert agreement(LONG, LONG + ".", encoder) == 1.0


def test_normalizing_twice_changes_nothing():
    for text in ("(B) 1,000", "The final answer is: 3.50", "a cat, the dog; 1,5", LONG):
        assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize(
    ("kind", "one", "other", "found"),
    [
        ("number", "3 times 4 is 12, so there are 12 apples.", "In all: 12.0", 1.0),
        ("number", "3 times 4 is 12", "3 times 4 is 13", 0.0),
        ("choice", "Since it floats, the answer is (B).", "b", 1.0),
        ("choice", "Since it floats, the answer is (B).", "Option C", 0.0),
        ("code", "Here:\n```python\nx = 1\n```", "```\nx =  1\n```\nDone.", 1.0),
        ("code", "```\nx = 1\n```", "```\nx = 2\n```", 0.0),
    ],
)
def test_answers_of_a_kind_are_compared_by_what_they_come_down_to(kind, one, other, found):
    assert agreement(one, other, kind=kind) == agreement(other, one, kind=kind) == found


def test_an_answer_without_such_a_part_is_compared_as_it_stands():
    assert agreement("none of them", "None of them.", kind="number") == 1.0


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Oslo", "The capital of Norway is Oslo.", None),
        ("Oslo.", "The capital of Norway is Oslo", "text"),
        ("Oslo", "Norway's capital is Oslo, a port in the south. It has some 700,000 inhabitants.", "text"),
    ],
)
def test_what_an_answer_repeats_of_the_question_does_not_count(one, other, kind):
    asked = "What is the capital of Norway?"
    assert (
        agreement(one, other, kind=kind, query=asked) == agreement(other, one, kind=kind, query=asked) == 1.0
    )
    assert agreement("Rome", other, kind=kind, query=asked) == 0.0


@pytest.mark.parametrize("answer", ["Norway", "The capital of Norway."])
def test_an_answer_that_only_repeats_the_question_does_not_agree_with_one_that_says_more(answer):
    asked = "What is the capital of Norway?"
    assert agreement(answer, "The capital of Norway is Oslo.", kind="text", query=asked) == 0.0
