"""Metrics, checked by hand, against independent references and by property."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crossroute.metrics.scores import (
    WILLINGNESS_TO_PAY,
    aiq,
    candidate_points,
    choices,
    cost_at_quality,
    cost_quality_curve,
    cost_range,
    gap_closed,
    maximum_quality,
    non_decreasing_convex_hull,
    sweep_for,
    zero_router_points,
)

SQUARE = np.array([[0.0, 0.5], [1.0, 1.0]])
shares = st.floats(0, 1, allow_subnormal=False).map(lambda value: round(value, 6))
clouds = arrays(float, st.tuples(st.integers(1, 30), st.just(2)), elements=shares)


def simulate(n=200, m=5, seed=0):
    generator = np.random.default_rng(seed)
    quality = generator.random((n, m)).round(2)
    cost = 10 ** generator.uniform(-5, -2, (n, m))
    predicted_quality = np.clip(quality + generator.normal(0, 0.3, (n, m)), 0, 1)
    predicted_cost = cost * generator.lognormal(0, 0.2, (n, m))
    return predicted_quality, predicted_cost, quality, cost


def brute_force_hull(points, cost):
    """The highest quality that a mixture of at most two points buys for a cost, by trying all pairs."""
    reachable = [quality for price, quality in points if price <= cost]
    for left_cost, left in points:
        for right_cost, right in points:
            if left_cost < cost < right_cost:
                share = (cost - left_cost) / (right_cost - left_cost)
                reachable.append(left + share * (right - left))
    return max(reachable)


# The sweep


def test_the_sweep_is_the_same_for_all_usual_costs():
    for dearest in (0.0, 1e-5, 0.01, 1.0):
        cost = np.array([[0.0, dearest], [np.nan, dearest]])
        assert sweep_for(cost) is WILLINGNESS_TO_PAY
    assert sweep_for(np.full((2, 2), np.nan)) is WILLINGNESS_TO_PAY


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 300, 1e4, 1e7])
def test_the_figure_does_not_depend_on_the_unit_of_money(scale):
    predicted_quality, predicted_cost, quality, cost = simulate()
    curves = [
        cost_quality_curve(predicted_quality, predicted_cost * unit, quality, cost * unit)
        for unit in (1, scale)
    ]
    usual, scaled = (
        aiq(curve, *cost_range(quality, cost * unit)) for curve, unit in zip(curves, (1, scale), strict=True)
    )
    assert scaled == pytest.approx(usual, abs=2e-3)


# The hull


def test_hull_keeps_what_is_dearer_and_better_at_a_falling_rate():
    points = np.array([[1, 0.1], [2, 0.5], [2, 0.4], [3, 0.6], [4, 0.9], [5, 0.8], [1, 0.3]])
    assert non_decreasing_convex_hull(points).tolist() == [[1, 0.3], [4, 0.9]]


@given(clouds)
def test_hull_is_the_brute_force_hull(points):
    hull = non_decreasing_convex_hull(points)
    for cost in np.linspace(points[:, 0].min(), points[:, 0].max(), 7):
        expected = brute_force_hull(points.tolist(), cost)
        assert np.interp(cost, *hull.T) == pytest.approx(expected, abs=1e-9)


@given(clouds)
def test_hull_rises_in_both_directions_and_is_its_own_hull(points):
    hull = non_decreasing_convex_hull(points)
    assert (np.diff(hull, axis=0) > 0).all()
    assert np.array_equal(non_decreasing_convex_hull(hull[::-1]), hull)


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.array([[1.0, np.nan]])])
def test_hull_refuses_nothing_and_nan(points):
    with pytest.raises(ValueError, match="at least one point"):
        non_decreasing_convex_hull(points)


# AIQ


def test_aiq_is_flat_past_the_last_vertex():
    assert aiq(SQUARE, 0, 4) == pytest.approx((0.75 * 1 + 1 * 3) / 4)


def test_aiq_rises_from_zero_before_the_first_vertex():
    assert aiq(np.array([[2.0, 0.8]]), 0, 4) == pytest.approx((0.4 * 2 + 0.8 * 2) / 4)


def test_aiq_cuts_the_hull_at_both_ends_of_the_range():
    assert aiq(SQUARE, 0.5, 1.0) == pytest.approx(0.875)
    assert aiq(np.array([[3.0, 0.9]]), 0, 2) == pytest.approx(0.3)  # still rising where the range ends


@given(clouds, shares)
def test_aiq_agrees_with_numerical_integration(points, low):
    points = np.concatenate([points, [[low, 0.0]]])
    hull, cost = non_decreasing_convex_hull(points), np.linspace(low, low + 0.7, 20_001)
    assert aiq(points, low, low + 0.7) == pytest.approx(np.interp(cost, *hull.T).mean(), abs=1e-3)


@given(clouds, clouds)
def test_aiq_never_falls_when_points_are_added(points, more):
    points = np.concatenate([points, [[0.0, 0.0]]])
    assert aiq(np.concatenate([points, more]), 0, 1) >= aiq(points, 0, 1) - 1e-12


def test_aiq_refuses_an_empty_cost_range():
    with pytest.raises(ValueError, match="low < high"):
        aiq(SQUARE, 1, 1)


# The curve


def test_curve_by_hand():
    quality, cost = np.array([[0.4, 0.9], [0.5, 0.6]]), np.array([[0.001, 0.02], [0.001, 0.02]])
    curve = cost_quality_curve(quality, cost, quality, cost)
    # The dearer pays from 0.019 / log(0.9 / 0.4) = 0.023 USD and from 0.019 / log(0.6 / 0.5) = 0.104 USD.
    at = WILLINGNESS_TO_PAY.searchsorted([0.01, 0.05, 0.2])
    assert curve[at].round(9).tolist() == [[0.001, 0.45], [0.0105, 0.7], [0.02, 0.75]]


@given(st.permutations(range(4)))
def test_curve_does_not_depend_on_the_order_of_candidates(order):
    simulated = simulate(30, 4)
    permuted = [each[:, order] for each in simulated]
    assert np.allclose(cost_quality_curve(*simulated), cost_quality_curve(*permuted))


@pytest.mark.parametrize("reward", ["exponential", "linear"])
def test_curve_predicts_dearer_choices_as_the_willingness_to_pay_rises(reward):
    quality, cost, *_ = simulate()
    curve = cost_quality_curve(quality, cost, quality, cost, reward)
    assert (np.diff(curve[:, 0]) >= -1e-15).all()


def test_unknown_outcomes_are_never_chosen_and_queries_without_any_are_left_out():
    quality = np.array([[0.2, np.nan], [0.6, 0.9], [np.nan, np.nan], [0.5, 0.8]])
    cost = np.array([[1.0, 5.0], [1.0, np.nan], [1.0, 5.0], [1.0, 5.0]])
    curve = cost_quality_curve(np.full((4, 2), [0.1, 0.9]), np.full((4, 2), [1.0, 5.0]), quality, cost)
    assert curve[-1] == pytest.approx([(1 + 1 + 5) / 3, (0.2 + 0.6 + 0.8) / 3])


def test_predictions_may_be_nan_only_where_the_outcome_is_unknown():
    predicted, known = np.array([[0.5, np.nan]]), np.array([[True, False]])
    assert (choices(predicted, predicted, known) == 0).all()
    with pytest.raises(ValueError, match="finite"):
        choices(predicted, predicted, np.array([[True, True]]))
    with pytest.raises(ValueError, match="no candidate"):
        choices(predicted, predicted, np.array([[False, False]]))


def test_curve_of_nothing_known_says_so():
    with pytest.raises(ValueError, match="nothing to evaluate"):
        cost_quality_curve(np.ones((1, 1)), np.ones((1, 1)), np.full((1, 1), np.nan), np.ones((1, 1)))


# Bounds


def test_zero_router_interpolates_candidates_where_all_outcomes_are_known():
    _, _, quality, cost = simulate()
    points = zero_router_points(quality, cost)
    assert np.array_equal(points, np.stack([cost.mean(0), quality.mean(0)], axis=1))


def test_zero_router_is_a_blind_choice_among_the_known_where_some_are_not():
    quality, cost = np.array([[0.1, 1.0], [0.5, np.nan]]), np.array([[1e-3, 2e-3], [1e-3, np.nan]])
    points = zero_router_points(quality, cost)
    assert points[0] == pytest.approx([1e-3, 0.3])  # the candidate that is always known
    assert points[-1] == pytest.approx([1.5e-3, 0.75])  # the other one wherever it is known
    assert maximum_quality(points) == pytest.approx(0.75)  # not 1.0, its mean on the easy half


def test_no_router_beats_the_oracle_at_either_end():
    predicted_quality, predicted_cost, quality, cost = simulate()
    router = cost_quality_curve(predicted_quality, predicted_cost, quality, cost)
    oracle = cost_quality_curve(quality, cost, quality, cost)
    assert maximum_quality(oracle) >= maximum_quality(router)
    assert oracle[0, 0] <= router[:, 0].min()


def test_candidate_points_name_the_columns_without_outcomes():
    with pytest.raises(ValueError, match=r"\[1\]"):
        candidate_points(np.array([[1.0, np.nan]]), np.ones((1, 2)))


def test_cost_range_passes_over_candidates_without_outcomes():
    quality, cost = np.array([[1.0, np.nan, 0.0], [1.0, np.nan, np.nan]]), np.array([[1.0, 9.0, 4.0]] * 2)
    assert cost_range(quality, cost) == (1.0, 4.0)
    with pytest.raises(ValueError, match="no cost range"):
        cost_range(quality * np.nan, cost)


def test_cost_at_quality():
    points = np.array([[1.0, 0.5], [3.0, 0.9], [9.0, 0.7]])
    assert cost_at_quality(points, 0.4) == 1.0  # the cheapest point is better than that
    assert cost_at_quality(points, 0.9) == 3.0
    assert np.isnan(cost_at_quality(points, 0.91))


def test_gap_closed_may_be_negative_and_needs_a_gap():
    assert gap_closed(0.7, zero=0.8, oracle=0.9) == pytest.approx(-1)
    assert np.isnan(gap_closed(0.8, zero=0.8, oracle=0.8))


# Calibration


# The bootstrap


# The independent reference


@pytest.mark.data
@pytest.mark.parametrize("reward", ["exponential", "linear"])
def test_agrees_with_the_independent_reference(shared_data, reward):
    path = shared_data.parent / "tools" / "aiq.py"
    spec = importlib.util.spec_from_file_location("independent_aiq", path)
    independent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(independent)
    simulated = simulate(500, 6, seed=1)
    expected = independent.score(*simulated, reward=reward)
    points, means = cost_quality_curve(*simulated, reward=reward), candidate_points(*simulated[2:])
    low, high = means[:, 0].min(), means[:, 0].max()
    assert np.allclose(points, independent.sweep(*simulated, reward=reward), rtol=1e-12)
    assert np.allclose(non_decreasing_convex_hull(points), independent.hull(points))
    assert aiq(points, low, high) == pytest.approx(expected["aiq"], abs=1e-5)  # it integrates on a grid
    assert maximum_quality(points) == pytest.approx(expected["max_quality"])
    reached = cost_at_quality(points, means[:, 1].max())
    assert reached == pytest.approx(expected["cost_at_best_single"], nan_ok=True)
