"""The training loop: inputs and targets of the splits, and epochs with early stopping on the validation AIQ."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from crossroute.candidate import Pool
from crossroute.data.outcomes import Outcomes
from crossroute.encoder.disk_cache import BATCH
from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.metrics.scores import aiq, cost_quality_curve, cost_range
from crossroute.model.attention import CrossAttention, PoolEmbedding
from crossroute.model.costs import CostUnit, log_tokens
from crossroute.model.inference import InferenceNetwork
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.routing.predictor import Predictor
from crossroute.training.config import TrainingConfig
from crossroute.training.state import (
    TrainingState,
    fingerprint,
    optimizer_tensors,
    read_state,
    restore_optimizer,
    write_state,
)

WARM_UP = 2
"""Epochs of the learning rate's warm-up."""


class PreparedSplit(NamedTuple):
    """A split as input and targets of the network."""

    outcomes: Outcomes
    encoded: torch.Tensor  # (n, D)
    query_tokens: npt.NDArray[np.floating]  # (n,)
    quality: torch.Tensor  # (n, m), target of the quality head, NaN where unknown
    log_tokens: torch.Tensor  # (n, m), target of the cost head, NaN where unknown
    word_scores: Floats  # (n, 2)

    def take(self, rows: npt.NDArray[np.intp]) -> PreparedSplit:
        """Return a selection of the queries."""
        return PreparedSplit(
            self.outcomes.take(rows),
            self.encoded[rows],
            self.query_tokens[rows],
            self.quality[rows],
            self.log_tokens[rows],
            self.word_scores[rows],
        )

    @property
    def queries(self) -> EncodedQueries:
        """The queries, encoded for a predictor."""
        return EncodedQueries.alone(self.encoded.numpy(), self.query_tokens, self.word_scores)


def prepare(
    outcomes: Outcomes, query_encoder: QueryEncoder, unit: CostUnit, on_encoded: Callable[[int], None]
) -> PreparedSplit:
    """Encode one split."""
    queries = [Query(text) for text in outcomes.texts]
    parts = []
    for start in range(0, len(queries), BATCH):
        parts.append(query_encoder.read(queries[start : start + BATCH]))
        on_encoded(len(parts[-1].tokens))
    encoded = EncodedQueries(*map(np.concatenate, zip(*parts, strict=True)))
    return PreparedSplit(
        outcomes,
        torch.from_numpy(encoded.vectors),
        encoded.tokens,
        torch.from_numpy(outcomes.quality).float(),
        torch.from_numpy(log_tokens(outcomes, encoded.tokens, unit)).float(),
        encoded.word_scores,
    )


class Epoch(NamedTuple):
    """The state of training after an epoch."""

    epoch: int
    loss: float
    validation_aiq: float
    best_aiq: float


class TrainingRun:
    """The optimization: epochs until the validation score no longer rises.

    Args:
        network: The network; it is trained in place.
        pool: Profiled candidates.
        query_encoder: Encoder for the predictor of the trained network.
        cost_unit: Target of the cost head.
        train: The train split.
        validation: The validation split, which selects the epoch.
        config: Settings of training.
        origin: Digest of the router that is fine-tuned; empty without one.
    """

    def __init__(
        self,
        network: CrossAttention,
        pool: Pool,
        *,
        query_encoder: QueryEncoder,
        cost_unit: CostUnit,
        train: PreparedSplit,
        validation: PreparedSplit,
        config: TrainingConfig,
        origin: str = "",
    ) -> None:
        self.network, self.pool, self.config, self.origin = network, pool, config, origin
        self.query_encoder, self.cost_unit = query_encoder, cost_unit
        self.train, self.validation = train, validation
        self.profiles = PoolEmbedding(*map(torch.from_numpy, pool_profiles(pool, network.config.clusters)))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.epoch, self.best_epoch, self.best_score, self.best_aiq = 0, 0, -math.inf, -math.inf
        self.best = self._copy_weights()

    def finish(self, state_folder: Path | None, on_epoch: Callable[[Epoch], None]) -> bool:
        """Train to the end or to Ctrl-C, and load the best epoch's weights.

        Returns:
            Whether training came to its end.
        """
        ended = True
        try:
            while self.epoch < self.config.epochs and self.epoch - self.best_epoch < self.config.patience:
                loss = self.train_epoch()
                found = self.judge()
                if state_folder is not None:
                    self.save(state_folder)
                on_epoch(Epoch(self.epoch, loss, found, self.best_aiq))
        except KeyboardInterrupt:
            if self.best_score == -math.inf:
                raise
            ended = False
        self.network.load_state_dict(self.best)
        return ended

    def judge(self) -> float:
        """Keep the current weights if they are the best so far, and return their validation AIQ."""
        found = self.validation_aiq()
        score = (
            found if self.config.choose_by == "aiq" else likelihood(self.build_predictor(), self.validation)
        )
        if score > self.best_score:
            self.best_epoch, self.best_score, self.best_aiq = self.epoch, score, found
            self.best = self._copy_weights()
        return found

    def train_epoch(self) -> float:
        """Make one pass over the train split and return the mean loss."""
        self.epoch += 1
        torch.manual_seed(self.config.seed * 10_000 + self.epoch)  # a resumed run gives the same result
        self.network.train()
        losses = []
        batches = torch.split(torch.randperm(len(self.train.encoded)), self.config.batch_size)
        for number, rows in enumerate(batches):
            loss = self.loss(rows)
            self._set_learning_rate(self.epoch - 1 + number / len(batches))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            losses.append(loss.item())
        return sum(losses) / len(losses)

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of quality plus the weighted Huber loss of log tokens, each over known targets."""
        columns = self._sample_pool()
        profiles = PoolEmbedding(*(tensor[columns] for tensor in self.profiles))
        output = self.network.each_member(self.train.encoded[rows], self.network.keys(profiles))
        members = len(output.quality_logit)
        quality, log_tokens = (
            target[rows][:, columns].expand(members, -1, -1)
            for target in (self.train.quality, self.train.log_tokens)
        )
        known, counted = ~quality.isnan(), ~log_tokens.isnan()
        # without a known target, a loss of 0 with a gradient of 0
        quality_loss = tokens_loss = output.quality_logit.sum() * 0
        if known.any():
            quality_loss = F.binary_cross_entropy_with_logits(output.quality_logit[known], quality[known])
        if counted.any():
            tokens_loss = F.smooth_l1_loss(output.log_tokens[counted], log_tokens[counted])
        loss = quality_loss + self.config.tokens_weight * tokens_loss
        return members * loss  # each member gets the gradient it would get alone

    def build_predictor(self) -> Predictor:
        """Return a predictor with the current weights."""
        weights = {name: tensor.numpy().copy() for name, tensor in self.network.state_dict().items()}
        frozen = InferenceNetwork(self.network.config, weights)
        return Predictor(frozen, self.pool, self.query_encoder, self.cost_unit)

    def validation_aiq(self) -> float:
        """Return the AIQ of the current weights on the validation split."""
        split = self.validation
        predicted = self.build_predictor().predict_encoded(split.queries)
        quality, cost = split.outcomes.quality, split.outcomes.cost
        points = cost_quality_curve(predicted.quality, predicted.cost, quality, cost, self.config.reward)
        return aiq(points, *cost_range(quality, cost))

    def _sample_pool(self) -> torch.Tensor:
        """Return the candidates of a batch; at times a random subset, so that smaller pools are learned too."""
        pool = len(self.pool)
        if not self.config.candidate_dropout or torch.rand(()) >= self.config.candidate_dropout:
            return torch.arange(pool)
        return torch.randperm(pool)[: int(torch.randint(min(2, pool), pool + 1, ()))]

    def _set_learning_rate(self, epochs: float) -> None:
        rise = min(1.0, (epochs + 0.1) / WARM_UP)
        fall = 0.5 + 0.5 * math.cos(math.pi * epochs / self.config.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * rise * fall

    def save(self, folder: Path) -> None:
        """Save the state of the run."""
        moments = optimizer_tensors(self.optimizer)
        state = TrainingState(
            self._copy_weights(),
            self.best,
            moments,
            self.epoch,
            self.best_epoch,
            self.best_score,
            self.best_aiq,
        )
        write_state(folder, state, self._fingerprint)

    def resume(self, folder: Path) -> None:
        """Load the state that `save` wrote, if there is one."""
        state = read_state(folder, self._fingerprint)
        if state is not None:
            self.network.load_state_dict(state.network)
            restore_optimizer(self.optimizer, state.optimizer)
            self.best, self.epoch = state.best, state.epoch
            self.best_epoch, self.best_score = state.best_epoch, state.best_score
            self.best_aiq = state.best_aiq

    @cached_property
    def _fingerprint(self) -> str:
        """A digest of the run's splits, settings and start."""
        prices = [(c.name, c.price.input, c.price.output) for c in self.pool if c.price]
        digests = []
        for split in (self.train, self.validation):
            tensors, known = (split.encoded, split.log_tokens), (split.outcomes.quality, split.outcomes.cost)
            arrays = (*(tensor.numpy() for tensor in tensors), *known, split.query_tokens)
            digests += [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays]
        return fingerprint(self.config.model_dump_json(), self.cost_unit, self.origin, prices, *digests)

    def _copy_weights(self) -> dict[str, torch.Tensor]:
        return {name: tensor.clone() for name, tensor in self.network.state_dict().items()}


def likelihood(predictor: Predictor, split: PreparedSplit) -> float:
    """Return the mean log-likelihood of the observed qualities of a split."""
    predicted = predictor.predict_encoded(split.queries).quality
    observed, predicted = split.outcomes.quality, predicted.clip(1e-6, 1 - 1e-6)
    return float(np.nanmean(observed * np.log(predicted) + (1 - observed) * np.log(1 - predicted)))
