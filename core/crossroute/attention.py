"""The network: single-head cross-attention between a query and the pool's model embeddings.

    clusters = softmax(-|x - centroid|^2 / temperature)             the query's place, shape (n, k)
    prior    = logit(clusters @ profile quality)                    what such queries had, shape (n, m)
    query    = W_q x;  key, value = W_k e, W_v e                    x query, e model embedding
    weights  = softmax(query key^T / sqrt(h))                       over the pool, shape (n, m)
    quality  = sigmoid(prior + head([query * key, value, weights value]))
    tokens   = prior of tokens + the other head

Both heads' last layers start at zero: training starts from the cluster router and can only add to it. The
paper's plain form (`prior=False`) has neither clusters nor prior. Permuting the pool permutes the predictions.

Source: "One Head, Many Models", arXiv 2509.09782, single-head cross-attention with a quality and a cost head.
Deviations: the prior, and tokens in place of USD. `heads` > 1 by head embeddings: "Pit One Against Many",
EMNLP Findings 2023.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F


class NetworkConfig(BaseModel):
    """The network's shape.

    Attributes:
        width: D, of a query.
        clusters: k, of a profile.
        hidden: h, of the attention.
        heads: One head's projections are shared by all; each further head adds one embedding to the query.
        dropout: On the query and in the heads, while training.
        prior: Start from the profile at the query's clusters; False is the paper's plain form.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(gt=0)
    clusters: int = Field(gt=0)
    hidden: int = Field(default=64, gt=0)
    heads: int = Field(default=1, gt=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    prior: bool = True


class PoolEmbedding(NamedTuple):
    """The pool's profiles as tensors, one row a candidate."""

    quality: Tensor  # (m, k)
    log_tokens: Tensor  # (m, k)
    evidence: Tensor  # (m, k)


class Output(NamedTuple):
    """What the network says of each query and candidate."""

    quality_logit: Tensor  # (n, m)
    log_tokens: Tensor  # (n, m)
    attention: Tensor  # (n, m), mean over the heads
    clusters: Tensor  # (n, k)


class CrossAttention(nn.Module):
    """Predict quality and tokens of every candidate for every query.

    Args:
        config: The network's shape.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        h = config.hidden
        self.register_buffer("centre", torch.zeros(config.width))
        self.register_buffer("scale", torch.ones(config.width))
        self.register_buffer("centroids", torch.zeros(config.clusters, config.width))
        self.log_temperature = nn.Parameter(torch.zeros(()))
        self.query = nn.Linear(config.width, h)
        self.key = nn.Linear(2 * config.clusters, h)
        self.value = nn.Linear(2 * config.clusters, h)
        self.head_embedding = nn.Parameter(torch.randn(config.heads, h) * (config.heads > 1))
        self.pair = nn.Linear(3 * h, h)
        self.quality_head = nn.Linear(h, 1)
        self.tokens_head = nn.Linear(h, 1)
        self.dropout = nn.Dropout(config.dropout)
        for head in (self.quality_head, self.tokens_head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    centre: Tensor
    scale: Tensor
    centroids: Tensor

    def forward(self, query: Tensor, pool: PoolEmbedding) -> Output:
        """Return quality logits and log tokens, both (n, m).

        Args:
            query: Embeddings and surface features, shape (n, D).
            pool: Profiles, each of shape (m, k).
        """
        x = (query - self.centre) * self.scale  # (n, D)
        clusters = self.place(x)  # (n, k)
        logits = torch.logit(pool.quality, eps=0.02)  # (m, k)
        model = torch.cat([logits, pool.log_tokens], dim=-1)  # (m, 2k)
        q = self.query(self.dropout(x))  # (n, h)
        k, v = self.key(model), self.value(model)  # (m, h)
        weights = self.attend(q, k)  # (n, heads, m)
        context = (weights @ v).mean(1)  # (n, h)
        n, m = len(q), len(k)
        pair = torch.cat(
            [q[:, None] * k, v.expand(n, m, -1), context[:, None].expand(n, m, -1)], dim=-1
        )  # (n, m, 3h)
        pair = self.dropout(F.gelu(self.pair(pair)))  # (n, m, h)
        quality_logit = self.quality_head(pair).squeeze(-1)  # (n, m)
        log_tokens = self.tokens_head(pair).squeeze(-1)  # (n, m)
        if self.config.prior:
            quality_logit = quality_logit + torch.logit(clusters @ pool.quality.T, eps=1e-3)
            log_tokens = log_tokens + clusters @ pool.log_tokens.T
        return Output(quality_logit, log_tokens, weights.mean(1), clusters)

    def place(self, x: Tensor) -> Tensor:
        """Return how much of each cluster is in each query, shape (n, k)."""
        distance = torch.cdist(x, self.centroids) ** 2  # (n, k)
        return torch.softmax(-distance * self.log_temperature.exp() / math.sqrt(self.config.width), dim=-1)

    def attend(self, q: Tensor, k: Tensor) -> Tensor:
        """Return scaled dot-product attention weights over the pool, shape (n, heads, m)."""
        queries = q[:, None] + self.head_embedding  # (n, heads, h)
        return torch.softmax(queries @ k.T / math.sqrt(self.config.hidden), dim=-1)
