"""Grades in the words of their scale, as quality."""

import pytest

from crossroute.traffic.scales import check_scale, to_quality


@pytest.mark.parametrize(
    ("grade", "scale", "quality"),
    [
        *((grade, "thumbs", 1.0) for grade in ("up", " UP ", True, 1, 1.0, "+1", "👍", "yes")),
        *((grade, "thumbs", 0.0) for grade in ("down", False, 0, -1, -1.0, "👎", "No")),
        *((grade, "stars", (grade - 1) / 4) for grade in (1, 2, 3.5, 5)),
        ("4", "stars", 0.75),
        *((grade, "quality", float(grade)) for grade in (0, 1, 0.3, "0.25", True)),
    ],
)
def test_a_grade_means_a_quality(grade, scale, quality):
    assert to_quality(grade, scale) == quality


@pytest.mark.parametrize(
    ("grade", "scale", "expected"),
    [
        *((grade, "thumbs", "up or down") for grade in ("maybe", "", None, 2, 0.5)),
        *((grade, "stars", "a number from 1 to 5") for grade in (0, 6, "five", None, float("nan"))),
        *((grade, "quality", r"a number in \[0, 1\]") for grade in (-0.1, 1.1, "good", None, float("nan"))),
    ],
)
def test_what_is_no_grade_of_the_scale_is_refused(grade, scale, expected):
    with pytest.raises(ValueError, match=rf"is not on the scale '{scale}'; expected {expected}"):
        to_quality(grade, scale)


def test_an_unknown_scale_is_refused():
    check_scale("stars")
    for check in (check_scale, lambda scale: to_quality(1, scale)):
        with pytest.raises(ValueError, match="Unknown scale 'marks'; expected one of quality, thumbs, stars"):
            check("marks")
