import numpy as np
import pytest

from crossroute import Query
from crossroute.encoder.surface import surface_features


def test_a_text_by_hand():
    found = surface_features(Query("Is 2 + 2 = 4?\n"))
    by_hand = [
        np.log(4),  # 15 characters are 4 tokens
        np.log(14),
        np.log1p(1),
        2,
        3 / 14,
        np.log1p(3),
        1 / 14,  # "="
        2 / 14,  # "+" and "="
        1 / 14,
        0,
        np.log1p(1),
        0,
        np.log1p(1),
        0,
        1,
    ]
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)


@pytest.mark.parametrize(
    "text", ["x", "\x00", "é" * 5000, "?" * 10, "1\n2\n\n3", "\ud800 lone", "A) a\nB) b"]
)
def test_any_text_gives_finite_features_of_one_shape(text):
    found = surface_features(Query(text))
    assert found.shape == surface_features(Query("other")).shape
    assert np.isfinite(found).all()


def test_choices_and_paragraphs_are_counted():
    plain, choices = surface_features(Query("Pick one.")), surface_features(Query("Pick.\n\nA) one\nB) two"))
    assert choices[13] == pytest.approx(np.log1p(2))
    assert choices[11] == pytest.approx(np.log1p(1))
    assert plain[13] == plain[11] == 0
