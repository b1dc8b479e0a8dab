"""Find grades, queries, names and numbers in the records of evaluation logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crossroute.data.readers.rows import COLUMNS, Row
from crossroute.errors import DataError

Placed = Iterator[tuple[str, Row]]
"""Plain rows, each with its place; besides the usual columns, a row has one per score, by the score's name."""

GRADES = {
    **dict.fromkeys(("c", "correct", "yes", "true", "pass", "passed", "success"), 1.0),
    **dict.fromkeys(("p", "partial"), 0.5),
    **dict.fromkeys(("i", "n", "incorrect", "no", "false", "fail", "failed", "failure", "noanswer"), 0.0),
}
"""Grades in words, including Inspect's letters."""


def to_grade(value: object) -> object:
    """Convert a word or a truth value to a number; return any other score unchanged.

    >>> to_grade("C"), to_grade(False), to_grade(0.25)
    (1.0, 0.0, 0.25)
    """
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return GRADES.get(value.strip().lower(), value)
    return value


def make_row(scores: Mapping[str, object], **fields: object) -> Row:
    """Make a row: the first score is its quality, and each score also has a column of its own name."""
    graded = {name: to_grade(value) for name, value in scores.items()}
    named = {name: value for name, value in graded.items() if name not in COLUMNS}
    return named | {"quality": next(iter(graded.values()), None)} | fields


def find_question(said: object) -> str | None:
    """Return the query in a prompt: a text itself, or the last user message of a conversation.

    >>> find_question([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}])
    'Hello'
    """
    if isinstance(said, str):
        return _find_in_json(said) or said
    if isinstance(said, Mapping):
        return _find_in_mapping(said)
    if not isinstance(said, Sequence):
        return None
    messages = [one for one in said if isinstance(one, Mapping)]
    if said and not messages:
        texts = [one for one in said if isinstance(one, str)]
        return find_question(texts[0]) if len(texts) == 1 else "\n".join(texts) or None
    asked = [
        one for one in messages if str(one.get("role", one.get("type", ""))).lower() in ("user", "human")
    ]
    return join_content((asked or messages)[-1]) if messages else None


def join_content(message: Mapping[str, Any]) -> str | None:
    """Return the text of a message; if its content has several parts, they are joined by newlines."""
    content = message.get("content", message.get("text"))
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else ()
    texts = (
        part if isinstance(part, str) else part.get("text")
        for part in parts
        if isinstance(part, (str, Mapping))
    )
    return "\n".join(text for text in texts if isinstance(text, str)) or None


def first_number(*places: object) -> float | None:
    """Return the first value that is a number, or None."""
    found = (place for place in places if isinstance(place, (int, float)) and not isinstance(place, bool))
    return next(found, None)


def sum_numbers(values: Iterable[object]) -> float | None:
    """Return the sum of the values that are numbers; None if none is."""
    numbers = [number for value in values if (number := first_number(value)) is not None]
    return sum(numbers) if numbers else None


def look_up(record: object, *path: str) -> Any:
    """Return the value at a path of keys in nested mappings, or None."""
    for key in path:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def check_mapping(source: str, value: object) -> Mapping[str, Any]:
    """Return a value, after checking that it is an object.

    Raises:
        DataError: It is not an object.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{source}: expected an object, got {value!r:.80}. Write the log again.")
    return value


def number_entries(source: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a list, each with its number: "entry 1".

    Raises:
        DataError: It is not a list, or has an element that is not an object.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DataError(f"{source}: expected a list, got {value!r:.80}. Write the log again.")
    for count, one in enumerate(value, start=1):
        yield f"entry {count}", check_mapping(f"{source}, entry {count}", one)


def first_name(candidates: Iterable[str | None], *, otherwise: str) -> str:
    """Return the first name that is a non-empty text."""
    return next((name for name in candidates if isinstance(name, str) and name.strip()), otherwise)


def _find_in_mapping(said: Mapping[str, Any]) -> str | None:
    if "messages" in said:
        inner = said["messages"]
        nested = isinstance(inner, Sequence) and inner and isinstance(inner[0], Sequence)
        return find_question(inner[0] if nested and not isinstance(inner[0], (str, Mapping)) else inner)
    for key in ("input", "question", "query", "prompt", "text", "content"):
        if said.get(key):
            return find_question(said[key])
    texts = [value for value in said.values() if isinstance(value, str)]
    return texts[0] if len(texts) == 1 else None


def _find_in_json(said: str) -> str | None:
    """Return the query in a text that contains messages as JSON; None for any other text."""
    if not said.lstrip().startswith(("[{", "[\n", "{")):
        return None
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return None
    is_messages = isinstance(found, list) and found and isinstance(found[0], dict) and "role" in found[0]
    return find_question(found) if is_messages else None
