"""Checkers: compare an answer with its reference by parsing, and return a quality in [0, 1].

They tolerate any wording around the final answer (final_answer.py): a model may reason, repeat the question or add a
unit.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from crossroute.profiler.questions.final_answer import find_answers, find_marked, strip_markup

_NUMBER = re.compile(r"(?<![\w.])(?<!\d:)-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?!:?\d)")
_BARE = re.compile(r"[^\w\n.-]*(-?[\d.,]*\d)(?:[ \t]*[^\W\d_]+)?[.\W]*?(?:\n[ \t]*\n|$)")

_COUNTED = 2.0**53
"""Below this a float represents every whole number exactly."""

_LETTER = re.compile(r"(?<![\w'])([A-E])(?![\w'])")


def number(answer: str, reference: float) -> float:
    """Return 1 if the final number equals the reference: exactly for whole numbers, else to a relative 1e-6.

    >>> number("17 + 26 is 43, so the answer is 43 apples.", 43), number("It costs $1,250.00.", 1250)
    (1.0, 1.0)
    >>> number("12345679", 12345678), number("0.3333333", 1 / 3)
    (0.0, 1.0)
    """
    found = _final_number(strip_markup(answer))
    if found is None:
        return 0.0
    counted = isinstance(reference, int) or (reference.is_integer() and abs(reference) < _COUNTED)
    if counted and found == found.to_integral_value():
        return float(found == Decimal(int(reference)))
    return float(math.isclose(float(found), reference, rel_tol=1e-6, abs_tol=1e-9))


def letter(answer: str, reference: str) -> float:
    """Return 1 if the chosen option is the reference, a capital letter.

    >>> letter("(B) Paris", "B"), letter("A is tempting, but the answer is C.", "C")
    (1.0, 1.0)
    """
    said = strip_markup(answer)
    after = find_marked(said)
    first = re.match(r"\W*([A-E])\s*(?:[).:,]|$)", said)
    found = _LETTER.findall(after or said)
    chosen = first.group(1) if first and not after else found[0 if after else -1] if found else None
    return float(chosen == reference)


def phrase(answer: str, accepted: Sequence[str]) -> float:
    """Return 1 if the answer contains one of the accepted phrases, ignoring case and accents.

    >>> phrase("The capital is São Paulo.", ("Sao Paulo",)), phrase("A parish.", ("Paris",))
    (1.0, 0.0)
    """
    texts = [f" {normalize(reading)} " for reading in find_answers(answer)]
    return float(any(f" {normalize(one)} " in said for one in accepted for said in texts))


def label(answer: str, reference: tuple[str, Sequence[str]]) -> float:
    """Return 1 if the answer names the right option and no other.

    Args:
        answer: The model's answer.
        reference: The right option, and all options.

    >>> label("Positive", ("positive", ("positive", "negative")))
    1.0
    >>> label("positive or negative", ("positive", ("positive", "negative")))
    0.0
    """
    right, options = reference
    for reading in find_answers(answer):
        said = f" {normalize(reading)} "
        if named := {option for option in options if f" {normalize(option)} " in said}:
            return float(named == {right})
    return 0.0


def listing(answer: str, reference: Sequence[str]) -> float:
    """Return 1 if the last list, separated by commas or lines, equals the reference, in order.

    >>> listing("Sorted: fig, Kiwi and pear.", ("fig", "kiwi", "pear"))
    1.0
    """
    given = [reading.rpartition(":")[2] for reading in find_answers(answer)]
    lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line) for line in strip_markup(answer).splitlines()]
    wanted = [normalize(one) for one in reference]
    for items in (*(re.split(r",|;|\band\b|->|>", said) for said in given), lines[-len(reference) :]):
        if [one for one in map(normalize, items) if one] == wanted:
            return 1.0
    return 0.0


def json_value(answer: str, reference: Any) -> float:
    """Return the share of right fields among those in either JSON value.

    >>> json_value('Here: {"city": "Oslo", "days": 3}', {"city": "Oslo", "days": 4})
    0.5
    """
    values = [
        _unwrap(v, reference) for v in _json_values(strip_markup(answer)) if isinstance(v, type(reference))
    ]
    if not values:
        return 0.0
    given, wanted = _leaves(values[-1]), _leaves(reference)
    right = sum(path in given and _are_same(given[path], value) for path, value in wanted.items())
    return right / len(given.keys() | wanted.keys())


def normalize(text: str) -> str:
    """Normalize a text: without case, accents, articles and punctuation.

    >>> normalize("The  Café-Bar!")
    'cafe bar'
    """
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(" " if not c.isalnum() else c for c in spread if not unicodedata.combining(c))
    return " ".join(word for word in kept.split() if word not in {"the", "a", "an"})


def _final_number(said: str) -> Decimal | None:
    """Return the number that is marked as the answer, or alone at the start, or last."""
    bare = _BARE.match(said)
    for text, at in (
        (find_marked(said).rpartition("=")[2], 0),
        (bare.group(1) if bare else "", 0),
        (said, -1),
    ):
        if found := _NUMBER.findall(text):
            return Decimal(found[at].replace(",", ""))
    return None


def _json_values(said: str) -> Iterator[Any]:
    """Yield the outermost JSON objects and lists in a text."""
    decoder, at = json.JSONDecoder(), 0
    while start := re.compile(r"[{\[]").search(said, at):
        try:
            value, at = decoder.raw_decode(said, start.start())
            yield value
        except (ValueError, RecursionError):
            at = start.end()


def _unwrap(value: Any, reference: Any) -> Any:
    """Return only the arguments of a whole call, {"name": ..., "arguments": {...}}, if the reference has no name."""
    for key in ("arguments", "parameters", "args"):
        if isinstance(value, dict) and isinstance(value.get(key), dict) and key not in reference:
            return value[key]
    return value


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Any]:
    """Return path -> value of all scalars and empty containers."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {where: leaf for key, part in parts for where, leaf in _leaves(part, (*path, key)).items()}
    return found or {path: value}


def _are_same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().casefold() == other.strip().casefold()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
