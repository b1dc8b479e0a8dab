"""Shifts: grades count where they were given, readings as far as they are borne out, moves beyond their error alone."""

from __future__ import annotations

import numpy as np
import pytest

from crossroute.traffic.shifts import HELD_BACK, OWN, SHARED, SLOPE, Grades, fit_shifts, hold_back

WIDE = np.array([0.6])
"""What a candidate's shift may be where no query is like training."""


def seen(log_odds, quality, *, column=None, reading=None, places=None):
    """Return grades, by default of one candidate on typical queries of one cluster."""
    n = len(quality)
    return Grades(
        np.zeros(n, dtype=int) if column is None else column,
        np.asarray(log_odds, dtype=float),
        np.zeros(n) if reading is None else reading,
        np.ones((n, 1)) if places is None else places,
        np.asarray(quality, dtype=float),
        np.ones(n),
    )


def grades_against_readings():
    """Return 200 grades of one candidate, good where it is read as bad as often as where it is read as good."""
    reading = np.tile([1.0, -1.0], 100)
    return seen(reading, np.arange(200) % 4 < 2, reading=reading)


def test_readings_count_less_where_grades_do_not_bear_them_out_and_nothing_like_it_was_trained_on():
    far, near = (fit_shifts(grades_against_readings(), np.array([0.1]), trust=trust) for trust in (0.0, 1.0))
    assert far.slope == pytest.approx(-1, abs=0.15)
    assert near.slope == pytest.approx(0, abs=1e-6)
    assert np.abs([far.shift, near.shift]).max() < 0.05


def test_a_candidate_chosen_where_it_is_read_too_high_is_not_blamed_where_it_was_not_chosen():
    reading = np.r_[np.zeros(100), np.ones(100)]
    told = seen(reading, np.tile([0.0, 1.0], 100), reading=reading)
    told_apart, alone = (fit_shifts(told, np.array([0.5]), trust=trust).shift[0] for trust in (0.0, 1.0))
    assert alone < -0.3
    assert told_apart > alone + 0.15


def test_many_grades_in_one_place_move_a_candidate_less_than_as_many_in_all():
    good = np.arange(400) % 10 < 9
    spread, one = np.eye(8)[np.arange(400) % 8], np.eye(8)[np.zeros(400, dtype=int)]
    everywhere, there = (
        fit_shifts(seen(np.zeros(400), good, places=at), WIDE, trust=0.0) for at in (spread, one)
    )
    assert everywhere.shift[0] > 1.5 * there.shift[0] > 0
    assert there.error[0] > 1.5 * everywhere.error[0]
    known = fit_shifts(seen(np.zeros(400), good, places=one), WIDE, trust=1.0)
    assert known.shift[0] > everywhere.shift[0]


def test_a_move_counts_as_far_as_it_is_beyond_part_of_its_error_and_whole_where_queries_are_known():
    told = np.array([HELD_BACK, 1.0, -1.0]), np.ones(3)
    assert hold_back(*told, trust=0.0) == pytest.approx([0, 1 - HELD_BACK, HELD_BACK - 1])
    assert hold_back(*told, trust=1.0).tolist() == told[0].tolist()
    few = seen(np.zeros(8), [1, 0, 1, 0, 1, 1, 0, 1], column=np.repeat([0, 1], 4))
    assert np.ptp(fit_shifts(few, np.repeat(WIDE, 2), trust=0.0).shift) == pytest.approx(0, abs=1e-9)


def test_unknowns_and_errors_are_those_of_the_whole_system():
    """Each candidate's own unknowns are eliminated; solved all together, the same is found."""
    random, n, m, k = np.random.default_rng(0), 300, 3, 4
    column, reading = random.integers(0, m, n), random.normal(size=n)
    places, quality = random.dirichlet(np.ones(k), n), random.random(n)
    told = seen(random.normal(size=n), quality, column=column, reading=reading, places=places)
    spread = np.r_[SHARED, SLOPE, np.tile(np.r_[0.5, np.full(k, OWN)], m)]
    design = np.zeros((n, 2 + m * (1 + k)))
    design[:, 0], design[:, 1] = 1, reading
    for row, own in enumerate(column):
        start = 2 + own * (1 + k)
        design[row, start : start + 1 + k] = np.r_[1, places[row]]
    found = np.zeros(design.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-(told.log_odds + design @ found)))
        hessian = (design * (expected * (1 - expected))[:, None]).T @ design + np.diag(1 / spread**2)
        found = found + np.linalg.solve(hessian, design.T @ (quality - expected) - found / spread**2)
    covariance = np.linalg.inv(hessian)
    at = 2 + (1 + k) * np.arange(m)
    error = np.sqrt(covariance[0, 0] + 2 * covariance[0, at] + covariance[at, at])
    taught = fit_shifts(told, np.full(m, 0.5), trust=0.0)
    assert taught.slope == pytest.approx(found[1], abs=1e-6)
    assert taught.error == pytest.approx(error, rel=1e-6)
    assert taught.shift == pytest.approx(found[0] + hold_back(found[at], error, 0.0), abs=1e-6)
