import numpy as np
import pytest

from crossroute import Query
from crossroute.encoder.surface import HIGHEST, LOWEST, surface_features


def test_a_text_by_hand():
    found = surface_features([Query("Is 2 + 2 = 4?\nYes.")])[0]
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
def test_any_text_gives_finite_features_of_one_shape(text):
    found = surface_features([Query(text)])[0]
    assert found.shape == surface_features([Query("other")])[0].shape
    assert np.isfinite(found).all()
    assert (found >= LOWEST - 1e-6).all()
    assert (found <= HIGHEST + 1e-6).all()


def test_choices_and_paragraphs_are_counted():
    plain, choices = (
        surface_features([Query("Pick one.")])[0],
        surface_features([Query("Pick.\n\nA) one\nB) two")])[0],
    )
    assert choices[13] == pytest.approx(np.log1p(2))
    assert choices[11] == pytest.approx(np.log1p(1))
    assert plain[13] == plain[11] == 0
