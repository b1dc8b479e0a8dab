"""Read the question in a text that is JSON or contains some: in a message, in the last of several, or next to data."""

# ruff: noqa: SIM905 - lists of words

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_JSON = 20_000
"""Most characters of a text that is parsed."""

SHORTEST_JSON = 60
"""Characters of syntax and keys around a message."""

MOST_OF_JSON = 0.6
"""Share of the characters of all strings from which the longest string is the message, whatever its key."""

SHORTEST_BROUGHT = 200
"""Least characters of strings in JSON next to a question that are its context."""

QUESTION_KEYS = frozenset("question query task instruction instructions prompt request ask".split())
"""Words in the keys of a question next to its context."""

TEXT_KEYS = ("content", "question", "query", "prompt", "text", "message", "input", "messages", "parts")
"""Keys of a message's text, in order of preference."""

KEY_WORD = re.compile(r"[A-Z]?[a-z]+")
BRACKETS = {"{": "}", "[": "]"}


def read_json(text: str) -> str:
    r"""Return the question in a text that is JSON or contains some; empty without JSON.

    Context is returned with it, under a heading.

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
    if isinstance(value, dict) and (labelled := _label_parts(value)):
        return "\n\n".join(filter(None, (before, labelled, after)))
    if before or after:
        strings = [*_find_strings(value)]
        if sum(map(len, strings)) < SHORTEST_BROUGHT:
            return ""
        context = "\n\n".join(("Context:", *strings))
        return "\n\n".join(filter(None, (before, context, after and f"Question: {after}")))
    return _find_message(value, text)


def _find_json(text: str) -> tuple[Any, str, str] | None:
    """Return the value of the JSON in a text, and the text before and after it; None without JSON.

    The JSON is the whole text, or begins with a line.
    """
    first = text.lstrip()[:1]
    starts = [0 if sign == first else text.find(f"\n{sign}") for sign in BRACKETS]
    start = min((place for place in starts if place >= 0), default=-1)
    opening = text[start:].lstrip()[:1] if start >= 0 else ""
    end = text.rfind(BRACKETS.get(opening, "}"))
    if start < 0 or end < start:
        return None
    try:
        value = json.loads(text[start : end + 1], strict=False)
    except (ValueError, RecursionError):
        return None
    return value, text[:start].strip(), text[end + 1 :].strip()


def _find_message(value: Any, text: str) -> str:
    """Return the text of the last message if it is most of the JSON, or else the longest string if that is."""
    message = _find_last_text(value)
    if message and _are_messages(value):
        return message
    if not message or 2 * len(message) <= len(text) - SHORTEST_JSON:
        strings = [*_find_strings(value)]
        longest = max(strings, key=len, default="")
        message = longest if " " in longest and len(longest) >= MOST_OF_JSON * sum(map(len, strings)) else ""
    return message


def _are_messages(value: Any) -> bool:
    """Return whether a value is, or contains, the messages of a conversation."""
    if isinstance(value, dict):
        value = value.get("messages")
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(one, dict) and "role" in one for one in value)
    )


def _find_last_text(value: Any) -> str:
    """Return the text of the last message in a value, by its keys."""
    while isinstance(value, dict | list):
        if isinstance(value, list):
            value = value[-1] if value else ""
        else:
            value = next((value[key] for key in TEXT_KEYS if value.get(key)), "")
    return value if isinstance(value, str) else ""


def _find_strings(value: Any) -> Iterator[str]:
    """Yield the strings in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _find_strings(each)


def _label_parts(message: dict[str, Any]) -> str:
    """Return the question of an object with the other strings as its context; empty if it lacks one of them."""
    question = next(
        (
            value
            for key, value in message.items()
            if isinstance(value, str)
            and " " in value.strip()
            and not QUESTION_KEYS.isdisjoint(_words_of(key))
        ),
        "",
    )
    context = [value for value in _find_strings(message) if value != question]
    if not question or sum(map(len, context)) < len(question):
        return ""
    return "\n\n".join(("Context:", *context, f"Question: {question}"))


def _words_of(key: str) -> list[str]:
    return [word.lower() for word in KEY_WORD.findall(key)]
