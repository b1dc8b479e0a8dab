"""Read what a text in JSON asks: in one message, in the last one of several, or beside what it brings along."""

# ruff: noqa: SIM905 - lists of words

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_JSON = 20_000
SHORTEST_JSON = 60
"""Characters of JSON's signs and keys around a message."""

MOST_OF_JSON = 0.6
"""Share of the longest string in all of them, where it is what is said, whatever its key."""

SHORTEST_BROUGHT = 200
"""Characters of strings beside a text's words that are read as its context."""

ASKING = frozenset("question query task instruction instructions prompt request ask".split())
"""Words of a key under which what is asked stands beside the rest."""

SAYS = ("content", "question", "query", "prompt", "text", "message", "input", "messages", "parts")
"""Keys of a message under which what it says stands."""

KEY_WORD = re.compile(r"[A-Z]?[a-z]+")
BRACKETS = {"{": "}", "[": "]"}


def read_json(text: str) -> str:
    r"""Return what a text asks that is JSON, or that holds some beside its words; empty where it is not so.

    >>> read_json('{"docs": [{"text": "A bird of the sea."}], "user_query": "Can it fly?"}')
    'Context:\n\nA bird of the sea.\n\nQuestion: Can it fly?'
    >>> read_json('[{"role": "user", "content": "Hi"}, {"role": "user", "content": "Can it fly?"}]')
    'Can it fly?'
    >>> read_json('Can it fly?\n\n{"bird": "' + "It is of the sea. " * 20 + '"}').partition("\n")[0]
    'Can it fly?'
    """
    if len(text) > MOST_JSON:
        return ""
    found = _find_json(text)
    if not found:
        return ""
    value, before, after = found
    if isinstance(value, dict) and (asked := _beside_context(value)):
        return "\n\n".join(filter(None, (before, asked, after)))
    if before or after:
        brought = [*_strings(value)]
        if sum(map(len, brought)) < SHORTEST_BROUGHT:
            return ""
        told = "\n\n".join(("Context:", *brought))
        return "\n\n".join(filter(None, (before, told, after and f"Question: {after}")))
    return _said_by(value, text)


def _find_json(text: str) -> tuple[Any, str, str] | None:
    """Return the value of a text in JSON, or of such a part at the beginnings of its lines, and what is around it."""
    first = text.lstrip()[:1]
    starts = [0 if sign == first else text.find(f"\n{sign}") for sign in BRACKETS]
    start = min((place for place in starts if place >= 0), default=-1)
    opening = text[start:].lstrip()[:1] if start >= 0 else ""
    end = text.rfind(BRACKETS.get(opening, "}"))
    if start < 0 or end < start:
        return None
    try:
        value = json.loads(text[start : end + 1], strict=False)
    except (ValueError, RecursionError):  # none, or nested too deeply
        return None
    return value, text[:start].strip(), text[end + 1 :].strip()


def _said_by(value: Any, text: str) -> str:
    """Return what a message says, or the last of several, if it is most of it."""
    said = _said_last(value)
    if said and _are_messages(value):
        return said
    if not said or 2 * len(said) <= len(text) - SHORTEST_JSON:
        strings = [*_strings(value)]
        longest = max(strings, key=len, default="")
        said = longest if " " in longest and len(longest) >= MOST_OF_JSON * sum(map(len, strings)) else ""
    return said


def _are_messages(value: Any) -> bool:
    """Return whether a value is a conversation's messages, or holds them."""
    if isinstance(value, dict):
        value = value.get("messages")
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(one, dict) and "role" in one for one in value)
    )


def _said_last(value: Any) -> str:
    """Return what the last message of a value says, by its keys."""
    while isinstance(value, dict | list):
        if isinstance(value, list):
            value = value[-1] if value else ""
        else:
            value = next((value[key] for key in SAYS if value.get(key)), "")
    return value if isinstance(value, str) else ""


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings among the values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _beside_context(message: dict[str, Any]) -> str:
    """Return what a message asks under what it brings along, where it holds both."""
    asked = next(
        (
            said
            for key, said in message.items()
            if isinstance(said, str) and " " in said.strip() and not ASKING.isdisjoint(_words_of(key))
        ),
        "",
    )
    brought = [said for said in _strings(message) if said != asked]
    if not asked or sum(map(len, brought)) < len(asked):
        return ""
    return "\n\n".join(("Context:", *brought, f"Question: {asked}"))


def _words_of(key: str) -> list[str]:
    return [word.lower() for word in KEY_WORD.findall(key)]
