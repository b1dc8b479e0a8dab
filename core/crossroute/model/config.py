"""The network's shape: what training, routing and a checkpoint must agree on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NetworkConfig(BaseModel):
    """The network's shape.

    Attributes:
        width: D, of an encoded query.
        components: p, principal components of it that are kept.
        clusters: k, of a profile.
        hidden: d, of the attention.
        heads: Each beyond the first adds one embedding to the attention's query; projections are shared.
        members: E, networks that are averaged.
        dropout: On the query and on h, while training.
        prior: Start from the profiles at the query's clusters; False is the paper's plain form.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(gt=0)
    components: int = Field(gt=0)
    clusters: int = Field(gt=0)
    hidden: int = Field(default=64, gt=0)
    heads: int = Field(default=1, gt=0)
    members: int = Field(default=1, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    prior: bool = True

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each tensor of the network, by name."""
        width, p, k, d, members = self.width, self.components, self.clusters, self.hidden, self.members
        layers = {
            "hidden": (p, d),
            "query": (d, d),
            "key": (2 * k, d),
            "value": (2 * k, d),
            "shared": (2 * d, 2),
            "pair": (d, 2 * d),
        }
        weights = {f"{name}.weight": (members, *shape) for name, shape in layers.items()}
        biases = {f"{name}.bias": (members, 1, outputs) for name, (_, outputs) in layers.items()}
        return {
            "centre": (width,),
            "projection": (width, p),
            "centroids": (k, p),
            "temperature": (1,),
            "quality_effects": (k,),
            "tokens_effects": (k,),
            "head_embedding": (members, self.heads, 1, d),
            **weights,
            **biases,
        }
