"""Agreement: what counts as the same answer."""

import numpy as np
import pytest

from crossroute.calls.escalation.agreement import agreement, normalized

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
        assert normalized(normalized(text)) == normalized(text)
