"""Outcomes of a pool -> its profiles, and profiles -> the arrays that the network reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from crossroute import tokens
from crossroute.candidate import Pool, Profile
from crossroute.errors import DataError
from crossroute.inference import PoolProfiles
from crossroute.likeness import likely_quality
from crossroute.outcomes import Outcomes
from crossroute.profiling import (
    TOKENS_SHRINKAGE,
    expected_log_tokens,
    expected_quality,
    shrunk_means,
    tally,
)

Floats = npt.NDArray[np.floating]


def profiled(
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
    return np.array([price or own for price, own in zip(stated, tokens.prices(pool).tolist(), strict=True)])


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
