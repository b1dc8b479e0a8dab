"""fit: train a router from outcomes.

The network is trained on the train split. The validation split selects the epoch, weighs the network against the
ensemble (which is fitted to both splits), and calibrates the dial. The test split is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from crossroute.data.outcomes import Outcomes, check_outcomes, hash_texts
from crossroute.data.prices import priced
from crossroute.encoder import Encoder, load_encoder
from crossroute.encoder.disk_cache import DiskCachedEncoder
from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.errors import DataError
from crossroute.escalation.verifier import Verifier
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.metrics.scores import cost_range, known_outcomes
from crossroute.model import costs
from crossroute.model.doubt import Doubt
from crossroute.numeric import Floats
from crossroute.routing.members import rename_to_pool
from crossroute.routing.predictor import Predictor
from crossroute.routing.router import Router
from crossroute.training.adoption import adopt, carry_over, keep_start_if_better, merge_config
from crossroute.training.config import TrainingConfig
from crossroute.training.doubting import fit_doubt
from crossroute.training.forest import predict_out_of_bag
from crossroute.training.priors import Prior
from crossroute.training.run import Epoch, PreparedSplit, TrainingRun, prepare
from crossroute.training.stacking import fit_ensemble
from crossroute.training.start import Start, start_fresh, start_from
from crossroute.training.state import forget_state

FEWEST = 2
"""Least train queries, for projection and clustering."""

CALIBRATION_QUERIES = 256
"""Encoded validation queries that a router stores to calibrate the dial for other pools."""


def fit(
    outcomes: Outcomes,
    config: TrainingConfig | None = None,
    *,
    start: Router | None = None,
    encoder: Encoder | None = None,
    prior: Prior | None = None,
    state_folder: Path | None = None,
    on_encoded: Callable[[int], None] = lambda _: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
    on_trained: Callable[[Router], None] = lambda _: None,
) -> Router:
    """Train a router from outcomes.

    Ctrl-C stops training and keeps the best epoch so far. With a state folder, the same call resumes an interrupted
    run; the state is deleted once the router is built.

    Args:
        outcomes: Outcomes of train and validation queries; every candidate needs a price (see `crossroute.priced`).
        config: Settings; with `start`, the network's shape and the encoder are those of `start`, and so is the reward
            unless set.
        start: A router to fine-tune; candidates are matched in any spelling. Its weights are kept if the validation
            split shows no gain. None trains from scratch.
        encoder: An encoder object in place of the one that `config` names; required if `start` was trained with one.
        prior: Beliefs about the candidates before their outcomes; not with `start`.
        state_folder: Folder that the state is saved to after each epoch, and resumed from.
        on_encoded: Called with the number of queries encoded since the last call.
        on_epoch: Called after each epoch.
        on_trained: Called with the router before the state is deleted, to save it.

    Returns:
        The trained router.

    Raises:
        DataError: There are too few queries, the candidates have the same cost, or one has no price or no outcome in
            the train split.
        CheckpointError: The state belongs to another run.
        ValueError: With `start`, `config` sets another shape or encoder.
    """
    check_outcomes("fit", outcomes)
    config = merge_config(config, start, encoder) if start else config or TrainingConfig()
    if start:
        start = rename_to_pool(outcomes.pool, start)
        outcomes = priced(adopt(outcomes, start))
    splits = check_splits(outcomes)
    encoder = encoder or (start.predictor.query_encoder.encoder if start else load_encoder(config.encoder))
    cached = QueryEncoder(DiskCachedEncoder(encoder))
    unit = start.predictor.cost_unit if start else costs.cost_unit(outcomes)
    train, validation = (prepare(split, cached, unit, on_encoded) for split in splits)
    return fit_prepared(
        train,
        validation,
        QueryEncoder(encoder),
        unit,
        config,
        start=start,
        prior=prior,
        state_folder=state_folder,
        on_epoch=on_epoch,
        on_trained=on_trained,
    )


def fit_prepared(
    train: PreparedSplit,
    validation: PreparedSplit,
    query_encoder: QueryEncoder,
    unit: costs.CostUnit,
    config: TrainingConfig,
    *,
    start: Router | None = None,
    prior: Prior | None = None,
    state_folder: Path | None = None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
    on_trained: Callable[[Router], None] = lambda _: None,
) -> Router:
    """Train a router on prepared splits; otherwise as `fit`.

    Args:
        train: The train split, from `prepare`.
        validation: The validation split.
        query_encoder: The encoder of both, for the router.
        unit: The cost head's target.
        config: Settings, with the shape of `start` if given.
        start: A router to fine-tune, with the candidates' names of the outcomes.
        prior: Beliefs about the candidates before their outcomes.
        state_folder: Folder of the state.
        on_epoch: Called after each epoch.
        on_trained: Called with the router before the state is deleted.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        initial = (
            start_from(train, start)
            if start
            else start_fresh(train, query_encoder.views_width, config, prior)
        )
        run = TrainingRun(
            initial.network,
            initial.pool,
            query_encoder=query_encoder,
            cost_unit=unit,
            train=initial.mix_targets(train, config) if config.teacher_weight else train,
            validation=validation,
            config=config,
            origin=initial.origin,
        )
        if start:
            run.judge()
        if state_folder is not None:
            run.resume(state_folder)
        ended = run.finish(state_folder, on_epoch)
    predictor, provenance = run.build_predictor(), _describe_provenance(run, initial, start)
    if start is None:
        predictor, predicted = _add_ensemble_and_doubt(predictor, train, validation, config, prior)
    else:
        kept = keep_start_if_better(initial.pool, start, predictor, validation)
        predictor = kept or carry_over(predictor, start, train, validation)
        provenance = start.provenance if kept else provenance
        predicted = predictor.predict_encoded(validation.queries).quality
    own = start.own_verifier if start else None
    router = Router(
        predictor,
        calibration=sample_calibration(validation),
        cluster_labels=initial.labels,
        reward=config.reward,
        provenance=provenance,
        verifier=_fit_verifier(predictor, train, validation, predicted, config.seed) or own,
        trained_on=collect_digests((train.outcomes, validation.outcomes), start),
    )
    on_trained(router)
    if ended and state_folder is not None:
        forget_state(state_folder)
    return router


def _add_ensemble_and_doubt(
    predictor: Predictor,
    train: PreparedSplit,
    validation: PreparedSplit,
    config: TrainingConfig,
    prior: Prior | None,
) -> tuple[Predictor, Floats]:
    """Fit the ensemble and the doubt model of a network trained from scratch.

    Returns:
        The predictor, and its out-of-sample predictions of quality for the validation queries, shape (v, m).
    """
    stacked = fit_ensemble(predictor, train, validation, config) if config.ensemble else None
    joined = predictor.with_ensemble(stacked.ensemble) if stacked else predictor
    whole = joined.with_doubt(fit_prior_doubt(joined, train, validation, prior))
    return whole, stacked.unseen if stacked else whole.predict_encoded(validation.queries).quality


def sample_calibration(prepared: PreparedSplit) -> EncodedQueries:
    """Return evenly spaced queries to calibrate the dial, at most `CALIBRATION_QUERIES`."""
    sample = np.unique(np.linspace(0, len(prepared.encoded) - 1, CALIBRATION_QUERIES).astype(int))
    return prepared.queries.take(sample)


def collect_digests(splits: Iterable[Outcomes], start: Router | None) -> npt.NDArray[np.uint32] | None:
    """Return the digests of all training queries, those of `start` included; None if they are unknown."""
    if start and start.trained_on is None:
        return None
    before = [] if start is None or start.trained_on is None else [start.trained_on]
    return np.unique(np.concatenate([*before, *(hash_texts(split.texts) for split in splits)]))


def _describe_provenance(run: TrainingRun, initial: Start, start: Router | None) -> dict[str, Any]:
    """Return the settings and figures of the training, and the sources of the profiles from `start`."""
    earlier = start.provenance if start else {}
    sources = {name: held for name, held in earlier.get("sources", {}).items() if name in initial.pool}
    return {
        "training": run.config.model_dump(mode="json"),
        "validation_aiq": run.best_aiq,
        "tasks": earlier.get("tasks", {}) | initial.shares(run.train),
        **({"sources": sources} if sources else {}),
    }


def fit_prior_doubt(
    predictor: Predictor, train: PreparedSplit, validation: PreparedSplit, prior: Prior | None
) -> Doubt:
    """Fit the doubt model of a trained network; with a prior, each task has the weight of the root of its size.

    Args:
        predictor: The network, the ensemble and the profiled pool.
        train: The train split.
        validation: The validation split.
        prior: Beliefs about the candidates before their outcomes.
    """
    if prior is None:
        return fit_doubt(predictor, train, validation)
    _, task, count = np.unique(train.outcomes.tasks, return_inverse=True, return_counts=True)
    return fit_doubt(
        predictor,
        train,
        validation,
        kinds=prior.kinds,
        kind=prior.kinds_of(train.outcomes.tasks),
        weight=1 / np.sqrt(count[task]),
        run=np.isin(train.outcomes.tasks, sorted(prior.runs)),
        labelled=prior.labelled,
        near=prior.near,
        typical=prior.typical,
    )


def _fit_verifier(
    predictor: Predictor, train: PreparedSplit, validation: PreparedSplit, predicted: Floats, seed: int
) -> Verifier | None:
    """Fit a verifier; None if too few answers have log-probabilities.

    The network has overfitted its train queries, so a forest's out-of-bag expectation is the prior there.

    Args:
        predictor: Predictor of the trained router.
        train: The train split.
        validation: The validation split.
        predicted: Out-of-sample predictions of quality for the validation queries, shape (n, m).
        seed: Seed of the forest.
    """
    if all(np.isnan(part.outcomes.answer_logprob).all() for part in (train, validation)):
        return None
    x = predictor.network.project(train.encoded.numpy())
    usable = ~np.isnan(train.outcomes.answer_logprob).all(axis=0)  # (m,), candidates with log-probabilities
    expected = predict_out_of_bag(x, np.where(usable, train.outcomes.quality, np.nan), seed)
    parts = (train.outcomes, validation.outcomes)
    return fit_verifier(
        np.concatenate([expected, predicted]),
        np.concatenate([part.answer_logprob for part in parts]),
        np.concatenate([part.quality for part in parts]),
        source="the outcomes that the router was trained on",
    )


def check_splits(outcomes: Outcomes) -> tuple[Outcomes, Outcomes]:
    """Check the train and the validation split, and return them.

    Raises:
        DataError: A candidate has no price, all cost the same, or there are too few queries.
    """
    costs.prices(outcomes.pool)
    train, validation = outcomes.split("train"), outcomes.split("validation")
    if len(train) < FEWEST or not len(validation):
        raise DataError(
            f"Training needs at least {FEWEST} train queries and a validation query, and a few hundred to be useful; "
            f"there are {len(train)} and {len(validation)}. Add queries, or state their splits."
        )
    if not outcomes.observed.any():
        raise DataError("No answer is graded: quality is empty in every row. Grade some answers from 0 to 1.")
    answered = known_outcomes(validation.quality, validation.cost).any()
    low, high = cost_range(validation.quality, validation.cost) if answered else (0.0, 0.0)
    if low == high:
        raise DataError(
            "Training needs two candidates of different costs; in the validation split there are none. Add the "
            "outcomes of another candidate, or the costs; `crossroute data` shows what is known."
        )
    return train, validation
