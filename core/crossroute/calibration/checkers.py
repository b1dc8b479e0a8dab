"""Checkers: an answer and its reference -> quality in [0, 1], by parsing alone.

They are tolerant of wording, never of the answer: a model may reason, repeat the question or add a unit, as
long as what it says last, or after "answer:", is right.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST_ANSWER = 50_000
"""Characters that are read, from the end."""

SHORT = 40
"""Words that an answer may have to be read whole; of a longer one, the last line counts."""

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|$)", re.DOTALL | re.IGNORECASE)
_MARKER = re.compile(r"\\boxed\b|\banswer(?:\s+is)?\s*\**\s*:|\banswer\s+is\b|\b####", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?|(?<![\w.])-?\.\d+")
_LETTER = re.compile(r"(?<![\w'])([A-E])(?![\w'])")


def number(answer: str, reference: float) -> float:
    """Return 1 where the final number is the reference.

    >>> number("17 + 26 is 43, so the answer is 43 apples.", 43), number("It costs $1,250.00.", 1250)
    (1.0, 1.0)
    """
    found = _final_number(_plain(answer))
    return float(found is not None and math.isclose(found, reference, rel_tol=1e-6, abs_tol=1e-9))


def letter(answer: str, reference: str) -> float:
    """Return 1 where the option chosen is the reference, a capital letter.

    >>> letter("(B) Paris", "B"), letter("A is tempting, but the answer is C.", "C")
    (1.0, 1.0)
    """
    said = _plain(answer)
    marked = _after_marker(said)
    first = re.match(r"\W*([A-E])\s*(?:[).:,]|$)", said)
    found = _LETTER.findall(marked or said)
    chosen = first.group(1) if first and not marked else found[0 if marked else -1] if found else None
    return float(chosen == reference)


def phrase(answer: str, accepted: Sequence[str]) -> float:
    """Return 1 where what is said last holds one of the accepted phrases, whatever its case and accents.

    >>> phrase("The capital is São Paulo.", ("Sao Paulo",)), phrase("A parish.", ("Paris",))
    (1.0, 0.0)
    """
    said = f" {normalised(final(answer))} "
    return float(any(f" {normalised(one)} " in said for one in accepted))


def label(answer: str, reference: tuple[str, tuple[str, ...]]) -> float:
    """Return 1 where what is said last names the right one of some options, and no other.

    Args:
        answer: What the model said.
        reference: The right option, and all the options.

    >>> label("Positive", ("positive", ("positive", "negative")))
    1.0
    >>> label("positive or negative", ("positive", ("positive", "negative")))
    0.0
    """
    right, options = reference
    said = f" {normalised(final(answer))} "
    return float({option for option in options if f" {normalised(option)} " in said} == {right})


def listing(answer: str, reference: tuple[str, ...]) -> float:
    """Return 1 where the last list, separated by commas or lines, is the reference, in order.

    >>> listing("Sorted: fig, Kiwi and pear.", ("fig", "kiwi", "pear"))
    1.0
    """
    said = final(answer).rpartition(":")[2]
    lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line) for line in _plain(answer).splitlines()]
    wanted = [normalised(one) for one in reference]
    for items in (re.split(r",|;|\band\b|->|>", said), lines[-len(reference) :]):
        if [one for one in map(normalised, items) if one] == wanted:
            return 1.0
    return 0.0


def json_value(answer: str, reference: Any) -> float:
    """Return the share of the fields that are right, of those that stand in either JSON value.

    >>> json_value('Here: {"city": "Oslo", "days": 3}', {"city": "Oslo", "days": 4})
    0.5
    """
    values = [value for value in _json_values(_plain(answer)) if isinstance(value, type(reference))]
    if not values:
        return 0.0
    given, wanted = _leaves(values[-1]), _leaves(reference)
    right = sum(path in given and _same(given[path], value) for path, value in wanted.items())
    return right / len(given.keys() | wanted.keys())


def normalised(text: str) -> str:
    """Return a text without case, accents, articles and punctuation.

    >>> normalised("The  Café-Bar!")
    'cafe bar'
    """
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(" " if not c.isalnum() else c for c in spread if not unicodedata.combining(c))
    return " ".join(word for word in kept.split() if word not in {"the", "a", "an"})


def final(answer: str) -> str:
    """Return what counts as the answer: what follows "answer:", else all of a short one, else its last line."""
    said = _plain(answer)
    marked = _after_marker(said)
    if marked:
        return marked
    if len(said.split()) <= SHORT:
        return said
    return said.splitlines()[-1]


def _plain(answer: str) -> str:
    """Return an answer without its thoughts, its marks of emphasis and the spaces around it."""
    said = _THOUGHTS.sub("", answer[-LONGEST_ANSWER:])
    return said.replace("**", "").replace("\u2212", "-").replace("{,}", ",").strip()


def _after_marker(said: str) -> str:
    markers = list(_MARKER.finditer(said))
    lines = said[markers[-1].end() :].strip().splitlines() if markers else []
    return lines[0].strip() if lines else ""


def _final_number(said: str) -> float | None:
    marked = _after_marker(said)
    found = _NUMBER.findall(marked.rpartition("=")[2])
    if found:
        return float(found[0].replace(",", ""))
    found = _NUMBER.findall(said)
    return float(found[-1].replace(",", "")) if found else None


def _json_values(said: str) -> Iterator[Any]:
    """Yield the objects and lists of a text, none of those within another."""
    decoder, at = json.JSONDecoder(), 0
    while start := re.compile(r"[{\[]").search(said, at):
        try:
            value, at = decoder.raw_decode(said, start.start())
            yield value
        except (ValueError, RecursionError):
            at = start.end()


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Any]:
    """Return path -> value of all that is no container, and of empty containers."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {where: leaf for key, part in parts for where, leaf in _leaves(part, (*path, key)).items()}
    return found or {path: value}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().casefold() == other.strip().casefold()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
