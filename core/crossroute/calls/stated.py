"""Stated: what a provider says of a call in places of its own, which frameworks hand on and do not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

DIGITS = 10
"""Of a count of tokens, at most: no call takes ten billion."""
DEAREST = 1e6
"""USD that no call costs: what says more is no cost."""


def token_count(told: object) -> int | None:
    """Return a count of tokens as a provider tells it, None where that is none: missing, negative or no number.

    >>> token_count(12), token_count("12"), token_count(11.6), token_count(None), token_count(-1)
    (12, 12, 12, None, None)
    """
    if isinstance(told, str):
        told = int(told) if told.isascii() and told.isdecimal() and len(told) < DIGITS else None
    if not isinstance(told, (int, float)) or isinstance(told, bool):
        return None
    return round(told) if 0 <= told < 10**DIGITS else None


def stated_cost(*places: object) -> float | None:
    """Return the USD that a provider states for a call, in the first place that tells them; None where none does.

    Args:
        places: What the provider sent of the call: its usage, its metadata, mappings or objects.

    Source: OpenRouter (`usage.cost`; beside it, with one's own key, what that took), Perplexity (`usage.cost.
    total_cost`), xAI (`usage.cost_in_usd_ticks`), LiteLLM (`response_cost`).

    >>> stated_cost(None, {"cost": 0.0012}), stated_cost({"cost": "free"})
    (0.0012, None)
    """
    for place in filter(None, places):
        if type(place) is dict and STATED.isdisjoint(place):  # as most are
            continue
        cost = field_of(place, "cost")
        ticks = _usd(field_of(place, "cost_in_usd_ticks"), DEAREST * TICKS)
        told = (
            _usd(cost),
            _usd(field_of(cost, "total_cost")),
            None if ticks is None else ticks / TICKS,
            _usd(field_of(place, "response_cost")),
        )
        known = next((usd for usd in told if usd is not None), None)
        if known is not None:
            own = _usd(field_of(field_of(place, "cost_details"), "upstream_inference_cost"))
            return known + (own or 0.0 if field_of(place, "is_byok") else 0.0)
    return None


STATED = frozenset({"cost", "cost_in_usd_ticks", "response_cost"})
"""Where a provider states the cost."""

TICKS = 1e10
"""xAI's in a dollar."""


def field_of(place: Any, name: str) -> Any:
    """Return a part of what a provider sent, be it a mapping or an object; None where there is none."""
    if place is None:
        return None
    if type(place) is dict:
        return place.get(name)
    if isinstance(place, BaseModel):  # which takes long to say that it has no such field
        own, more = place.__dict__, place.__pydantic_extra__
        return own[name] if name in own else more.get(name) if more else None
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)


def _usd(value: object, most: float = DEAREST) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < most else None  # type: ignore[arg-type, operator]
