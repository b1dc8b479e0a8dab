"""Train a verifier on outcomes with evidence.

A logistic regression with the log-odds of the prior as offset, and hat functions of the confidence as inputs: one shift
and one slope per knot, for all candidates together. Frequencies of the confidence among right and wrong answers are
counted. A separate reading per candidate, shrunk to the pooled one, was less accurate: cross-validated on
gpt4o-llama-qwen it lost AIQ at every strength of the shrinkage (docs/benchmarks.md).

It is constrained: P(right) never decreases with the confidence, for any prior, nor with the prior.
Between knots the log-odds are linear in the confidence, and at a knot in the prior's, so it is enough that

    shift + slope * x    does not fall from knot to knot, at x = -3.9 and at x = 3.9
    slope                is at least -1 at every knot

So confidence has no effect if more confident answers are more often wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.escalation.correlation import READ_WITHIN, Correlation, logit, tilt
from crossroute.escalation.verifier import KNOTS, Reading, Verifier, confidence
from crossroute.numeric import Floats, sigmoid

LEAST_ANSWERS = 100
"""Minimum number of answers with evidence to fit a verifier; right and wrong ones are both needed."""

_POOLED_PENALTY, _SLOPE_PENALTY = 0.3, 1.0
"""Chosen by cross-validation over train and validation of gpt4o-llama-qwen."""
_STEPS, _CLOSE = 50, 1e-6
_RISES = np.diff(np.eye(len(KNOTS)), axis=0)
"""Matrix of the differences between neighbouring knots, shape (knots - 1, knots)."""


def fit_verifier(
    prior: Floats,
    logprob: Floats,
    quality: Floats,
    *,
    correlation: Correlation | None = None,
    source: str = "",
) -> Verifier | None:
    """Fit a verifier with one reading for all candidates; None if too few answers have evidence.

    Args:
        prior: Out-of-sample predicted quality, shape (n, m), in [0, 1].
        logprob: Mean log-probability of each answer's tokens, shape (n, m); NaN if unknown.
        quality: Observed quality, shape (n, m), in [0, 1]; NaN if unknown.
        correlation: Correlation of the answers to one query.
        source: Name of the outcomes.
    """
    known = ~(np.isnan(logprob) | np.isnan(quality) | np.isnan(prior))
    right = quality[known]
    if min(right.sum(), (1 - right).sum()) < LEAST_ANSWERS / 2:
        return None
    log_odds, hats = logit(prior[known]), _hats(confidence(logprob[known]))
    counts = (hats.T @ right, hats.T @ (1 - right))
    pooled = _reading(*_fit_pooled(hats, log_odds, right), *(count / count.sum() for count in counts))
    return Verifier(pooled=pooled, correlation=correlation or Correlation(), source=source)


def _fit_pooled(hats: Floats, log_odds: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Return the shift and the slope at each knot, for all candidates together, shapes (knots,)."""
    inputs = np.hstack([hats, hats * tilt(log_odds)[:, None]])
    penalty = np.repeat([_POOLED_PENALTY, _SLOPE_PENALTY], len(KNOTS))
    ends = [np.hstack([_RISES, end * _RISES]) for end in (-READ_WITHIN, READ_WITHIN)]
    slopes = np.eye(len(penalty))[len(KNOTS) :]
    least = np.repeat([0.0, -1.0], [2 * len(_RISES), len(KNOTS)])
    weights = _logistic(inputs, log_odds, right, penalty, _Limits(np.vstack([*ends, slopes]), least))
    return weights[: len(KNOTS)], weights[len(KNOTS) :]


def _reading(shift: Floats, slope: Floats, right: Floats, wrong: Floats) -> Reading:
    names = ("shift", "slope", "right", "wrong")
    values = (tuple(array.tolist()) for array in (*_remove_falls(shift, slope), right, wrong))
    return Reading.model_validate(dict(zip(names, values, strict=True)))


def _remove_falls(shift: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Return shift and slope without the small decreases that rounding leaves at active constraints."""
    ends = (-READ_WITHIN, READ_WITHIN)
    low, high = (np.maximum.accumulate(shift + (1 + slope) * end) for end in ends)  # log-odds after
    high = np.maximum(low, high)
    return (low + high) / 2, (high - low) / (2 * READ_WITHIN) - 1


def _hats(at: Floats) -> Floats:
    """Return the weight of each knot at each confidence, shape (a, knots), rows summing to 1."""
    return np.stack([np.interp(at, KNOTS, row) for row in np.eye(len(KNOTS))], axis=1)


class _Limits(NamedTuple):
    """Linear constraints: rows @ weights >= least."""

    rows: Floats
    least: Floats


def _logistic(inputs: Floats, offset: Floats, target: Floats, penalty: Floats, limits: _Limits) -> Floats:
    """Return the weights of a penalized logistic regression with an offset, under linear constraints.

    Newton's method with step halving, from weights 0, which satisfy the constraints.
    """

    def loss(weights: Floats) -> float:
        log_odds = offset + inputs @ weights
        return float(np.logaddexp(0, log_odds).sum() - target @ log_odds + penalty @ weights**2 / 2)

    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        expected = sigmoid(offset + inputs @ weights)
        gradient = inputs.T @ (target - expected) - penalty * weights
        curvature = (inputs * (expected * (1 - expected))[:, None]).T @ inputs + np.diag(penalty)
        left = _Limits(limits.rows, limits.least - limits.rows @ weights)
        step = _step(curvature, gradient, left)
        while np.abs(step).max() > _CLOSE and loss(weights + step) > loss(weights):
            step /= 2
        weights += step
        if np.abs(step).max() <= _CLOSE:
            break
    return weights


def _step(curvature: Floats, gradient: Floats, limits: _Limits) -> Floats:
    """Return the s that minimizes s @ curvature @ s / 2 - gradient @ s under the constraints.

    In coordinates with unit curvature, it is the feasible point nearest to the unconstrained optimum, which is found by
    non-negative least squares.

    Source: Lawson and Hanson, "Solving Least Squares Problems" (1974), chapter 23: least distance programming.
    """
    from scipy.optimize import nnls

    free = np.linalg.solve(curvature, gradient)
    missing = limits.least - limits.rows @ free
    if (missing <= 0).all():
        return np.asarray(free)
    root = np.linalg.cholesky(curvature).T  # root.T @ root = curvature
    sides = np.linalg.solve(root.T, limits.rows.T)  # (weights, limits)
    near = (missing / np.linalg.norm(sides, axis=0)).max()  # lower bound on its distance
    sides = np.vstack([sides, missing / near])
    end = np.eye(len(sides))[-1]
    apart = sides @ nnls(sides, end)[0] - end
    return np.asarray(free + np.linalg.solve(root, -near * apart[:-1] / apart[-1]))
