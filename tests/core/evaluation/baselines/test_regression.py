import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

from crossroute.evaluation.baselines.regression import Neighbours, SoftLogistic


def test_neighbours_are_scikit_learns_and_no_more_than_there_are():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(30, 4)), generator.random(30)
    expected = KNeighborsRegressor(7, metric="cosine", algorithm="brute").fit(x, y).predict(x)
    assert np.allclose(Neighbours(7).fit(x, y).predict(x), expected)
    assert np.allclose(Neighbours(400).fit(x, y).predict(x), y.mean())


def test_soft_logistic_is_scikit_learns_on_hard_targets():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3))
    y = (x[:, 0] + generator.normal(size=200) > 0).astype(float)
    expected = LogisticRegression(C=0.5).fit(x, y).predict_proba(x)[:, 1]
    assert np.allclose(SoftLogistic(0.5).fit(x, y).predict(x), expected, atol=1e-3)


def test_soft_logistic_takes_a_quality_of_a_half_as_half_a_success():
    x, zero = np.ones((4, 1)), np.zeros((4, 1))
    assert SoftLogistic().fit(zero, np.array([0.5, 0.25, 0.25, 0.0])).predict(zero) == pytest.approx(
        0.25, abs=1e-4
    )
    assert (SoftLogistic().fit(x, np.ones(4)).predict(x) == 1).all()
