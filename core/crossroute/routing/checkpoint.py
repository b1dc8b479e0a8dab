"""Convert the parts of a router to the config and tensors of a checkpoint, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from crossroute.candidate import Belief, Lesson, Pool, Profile
from crossroute.encoder import Encoder, encoder_name, is_encoder_name
from crossroute.encoder.features import EASE
from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.errors import CheckpointError
from crossroute.escalation.verifier import Verifier
from crossroute.model.costs import prices
from crossroute.model.doubt import OPTIONAL, TENSORS, Doubt
from crossroute.model.effects import NO_LESSON
from crossroute.model.ensemble import MEMBERS, Ensemble
from crossroute.model.inference import InferenceNetwork, PoolProfiles
from crossroute.model.profiles import learned_prices, pool_profiles
from crossroute.reward import Reward
from crossroute.routing.dial import Dial
from crossroute.routing.layout import (
    BELIEF,
    CALIBRATION,
    COMPACT,
    CONTEXT,
    DOUBT,
    ENSEMBLE,
    FLOOR,
    FLOOR_ARRAYS,
    LESSON,
    NETWORK,
    NO_BELIEF,
    PROFILE,
    PROFILE_FIELDS,
    QUERY_SHAPES,
    TRAINED_ON,
    UNKNOWN,
    WORD_EASE,
    FloorConfig,
    RouterConfig,
    check_shapes,
)
from crossroute.routing.predictor import Predictor
from crossroute.routing.storage import Tensors, locate, read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from crossroute.routing.evidence import FloorEvidence
    from crossroute.routing.floors import Floor

PROBED = 4
"""Number of queries that are predicted as a check when a router is loaded."""


class Parts(TypedDict):
    """The arguments of `Router`, as its checkpoint holds them."""

    predictor: Predictor
    calibration: EncodedQueries
    cluster_labels: tuple[str, ...]
    reward: Reward
    provenance: dict[str, Any]
    dial: Dial
    verifier: Verifier | None
    floor: Floor | None
    trained_on: npt.NDArray[np.uint32] | None


def save(parts: Parts, folder: str | Path) -> None:
    """Write a router's parts to a folder."""
    predictor = parts["predictor"]
    pool = predictor.pool
    learned = learned_prices(pool)
    repriced = (learned != prices(pool)).any()
    config = RouterConfig(
        encoder=predictor.query_encoder.name,
        network=predictor.network.config,
        cost_unit=predictor.cost_unit,
        reward=parts["reward"],
        candidates=tuple(candidate.model_copy(update={"profile": None}) for candidate in pool),
        cluster_labels=parts["cluster_labels"],
        dial=parts["dial"],
        provenance=parts["provenance"],
        verifier=parts["verifier"],
        kinds=predictor.doubt.kinds if predictor.doubt else None,
        learned_prices=tuple(map(tuple, learned.tolist())) if repriced else None,
        floor=_build_floor_config(parts["floor"]),
        trained_on=None if parts["trained_on"] is None else len(parts["trained_on"]),
    )
    profiles = pool_profiles(pool, config.network.clusters)
    tensors: Tensors = {f"{NETWORK}{name}": tensor for name, tensor in predictor.network.weights.items()}
    tensors |= {f"{PROFILE}{name}": getattr(profiles, name) for name in PROFILE_FIELDS}
    tensors |= _write_queries(parts["calibration"], CALIBRATION, "encoded")
    if predictor.doubt:
        tensors |= {f"{DOUBT}{name}": tensor for name, tensor in predictor.doubt.tensors.items()}
    if predictor.ensemble:
        tensors |= {f"{ENSEMBLE}{name}": tensor for name, tensor in predictor.ensemble.tensors.items()}
    beliefs = [candidate.profile.belief if candidate.profile else None for candidate in pool]
    if any(beliefs):
        width = max(len(belief.ability) for belief in beliefs if belief)
        for field in Belief.model_fields:  # NO_BELIEF marks missing ones, since a checkpoint holds no NaN
            rows = [getattr(belief, field) if belief else (NO_BELIEF,) * width for belief in beliefs]
            tensors[f"{BELIEF}{field}"] = np.array(rows, dtype=np.float32)
    if predictor.lessons is not None:
        tensors |= {f"{LESSON}{name}": tensor for name, tensor in predictor.lessons._asdict().items()}
    if not all(map(np.array_equal, predictor.context, profiles)):
        context_profiles = predictor.context._asdict()
        tensors |= {f"{CONTEXT}{name}": context_profiles[name] for name in PROFILE_FIELDS}
    if parts["trained_on"] is not None:
        tensors[TRAINED_ON] = parts["trained_on"]
    if parts["floor"]:
        tensors |= _write_evidence(parts["floor"].evidence)
    tensors = {
        name: _compact(tensor) if name.startswith(COMPACT) and tensor.dtype.kind == "f" else tensor
        for name, tensor in tensors.items()
    }
    unset = {
        name for name in ("learned_prices", "kinds", "floor", "trained_on") if getattr(config, name) is None
    }
    fields = config.model_dump(mode="json", exclude=unset)
    for candidate in fields["candidates"]:
        if candidate["effort"] is None:  # checkpoints of older versions have no such field
            del candidate["effort"]
    write_checkpoint(folder, fields, tensors)


def _compact(tensor: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return a tensor in half precision if that is lossless, else unchanged."""
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    return half if (half == tensor).all() else tensor


def load(name: str | Path, encoder: Encoder | None = None) -> Parts:
    """Load the parts of a router: bundled, from a folder or from the hub.

    Raises:
        CheckpointError: There is no such router, its files are damaged, or it needs another encoder.
    """
    folder = locate(name)
    raw, tensors = read_checkpoint(folder)
    try:
        config = RouterConfig.model_validate(raw)
        check_shapes(config, tensors)
        with np.errstate(all="ignore"):  # overflows are reported as a CheckpointError
            predictor = _build_predictor(config, tensors, encoder)
        calibration = _read_queries(tensors, CALIBRATION, "encoded")
        _check_predictions(predictor, calibration)
        floor = _read_floor(config.floor, tensors)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise CheckpointError(
            f"{folder / 'config.json'}: {place}: {first['msg']}. Copy or train the router again."
        ) from error
    except KeyError as error:
        raise CheckpointError(f"{folder / 'model.safetensors'} lacks the tensor {error}.") from error
    except CheckpointError:
        raise
    except ValueError as error:  # from the network, the pool or the predictor
        raise CheckpointError(f"{folder / 'model.safetensors'} does not fit config.json: {error}") from error
    return Parts(
        predictor=predictor,
        calibration=calibration,
        cluster_labels=config.cluster_labels,
        reward=config.reward,
        provenance=config.provenance,
        dial=config.dial,
        verifier=config.verifier,
        floor=floor,
        trained_on=None if config.trained_on is None else tensors[TRAINED_ON],
    )


def _write_queries(queries: EncodedQueries, prefix: str, vectors: str) -> Tensors:
    """Return the tensors of encoded queries, without those that are all zero."""
    held = {vectors: queries.vectors.astype(np.float16), "tokens": queries.tokens}
    held |= {name: part for name in QUERY_SHAPES if (part := getattr(queries, name)).any()}
    return {f"{prefix}{name}": tensor for name, tensor in held.items()}


def _read_queries(tensors: Tensors, prefix: str, vectors: str) -> EncodedQueries:
    """Return the queries that `_write_queries` stored."""
    plain = EncodedQueries.alone(tensors[f"{prefix}{vectors}"].astype(np.float32), tensors[f"{prefix}tokens"])
    stated = {name: tensors.get(f"{prefix}{name}", getattr(plain, name)) for name in QUERY_SHAPES}
    if (ease := tensors.get(f"{prefix}{WORD_EASE}")) is not None:
        stated["word_scores"][:, EASE] = ease
    return plain._replace(**stated)


def _build_floor_config(floor: Floor | None) -> FloorConfig | None:
    if floor is None:
        return None
    return FloorConfig(promise=floor.promise, settings=floor.settings, candidates=floor.evidence.candidates)


def _write_evidence(evidence: FloorEvidence) -> Tensors:
    """Return the tensors of a floor's evidence, with `UNKNOWN` for NaN."""
    arrays = {f"{FLOOR}{name}": getattr(evidence, name) for name in FLOOR_ARRAYS}
    known = {name: np.nan_to_num(array, nan=UNKNOWN) for name, array in arrays.items()}
    return known | _write_queries(evidence.queries, FLOOR, "vectors")


def _read_floor(config: FloorConfig | None, tensors: Tensors) -> Floor | None:
    if config is None:
        return None
    from crossroute.routing.evidence import FloorEvidence
    from crossroute.routing.floors import Floor

    arrays = {name: tensors[f"{FLOOR}{name}"] for name in FLOOR_ARRAYS}
    for name in ("quality", "answer_logprob"):
        arrays[name] = np.where(arrays[name] == UNKNOWN, np.nan, arrays[name])
    evidence = FloorEvidence(_read_queries(tensors, FLOOR, "vectors"), config.candidates, **arrays)
    return Floor(config.promise, config.settings, evidence)


def _check_predictions(predictor: Predictor, calibration: EncodedQueries) -> None:
    """Check that predictions do not overflow.

    Raises:
        ValueError: A prediction is NaN or infinite.
    """
    few = calibration.take(slice(PROBED))
    with np.errstate(all="ignore"):
        predicted = predictor.predict_encoded(few)
        figures = (predicted.quality, predicted.cost, predicted.quality_error)
    if not all(np.isfinite(figure).all() for figure in figures):
        raise ValueError("its predictions are NaN or infinite: it was altered, or training diverged.")


def _build_predictor(config: RouterConfig, tensors: Tensors, encoder: Encoder | None) -> Predictor:
    if encoder is not None and encoder_name(encoder) != config.encoder:
        raise CheckpointError(
            f"This router was trained with the encoder {config.encoder!r}, not {encoder_name(encoder)!r}."
        )
    if encoder is None and not is_encoder_name(config.encoder):
        raise CheckpointError(
            f"This router was trained with a custom encoder, {config.encoder!r}; pass it: "
            "Router.from_pretrained(..., encoder=...)."
        )
    weights = {
        name.removeprefix(NETWORK): tensor for name, tensor in tensors.items() if name.startswith(NETWORK)
    }
    network = InferenceNetwork(config.network, weights)
    values = [tensors[f"{PROFILE}{name}"].tolist() for name in PROFILE_FIELDS]
    learned = config.learned_prices or (None,) * len(config.candidates)
    believed = _read_beliefs(len(config.candidates), tensors)
    taught = _read_lessons(len(config.candidates), tensors)
    profiles = [
        Profile(
            **dict(zip(PROFILE_FIELDS, row, strict=True)), learned_price=price, belief=belief, lesson=lesson
        )
        for row, price, belief, lesson in zip(
            zip(*values, strict=True), learned, believed, taught, strict=True
        )
    ]
    doubt = None
    if config.kinds is not None:
        more = [name for name in OPTIONAL if f"{DOUBT}{name}" in tensors]
        doubt = Doubt(config.kinds, {name: tensors[f"{DOUBT}{name}"] for name in (*TENSORS, *more)})
    pairs = zip(config.candidates, profiles, strict=True)
    pool = Pool(candidate.model_copy(update={"profile": found}) for candidate, found in pairs)
    context = None
    if f"{CONTEXT}quality" in tensors:
        context = PoolProfiles(*(tensors[f"{CONTEXT}{name}"].astype(np.float32) for name in PROFILE_FIELDS))
    query_encoder = QueryEncoder(encoder or config.encoder)
    ensemble = _read_ensemble(network, tensors)
    return Predictor(
        network, pool, query_encoder, config.cost_unit, doubt=doubt, context=context, ensemble=ensemble
    )


def _read_ensemble(network: InferenceNetwork, tensors: Tensors) -> Ensemble | None:
    """Return the ensemble; None if the checkpoint has none, as older ones do."""
    stored = {
        name.removeprefix(ENSEMBLE): each for name, each in tensors.items() if name.startswith(ENSEMBLE)
    }
    if not stored:
        return None
    defaults = {"common": np.zeros(len(MEMBERS), np.float32), "length": np.zeros_like(stored["intercept"])}
    ensemble = Ensemble(defaults | stored)
    ensemble.check(network.config)
    return ensemble


def _read_beliefs(candidates: int, tensors: Tensors) -> list[Belief | None]:
    if f"{BELIEF}ability" not in tensors:
        return [None] * candidates
    rows = zip(*(tensors[f"{BELIEF}{field}"].tolist() for field in Belief.model_fields), strict=True)
    return [
        None
        if row[0][0] >= NO_BELIEF
        else Belief(**{field: tuple(values) for field, values in zip(Belief.model_fields, row, strict=True)})
        for row in rows
    ]


def _read_lessons(candidates: int, tensors: Tensors) -> list[Lesson | None]:
    if f"{LESSON}quality" not in tensors:
        return [None] * candidates
    names = [name for name in Lesson.model_fields if f"{LESSON}{name}" in tensors]  # older ones have no slope
    rows = zip(*(tensors[f"{LESSON}{name}"].tolist() for name in names), strict=True)
    told = [dict(zip(names, row, strict=True)) for row in rows]
    return [Lesson(**each) if each["quality_error"] < NO_LESSON else None for each in told]
