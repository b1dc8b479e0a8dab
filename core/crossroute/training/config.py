"""TrainingConfig: how a router is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from crossroute.encoder import DEFAULT_ENCODER
from crossroute.reward import Reward


class TrainingConfig(BaseModel):
    """How a router is trained; the defaults were chosen on validation splits.

    Attributes:
        encoder: Name of the encoder (see crossroute.encoder).
        components: p, principal components of the encoded query.
        clusters: k, of the profiles.
        hidden: h, of the attention.
        heads: Of the attention.
        members: Networks that are averaged.
        dropout: In [0, 1).
        prior: Start from the profiles at the query's clusters; False is the paper's plain form.
        epochs: At most.
        patience: Epochs without a better validation AIQ before training stops.
        batch_size: Queries a step.
        learning_rate: Of AdamW; it rises over the first two epochs and falls along a cosine.
        weight_decay: Of AdamW.
        candidate_dropout: Share of the batches that see a random part of the pool, in [0, 1].
        choose_by: What the validation split chooses the epoch by: the AIQ, or the likelihood of the observed
            qualities, which is steadier where queries are few or their candidates differ.
        teacher_weight: Of the forest's expectations in the quality targets; 0 does without a forest.
        ensemble: Put a ridge regression and a forest beside the network (model/ensemble.py); a router that goes on
            learning keeps those that it has.
        trees: Of the forest.
        leaves: Of a tree, about: of many queries the leaves hold more.
        least_outcomes: Of a candidate without which the network alone tells of it.
        tokens_weight: Weight of the cost head's loss beside the quality head's.
        reward: Which reward decides.
        seed: Makes training reproducible bit for bit on a CPU.
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
        """Return the paper's form: plain cross-attention over the profiles: one network, no prior, no teacher."""
        return cls(members=1, prior=False, teacher_weight=0, ensemble=False)

    @classmethod
    def tuning(cls) -> TrainingConfig:
        """Return how a trained router goes on learning: in small steps, chosen by likelihood."""
        return cls(epochs=10, learning_rate=5e-4, choose_by="likelihood")
