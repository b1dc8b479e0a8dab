"""Metrics of predictions and choices on observed outcomes."""

from crossroute.metrics.scores import (
    WILLINGNESS_TO_PAY,
    aiq,
    best_single,
    candidate_points,
    choices,
    cost_at_quality,
    cost_quality_curve,
    cost_range,
    gap_closed,
    known_outcomes,
    maximum_quality,
    non_decreasing_convex_hull,
    sweep_for,
    zero_router_points,
)
from crossroute.metrics.uncertainty import cost_factor, expected_calibration_error, paired_bootstrap

__all__ = [
    "WILLINGNESS_TO_PAY",
    "aiq",
    "best_single",
    "candidate_points",
    "choices",
    "cost_at_quality",
    "cost_factor",
    "cost_quality_curve",
    "cost_range",
    "expected_calibration_error",
    "gap_closed",
    "known_outcomes",
    "maximum_quality",
    "non_decreasing_convex_hull",
    "paired_bootstrap",
    "sweep_for",
    "zero_router_points",
]
