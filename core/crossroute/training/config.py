"""TrainingConfig: the settings of training."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from crossroute.encoder import DEFAULT_ENCODER
from crossroute.reward import Reward


class TrainingConfig(BaseModel):
    """Settings of training; the defaults were chosen on validation splits.

    Attributes:
        encoder: Name of the encoder (see crossroute.encoder).
        components: p, number of principal components of the encoded query.
        clusters: k, number of clusters of queries.
        hidden: d, width of the attention.
        heads: Number of attention heads.
        members: Number of networks that are averaged.
        dropout: Dropout rate, in [0, 1).
        prior: Whether the network predicts corrections to the profiles at the query's clusters; False is the paper's
            plain form.
        epochs: Most epochs.
        patience: Epochs without a better validation score before training stops.
        batch_size: Queries per step.
        learning_rate: Learning rate of AdamW, with a warm-up over two epochs and a cosine decay.
        weight_decay: Weight decay of AdamW.
        candidate_dropout: Share of the batches that see a random part of the pool, in [0, 1].
        choose_by: The validation score that selects the epoch: AIQ, or the likelihood of the observed qualities, which
            is less noisy for few queries or incomplete outcomes.
        teacher_weight: Weight of a forest's expectations in the quality targets, in [0, 1]; 0 trains no teacher.
        ensemble: Whether to stack a ridge regression and a forest with the network (model/ensemble.py); fine-tuning
            keeps the router's own ensemble.
        trees: Trees of the forest.
        leaves: Approximate number of leaves of a tree.
        least_outcomes: Candidates with fewer outcomes are predicted by the network alone.
        tokens_weight: Weight of the cost head's loss relative to the quality head's.
        reward: The reward that is maximized.
        seed: Training with the same seed is bitwise reproducible on a CPU.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = DEFAULT_ENCODER
    components: int = Field(default=64, gt=0)
    clusters: int = Field(default=20, gt=1)
    hidden: int = Field(default=64, gt=0)
    heads: int = Field(default=1, gt=0)
    members: int = Field(default=4, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    prior: bool = True
    epochs: int = Field(default=30, gt=0)
    patience: int = Field(default=15, gt=0)
    batch_size: int = Field(default=128, gt=0)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    candidate_dropout: float = Field(default=0.0, ge=0, le=1)
    choose_by: Literal["aiq", "likelihood"] = "aiq"
    teacher_weight: float = Field(default=0.8, ge=0, le=1)
    ensemble: bool = True
    trees: int = Field(default=64, gt=0)
    leaves: int = Field(default=512, gt=0)
    least_outcomes: int = Field(default=100, gt=0)
    tokens_weight: float = Field(default=0.3, ge=0)
    reward: Reward = "exponential"
    seed: int = Field(default=0, ge=0, lt=2**32)

    @classmethod
    def plain(cls) -> TrainingConfig:
        """Return the paper's settings: one network of cross-attention, without prior, teacher and ensemble."""
        return cls(members=1, prior=False, teacher_weight=0, ensemble=False)

    @classmethod
    def tuning(cls) -> TrainingConfig:
        """Return the defaults of fine-tuning: few epochs in small steps, selected by likelihood."""
        return cls(epochs=10, learning_rate=5e-4, choose_by="likelihood")
