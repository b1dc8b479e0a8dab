"""Outcomes -> a trained router.

The train split trains; the validation split chooses the epoch (by AIQ), the calibration of quality and the
dial; the test split is never looked at.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn import functional as F

from crossroute import tokens
from crossroute.attention import CrossAttention, NetworkConfig
from crossroute.candidate import Pool
from crossroute.encoder import DEFAULT_ENCODER, Encoder, load_encoder
from crossroute.encoder.disk_cache import BATCH, DiskCachedEncoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.errors import DataError
from crossroute.metrics import aiq, candidate_points, cost_quality_curve
from crossroute.outcomes import Outcomes
from crossroute.predictor import Predictor, pool_embedding, profiled
from crossroute.profiling import assign, cluster_labels, fit_centroids
from crossroute.query import Query
from crossroute.reward import Reward
from crossroute.router import Router
from crossroute.training_state import (
    TrainingState,
    fingerprint,
    optimizer_tensors,
    read_state,
    restore_optimizer,
    write_state,
)

CALIBRATION_QUERIES = 256
"""Validation queries kept in a router, encoded, so that the dial can be set anew for another pool."""


class TrainingConfig(BaseModel):
    """How a router is trained; the defaults were chosen on validation splits.

    Attributes:
        encoder: Name of the encoder (see crossroute.encoder).
        clusters: k, of the profiles.
        hidden: h, of the attention.
        heads: Of the attention.
        dropout: In [0, 1).
        prior: Start from the profiles at the query's clusters; False is the paper's plain form.
        epochs: At most.
        patience: Epochs without a better validation AIQ before training stops.
        batch_size: Queries a step.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        tokens_weight: Weight of the cost head's loss beside the quality head's.
        reward: Which reward decides.
        seed: Makes training reproducible bit for bit on a CPU.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = DEFAULT_ENCODER
    clusters: int = Field(default=20, gt=1)
    hidden: int = Field(default=64, gt=0)
    heads: int = Field(default=1, gt=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    prior: bool = True
    epochs: int = Field(default=40, gt=0)
    patience: int = Field(default=8, gt=0)
    batch_size: int = Field(default=128, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    tokens_weight: float = Field(default=0.3, ge=0)
    reward: Reward = "exponential"
    seed: int = 0


class Prepared(NamedTuple):
    """One split as the network reads it."""

    outcomes: Outcomes
    encoded: torch.Tensor  # (n, D)
    query_tokens: npt.NDArray[np.floating]  # (n,)
    quality: torch.Tensor  # (n, m), NaN where not known
    log_tokens: torch.Tensor  # (n, m), NaN where not known


class Epoch(NamedTuple):
    """How training stands, reported after each epoch."""

    epoch: int
    loss: float
    validation_aiq: float
    best_aiq: float


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
        network, pool, labels = start(train, config)
        predictor = Predictor(network, pool, QueryEncoder(encoder), unit)
        run = TrainingRun(predictor, train, validation, config)
        if state_folder is not None:
            run.resume(state_folder)
        run.finish(state_folder, on_epoch)
    sample = slice(None, CALIBRATION_QUERIES)
    return Router(
        predictor,
        calibration=validation.encoded.numpy()[sample],
        calibration_tokens=validation.query_tokens[sample],
        cluster_labels=labels,
        reward=config.reward,
        provenance={"training": config.model_dump(mode="json"), "validation_aiq": run.best_aiq},
    )


class TrainingRun:
    """The optimization: epochs until validation AIQ no longer rises.

    Args:
        predictor: Holds the network, which is trained in place.
        train: What trains.
        validation: What chooses the epoch.
        config: How to train.
    """

    def __init__(self, predictor: Predictor, train: Prepared, validation: Prepared, config: TrainingConfig) -> None:
        self.predictor, self.train, self.validation, self.config = predictor, train, validation, config
        self.network = predictor.network
        self.pool = pool_embedding(predictor.pool, self.network.config.clusters)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.epoch, self.best_epoch, self.best_aiq = 0, 0, -math.inf
        self.best = self._weights()

    def finish(self, state_folder: Path | None, on_epoch: Callable[[Epoch], None]) -> None:
        """Train to the end, or to Ctrl-C, and leave the best epoch's weights in the network."""
        try:
            while self.epoch < self.config.epochs and self.epoch - self.best_epoch < self.config.patience:
                loss = self.one_epoch()
                found = self.validation_aiq()
                if found > self.best_aiq:
                    self.best_epoch, self.best_aiq, self.best = self.epoch, found, self._weights()
                if state_folder is not None:
                    self.save(state_folder)
                on_epoch(Epoch(self.epoch, loss, found, self.best_aiq))
        except KeyboardInterrupt:
            if not self.best_epoch:
                raise
        self.network.load_state_dict(self.best)
        self.network.eval()

    def one_epoch(self) -> float:
        """Take one pass over the train split and return the mean loss."""
        self.epoch += 1
        torch.manual_seed(self.config.seed * 10_000 + self.epoch)  # a resumed run repeats an unbroken one
        self.network.train()
        losses = []
        for rows in torch.randperm(len(self.train.encoded)).split(self.config.batch_size):
            loss = self.loss(rows)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            losses.append(loss.item())
        return sum(losses) / len(losses)

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        """Return cross-entropy of quality and Huber loss of log tokens, each over what is known."""
        output = self.network(self.train.encoded[rows], self.pool)
        quality, log_tokens = self.train.quality[rows], self.train.log_tokens[rows]
        known, counted = ~quality.isnan(), ~log_tokens.isnan()
        quality_loss = F.binary_cross_entropy_with_logits(output.quality_logit[known], quality[known])
        tokens_loss = F.smooth_l1_loss(output.log_tokens[counted], log_tokens[counted])
        return quality_loss + self.config.tokens_weight * tokens_loss

    def validation_aiq(self) -> float:
        """Return the AIQ on the validation split with the weights as they are."""
        self.network.eval()
        split = self.validation
        no_context = np.zeros(len(split.encoded))
        foreseen = self.predictor.foresee_encoded(split.encoded.numpy(), split.query_tokens, no_context)
        quality, cost = split.outcomes.quality, split.outcomes.cost
        ends = candidate_points(quality, cost)[:, 0]
        points = cost_quality_curve(foreseen.quality, foreseen.cost, quality, cost, self.config.reward)
        return aiq(points, ends.min(), ends.max())

    def save(self, folder: Path) -> None:
        """Keep the state of the run."""
        moments = optimizer_tensors(self.optimizer)
        state = TrainingState(self._weights(), self.best, moments, self.epoch, self.best_epoch, self.best_aiq)
        write_state(folder, state, self._fingerprint())

    def resume(self, folder: Path) -> None:
        """Take up the state that `save` kept, where there is one."""
        state = read_state(folder, self._fingerprint())
        if state is not None:
            self.network.load_state_dict(state.network)
            restore_optimizer(self.optimizer, state.optimizer)
            self.best, self.epoch = state.best, state.epoch
            self.best_epoch, self.best_aiq = state.best_epoch, state.best_aiq

    def _fingerprint(self) -> str:
        encoded = self.train.encoded.numpy().tobytes(), self.train.quality.numpy().tobytes()
        digests = [hashlib.sha256(content).hexdigest() for content in encoded]
        return fingerprint(self.config.model_dump_json(), *digests)

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: tensor.clone() for name, tensor in self.network.state_dict().items()}


def start(train: Prepared, config: TrainingConfig) -> tuple[CrossAttention, Pool, tuple[str, ...]]:
    """Return an untrained network, the profiled pool and the clusters' labels."""
    encoded = train.encoded.numpy()
    centroids = fit_centroids(encoded, config.clusters, config.seed)
    assignment = assign(encoded, centroids)
    clusters = len(centroids)
    pool = profiled(train.outcomes, train.log_tokens.numpy(), assignment, clusters)
    shape = NetworkConfig(width=encoded.shape[1], clusters=clusters, hidden=config.hidden)
    return CrossAttention(shape), pool, cluster_labels(train.outcomes.tasks, assignment, clusters)


def prepare(
    outcomes: Outcomes, query_encoder: QueryEncoder, unit: tokens.CostUnit, on_encoded: Callable[[int], None]
) -> Prepared:
    """Encode one split.

    Raises:
        DataError: It holds no query.
    """
    if not len(outcomes):
        raise DataError("A split is empty: training needs train and validation queries. See `crossroute data`.")
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
