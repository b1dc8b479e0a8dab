"""Counting: the tokens of a call in the words of any provider, as it sent them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from crossroute.calls.spend import Usage, written_in_all
from crossroute.calls.stated import field_of, token_count

INPUT = ("prompt_tokens", "prompt_token_count")
INPUT_BESIDE_CACHE = ("input_tokens", "inputTokens")
"""The input without what READ_BESIDE and MADE_BESIDE tell, where a provider tells these."""
OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count", "outputTokens")
THOUGHT = ("thoughts_token_count",)
"""Gemini counts what it thinks beside what it writes."""
READ_DETAILS = ("prompt_tokens_details", "input_tokens_details")
WRITTEN_DETAILS = ("completion_tokens_details", "output_tokens_details", "candidates_tokens_details")
CACHED = ("cached_content_token_count", "prompt_cache_hit_tokens", "cached_tokens")
"""Google's word, DeepSeek's, Moonshot's."""
READ_BESIDE = ("cache_read_input_tokens", "cacheReadInputTokens")
MADE_BESIDE = ("cache_creation_input_tokens", "cacheWriteInputTokens")
"""Anthropic and Bedrock count what their cache holds beside their input tokens; LiteLLM, which has these as well,
within its prompt tokens."""


def counted(usage: Any) -> Usage | None:
    """Return the tokens that one place tells, or None where it tells none."""
    if usage is None:
        return None
    usage = parts_of(usage)
    whole, written, thought = _count(usage, INPUT), _count(usage, OUTPUT), _count(usage, THOUGHT)
    read = _count(usage, INPUT_BESIDE_CACHE) if whole is None else whole
    if read is None and written is None:
        return None
    of_input, of_output = (
        [each for name in names if (each := field_of(usage, name))]
        for names in (READ_DETAILS, WRITTEN_DETAILS)
    )
    cached = (_count(of_input[0], ("cached_tokens",)) if of_input else 0) or _count(usage, CACHED) or 0
    held, made = _count(usage, READ_BESIDE) or 0, _count(usage, MADE_BESIDE) or 0
    hour = _count(field_of(usage, "cache_creation"), ("ephemeral_1h_input_tokens",)) or 0
    reasoned = next(filter(None, (_count(each, ("reasoning_tokens",)) for each in of_output)), 0)
    told = written_in_all(read or 0, written or 0, reasoned, _count(usage, ("total_tokens",)))
    return Usage(
        input_tokens=(read or 0) + (held + made if whole is None else 0),
        output_tokens=told + (thought or 0),
        cached_input_tokens=cached or held,
        cache_write_tokens=max(0, made - hour),
        cache_write_1h_tokens=hour,
        input_audio_tokens=_of_kind(of_input, "audio"),
        output_audio_tokens=_of_kind(of_output, "audio"),
        output_image_tokens=_of_kind(of_output, "image"),
    )


def _of_kind(details: Sequence[Any], kind: str) -> int:
    """Return the tokens of sound or pictures that a provider tells apart: OpenAI in a field each, Google in a list."""
    listed = next((each for each in details if isinstance(each, (list, tuple))), ())
    by_kind = [
        _count(each, ("token_count", "tokenCount")) or 0
        for each in listed
        if str(field_of(each, "modality")).rpartition(".")[2].lower() == kind
    ]
    return sum(by_kind) or next(filter(None, (_count(each, (f"{kind}_tokens",)) for each in details)), 0)


def _count(usage: Any, names: tuple[str, ...]) -> int | None:
    for name in names:
        count = token_count(field_of(usage, name))
        if count is not None:
            return count
    return None


def parts_of(place: Any) -> Any:
    """Return what a provider sent as a dict of what it holds, where it is a model that many fields are asked of."""
    if not isinstance(place, BaseModel):
        return place
    parts = {**(place.__pydantic_extra__ or {}), **place.__dict__}
    return {name: part for name, part in parts.items() if part is not None}
