"""Estimates: intervals that cover as they say, where the truth is known; thin overlap is told, not estimated."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute.traffic.estimates import cross_fit, estimate, lower_bound, score_decisions

N, M = 600, 3


def world(random, share=0.3):
    """A log of a policy that explores: truth of every candidate, what was chosen, and what it got."""
    truth = random.beta(4, 2, (N, M))
    best = (truth + random.normal(0, 0.2, truth.shape)).argmax(axis=1)
    propensity = np.full((N, M), share / M) + np.eye(M)[best] * (1 - share)
    chosen = (propensity.cumsum(axis=1) > random.random((N, 1))).argmax(axis=1)
    observed = (random.random(N) < truth[np.arange(N), chosen]).astype(float)
    predicted = np.clip(truth * 0.5 + 0.1, 0, 1)  # far too low
    policy = np.eye(M)[(truth + random.normal(0, 0.3, truth.shape)).argmax(axis=1)]
    return truth, propensity, chosen, observed, predicted, policy


def test_intervals_cover_the_truth_about_95_times_in_100():
    random, covered = np.random.default_rng(0), {"snips": 0, "doubly_robust": 0}
    repeats = 150
    for _ in range(repeats):
        truth, propensity, chosen, observed, predicted, policy = world(random)
        value = (policy * truth).sum(axis=1).mean()
        found = estimate(policy, chosen, propensity, observed, predicted)
        for name in covered:
            told = getattr(found, name)
            covered[name] += told.low <= value <= told.high
    assert all(0.90 <= count / repeats <= 0.99 for count in covered.values()), covered


def test_the_direct_method_is_as_wrong_as_its_prediction_and_the_doubly_robust_one_is_not():
    random = np.random.default_rng(1)
    errors = []
    for _ in range(40):
        truth, propensity, chosen, observed, predicted, policy = world(random)
        value = (policy * truth).sum(axis=1).mean()
        found = estimate(policy, chosen, propensity, observed, predicted)
        errors.append((found.direct.value - value, found.doubly_robust.value - value))
    direct, robust = np.mean(errors, axis=0)
    assert abs(robust) < 0.015 < abs(direct)


def test_a_lower_bound_lets_few_that_are_no_better_pass():
    random = np.random.default_rng(2)
    passed = 0
    for _ in range(200):
        truth = np.repeat(random.beta(4, 2, (N, 1)), M, axis=1)  # all candidates alike
        propensity = np.full((N, M), 1 / M)
        chosen = random.integers(0, M, N)
        observed = (random.random(N) < truth[:, 0]).astype(float)
        one, other = (np.eye(M)[random.integers(0, M, N)] for _ in range(2))
        fitted = cross_fit(chosen, observed, np.full((N, M), 0.5))
        told = (chosen, propensity, observed, fitted)
        passed += (
            lower_bound(score_decisions(one, *told) - score_decisions(other, *told), np.ones(N), 0.95) > 0
        )
    assert passed / 200 <= 0.085  # 5 % but for chance: three standard errors would be 9.6 %


def test_a_choice_without_a_chance_in_the_log_is_told():
    chosen, propensity = np.zeros(100, dtype=int), np.eye(2)[np.zeros(100, dtype=int)]
    policy = np.eye(2)[np.ones(100, dtype=int)]
    found = estimate(policy, chosen, propensity, np.ones(100), np.full((100, 2), 0.5))
    assert found.thin.startswith("overlap too thin: 100% of its choices have propensity 0 in this log")


def test_few_effective_decisions_are_told_with_what_it_takes():
    chosen = np.array([1] + [0] * 99)
    policy, propensity = np.eye(2)[np.ones(100, dtype=int)], np.tile([0.99, 0.01], (100, 1))
    found = estimate(policy, chosen, propensity, np.ones(100), np.full((100, 2), 0.5))
    assert found.effective == pytest.approx(1)
    assert "Record about 3,000" in found.thin


def test_a_lower_bound_holds_for_skewed_values_as_often_as_it_says():
    random = np.random.default_rng(0)
    skewed = -random.lognormal(0, 1.2, (2000, 200))  # few that are far below
    truth = -np.exp(1.2**2 / 2)
    above = np.mean([lower_bound(values, np.ones(200), 0.95) > truth for values in skewed])
    assert above < 0.095  # by the normal quantile alone it is 0.11
