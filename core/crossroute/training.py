"""Outcomes -> a trained router.

The train split trains; the validation split chooses the epoch (by AIQ), the calibration of quality and the
dial; the test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from crossroute import tokens
from crossroute.attention import CrossAttention
from crossroute.candidate import Pool
from crossroute.encoder import Encoder, load_encoder
from crossroute.encoder.disk_cache import BATCH, DiskCachedEncoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.errors import DataError
from crossroute.network_config import NetworkConfig
from crossroute.outcomes import Outcomes
from crossroute.predictor import profiled
from crossroute.profiling import assign, cluster_effects, cluster_labels, fit_centroids, fit_projection
from crossroute.query import Query
from crossroute.router import Router
from crossroute.teacher import soft_targets
from crossroute.training_config import TrainingConfig
from crossroute.training_run import Epoch, Prepared, TrainingRun

__all__ = ["Epoch", "TrainingConfig", "fit"]

CALIBRATION_QUERIES = 256
"""Validation queries kept in a router, encoded, so that the dial can be set anew for another pool."""


def fit(
    outcomes: Outcomes,
    config: TrainingConfig | None = None,
    *,
    encoder: Encoder | None = None,
    state_folder: Path | None = None,
    on_encoded: Callable[[int], None] = lambda _: None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Router:
    """Train a router.

    Ctrl-C ends training and keeps the best epoch so far.

    Args:
        outcomes: With train and validation queries; every candidate needs a price (see prices.priced).
        config: How to train.
        encoder: In place of the one that `config` names.
        state_folder: Where the state is kept after each epoch, and taken up again from.
        on_encoded: Called with the number of queries encoded since the last call.
        on_epoch: Called after each epoch.

    Raises:
        DataError: A split is empty, or a candidate has no price or no outcome in the train split.
    """
    config = config or TrainingConfig()
    encoder = encoder or load_encoder(config.encoder)
    cached = QueryEncoder(DiskCachedEncoder(encoder))
    unit = tokens.cost_unit(outcomes)
    train, validation = (
        prepare(outcomes.split(name), cached, unit, on_encoded) for name in ("train", "validation")
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network, pool, labels = start(train, cached.views_width, config)
        if config.teacher_weight:
            train = taught(train, network, config)
        run = TrainingRun(
            network,
            pool,
            query_encoder=QueryEncoder(encoder),
            cost_unit=unit,
            train=train,
            validation=validation,
            config=config,
        )
        if state_folder is not None:
            run.resume(state_folder)
        run.finish(state_folder, on_epoch)
    sample = np.unique(np.linspace(0, len(validation.encoded) - 1, CALIBRATION_QUERIES).astype(int))
    return Router(
        run.trained(),
        calibration=validation.encoded.numpy()[sample],
        calibration_tokens=validation.query_tokens[sample],
        cluster_labels=labels,
        reward=config.reward,
        provenance={"training": config.model_dump(mode="json"), "validation_aiq": run.best_aiq},
    )


def start(
    train: Prepared, views_width: int, config: TrainingConfig
) -> tuple[CrossAttention, Pool, tuple[str, ...]]:
    """Return an untrained network, the profiled pool and the clusters' labels.

    Args:
        train: The train split.
        views_width: 2 d, how much of an encoded query is embeddings.
        config: How to train.
    """
    encoded = train.encoded.numpy()
    centre, projection = fit_projection(encoded, views_width, config.components)
    x = (encoded - centre) @ projection  # (n, p)
    centroids, temperature = fit_centroids(x, config.clusters, config.seed)
    assignment = assign(x, centroids)
    log_tokens = train.log_tokens.numpy()
    effects = (
        cluster_effects(train.outcomes.quality, assignment, len(centroids)),
        cluster_effects(log_tokens, assignment, len(centroids)),
    )
    pool = profiled(train.outcomes, log_tokens, assignment, effects)
    network = CrossAttention(
        NetworkConfig(
            width=encoded.shape[1],
            components=x.shape[1],
            clusters=len(centroids),
            hidden=config.hidden,
            heads=config.heads,
            members=config.members,
            dropout=config.dropout,
            prior=config.prior,
        )
    )
    fitted = {
        "centre": centre,
        "projection": projection,
        "centroids": centroids,
        "temperature": np.array([temperature]),
        "quality_effects": effects[0],
        "tokens_effects": effects[1],
    }
    network.load_state_dict(network.state_dict() | {name: torch.from_numpy(v) for name, v in fitted.items()})
    return network, pool, cluster_labels(train.outcomes.tasks, assignment, len(centroids))


def taught(train: Prepared, network: CrossAttention, config: TrainingConfig) -> Prepared:
    """Return the train split with soft targets for the quality head."""
    x = ((train.encoded - network.centre) @ network.projection).numpy()  # (n, p)
    targets = soft_targets(x, train.outcomes.quality, config.teacher_weight, config.seed)
    return train._replace(quality=torch.from_numpy(targets).float())


def prepare(
    outcomes: Outcomes, query_encoder: QueryEncoder, unit: tokens.CostUnit, on_encoded: Callable[[int], None]
) -> Prepared:
    """Encode one split.

    Raises:
        DataError: It holds no query.
    """
    if not len(outcomes):
        raise DataError(
            "A split is empty: training needs train and validation queries. See `crossroute data`."
        )
    queries = [Query(text) for text in outcomes.texts]
    query_tokens = np.array([query.text_tokens for query in queries], dtype=float)
    log_tokens = tokens.log_tokens(outcomes, query_tokens, unit)
    encoded = []
    for start in range(0, len(queries), BATCH):
        encoded.append(query_encoder.encode(queries[start : start + BATCH]))
        on_encoded(len(encoded[-1]))
    return Prepared(
        outcomes,
        torch.from_numpy(np.concatenate(encoded)),
        query_tokens,
        torch.from_numpy(outcomes.quality).float(),
        torch.from_numpy(log_tokens).float(),
    )
