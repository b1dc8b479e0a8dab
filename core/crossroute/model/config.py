"""The network's shape, which training, routing and a checkpoint must agree on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NetworkConfig(BaseModel):
    """The network's shape.

    Attributes:
        width: Numbers in an encoded query, D.
        components: Principal components and surface features, p.
        clusters: Clusters of a profile, k.
        hidden: Units of the attention, d.
        heads: Attention heads. Each beyond the first adds one embedding to the query; the projections are shared.
        members: Networks that are averaged, E.
        dropout: Dropout on the query and on h, in training.
        prior: Whether predictions start from the profiles at the query's clusters; False is the paper's plain form.
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
        """Return the shapes of the network's tensors, by name."""
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
