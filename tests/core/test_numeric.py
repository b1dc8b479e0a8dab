"""Arithmetic, against SciPy and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special

from crossroute.numeric import clip, gelu, logit, means_by, sigmoid, softmax, sum_by

finite = st.floats(-1e3, 1e3)
rows = arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=finite)


@given(rows)
def test_shares_and_odds_are_scipys(values):
    np.testing.assert_allclose(softmax(values), special.softmax(values, axis=-1), atol=1e-12)
    np.testing.assert_allclose(sigmoid(values), special.expit(values), atol=1e-12)
    np.testing.assert_array_equal(clip(values, -1.0, 2.0), np.clip(values, -1, 2))


@pytest.mark.parametrize("function", [softmax, sigmoid])
def test_arguments_and_precision_stay(function):
    values = np.array([[1.0, 2.0]], dtype=np.float32)
    assert function(values).dtype == np.float32
    assert values.tolist() == [[1, 2]]


def test_odds_beyond_what_a_float_holds_are_0_and_1():
    assert sigmoid(np.array([-1e9, 1e9])).tolist() == [0, 1]
    assert softmax(np.array([0.0, 1e9])).tolist() == [0, 1]


@given(arrays(float, 7, elements=st.floats(0, 1)))
def test_logit_is_scipys_within_its_bounds(probability):
    held = np.clip(probability, 0.01, 0.99)
    np.testing.assert_allclose(logit(probability, 0.01), special.logit(held), atol=1e-9)


@given(arrays(np.float32, st.integers(1, 9), elements=st.floats(-30, 30, width=32)))
def test_gelu_is_within_a_millionth(x):
    exact = x.astype(float) * special.ndtr(x.astype(float))
    np.testing.assert_allclose(gelu(x), exact, atol=1e-6, rtol=1e-6)


def test_sums_and_means_by_group():
    groups, values = np.array([3, 1, 3]), np.array([[1.0, 0], [2, 5], [3, 2]])
    assert means_by(groups, values).tolist() == [[2, 5], [2, 1]]
    assert sum_by(np.array([2, 0, 2]), values, 3).tolist() == [[2, 5], [0, 0], [4, 2]]
