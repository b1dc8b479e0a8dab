"""Outcomes that carry evidence -> a verifier.

Two logistic regressions on the log-odds of the prior, with hat functions of the confidence as inputs: first
one shift and one slope a knot for all candidates, then each candidate's own deviation in shift, held close to
none. What a signal's frequency is among right and wrong answers is counted, and shrunk likewise.
"""

from __future__ import annotations

import numpy as np

from crossroute.candidate import Pool
from crossroute.escalation.correlation import Correlation, logit
from crossroute.escalation.verifier import KNOTS, Reading, Verifier, confidence
from crossroute.log_odds import sigmoid
from crossroute.reward import Floats

LEAST_ANSWERS = 100
"""Answers with evidence, right and wrong ones among them, from which a verifier is worth learning."""

_POOLED_PENALTY, _SLOPE_PENALTY, _OWN_PENALTY = 0.3, 1.0, 3.0
_OWN_COUNTS = 20.0
_STEPS = 25


def fit_verifier(
    pool: Pool,
    prior: Floats,
    logprob: Floats,
    quality: Floats,
    *,
    correlation: Correlation | None = None,
    source: str = "",
) -> Verifier | None:
    """Learn a verifier, or return None where too few answers carry evidence.

    Args:
        pool: The m candidates.
        prior: Quality predicted without having seen these outcomes, shape (n, m), in [0, 1].
        logprob: Mean log-probability of each answer's tokens, shape (n, m); NaN where it is not known.
        quality: Observed quality, shape (n, m), in [0, 1]; NaN where it is not known.
        correlation: How answers to one query hang together.
        source: What the outcomes are.
    """
    known = ~(np.isnan(logprob) | np.isnan(quality) | np.isnan(prior))
    right = quality[known]
    if min(right.sum(), (1 - right).sum()) < LEAST_ANSWERS / 2:
        return None
    columns = np.nonzero(known)[1]
    log_odds, hats = logit(prior[known]), _hats(confidence(logprob[known]))
    inputs = np.hstack([hats, hats * log_odds[:, None]])
    penalty = np.repeat([_POOLED_PENALTY, _SLOPE_PENALTY], len(KNOTS))
    shift, slope = np.split(_logistic(inputs, log_odds, right, penalty), 2)
    offset = log_odds + hats @ shift + hats @ slope * log_odds
    counts = [hats.T @ right, hats.T @ (1 - right)]
    pooled = _reading(shift, slope, *(_frequencies(count, count) for count in counts))
    readings = {}
    for column, name in enumerate(pool.names):
        own = columns == column
        if own.any():
            deviation = _logistic(hats[own], offset[own], right[own], np.full(len(KNOTS), _OWN_PENALTY))
            seen = [hats[own].T @ right[own], hats[own].T @ (1 - right[own])]
            frequencies = [_frequencies(*pair) for pair in zip(seen, counts, strict=True)]
            readings[name] = _reading(shift + deviation, slope, *frequencies)
    return Verifier(pooled=pooled, readings=readings, correlation=correlation or Correlation(), source=source)


def _reading(shift: Floats, slope: Floats, right: Floats, wrong: Floats) -> Reading:
    names = ("shift", "slope", "right", "wrong")
    values = (tuple(array.tolist()) for array in (shift, slope, right, wrong))
    return Reading.model_validate(dict(zip(names, values, strict=True)))


def _hats(at: Floats) -> Floats:
    """Return the weight of each knot at each confidence, shape (a, knots), rows summing to 1."""
    return np.stack([np.interp(at, KNOTS, row) for row in np.eye(len(KNOTS))], axis=1)


def _frequencies(own: Floats, all_: Floats) -> Floats:
    total = own + _OWN_COUNTS * all_ / all_.sum()
    frequencies: Floats = total / total.sum()
    return frequencies


def _logistic(inputs: Floats, offset: Floats, target: Floats, penalty: Floats) -> Floats:
    """Return the weights of a penalized logistic regression with an offset, by Newton's method."""
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        expected = sigmoid(offset + inputs @ weights)
        gradient = inputs.T @ (target - expected) - penalty * weights
        curvature = (inputs * (expected * (1 - expected))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights
