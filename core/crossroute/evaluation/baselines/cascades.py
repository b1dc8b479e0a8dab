"""Classical cascade: call a cheap candidate, then an expensive one if its confidence is below a threshold."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.baselines.blind import candidate_means
from crossroute.metrics.cascades import CascadeSweep
from crossroute.metrics.scores import non_decreasing_convex_hull
from crossroute.numeric import Floats

THRESHOLDS = 33


def classical_cascade(tuning: Outcomes, target: Outcomes) -> CascadeSweep:
    """Replay the two-step cascades that were on the cost-quality hull of other queries.

    Each ordered pair of candidates is tried with thresholds at quantiles of the first one's log-probabilities,
    including "never" and "always"; cascades on the non-decreasing convex hull are kept.

    Args:
        tuning: Outcomes to choose pairs and thresholds on, all known.
        target: Outcomes to replay.

    Returns:
        One column per cascade on the hull, from the cheapest to the most expensive. The posterior is the share of
        right answers among those returned in tuning.

    Source: "FrugalGPT", arXiv 2305.05176, with log-probabilities in place of a learned scorer.
    """
    tried = [
        (first, second, float(threshold))
        for first, second in permutations(range(len(tuning.pool)), 2)
        for threshold in _thresholds(tuning.answer_logprob[:, first])
    ]
    points = np.array([_mean_point(tuning, *cascade) for cascade in tried])
    hull = {tuple(point) for point in non_decreasing_convex_hull(points).tolist()}
    places = {tuple(point): place for place, point in enumerate(points.tolist())}
    kept = [tried[places[point]] for point in sorted(hull & places.keys())]
    columns = [_replay(target, *cascade) for cascade in kept]
    chosen, quality, cost, calls, latency = (np.stack(parts, axis=1) for parts in zip(*columns, strict=True))
    means = candidate_means(tuning)
    shape = target.quality.shape
    return CascadeSweep(
        predicted_quality=np.broadcast_to(means[0], shape),
        predicted_cost=np.broadcast_to(means[1], shape),
        chosen=chosen.astype(np.intp),
        quality=quality,
        cost=cost,
        calls=calls,
        latency=latency,
        posterior=np.broadcast_to([_mean_point(tuning, *cascade)[1] for cascade in kept], quality.shape),
    )


def _thresholds(logprob: Floats) -> Floats:
    known = logprob[~np.isnan(logprob)]
    inner = np.quantile(known, np.linspace(0, 1, THRESHOLDS)) if known.size else np.empty(0)
    return np.concatenate([[-np.inf], np.unique(inner), [np.inf]])


def _replay(outcomes: Outcomes, first: int, second: int, threshold: float) -> tuple[Floats, ...]:
    """Return which candidate answered, quality, cost, calls and latency, each of shape (n,)."""
    confidence = outcomes.answer_logprob[:, first]
    goes_on = ~(confidence >= threshold) & (threshold > -np.inf)  # an unknown confidence counts as low
    chosen = np.where(goes_on, second, first)
    both = (
        values[:, first] + np.where(goes_on, values[:, second], 0)
        for values in (outcomes.cost, outcomes.latency)
    )
    cost, latency = both
    quality = np.where(goes_on, outcomes.quality[:, second], outcomes.quality[:, first])
    return chosen, quality, cost, 1.0 + goes_on, latency


def _mean_point(outcomes: Outcomes, first: int, second: int, threshold: float) -> tuple[float, float]:
    _, quality, cost, *_ = _replay(outcomes, first, second, threshold)
    return float(cost.mean()), float(quality.mean())
