"""The layout of a checkpoint: the fields of config.json, and the names and shapes of its tensors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossroute.candidate import Belief, Candidate, Usd
from crossroute.decision import Promise
from crossroute.encoder.features import SCORES
from crossroute.escalation.verifier import Verifier
from crossroute.model.config import NetworkConfig
from crossroute.model.costs import CostUnit
from crossroute.reward import Reward
from crossroute.routing.dial import Dial
from crossroute.routing.storage import Tensors

NETWORK, DOUBT, BELIEF, LESSON = "network.", "doubt.", "belief.", "lesson."
ENSEMBLE = "ensemble."
CONTEXT = "context."
TRAINED_ON = "trained_on"
FLOOR, FLOOR_ARRAYS = "floor.", ("quality", "answer_logprob", "group", "propensity")
CALIBRATION = "calibration."
QUERY_SHAPES: dict[str, tuple[int, ...]] = {"context": (), "one_call": (), "word_scores": (SCORES,)}
"""What is stored of each query beside its vector and tokens if it is not zero, and its shape."""
WORD_EASE = "word_ease"
"""The first of the word scores, shape (n,): what earlier versions stored."""
PROFILE = "profile."
PROFILE_FIELDS = ("quality", "log_tokens", "evidence")
COMPACT = (NETWORK, DOUBT, ENSEMBLE, BELIEF, CONTEXT, PROFILE)
"""Prefixes of tensors that are stored in half precision if that is lossless."""
UNKNOWN = 1e9
"""Marks an unknown outcome in the tensors of a floor."""
NO_BELIEF = 1e9
"""Marks a candidate without a belief in the tensors of beliefs."""


class FloorConfig(BaseModel):
    """A floor in config.json; its evidence is among the tensors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promise: Promise
    settings: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    candidates: tuple[str, ...]


class RouterConfig(BaseModel):
    """The fields of config.json other than format and digest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    encoder: str
    network: NetworkConfig
    cost_unit: CostUnit
    reward: Reward
    candidates: tuple[Candidate, ...]
    cluster_labels: tuple[str, ...]
    dial: Dial
    provenance: dict[str, Any]
    verifier: Verifier | None = None
    kinds: tuple[str, ...] | None = None
    """Kinds of work of the doubt model; None without one."""
    learned_prices: tuple[tuple[Usd, Usd], ...] | None = None
    """Input and output prices at which the profiles were learned; None if they are the candidates' own."""
    floor: FloorConfig | None = None
    trained_on: int | None = None
    """Number of training queries; None if their digests are not stored."""

    @model_validator(mode="after")
    def _check_lengths(self) -> RouterConfig:
        if len(self.cluster_labels) != self.network.clusters:
            raise ValueError(
                f"{len(self.cluster_labels)} cluster labels for {self.network.clusters} clusters"
            )
        if self.learned_prices is not None and len(self.learned_prices) != len(self.candidates):
            raise ValueError(
                f"{len(self.learned_prices)} learned prices for {len(self.candidates)} candidates"
            )
        return self


def check_shapes(config: RouterConfig, tensors: Tensors) -> None:
    """Check that tensors have the shapes that follow from the configuration.

    Raises:
        KeyError: A tensor is missing.
        ValueError: One has another shape.
    """
    queries = tensors["calibration.tokens"].size
    shapes: dict[str, tuple[int, ...]] = {
        "calibration.tokens": (queries,),
        "calibration.encoded": (queries, config.network.width),
    }
    shapes |= {
        f"{PROFILE}{name}": (len(config.candidates), config.network.clusters) for name in PROFILE_FIELDS
    }
    if config.kinds is not None:
        shapes[f"{DOUBT}heads"] = (config.network.components, len(config.kinds) + 2)
        shapes[f"{DOUBT}near_spread"] = (config.network.clusters,)
    if f"{BELIEF}ability" in tensors:
        kinds = tensors[f"{BELIEF}ability"].shape[-1] if config.kinds is None else len(config.kinds)
        shapes |= {f"{BELIEF}{field}": (len(config.candidates), kinds) for field in Belief.model_fields}
    if f"{LESSON}quality" in tensors:
        shapes |= {f"{LESSON}{name}": (len(config.candidates),) for name in ("quality", "quality_error")}
        shapes[f"{LESSON}log_tokens"] = (len(config.candidates), config.network.clusters)
    if f"{CONTEXT}quality" in tensors:
        of_context = (len(tensors[f"{CONTEXT}quality"]), config.network.clusters)
        shapes |= {f"{CONTEXT}{name}": of_context for name in PROFILE_FIELDS}
    shapes |= _shapes_of_queries(tensors, CALIBRATION, queries)
    if config.trained_on is not None:
        shapes[TRAINED_ON] = (config.trained_on,)
    if config.floor is not None:
        asked = len(tensors[f"{FLOOR}tokens"])
        shapes |= _shapes_of_queries(tensors, FLOOR, asked)
        shapes[f"{FLOOR}group"] = (asked,)
        of_each = (asked, len(config.floor.candidates))
        shapes |= {f"{FLOOR}{name}": of_each for name in ("quality", "answer_logprob", "propensity")}
        shapes[f"{FLOOR}vectors"] = (asked, config.network.width)
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ValueError(f"the tensor {name!r} has shape {tensors[name].shape}, expected {shape}.")


def _shapes_of_queries(tensors: Tensors, prefix: str, count: int) -> dict[str, tuple[int, ...]]:
    shapes = {f"{prefix}{name}": (count, *shape) for name, shape in (QUERY_SHAPES | {WORD_EASE: ()}).items()}
    return {name: shape for name, shape in shapes.items() if name in tensors}
