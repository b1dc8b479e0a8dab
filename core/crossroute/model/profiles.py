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
"""Outcomes' worth of what a candidate is expected to do in a cluster before any was seen there."""

UNSEEN = 4.0
"""How much more uncertain a cluster is, in variance, in which a candidate has no outcomes."""

TOKENS_SHRINKAGE = 5.0
"""The same for log tokens, which differ less from answer to answer than from cluster to cluster."""

SHIFT = 0.5
"""Standard deviation, in logits, of how much better or worse all of a known candidate's answers may turn out."""


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
    """Return the pool of some outcomes, each candidate with its profile.

    Args:
        outcomes: Of n queries and m candidates.
        log_tokens: The cost head's target, shape (n, m).
        assignment: Cluster of each query, shape (n,).
        effects: Ease of the clusters in logits, and their effect on log tokens, each of shape (k,).
        lengths: How much longer than others each candidate's answers are, in logs, shape (m,); by default by
            what it wrote beyond the effects.
        known: Profiles, by name, of candidates that further outcomes are to be added to.
        anchors: Quality per cluster of a pool that the others are likely to resemble, shape (a, k).

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
            length = expected_log_tokens(written, assignment, effects[1], np.array(before.log_tokens))
        elif lengths is not None:
            length = effects[1] + lengths[column]
        else:
            length = expected_log_tokens(written, assignment, effects[1])
        mean = _mean_quality(quality, assignment, effects[0], before, anchors)
        evidence = tally(quality[:, None], assignment, len(mean))[1][0]
        profile = Profile(
            quality=tuple(mean.tolist()),
            log_tokens=tuple(shrunk_means(written, assignment, length, TOKENS_SHRINKAGE).tolist()),
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
    """Return one candidate's mean quality per cluster, shrunk to what it is expected to be, shape (k,)."""
    if anchors is not None and before is None:
        total, count = (each[0] for each in tally(quality[:, None], assignment, len(ease)))
        return likely_quality(total, count, anchors)
    known = None if before is None else np.array(before.quality)
    return shrunk_means(quality, assignment, expected_quality(quality, assignment, ease, known))


def learned_prices(pool: Pool) -> Floats:
    """Return the prices at which profiles were learned, shape (m, 2); a candidate's own where it does not matter."""
    stated = [each.profile.learned_price if each.profile else None for each in pool]
    return np.array([price or own for price, own in zip(stated, costs.prices(pool).tolist(), strict=True)])


def pool_profiles(pool: Pool, clusters: int) -> PoolProfiles:
    """Return the profiles of a pool as arrays, each of shape (m, k).

    Raises:
        DataError: A candidate has no profile, or one over another number of clusters.
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


def shrunk_means(
    values: Floats, assignment: npt.NDArray[np.intp], expected: Floats, shrinkage: float = SHRINKAGE
) -> Floats:
    """Return one candidate's means per cluster, shrunk to what was expected there, shape (k,).

    A cluster's mean is (sum + s * expected) / (count + s), with s the shrinkage: where nothing was seen, the
    expectation stands.

    Args:
        values: Observed quality or log tokens, shape (n,), NaN where it is not known.
        assignment: Cluster of each query, shape (n,).
        expected: Shape (k,).
        shrinkage: s, in outcomes.

    >>> shrunk_means(np.array([1.0, 0.0]), np.array([0, 1]), np.full(3, 0.5), shrinkage=1)
    array([0.75, 0.25, 0.5 ])
    """
    total, count = tally(values[:, None], assignment, len(expected))
    return np.asarray((total[0] + shrinkage * expected) / (count[0] + shrinkage))


def expected_quality(
    quality: Floats, assignment: npt.NDArray[np.intp], ease: Floats, known: Floats | None = None
) -> Floats:
    """Return what to expect of a candidate in each cluster by its ability, shape (k,).

    Args:
        quality: Observed, shape (n,), NaN where not known.
        assignment: Cluster of each query, shape (n,).
        ease: Of the clusters, in logits, shape (k,).
        known: The candidate's quality per cluster as far as it is known already, shape (k,).
    """
    right, seen = tally(quality[:, None], assignment, len(ease))
    if known is None:
        return sigmoid(fit_ability(right[0], seen[0], ease) + ease)
    known = known.clip(0.01, 0.99)
    logits = np.log(known / (1 - known))
    return sigmoid(fit_ability(right[0], seen[0], logits, spread=SHIFT) + logits)


def expected_log_tokens(
    log_tokens: Floats, assignment: npt.NDArray[np.intp], effects: Floats, known: Floats | None = None
) -> Floats:
    """Return the log tokens to expect of a candidate in each cluster, shape (k,).

    Args:
        log_tokens: Observed, shape (n,), NaN where not known; at least one is, or `known` is given.
        assignment: Cluster of each query, shape (n,).
        effects: Of the clusters, shape (k,).
        known: The candidate's log tokens per cluster as far as they are known already, shape (k,).
    """
    seen = ~np.isnan(log_tokens)
    start, weight = (effects, 0.0) if known is None else (known, SHRINKAGE)
    beyond = (log_tokens[seen] - start[assignment[seen]]).sum() / (seen.sum() + weight)
    return np.asarray(start + beyond)


def quality_variance(quality: Floats, evidence: Floats) -> Floats:
    """Return how uncertain a profile is: the variance of the mean quality in each cluster, shape (m, k).

    With v = quality * (1 - quality), n outcomes in the cluster and s the shrinkage, what was seen there leaves
    v / (n + s), and the ability that the expectation rests on adds (s / (n + s))^2 v^2 / p. The precision p of
    the ability, in logits, is 1 / SPREAD^2 and v n s / (n + s) from each cluster: many outcomes of one cluster
    tell only so much about others. Where nothing was seen, the first part counts UNSEEN times: candidates that
    were profiled on other sets were off by 1.1 to 2.3 of the standard errors without it.

    Args:
        quality: Of the profiles, shape (m, k).
        evidence: Outcomes per cluster, shape (m, k).
    """
    smoothed = (quality * (evidence + SHRINKAGE) + 1) / (evidence + SHRINKAGE + 2)  # never certain
    spread = smoothed * (1 - smoothed)
    trust = SHRINKAGE / (evidence + SHRINKAGE)  # in the expectation, against what was seen
    precision = 1 / SPREAD**2 + (spread * evidence * trust).sum(-1, keepdims=True)  # (m, 1)
    doubt = 1 + (UNSEEN - 1) * trust**2
    return np.asarray(spread * trust / SHRINKAGE * doubt + (trust * spread) ** 2 / precision)
