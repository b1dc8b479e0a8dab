"""Find and read the tokens, the service tier and the cost in a provider's response, in any provider's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from crossroute.calls.spend import TIERS, Usage, sum_output

INPUT = ("prompt_tokens", "prompt_token_count", "promptTokenCount", "promptTokens", "input_token_count")
INPUT_BESIDE_CACHE = ("input_tokens", "inputTokens")
"""The input without READ_BESIDE and MADE_BESIDE, of providers that state these."""
OUTPUT = (
    "completion_tokens",
    "output_tokens",
    "candidates_token_count",
    "outputTokens",
    "candidatesTokenCount",
    "completionTokens",
    "generated_token_count",
)
THOUGHT = ("thoughts_token_count", "thoughtsTokenCount")
TOOLS_READ = ("tool_use_prompt_token_count", "toolUsePromptTokenCount")
"""Gemini counts reasoning separately from the output, and tool results separately from the prompt."""
READ_DETAILS = ("prompt_tokens_details", "input_tokens_details", "promptTokensDetails")
WRITTEN_DETAILS = (
    "completion_tokens_details",
    "output_tokens_details",
    "candidates_tokens_details",
    "candidatesTokensDetails",
)
CACHED = (
    *("cached_content_token_count", "cachedContentTokenCount"),
    *("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cachedInputTokens"),
)
"""Google's words, DeepSeek's, Moonshot's, Mistral's, Vercel's."""
READ_BESIDE = ("cache_read_input_tokens", "cacheReadInputTokens")
MADE_BESIDE = ("cache_creation_input_tokens", "cacheWriteInputTokens")
"""Anthropic and Bedrock count cached tokens separately from input tokens; LiteLLM has these fields, too, but includes
them in its prompt tokens."""
MADE_WITHIN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
"""In READ_DETAILS: OpenRouter's word, LiteLLM's, Alibaba's."""

DIGITS = 10
"""Of a count of tokens, at most: no call takes ten billion."""
DEAREST = 1e6
"""USD; a higher number is no cost of a call."""

TRAFFIC = ("service_tier", "serviceTier", "traffic_type", "trafficType")
"""Fields of Google's usage with the service tier; those of other providers' usages mean no other price."""
GOOGLE_TIERS = {**TIERS, "priority": 1.8}
US_ONLY, FAST = 1.1, 2.0
"""Multiples of Claude's prices for inference in the US alone, and for the fast mode.

Source: https://ai.google.dev/gemini-api/docs/pricing, https://platform.claude.com/docs/en/about-claude/pricing.
"""

STATED = frozenset({"cost", "cost_in_usd_ticks", "response_cost"})
"""Fields with a stated cost."""

TICKS = 1e10
"""xAI's in a dollar."""

USAGES = ("usage", "usage_metadata", "usageMetadata")
"""Fields in which providers state tokens."""

WITHIN = ("response", "message", "x_groq", "data")
"""Parts of an event that may hold them: of OpenAI's Responses API, Anthropic's first, Groq's last, Mistral's client."""

PLACES = frozenset({*USAGES, *WITHIN, "meta"})
"""All fields in which `find_usages` looks first."""

BEDROCK_TIERS = {**TIERS, "priority": 1.75}
"""Source: https://aws.amazon.com/bedrock/pricing."""


def get_field(place: Any, name: str) -> Any:
    """Return a field of a mapping or an object, or None."""
    if place is None:
        return None
    if type(place) is dict:
        return place.get(name)
    if isinstance(place, BaseModel):  # which takes long to say that it has no such field
        own, more = place.__dict__, place.__pydantic_extra__
        return own[name] if name in own else more.get(name) if more else None
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)


def read_usage(usage: Any) -> Usage | None:
    """Return the tokens in a provider's usage, or None."""
    if usage is None:
        return None
    usage = to_mapping(usage)
    whole, written, thought = _count(usage, INPUT), _count(usage, OUTPUT), _count(usage, THOUGHT)
    read = _count(usage, INPUT_BESIDE_CACHE) if whole is None else whole
    held, made = _count(usage, READ_BESIDE) or 0, _count(usage, MADE_BESIDE) or 0
    if not any((read, written, thought, held, made)):  # some servers fill in zeros for what they do not count
        return None
    read = (read or 0) + (held + made if whole is None else _count(usage, TOOLS_READ) or 0)
    of_input, of_output = (
        [each for name in names if (each := get_field(usage, name))]
        for names in (READ_DETAILS, WRITTEN_DETAILS)
    )
    cached = (_count(of_input[0], ("cached_tokens",)) if of_input else 0) or _count(usage, CACHED) or 0
    hour = _count(get_field(usage, "cache_creation"), ("ephemeral_1h_input_tokens",)) or _count_hour(usage)
    reasoned = next(filter(None, (_count(each, ("reasoning_tokens",)) for each in of_output)), 0)
    told = sum_output(read, written or 0, reasoned, _count(usage, ("total_tokens",)))
    made = made or next(filter(None, (_count(each, MADE_WITHIN) for each in of_input)), 0)
    return Usage(
        input_tokens=read,
        output_tokens=told + (thought or 0),
        cached_input_tokens=cached or held,
        cache_write_tokens=max(0, made - hour),
        cache_write_1h_tokens=hour,
        input_audio_tokens=_count_kind(of_input, "audio"),
        output_audio_tokens=_count_kind(of_output, "audio"),
        output_image_tokens=_count_kind(of_output, "image"),
        tier=_read_tier(usage),
    )


def read_response(sent: Any) -> Usage | None:
    """Return the tokens that a response states, at the price of its service tier, or None.

    >>> read_response({"x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 3}}}).output_tokens
    3
    """
    usage = next(filter(None, map(read_usage, find_usages(sent))), None)
    return usage and set_tier(usage, sent)


def find_usages(sent: Any, get: Callable[[Any, str], Any] = get_field) -> Iterator[Any]:
    """Yield the places of a response that may state its tokens, the usual ones first.

    Args:
        sent: A response, or an event of a stream.
        get: Returns a field of a mapping or an object, or None.
    """
    for place in (sent, *(get(sent, name) for name in WITHIN)):
        if place is None or isinstance(place, str):
            continue
        for usage in (get(place, name) for name in USAGES):
            if usage is not None and not isinstance(usage, (str, int, float)):
                yield from filter(None, (get(usage, "billed_units"), usage))  # Cohere's
    billed = get(get(sent, "meta"), "billed_units")
    if billed is not None:
        yield billed


def set_tier(usage: Usage, *places: Any) -> Usage:
    """Return tokens at the price of the first service tier that a response states, if it states any.

    Groq's tiers cost the same.
    """
    tier = next((tier for place in places if (tier := _read_tier_of_call(place)) is not None), 1.0)
    return usage if tier == 1 else usage.model_copy(update={"tier": usage.tier * tier})


def read_cost(*places: object) -> float | None:
    """Return the cost of a call, USD, in the first place that states it, or None.

    Args:
        places: Parts of the provider's response: its usage, its metadata, mappings or objects.

    Source: OpenRouter (`usage.cost`; with one's own key the upstream cost is separate), Perplexity (`usage.cost.
    total_cost`), xAI (`usage.cost_in_usd_ticks`), LiteLLM (`response_cost`).

    >>> read_cost(None, {"cost": 0.0012}), read_cost({"cost": "free"})
    (0.0012, None)
    """
    for place in filter(None, places):
        if type(place) is dict and STATED.isdisjoint(place):  # as most are
            continue
        cost = get_field(place, "cost")
        ticks = _usd(get_field(place, "cost_in_usd_ticks"), DEAREST * TICKS)
        told = (
            _usd(cost),
            _usd(get_field(cost, "total_cost")),
            None if ticks is None else ticks / TICKS,
            _usd(get_field(place, "response_cost")),
        )
        known = next((usd for usd in told if usd is not None), None)
        if known is not None:
            own = _usd(get_field(get_field(place, "cost_details"), "upstream_inference_cost"))
            return known + (own or 0.0 if get_field(place, "is_byok") else 0.0)
    return None


def read_count(told: object) -> int | None:
    """Return a provider's count of tokens as an int; None if it is missing, negative or not a number.

    >>> read_count(12), read_count("12"), read_count(11.6), read_count(None), read_count(-1)
    (12, 12, 12, None, None)
    """
    if type(told) is int:
        return told if 0 <= told < 10**DIGITS else None
    if isinstance(told, str):
        told = int(told) if told.isascii() and told.isdecimal() and len(told) < DIGITS else None
    if not isinstance(told, (int, float)) or isinstance(told, bool):
        return None
    return round(told) if 0 <= told < 10**DIGITS else None


def to_mapping(place: Any) -> Any:
    """Convert a pydantic model to a dict without None, for fast look-ups; return anything else unchanged."""
    if not isinstance(place, BaseModel):
        return place
    parts = {**(place.__pydantic_extra__ or {}), **place.__dict__}
    return {name: part for name, part in parts.items() if part is not None}


def _read_tier_of_call(sent: Any) -> float | None:
    if get_field(sent, "x_groq") or get_field(sent, "model_provider") == "groq":
        return 1.0
    word = get_field(sent, "service_tier") or get_field(get_field(sent, "response"), "service_tier")
    told = get_field(sent, "serviceTier")
    amazons = BEDROCK_TIERS.get(str(get_field(told, "type"))) if isinstance(told, Mapping) else None
    return TIERS.get(str(word), amazons)


def _read_tier(usage: Any) -> float:
    """Return the multiple of the standard price that a usage states by itself."""
    if get_field(usage, "prompt_token_count") or get_field(usage, "promptTokenCount"):
        told = filter(None, (get_field(usage, name) for name in TRAFFIC))
        words = (str(getattr(word, "value", word)).lower().removeprefix("on_demand_") for word in told)
        return next((GOOGLE_TIERS[word] for word in words if word in GOOGLE_TIERS), 1.0)
    where = US_ONLY if get_field(usage, "inference_geo") == "us" else 1.0
    return where * FAST if get_field(usage, "speed") == "fast" else where


def _count_hour(usage: Any) -> int:
    """Return the tokens that Bedrock wrote to its cache for an hour."""
    listed = get_field(usage, "cacheDetails")
    parts = listed if isinstance(listed, (list, tuple)) else ()
    return sum(_count(part, ("inputTokens",)) or 0 for part in parts if get_field(part, "ttl") == "1h")


def _count_kind(details: Sequence[Any], kind: str) -> int:
    """Return the tokens of audio or images; OpenAI has a field for each, Google a list."""
    if not details:
        return 0
    listed = next((each for each in details if isinstance(each, (list, tuple))), ())
    by_kind = [
        _count(each, ("token_count", "tokenCount")) or 0
        for each in listed
        if str(get_field(each, "modality")).rpartition(".")[2].lower() == kind
    ]
    return sum(by_kind) or next(filter(None, (_count(each, (f"{kind}_tokens",)) for each in details)), 0)


def _count(usage: Any, names: tuple[str, ...]) -> int | None:
    get = usage.get if type(usage) is dict else partial(get_field, usage)
    for name in names:
        told = get(name)
        if told is not None and (count := read_count(told)) is not None:
            return count
    return None


def _usd(value: object, most: float = DEAREST) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < most else None  # type: ignore[arg-type, operator]
