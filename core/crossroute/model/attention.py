"""The network: single-head cross-attention between a query and the pool's model embeddings.

    x         = (query - centre) @ projection                           principal components of the query, (n, p)
    clusters  = softmax(-|x - centroid|^2 / temperature)                soft cluster assignment, (n, k)
    prior     = logit(clusters @ profile quality)                       mean quality on similar queries, (n, m)
    h, e      = gelu(W_h x), [logit quality, log tokens]                query and model embedding
    attention = softmax(W_q h (W_k e)^T / sqrt(d))                      over the pool, (n, m)
    context   = attention @ W_v e                                       attended pool, (n, d)
    quality   = sigmoid(prior + shared[h, context] + <W_b h, W_v e>)    (n, m)
    tokens    = prior of tokens + the same with the other head

`shared` is one number per query, its difficulty for all candidates; the product is one number per query and candidate,
their interaction. Both are initialized to zero, so that training starts from the cluster router. The paper's plain form
(`prior=False`) has no prior. Several members with different initial weights are trained together and averaged: they
are one more axis of each tensor, so that the ensemble needs no more calls. Permuting the pool permutes the predictions.

This is the network for training; inference.py is the same in NumPy.

Source: "One Head, Many Models", arXiv 2509.09782: single-head cross-attention, a quality and a cost head.
Deviations: the prior, the members, and tokens in place of USD. `heads` > 1 by head embeddings: "Pit One
Against Many", EMNLP Findings 2023.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crossroute.model.config import NetworkConfig


class PoolEmbedding(NamedTuple):
    """A pool's profiles as tensors, one row per candidate."""

    quality: Tensor  # (m, k)
    log_tokens: Tensor  # (m, k)
    evidence: Tensor  # (m, k)


class PoolKeys(NamedTuple):
    """A pool's keys and values, computed once per pool and not per query."""

    key: Tensor  # (E, m, d)
    value: Tensor  # (E, m, d)
    quality: Tensor  # (m, k)
    log_tokens: Tensor  # (m, k)


class Output(NamedTuple):
    """The network's predictions for each query and candidate."""

    quality_logit: Tensor  # (n, m), or (E, n, m) for each member
    log_tokens: Tensor  # (n, m), or (E, n, m)
    attention: Tensor  # (n, m), or (E, n, m)
    clusters: Tensor  # (n, k)


class MemberLinear(nn.Module):
    """A linear layer per member: from (E, n, inputs), or (n, inputs) shared by all members, to (E, n, outputs)."""

    def __init__(self, members: int, inputs: int, outputs: int, *, zero: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zero else 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return x @ weight + bias, member by member."""
        return x @ self.weight + self.bias


class CrossAttention(nn.Module):
    """Predict quality and tokens of every candidate for every query.

    Args:
        config: The network's shape.

    Attributes:
        centre, projection: Map an encoded query to principal components; shapes (D,) and (D, p).
        centroids, temperature: Centroids of the clusters, and temperature of the assignment; shapes (k, p) and (1,).
        quality_effects, tokens_effects: Ease and typical log tokens of the clusters, for profiling further candidates;
            shape (k,).
    """

    centre: Tensor
    projection: Tensor
    centroids: Tensor
    temperature: Tensor
    quality_effects: Tensor
    tokens_effects: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        members, h, profile = config.members, config.hidden, 2 * config.clusters
        self.register_buffer("centre", torch.zeros(config.width))
        self.register_buffer("projection", torch.zeros(config.width, config.components))
        self.register_buffer("centroids", torch.zeros(config.clusters, config.components))
        self.register_buffer("temperature", torch.ones(1))
        self.register_buffer("quality_effects", torch.zeros(config.clusters))
        self.register_buffer("tokens_effects", torch.zeros(config.clusters))
        self.hidden = MemberLinear(members, config.components, h)
        self.query = MemberLinear(members, h, h)
        self.key = MemberLinear(members, profile, h)
        self.value = MemberLinear(members, profile, h)
        self.head_embedding = nn.Parameter(torch.randn(members, config.heads, 1, h) * (config.heads > 1))
        self.shared = MemberLinear(members, 2 * h, 2, zero=True)
        self.pair = MemberLinear(members, h, 2 * h, zero=True)
        self.dropout = nn.Dropout(config.dropout)

    def keys(self, pool: PoolEmbedding) -> PoolKeys:
        """Return keys and values from a pool's profiles, each of shape (m, k)."""
        logits = torch.logit(pool.quality, eps=0.02)  # (m, k)
        model = torch.cat([logits, pool.log_tokens - pool.log_tokens.mean()], dim=-1)  # (m, 2k)
        return PoolKeys(self.key(model), self.value(model), pool.quality, pool.log_tokens)

    def forward(self, query: Tensor, pool: PoolKeys) -> Output:
        """Return the members' average.

        Args:
            query: Encoded queries, shape (n, D).
            pool: The m candidates, from `keys`.
        """
        quality_logit, log_tokens, attention, clusters = self.each_member(query, pool)
        return Output(quality_logit.mean(0), log_tokens.mean(0), attention.mean(0), clusters)

    def each_member(self, query: Tensor, pool: PoolKeys) -> Output:
        """Return each member's predictions; arguments as for `forward`."""
        x = (query - self.centre) @ self.projection  # (n, p)
        clusters = self.place(x)  # (n, k)
        h = self.dropout(F.gelu(self.hidden(self.dropout(x))))  # (E, n, d)
        attention = self.attend(self.query(h), pool.key)  # (E, n, m)
        context = attention @ pool.value  # (E, n, d)
        shared = self.shared(torch.cat([h, context], dim=-1))  # (E, n, 2)
        quality_pair, tokens_pair = self.pair(h).chunk(2, dim=-1)  # (E, n, d) each
        to_value = pool.value.mT / math.sqrt(self.config.hidden)  # (E, d, m)
        quality_logit = shared[..., :1] + quality_pair @ to_value  # (E, n, m)
        log_tokens = shared[..., 1:] + tokens_pair @ to_value  # (E, n, m)
        if self.config.prior:
            quality_logit = quality_logit + torch.logit(clusters @ pool.quality.T, eps=1e-3)
            log_tokens = log_tokens + clusters @ pool.log_tokens.T
        return Output(quality_logit, log_tokens, attention, clusters)

    def place(self, x: Tensor) -> Tensor:
        """Return each query's weights of the clusters, shape (n, k), summing to 1."""
        distance = (self.centroids**2).sum(-1) - 2 * x @ self.centroids.T  # (n, k), without |x|^2
        return torch.softmax(-distance / self.temperature, dim=-1)

    def attend(self, query: Tensor, key: Tensor) -> Tensor:
        """Return scaled dot-product attention over the pool, averaged over the heads, shape (E, n, m)."""
        queries = query[:, None] + self.head_embedding  # (E, heads, n, d)
        weights = torch.softmax(queries @ key[:, None].mT / math.sqrt(self.config.hidden), dim=-1)
        return weights.mean(1)
