"""Compute the profile of a candidate from its outcomes: mean quality and log tokens per cluster of queries.

A candidate is represented by its outcomes, not by an index, so that one can be added without retraining.

Source: "One Head, Many Models", arXiv 2509.09782; UniRoute, arXiv 2502.08773. Deviation: means are shrunk towards the
prediction from the candidate's ability and the cluster's ease (ability.py), and the logarithm of tokens replaces the
cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool, Profile
from crossroute.errors import DataError
from crossroute.model import costs
from crossroute.model.ability import SPREAD, fit_ability, likely_quality
from crossroute.model.clusters import tally
from crossroute.model.inference import PoolProfiles
from crossroute.numeric import Floats, sigmoid

if TYPE_CHECKING:
    from crossroute.data.outcomes import Outcomes

SHRINKAGE = 30.0
"""Weight of the expected quality in a cluster, in outcomes."""

UNSEEN = 4.0
"""Factor on the variance in a cluster without outcomes of the candidate."""

TOKENS_SHRINKAGE = 5.0
"""The same as `SHRINKAGE` for log tokens; smaller, since they vary more between clusters than between answers."""

SHIFT = 0.5
"""Standard deviation, in logits, of the shift of all of a known candidate's answers."""


def profile_pool(
    outcomes: Outcomes,
    log_tokens: Floats,
    assignment: npt.NDArray[np.intp],
    effects: tuple[Floats, Floats],
    *,
    lengths: Floats | None = None,
    known: Mapping[str, Profile] | None = None,
    anchors: Floats | None = None,
) -> Pool:
    """Return the pool of outcomes, each candidate with its profile.

    Args:
        outcomes: Outcomes of n queries and m candidates.
        log_tokens: The cost head's target, shape (n, m).
        assignment: Cluster of each query, shape (n,).
        effects: Ease of the clusters in logits, and their effect on log tokens, each of shape (k,).
        lengths: From `relative_lengths`, shape (m,); by default estimated from each candidate's answers and `effects`.
        known: Candidate's name -> profile to which these outcomes are added.
        anchors: Quality per cluster of a pool that further candidates are likely to resemble, shape (a, k).

    Raises:
        DataError: No quality, or no cost, of a candidate is known.
    """
    known, pool = known or {}, []
    for column, candidate in enumerate(outcomes.pool):
        before, quality, written = (
            known.get(candidate.name),
            outcomes.quality[:, column],
            log_tokens[:, column],
        )
        for measure, values in (("quality", quality), ("cost", written)):
            if before is None and np.isnan(values).all():
                raise DataError(
                    f"Not one {measure} of {candidate.name!r} is known; leave it out, or add outcomes."
                )
        if before is not None:
            length = estimate_log_tokens(written, assignment, effects[1], np.array(before.log_tokens))
        elif lengths is not None:
            length = effects[1] + lengths[column]
        else:
            length = estimate_log_tokens(written, assignment, effects[1])
        mean = _mean_quality(quality, assignment, effects[0], before, anchors)
        evidence = tally(quality[:, None], assignment, len(mean))[1][0]
        profile = Profile(
            quality=tuple(mean.tolist()),
            log_tokens=tuple(shrink_means(written, assignment, length, TOKENS_SHRINKAGE).tolist()),
            evidence=tuple((evidence if before is None else evidence + before.evidence).tolist()),
        )
        pool.append(candidate.model_copy(update={"profile": profile}))
    return Pool(pool)


def _mean_quality(
    quality: Floats,
    assignment: npt.NDArray[np.intp],
    ease: Floats,
    before: Profile | None,
    anchors: Floats | None,
) -> Floats:
    """Return one candidate's mean quality per cluster, shrunk to the expected one, shape (k,)."""
    if anchors is not None and before is None:
        total, count = (each[0] for each in tally(quality[:, None], assignment, len(ease)))
        return likely_quality(total, count, anchors)
    known = None if before is None else np.array(before.quality)
    return shrink_means(quality, assignment, estimate_quality(quality, assignment, ease, known))


def learned_prices(pool: Pool) -> Floats:
    """Return the prices at which profiles were learned, shape (m, 2); by default a candidate's own price."""
    stated = [each.profile.learned_price if each.profile else None for each in pool]
    return np.array([price or own for price, own in zip(stated, costs.prices(pool).tolist(), strict=True)])


def pool_profiles(pool: Pool, clusters: int) -> PoolProfiles:
    """Return the profiles of a pool as arrays, each of shape (m, k).

    Raises:
        DataError: A candidate has no profile, or one with another number of clusters.
    """
    profiles: list[Profile] = []
    for candidate in pool:
        if candidate.profile is None:
            raise DataError(
                f"Candidate {candidate.name!r} has no profile. Make one from its outcomes: "
                "router.profile(outcomes)."
            )
        if len(candidate.profile.quality) != clusters:
            raise DataError(
                f"The profile of {candidate.name!r} has {len(candidate.profile.quality)} clusters; this "
                f"router has {clusters}. Profile it with this router."
            )
        profiles.append(candidate.profile)
    fields = ("quality", "log_tokens", "evidence")
    return PoolProfiles(
        *(np.array([getattr(p, name) for p in profiles], dtype=np.float32) for name in fields)
    )


def shrink_means(
    values: Floats, assignment: npt.NDArray[np.intp], expected: Floats, shrinkage: float = SHRINKAGE
) -> Floats:
    """Return one candidate's means per cluster, shrunk to the expected ones, shape (k,).

    A cluster's mean is (sum + s * expected) / (count + s), with s the shrinkage. Without outcomes it is the expected
    mean.

    Args:
        values: Observed quality or log tokens, shape (n,), NaN where unknown.
        assignment: Cluster of each query, shape (n,).
        expected: Expected mean per cluster, shape (k,).
        shrinkage: Weight of the expected mean in outcomes, s.

    >>> shrink_means(np.array([1.0, 0.0]), np.array([0, 1]), np.full(3, 0.5), shrinkage=1)
    array([0.75, 0.25, 0.5 ])
    """
    total, count = tally(values[:, None], assignment, len(expected))
    return np.asarray((total[0] + shrinkage * expected) / (count[0] + shrinkage))


def estimate_quality(
    quality: Floats, assignment: npt.NDArray[np.intp], ease: Floats, known: Floats | None = None
) -> Floats:
    """Return a candidate's expected quality in each cluster, by its ability, shape (k,).

    Args:
        quality: Observed quality, shape (n,), NaN where unknown.
        assignment: Cluster of each query, shape (n,).
        ease: Ease of the clusters, in logits, shape (k,).
        known: The candidate's quality per cluster from earlier outcomes, shape (k,).
    """
    right, seen = tally(quality[:, None], assignment, len(ease))
    if known is None:
        return sigmoid(fit_ability(right[0], seen[0], ease) + ease)
    known = known.clip(0.01, 0.99)
    logits = np.log(known / (1 - known))
    return sigmoid(fit_ability(right[0], seen[0], logits, spread=SHIFT) + logits)


def estimate_log_tokens(
    log_tokens: Floats, assignment: npt.NDArray[np.intp], effects: Floats, known: Floats | None = None
) -> Floats:
    """Return a candidate's expected log tokens in each cluster, shape (k,).

    Args:
        log_tokens: Observed log tokens, shape (n,), NaN where unknown; at least one is known, or `known` is given.
        assignment: Cluster of each query, shape (n,).
        effects: Effects of the clusters, shape (k,).
        known: The candidate's log tokens per cluster from earlier outcomes, shape (k,).
    """
    seen = ~np.isnan(log_tokens)
    start, weight = (effects, 0.0) if known is None else (known, SHRINKAGE)
    beyond = (log_tokens[seen] - start[assignment[seen]]).sum() / (seen.sum() + weight)
    return np.asarray(start + beyond)


def estimate_variance(quality: Floats, evidence: Floats) -> Floats:
    """Return the variance of the mean quality in each cluster, shape (m, k).

    With v = quality * (1 - quality), n outcomes in the cluster and s the shrinkage, the outcomes there leave
    v / (n + s), and the error of the ability adds (s / (n + s))^2 v^2 / p. The precision p of the ability, in logits,
    is 1 / SPREAD^2 plus v n s / (n + s) from each cluster, which bounds what one cluster contributes. Without outcomes
    in the cluster, the first part is multiplied by UNSEEN: otherwise the errors of candidates that were profiled on
    other data sets are 1.1 to 2.3 standard errors.

    Args:
        quality: Quality of the profiles, shape (m, k).
        evidence: Outcomes per cluster, shape (m, k).
    """
    smoothed = (quality * (evidence + SHRINKAGE) + 1) / (evidence + SHRINKAGE + 2)  # never certain
    spread = smoothed * (1 - smoothed)
    trust = SHRINKAGE / (evidence + SHRINKAGE)  # weight of the expectation
    precision = 1 / SPREAD**2 + (spread * evidence * trust).sum(-1, keepdims=True)  # (m, 1)
    doubt = 1 + (UNSEEN - 1) * trust**2
    return np.asarray(spread * trust / SHRINKAGE * doubt + (trust * spread) ** 2 / precision)
