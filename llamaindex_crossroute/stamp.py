"""The decision on an answer: what was decided, what it really took, and where a caller finds both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from pydantic import BaseModel

from crossroute import Decision
from crossroute.calls.spend import Usage

KEY = "crossroute"
"""Where a decision stands: in `additional_kwargs` of a response, never in those of its message."""

R = TypeVar("R", bound=BaseModel)
"""A ChatResponse or a CompletionResponse, or a child of one."""

INPUT = ("prompt_tokens", "input_tokens", "prompt_token_count")
OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count")


def as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain JSON data; `Decision.model_validate` reads it back."""
    data: dict[str, Any] = json.loads(decision.model_dump_json())
    return data


def stamped(response: R, stamp: dict[str, Any]) -> R:
    """Return a copy of a response that carries its decision; `raw`, message and all else are the member's."""
    kwargs: dict[str, Any] = getattr(response, "additional_kwargs", {})
    return response.model_copy(update={"additional_kwargs": {**kwargs, KEY: stamp}})


def candidate_of(response: ChatResponse) -> str | None:
    """Return which member gave a response, or None where it is none of ours."""
    stamp = response.additional_kwargs.get(KEY)
    return stamp.get("candidate") if isinstance(stamp, dict) else None


def usage_of(response: ChatResponse | CompletionResponse) -> Usage | None:
    """Return the tokens of a response, as its provider tells them, or None where it does not."""
    raw = response.raw
    usage = field_of(raw, "usage") or field_of(raw, "usage_metadata") or response.additional_kwargs
    read, written = _count(usage, INPUT), _count(usage, OUTPUT)
    if read is None and written is None:
        return None
    details = field_of(usage, "prompt_tokens_details") or field_of(usage, "input_tokens_details")
    cached = _count(details, ("cached_tokens",)) or 0
    # Anthropic counts what its cache holds beside its input tokens
    beside = _count(usage, ("cache_read_input_tokens",)) or 0
    made = _count(usage, ("cache_creation_input_tokens",)) or 0
    return Usage(
        input_tokens=(read or 0) + beside + made,
        output_tokens=written or 0,
        cached_input_tokens=cached + beside,
    )


def field_of(place: Any, name: str) -> Any:
    """Return a part of what a provider sent, be it a mapping or an object; None where there is none."""
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)


def _count(usage: Any, names: tuple[str, ...]) -> int | None:
    found = (field_of(usage, name) for name in names)
    return next((count for count in found if isinstance(count, int) and count >= 0), None)
