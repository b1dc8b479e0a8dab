"""The decision on an answer: what was decided, what it really took, and where a caller finds both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from pydantic import BaseModel

from crossroute import Decision
from crossroute.calls.spend import TIERS, Usage

KEY = "crossroute"
"""Where a decision stands: in `additional_kwargs` of a response, never in those of its message."""

RESPONSES = (ChatResponse, CompletionResponse)
Response = ChatResponse | CompletionResponse

R = TypeVar("R", bound=BaseModel)
"""A ChatResponse or a CompletionResponse, or a child of one."""

INPUT = ("prompt_tokens", "prompt_token_count")
INPUT_BESIDE_CACHE = ("input_tokens", "inputTokens")
"""The input without what READ_BESIDE and MADE_BESIDE tell, where a provider tells these."""
OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count", "outputTokens")
THOUGHT = ("thoughts_token_count",)
"""Gemini counts what it thinks beside what it writes."""
WRITTEN_DETAILS = ("completion_tokens_details", "output_tokens_details", "candidates_tokens_details")
CACHED = ("cached_content_token_count",)
READ_BESIDE = ("cache_read_input_tokens", "cacheReadInputTokens")
MADE_BESIDE = ("cache_creation_input_tokens", "cacheWriteInputTokens")
"""Anthropic and Bedrock count what their cache holds beside their input tokens; LiteLLM, which has these as well,
within its prompt tokens."""


def as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain JSON data; `Decision.model_validate` reads it back."""
    data: dict[str, Any] = json.loads(decision.model_dump_json())
    return data | {"decision_id": decision.id}


def stamped(response: R, stamp: dict[str, Any]) -> R:
    """Return a copy of a response that carries its decision; `raw`, message and all else are the member's."""
    kwargs: dict[str, Any] = getattr(response, "additional_kwargs", {})
    return response.model_copy(update={"additional_kwargs": {**kwargs, KEY: stamp}})


def candidate_of(response: ChatResponse) -> str | None:
    """Return which member gave a response, or None where it is none of ours."""
    stamp = response.additional_kwargs.get(KEY)
    return stamp.get("candidate") if isinstance(stamp, dict) else None


def text_of(response: Response) -> str:
    """Return the text of an answer."""
    if isinstance(response, ChatResponse):
        return response.message.content or ""
    return response.text


def usage_of(response: Response) -> Usage | None:
    """Return the tokens of a response, as its provider tells them, or None where it does not."""
    raw, kwargs = response.raw, response.additional_kwargs
    places = (
        field_of(raw, "usage"),
        field_of(raw, "usage_metadata"),
        field_of(field_of(raw, "response"), "usage"),  # the last event of an OpenAI response
        kwargs.get("usage"),
        kwargs,
    )
    usage = next((usage for place in places if (usage := _counted(place)) is not None), None)
    tier = TIERS.get(str(field_of(raw, "service_tier")), 1.0)
    return usage.model_copy(update={"tier": tier}) if usage and tier != 1 else usage


def _counted(usage: Any) -> Usage | None:
    """Return the tokens that one place tells, or None where it tells none."""
    whole, written, thought = _count(usage, INPUT), _count(usage, OUTPUT), _count(usage, THOUGHT)
    read = _count(usage, INPUT_BESIDE_CACHE) if whole is None else whole
    if read is None and written is None:
        return None
    details = field_of(usage, "prompt_tokens_details") or field_of(usage, "input_tokens_details")
    cached = _count(details, ("cached_tokens",)) or _count(usage, CACHED) or 0
    heard, made_sound = _of_kind(usage, "audio", read=True), _of_kind(usage, "audio", read=False)
    held, made = _count(usage, READ_BESIDE) or 0, _count(usage, MADE_BESIDE) or 0
    hour = _count(field_of(usage, "cache_creation"), ("ephemeral_1h_input_tokens",)) or 0
    return Usage(
        input_tokens=(read or 0) + (held + made if whole is None else 0),
        output_tokens=(written or 0) + (thought or 0),
        cached_input_tokens=cached or held,
        cache_write_tokens=max(0, made - hour),
        cache_write_1h_tokens=hour,
        input_audio_tokens=heard,
        output_audio_tokens=made_sound,
        output_image_tokens=_of_kind(usage, "image", read=False),
    )


def _of_kind(usage: Any, kind: str, *, read: bool) -> int:
    """Return the tokens of sound or pictures that a provider tells apart: OpenAI in a field each, Google in a list."""
    names = ("prompt_tokens_details", "input_tokens_details")
    details = [field_of(usage, name) for name in (names if read else WRITTEN_DETAILS)]
    listed = next((each for each in details if isinstance(each, (list, tuple))), ())
    by_kind = [
        _count(each, ("token_count", "tokenCount")) or 0
        for each in listed
        if str(field_of(each, "modality")).rpartition(".")[2].lower() == kind
    ]
    return sum(by_kind) or next(filter(None, (_count(each, (f"{kind}_tokens",)) for each in details)), 0)


def field_of(place: Any, name: str) -> Any:
    """Return a part of what a provider sent, be it a mapping or an object; None where there is none."""
    if isinstance(place, BaseModel):  # which takes long to say that it has no such field
        return place.__dict__.get(name, (place.model_extra or {}).get(name))
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)


def _count(usage: Any, names: tuple[str, ...]) -> int | None:
    found = (field_of(usage, name) for name in names)
    return next((count for count in found if isinstance(count, int) and count >= 0), None)
