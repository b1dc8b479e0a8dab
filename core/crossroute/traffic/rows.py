"""Convert decisions and calls to rows of a traffic log."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np

from crossroute.calls.background import find_shadowed_choice
from crossroute.calls.hooks import Called
from crossroute.decision import Decision
from crossroute.errors import CrossRouteError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.traffic.labels import Labels

DIGITS = 6
"""Significant digits of numbers in JSON columns."""

_fingerprints: WeakKeyDictionary[Router, str] = WeakKeyDictionary()


class DecisionRecord(NamedTuple):
    """A decision whose call has begun, with its query, router, labels and time."""

    decision: Decision
    query: Query | None
    router: Router
    labels: Labels
    seconds: float  # since 1970


def fingerprint(router: Router) -> str:
    """Return a digest that identifies a router: of its network, and of its pool with prices and profiles."""
    if router not in _fingerprints:
        digest = hashlib.sha256()
        for name, tensor in sorted(router.predictor.network.weights.items()):
            digest.update(name.encode() + np.ascontiguousarray(tensor).tobytes())
        for candidate in router.pool:
            digest.update(candidate.model_dump_json().encode())
        _fingerprints[router] = digest.hexdigest()[:16]
    return _fingerprints[router]


def decision_row(decided: DecisionRecord, vector: Floats | None, *, keep_text: bool) -> dict[str, Any]:
    """Return the row of a decision.

    Args:
        decided: The decision.
        vector: The encoded query, shape (D,); None without one.
        keep_text: Whether to store the query's text.
    """
    decision, query, router, labels, seconds = decided
    return {
        "id": decision.id,
        "time": seconds,
        "router": fingerprint(router),
        "encoder": router.predictor.query_encoder.name,
        "candidate": decision.candidate,
        "would": find_shadowed_choice(decision),
        "propensity": decision.propensity,
        "cost_preference": decision.cost_preference,
        "willingness_to_pay": decision.willingness_to_pay,
        "candidates": json.dumps(_candidates(decision), separators=(",", ":")),
        "query": None if vector is None else vector.astype(np.float16).tobytes(),
        "tokens": None if query is None else float(query.text_tokens),
        "context_tokens": None if query is None else float(query.context_tokens),
        "text": make_storable(query.text) if query is not None and keep_text else None,
        "tags": json.dumps(labels.tags),
        "conversation_id": make_storable(labels.conversation_id),
        "run_id": make_storable(labels.run_id),
        "trace_id": make_storable(labels.trace_id),
    }


def call_row(call: Called, seconds: float, *, keep_text: bool) -> dict[str, Any]:
    """Return the row of a call. Only the type of an error is stored, since its message may quote the query."""
    usage = call.usage
    return {
        "id": _call_id(call, seconds),
        "decision_id": call.decision.id,
        "time": seconds,
        "candidate": call.decision.candidate,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "cost": call.cost,
        "seconds": round(call.seconds, DIGITS),
        "error": type(call.error).__name__ if call.error else None,
        "answered": call.answered,
        "final": call.final,
        "answer": make_storable(call.answer) if keep_text else None,
    }


def _call_id(call: Called, seconds: float) -> str:
    """Return the id of a call: a hash, so that writing a row again has no effect."""
    identity = f"{call.decision.id} {call.decision.candidate} {seconds!r} {len(call.decision.failures)}"
    return str(UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16]))


def _candidates(decision: Decision) -> list[list[Any]]:
    """Return name, quality, its error, cost, exclusion and propensity of each candidate."""
    propensities = decision.propensities or {decision.candidate: decision.propensity}
    return [
        [
            one.candidate,
            *map(_number, (one.quality, one.quality_error, one.cost)),
            one.excluded,
            propensities.get(one.candidate, 0.0),
        ]
        for one in decision.alternatives
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")


def make_storable(text: str | None) -> str | None:
    """Remove lone surrogates and NUL, which databases do not store."""
    return text and text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def now() -> float:
    """Return the current time in seconds since 1970."""
    return time.time()


def encode_queries(decided: Sequence[DecisionRecord]) -> dict[str, Floats]:
    """Encode the queries of decisions, by decision id: the vector, then the scores of the words, shape (D + 2,).

    The encoder has cached them, so this is fast.
    """
    by_router: dict[int, list[DecisionRecord]] = defaultdict(list)
    for one in decided:
        if one.query is not None:
            by_router[id(one.router)].append(one)
    found: dict[str, Floats] = {}
    for group in by_router.values():
        try:
            read = group[0].router.predictor.query_encoder.read([one.query for one in group if one.query])
        except CrossRouteError:  # if the encoder fails, the rest of the row is still useful
            continue
        numbers = np.column_stack([read.vectors, read.word_scores])
        found |= {one.decision.id: each for one, each in zip(group, numbers, strict=True)}
    return found
