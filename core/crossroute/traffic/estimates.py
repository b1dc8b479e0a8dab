"""Off-policy evaluation: estimate the value of another policy from logged choices with known propensities.

With p_i the propensity of the chosen candidate, pi_i its probability under the other policy, w_i = pi_i / p_i, y_i the
observed value and m(x, a) the prediction for candidate a:

    direct method                 mean_i sum_a pi(a | x_i) m(x_i, a)
    self-normalized (SNIPS)       sum_i w_i y_i / sum_i w_i
    doubly robust                 mean_i [sum_a pi(a | x_i) m(x_i, a) + w_i (y_i - m(x_i, a_i))]

The prediction is corrected on other folds than the one that it is used on (cross-fitting).

Source: Dudik, Langford, Li, "Doubly Robust Policy Evaluation and Learning", arXiv 1103.4601; Swaminathan and
Joachims, "The Self-Normalized Estimator for Counterfactual Learning" (2015); Chernozhukov et al., "Double/Debiased
Machine Learning", arXiv 1608.00060. Deviation: the variance counts each fold's own mean.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

Z = 1.96
"""Half width of a 95 % interval, in standard errors."""
FOLDS = 5
FEWEST = 30
"""Minimum effective number of decisions for an estimate."""
UNSUPPORTED = 0.02
"""Maximum share of a policy's choices with propensity 0 in the log."""
UNGRADED = "No decision of this log is graded. Grade answers with log.feedback(decision_id, quality)"
"""Why nothing is estimated or learned from a log without grades."""
SHRINKAGE = 20.0
"""Weight of a router's prediction for a candidate, in outcomes."""


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, error: float) -> Estimate:
        """Return a mean with a standard error."""
        return cls(value, value - Z * error, value + Z * error)


class Estimates(NamedTuple):
    """Three estimates of a policy's value.

    Attributes:
        direct: The direct method, from predictions alone; the interval does not include their bias.
        snips: SNIPS, from importance weights alone.
        doubly_robust: From both; consistent if either one is.
        effective: Effective number of decisions, (sum w)^2 / sum w^2.
        unsupported: Share of the policy's choices with propensity 0 in the log, in [0, 1].
        decisions: Number of decisions.
        explorable: Share of decisions with more than one candidate of nonzero propensity, in [0, 1].
    """

    direct: Estimate
    snips: Estimate
    doubly_robust: Estimate
    effective: float
    unsupported: float
    decisions: int
    explorable: float = 1.0

    @property
    def thin(self) -> str | None:
        """Why the estimates are unreliable, and what is needed; None if they are reliable."""
        if not self.decisions:
            return UNGRADED
        if self.unsupported > UNSUPPORTED and not self.explorable:
            return (
                f"overlap too thin: {self.unsupported:.0%} of its choices have propensity 0 in this log, where no "
                "decision could have gone to another candidate. Turn exploration on; if it was on, no other candidate "
                "was within one standard error of the chosen one's reward, and more of it changes nothing: record "
                "traffic at a dial where they are closer"
            )
        if self.unsupported > UNSUPPORTED:
            return (
                f"overlap too thin: {self.unsupported:.0%} of its choices have propensity 0 in this log. Record "
                "traffic with exploration at a dial nearer to it, or with these candidates in the pool"
            )
        if self.effective < FEWEST:
            needed = self.decisions * FEWEST / max(self.effective, 1.0)
            more = ", or use more exploration" if self.explorable else ""
            return (
                f"overlap too thin: the effective number of the {self.decisions:,} graded decisions is "
                f"{self.effective:.0f}. Record about {needed:,.0f}{more}"
            )
        return None


def estimate(
    policy: Floats,
    chosen: npt.NDArray[np.intp],
    propensity: Floats,
    observed: Floats,
    predicted: Floats,
    *,
    weight: Floats | None = None,
    seed: int = 0,
) -> Estimates:
    """Estimate a policy's mean outcome.

    Args:
        policy: Its probability of each candidate, shape (n, m).
        chosen: Index of the chosen candidate, shape (n,).
        propensity: Propensity of each candidate in the log, shape (n, m).
        observed: Observed value of the choice, shape (n,).
        predicted: Predicted value of each candidate, shape (n, m).
        weight: Weight of each decision, such as 1 / the probability that it was graded, shape (n,).
        seed: Of the folds.

    >>> policy = np.array([[0.0, 1.0]] * 4)
    >>> chosen, even = np.array([0, 1, 0, 1]), np.full((4, 2), 0.5)
    >>> got = estimate(policy, chosen, even, np.array([0.0, 1.0, 0.0, 0.5]), np.zeros((4, 2)))
    >>> got.snips.value, got.effective, got.unsupported
    (0.75, 2.0, 0.0)
    """
    n, rows = len(chosen), np.arange(len(chosen))
    counts = np.ones(n) if weight is None else weight * n / weight.sum()
    ratio = policy[rows, chosen] / propensity[rows, chosen]  # (n,)
    fitted = cross_fit(chosen, observed, predicted, seed)
    direct = (policy * fitted).sum(axis=1)
    score = direct + ratio * (observed - fitted[rows, chosen])
    weighted = counts * ratio
    total = max(weighted.sum(), 1e-12) if n else np.nan
    snips = float((weighted * observed).sum() / total)
    snips_error = float(np.sqrt((weighted**2 * (observed - snips) ** 2).sum())) / total
    return Estimates(
        direct=_mean(direct, counts),
        snips=Estimate.of(snips, snips_error),
        doubly_robust=_mean(score, counts),
        effective=float(total**2 / max((weighted**2).sum(), 1e-12)),
        unsupported=float((policy * (propensity <= 0)).sum(axis=1).mean()) if n else 1.0,
        decisions=n,
        explorable=measure_explorable(propensity),
    )


def measure_explorable(propensity: Floats) -> float:
    """Return the share of decisions with more than one candidate of nonzero propensity.

    >>> measure_explorable(np.array([[1.0, 0.0], [0.95, 0.05]]))
    0.5
    """
    return float(((propensity > 0).sum(axis=1) > 1).mean()) if len(propensity) else 0.0


def cross_fit(chosen: npt.NDArray[np.intp], observed: Floats, predicted: Floats, seed: int = 0) -> Floats:
    """Return predictions corrected by each candidate's mean residual in the other folds, shape (n, m).

    Args:
        chosen: Index of the chosen candidate, shape (n,).
        observed: Observed value of the choice, shape (n,).
        predicted: Predicted value of each candidate, shape (n, m).
        seed: Of the folds.
    """
    n, m = predicted.shape
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    beyond = observed - predicted[np.arange(n), chosen]  # (n,)
    fitted = predicted.copy()
    for number in range(FOLDS):
        others = fold != number
        total = np.bincount(chosen[others], beyond[others], minlength=m)
        count = np.bincount(chosen[others], minlength=m)
        fitted[~others] += total / (count + SHRINKAGE)
    return fitted


def difference(one: Floats, other: Floats, counts: Floats) -> Estimate:
    """Estimate the mean difference of two policies' scores on the same decisions."""
    return _mean(one - other, counts)


def lower_bound(values: Floats, counts: Floats, confidence: float) -> float:
    """Return a lower confidence bound on the mean of skewed values.

    A few decisions of small propensity have large weights, so the studentized mean is not normal: the first term of
    its Edgeworth expansion is added to the quantile if that lowers the bound.

    Args:
        values: Shape (n,).
        counts: Weights of mean 1, shape (n,).
        confidence: In (0.5, 1).

    Source: Hall, "On the Removal of Skewness by Transformation" (1992), equation 1.1.

    >>> lower_bound(np.tile([0.0, 1.0], 50), np.ones(100), 0.95)
    0.4173...
    """
    n, weighted = len(values), counts * values
    if n < 2:
        return -np.inf
    mean = float(weighted.mean())
    beyond = weighted - counts * mean
    deviation = float(np.sqrt((beyond**2).mean()))
    skewness = float((beyond**3).mean()) / max(deviation, 1e-12) ** 3
    z = NormalDist().inv_cdf(confidence)
    quantile = z + max(0.0, -skewness * (2 * z**2 + 1) / (6 * np.sqrt(n)))
    return float(mean - quantile * deviation / np.sqrt(n - 1))


def score_decisions(
    policy: Floats, chosen: npt.NDArray[np.intp], propensity: Floats, observed: Floats, fitted: Floats
) -> Floats:
    """Return each decision's doubly robust score, shape (n,); arguments as for `estimate`."""
    rows = np.arange(len(chosen))
    ratio = policy[rows, chosen] / propensity[rows, chosen]
    return np.asarray((policy * fitted).sum(axis=1) + ratio * (observed - fitted[rows, chosen]))


def _mean(values: Floats, counts: Floats) -> Estimate:
    """Return a weighted mean with its standard error."""
    n = len(values)
    if not n:
        return Estimate(np.nan, np.nan, np.nan)
    mean = float((counts * values).mean())
    error = float(np.sqrt((counts**2 * (values - mean) ** 2).sum() / max(n - 1, 1) / n)) if n > 1 else np.inf
    return Estimate.of(mean, error)
