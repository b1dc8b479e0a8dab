"""Helpers of the readers of evaluation logs: find a grade, a query and numbers in a record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crossroute.data.readers.rows import COLUMNS, Row
from crossroute.errors import DataError

Placed = Iterator[tuple[str, Row]]
"""Rows in the layout of plain rows, each with its place; beside these columns, one for each score by its name."""

GRADES = {
    **dict.fromkeys(("c", "correct", "yes", "true", "pass", "passed", "success"), 1.0),
    **dict.fromkeys(("p", "partial"), 0.5),
    **dict.fromkeys(("i", "n", "incorrect", "no", "false", "fail", "failed", "failure", "noanswer"), 0.0),
}
"""Grades in words, those of Inspect's letters among them."""


def grade_of(value: object) -> object:
    """Return a score as a number where it is a word or a truth value; else as it is.

    >>> grade_of("C"), grade_of(False), grade_of(0.25)
    (1.0, 0.0, 0.25)
    """
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return GRADES.get(value.strip().lower(), value)
    return value


def row(scores: Mapping[str, object], **fields: object) -> Row:
    """Return a row: its quality is the first score, and each score stands there by its name as well."""
    graded = {name: grade_of(value) for name, value in scores.items()}
    named = {name: value for name, value in graded.items() if name not in COLUMNS}
    return named | {"quality": next(iter(graded.values()), None)} | fields


def question(said: object) -> str | None:
    """Return the query of a prompt: a text as it is; of messages, the text of the user's last.

    >>> question([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}])
    'Hello'
    """
    if isinstance(said, str):
        return _of_json(said) or said
    if isinstance(said, Mapping):
        return _of_mapping(said)
    if not isinstance(said, Sequence):
        return None
    messages = [one for one in said if isinstance(one, Mapping)]
    if said and not messages:
        texts = [one for one in said if isinstance(one, str)]
        return question(texts[0]) if len(texts) == 1 else "\n".join(texts) or None
    asked = [
        one for one in messages if str(one.get("role", one.get("type", ""))).lower() in ("user", "human")
    ]
    return content_of((asked or messages)[-1]) if messages else None


def content_of(message: Mapping[str, Any]) -> str | None:
    """Return the text of a message, whose content may be in parts."""
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


def number(*places: object) -> float | None:
    """Return the first of some values that is a number."""
    found = (place for place in places if isinstance(place, (int, float)) and not isinstance(place, bool))
    return next(found, None)


def within(record: object, *path: str) -> Any:
    """Return what stands at a path of keys within mappings; None where it does not."""
    for key in path:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def mapping(source: str, value: object) -> Mapping[str, Any]:
    """Return a value that has to be an object.

    Raises:
        DataError: It is not.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{source}: expected an object, got {value!r:.80}. Write the log again.")
    return value


def listed(source: str, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a list, each with its place.

    Raises:
        DataError: It is no list, or holds something else.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DataError(f"{source}: expected a list, got {value!r:.80}. Write the log again.")
    for count, one in enumerate(value, start=1):
        yield f"entry {count}", mapping(f"{source}, entry {count}", one)


def only(candidates: Iterable[str | None], *, otherwise: str) -> str:
    """Return the first name that is one."""
    return next((name for name in candidates if isinstance(name, str) and name.strip()), otherwise)


def _of_mapping(said: Mapping[str, Any]) -> str | None:
    if "messages" in said:
        inner = said["messages"]
        nested = isinstance(inner, Sequence) and inner and isinstance(inner[0], Sequence)
        return question(inner[0] if nested and not isinstance(inner[0], (str, Mapping)) else inner)
    for key in ("input", "question", "query", "prompt", "text", "content"):
        if said.get(key):
            return question(said[key])
    texts = [value for value in said.values() if isinstance(value, str)]
    return texts[0] if len(texts) == 1 else None


def _of_json(said: str) -> str | None:
    """Return the query of messages that stand in a text as JSON."""
    if not said.lstrip().startswith(("[{", "[\n", "{")):
        return None
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return None
    is_messages = isinstance(found, list) and found and isinstance(found[0], dict) and "role" in found[0]
    return question(found) if is_messages else None
