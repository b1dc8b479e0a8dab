"""Find the tokens and the service tier that a provider's response or event states, wherever it states them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crossroute.calls.counting import get_field, read_usage
from crossroute.calls.spend import TIERS, Usage

USAGES = ("usage", "usage_metadata", "usageMetadata")
"""Fields in which providers state tokens."""

WITHIN = ("response", "message", "x_groq", "data")
"""Parts of an event that may hold them: of OpenAI's Responses API, Anthropic's first, Groq's last, Mistral's client."""

PLACES = frozenset({*USAGES, *WITHIN, "meta"})
"""All fields in which `find_usages` looks first."""

BEDROCK_TIERS = {**TIERS, "priority": 1.75}
"""Source: https://aws.amazon.com/bedrock/pricing."""


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
    tier = next((tier for place in places if (tier := _read_tier(place)) is not None), 1.0)
    return usage if tier == 1 else usage.model_copy(update={"tier": usage.tier * tier})


def _read_tier(sent: Any) -> float | None:
    if get_field(sent, "x_groq") or get_field(sent, "model_provider") == "groq":
        return 1.0
    word = get_field(sent, "service_tier") or get_field(get_field(sent, "response"), "service_tier")
    told = get_field(sent, "serviceTier")
    amazons = BEDROCK_TIERS.get(str(get_field(told, "type"))) if isinstance(told, Mapping) else None
    return TIERS.get(str(word), amazons)
