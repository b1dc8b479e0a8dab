"""Fine-tune a router: adopt its candidates, prices and shape, and keep the parts that predict better on validation."""

from __future__ import annotations

import numpy as np

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import priced
from crossroute.encoder import Encoder, encoder_name
from crossroute.model.ensemble import Ensemble
from crossroute.model.profiles import pool_profiles
from crossroute.routing.members import list_spellings
from crossroute.routing.predictor import Predictor
from crossroute.routing.router import Router
from crossroute.training.config import TrainingConfig
from crossroute.training.doubting import assign_classes
from crossroute.training.run import PreparedSplit, likelihood
from crossroute.training.stacking import HALF_PENALTY, fit_mean_lengths, predict_logit, weigh

SHAPE = ("clusters", "hidden", "heads", "members", "dropout", "prior")
"""Settings that cannot change after training; neither can the encoder and the components."""


def merge_config(
    config: TrainingConfig | None, start: Router, given_encoder: Encoder | None = None
) -> TrainingConfig:
    """Return the settings of fine-tuning: the router's shape and encoder, and its reward unless another is set.

    Raises:
        ValueError: Another shape or encoder is configured, or given.
    """
    config = config or TrainingConfig.tuning()
    if given_encoder is not None:
        config = config.model_copy(update={"encoder": encoder_name(given_encoder)})
    network, encoder = start.predictor.network.config, start.predictor.query_encoder
    own = {name: getattr(network, name) for name in SHAPE} | {"encoder": encoder.name}
    own["components"] = network.components - (network.width - encoder.views_width)
    stated = {name: getattr(config, name) for name in own if name in config.model_fields_set}
    other = [
        f"{name} {value!r} (it is {own[name]!r})" for name, value in stated.items() if value != own[name]
    ]
    if other:
        raise ValueError(
            f"Fine-tuning keeps the router's shape and encoder; the configuration sets {', '.join(other)}. Leave that "
            "out, or train from scratch."
        )
    if "reward" not in config.model_fields_set:
        own["reward"] = start.reward
    return config.model_copy(update=own)


def adopt(outcomes: Outcomes, start: Router) -> Outcomes:
    """Return the outcomes, with missing facts about candidates taken from a router that has them.

    These include prices that the outcomes do not determine (data/prices.py).
    """
    names = [name for name in outcomes.pool.names if name in start.pool.names]
    outcomes = priced(outcomes, {name: price for name in names if (price := start.pool[name].price)})
    taken = list_spellings(outcomes.pool)
    return outcomes.with_pool(
        Pool(_fill_in(c, start.pool[c.name], taken) if c.name in names else c for c in outcomes.pool)
    )


def _fill_in(candidate: Candidate, known: Candidate, taken: set[str]) -> Candidate:
    aliases = (*candidate.aliases, *(alias for alias in known.aliases if alias not in taken))
    own = {"aliases": aliases, "profile": candidate.profile}
    return candidate.completed(known).model_copy(update=own)


def with_start_profiles(pool: Pool, start: Router) -> Pool:
    """Return the candidates, at their own prices, with their profiles in `start`."""
    return Pool(c.model_copy(update={"profile": start.pool[c.name].profile}) for c in pool)


def keep_start_if_better(
    pool: Pool, start: Router, predictor: Predictor, validation: PreparedSplit
) -> Predictor | None:
    """Return the predictor from before fine-tuning if its network predicts the validation split no worse; else None."""
    if not set(pool.names) <= set(start.pool.names):
        return None
    kept = start.predictor.with_pool(with_start_profiles(pool, start))
    alone = kept.with_doubt(None).with_ensemble(None)
    return kept if likelihood(alone, validation) >= likelihood(predictor, validation) else None


def carry_over(
    predictor: Predictor, start: Router, train: PreparedSplit, validation: PreparedSplit
) -> Predictor:
    """Return a fine-tuned network with the doubt model of its start, and its ensemble if that still helps."""
    ensemble = _reweigh_ensemble(start.predictor, predictor, validation)
    if start.predictor.doubt is not None:  # the new training queries count as near
        x = predictor.network.project(train.encoded.numpy())
        doubt = start.predictor.doubt.extended(x, assign_classes(train, x, predictor.network))
        predictor = predictor.with_doubt(doubt)
    joined = predictor.with_ensemble(ensemble)
    return joined if likelihood(joined, validation) >= likelihood(predictor, validation) else predictor


def _reweigh_ensemble(before: Predictor, predictor: Predictor, validation: PreparedSplit) -> Ensemble | None:
    """Weigh the ensemble of a router against its fine-tuned network; None without a common candidate.

    The ensemble was not fitted to any of the new queries.

    Args:
        before: Predictor from before fine-tuning.
        predictor: The fine-tuned network over the pool with its new profiles.
        validation: The validation split, which neither was fitted to.
    """
    if before.ensemble is None or before.columns is None:
        return None
    names = before.pool.names
    columns = np.array(
        [before.columns[names.index(c.name)] if c.name in names else -1 for c in predictor.pool]
    )
    known = np.flatnonzero(columns >= 0)
    encoded, tensors = validation.encoded.numpy(), dict(before.ensemble.tensors)
    weighed = before.ensemble.weigh_pool(columns[known])
    if weighed is None:
        return None
    members = before.ensemble.sum_members(encoded, predictor.network.project(encoded), weighed)
    network = predict_logit(predictor, validation)[:, known]
    start = np.array([float(tensors["own"][0]), 1.0])
    quality = validation.outcomes.quality[:, known]
    halves = weigh(np.stack([network, members]), quality, start, HALF_PENALTY * len(known))
    own, share = halves.weights
    profiles, intercept = tensors["profiles"].copy(), share * tensors["intercept"]
    profiles[columns[known]] = pool_profiles(predictor.pool, predictor.network.config.clusters).quality[known]
    intercept[columns[known]] += halves.intercept
    length = tensors["length"].copy()
    length[columns[known]] = fit_mean_lengths(predictor, (validation,))[known]
    changed = {
        "profiles": profiles,
        "own": np.array([own]),
        "weights": share * tensors["weights"],
        "common": share * tensors["common"],
        "intercept": intercept,
        "length": length,
    }
    return Ensemble(tensors | {name: values.astype(np.float32) for name, values in changed.items()})
