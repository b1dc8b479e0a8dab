import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve

from crossroute.metrics.uncertainty import cost_factor, expected_calibration_error, paired_bootstrap

shares = st.floats(0, 1, allow_subnormal=False).map(lambda value: round(value, 6))


def test_calibration_error_agrees_with_scikit_learn():
    generator = np.random.default_rng(0)
    predicted = generator.random(5000)
    observed = (generator.random(5000) < predicted**2).astype(float)
    fraction, mean = calibration_curve(observed, predicted, n_bins=15)
    counts = np.histogram(predicted, np.linspace(0, 1, 16))[0]
    expected = (np.abs(fraction - mean) * counts).sum() / 5000
    assert expected_calibration_error(predicted, observed) == pytest.approx(expected)


@given(arrays(float, 20, elements=shares))
def test_what_was_foretold_exactly_is_calibrated(quality):
    assert expected_calibration_error(quality, quality) == 0


def test_calibration_leaves_unknown_outcomes_out():
    predicted, observed = np.array([0.9, 0.2]), np.array([np.nan, 0.0])
    assert expected_calibration_error(predicted, observed) == pytest.approx(0.2)
    assert np.isnan(expected_calibration_error(predicted, np.full(2, np.nan)))


def test_cost_factor_counts_too_high_and_too_low_alike():
    assert cost_factor(np.array([2.0, 0.5, 2.0]), np.ones(3)) == pytest.approx(2)
    assert cost_factor(np.array([3.0, 9.0, 9.0]), np.array([1.0, 0.0, np.nan])) == pytest.approx(3)
    assert cost_factor(np.array([0.0]), np.array([1.0])) == np.inf
    assert np.isnan(cost_factor(np.array([1.0]), np.array([0.0])))


def test_bootstrap_interval_of_a_mean_is_about_two_standard_errors():
    values = np.random.default_rng(0).normal(size=400)
    low, high = paired_bootstrap(lambda weights: weights @ values, 400, resamples=2000)
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_bootstrap_is_paired_and_reproducible():
    values = np.random.default_rng(0).normal(size=50)

    def difference(weights):
        assert np.allclose(weights.sum(axis=1), 1)
        return np.stack([weights @ values, weights @ (values + 1) - weights @ values], axis=1)

    first = paired_bootstrap(difference, 50, resamples=250, seed=3)
    assert first[:, 1] == pytest.approx([1, 1])
    assert np.array_equal(first, paired_bootstrap(difference, 50, resamples=250, seed=3))
    assert not np.array_equal(first, paired_bootstrap(difference, 50, resamples=250, seed=4))
