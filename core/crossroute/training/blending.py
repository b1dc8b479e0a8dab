"""Blend a trained router with a few outcomes, without training a network.

    logit = OWN * network + rest * mean + SHARE (ridge + forest)             OWN + rest + 2 SHARE = 1

The router's profiles are updated by the outcomes, with the present ones as a prior, and its lengths are corrected by
the costs. Its network is not changed. The mean quality of each candidate on these outcomes, as a constant, replaces the
fallback for queries far from training: such queries may be far, but are those that the router is for. A ridge
regression and a forest, from LEAST_QUERIES queries on, learn the remaining dependence on the query. The weights are
fixed: few outcomes are not enough to fit them, and fitted ones were worse (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import priced
from crossroute.encoder.disk_cache import DiskCachedEncoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.metrics.scores import known_outcomes
from crossroute.model.effects import fit_lengths
from crossroute.model.ensemble import HELD, Ensemble
from crossroute.numeric import Floats, logit
from crossroute.routing.members import rename_to_pool
from crossroute.routing.predictor import Predictor
from crossroute.routing.router import Router
from crossroute.training.adoption import adopt
from crossroute.training.config import TrainingConfig
from crossroute.training.fitting import collect_digests, sample_calibration
from crossroute.training.run import PreparedSplit, prepare
from crossroute.training.stacking import grow_members
from crossroute.training.start import start_from

OWN, SHARE = 0.5, 0.125

LEAST_QUERIES = 100
"""With fewer queries, a ridge and a forest are too noisy, and the constant gets their weight."""

SHRINKAGE = 5.0
"""Weight of the pool's mean quality in each candidate's, in outcomes."""

BLENDED = "a blend with what the outcomes show"


def fit_blend(outcomes: Outcomes, start: Router, seed: int = 0) -> Router:
    """Return a router over the outcomes' candidates that blends `start` with all the outcomes.

    Args:
        outcomes: Outcomes of any split.
        start: The trained router.
        seed: Seed of the forest.

    Raises:
        DataError: A candidate has no price, or, unless `start` knows it, no outcome.
    """
    start = rename_to_pool(outcomes.pool, start)
    outcomes = priced(adopt(outcomes, start))
    encoder, unit = start.predictor.query_encoder, start.predictor.cost_unit
    cached = QueryEncoder(DiskCachedEncoder(encoder.encoder))
    rows = prepare(outcomes, cached, unit, lambda _: None)
    initial = start_from(rows, start)
    predictor = _fit_lengths(Predictor(start.predictor.network, initial.pool, encoder, unit), rows)
    predictor = predictor.with_ensemble(_fit_members(predictor, rows, seed))
    return Router(
        predictor,
        calibration=sample_calibration(rows),
        cluster_labels=initial.labels,
        reward=start.reward,
        provenance=_describe_provenance(start, initial.pool, initial.shares(rows), seed),
        verifier=start.own_verifier,
        trained_on=collect_digests((outcomes,), start),
    )


def _fit_lengths(predictor: Predictor, rows: PreparedSplit) -> Predictor:
    """Return the predictor with its profiles' lengths corrected by the costs of the outcomes."""
    predicted, cost = predictor.predict_encoded(rows.queries), rows.outcomes.cost
    at, columns = np.nonzero(known_outcomes(rows.outcomes.quality, cost) & (cost > 0) & (predicted.cost > 0))
    calls = (cost[at, columns], predicted.cost[at, columns], columns, predicted.clusters[at])
    corrections = fit_lengths(*calls, candidates=len(predictor.pool), weight=np.ones(len(at)))
    return predictor.with_pool(Pool(map(_lengthen, predictor.pool, corrections)))


def _lengthen(candidate: Candidate, length: Floats) -> Candidate:
    """Return a candidate with a correction, shape (k,), added to its profile's log tokens."""
    profile = candidate.profile
    log_tokens = profile and tuple((np.array(profile.log_tokens) + length).tolist())
    return candidate.model_copy(
        update={"profile": profile and profile.model_copy(update={"log_tokens": log_tokens})}
    )


def _fit_members(predictor: Predictor, rows: PreparedSplit, seed: int) -> Ensemble:
    """Fit the constant, the ridge and the forest, which are stacked with the network."""
    quality, encoded = rows.outcomes.quality, rows.encoded.numpy()
    known = np.flatnonzero((~np.isnan(quality)).any(axis=0))
    quality = quality[:, known]
    share = SHARE if len(quality) >= LEAST_QUERIES else 0.0
    total, count = np.nansum(quality, axis=0), (~np.isnan(quality)).sum(axis=0)
    mean = (total + SHRINKAGE * np.nanmean(quality)) / (count + SHRINKAGE)
    members = grow_members(predictor, known, encoded, quality, TrainingConfig(seed=seed))
    return members.to_ensemble(
        own=OWN,
        weights=np.full(2, share),
        common=np.zeros(2),
        intercept=(1 - OWN - 2 * share) * logit(mean, HELD),
        length=np.zeros(len(known)),  # the profiles are already corrected
    )


def _describe_provenance(
    start: Router, pool: Pool, shares: dict[str, list[float]], seed: int
) -> dict[str, Any]:
    """Return the provenance of a blend, with the sources of the candidates' profiles from `start`."""
    sources = {name: held for name, held in start.provenance.get("sources", {}).items() if name in pool}
    return {
        "way": BLENDED,
        "seed": seed,
        "tasks": start.provenance.get("tasks", {}) | shares,
        **({"sources": sources} if sources else {}),
    }
