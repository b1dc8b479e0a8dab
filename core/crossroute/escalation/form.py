"""Signs in the form of an answer that it is wrong: hedges, no given option named, or only words of the question.

They are recognized in English, and only in clear cases. Their weights were measured on answers of small models
(docs/benchmarks.md), and are among the verifier's constants.
"""

from __future__ import annotations

import re

from crossroute.escalation.agreement import (
    SHORT_WORDS,
    extract_core,
    find_numbers,
    normalize,
    words_beyond_question,
)
from crossroute.escalation.evidence import Kind, Sign

LONG_WORDS = 25
"""Maximum words of an answer of unknown kind in which hedges are looked for."""

_HEDGE = re.compile(
    r"\bi(?:['\u2019]m| am) (?:not|un)(?: (?:\w+ ){0,2})?(?:sure|certain)\b"
    r"|\bi (?:do not|don['\u2019]t) (?:really )?know\b"
    r"|\bi (?:think|believe|guess|suppose|assume)\b|\bto the best of my knowledge\b|\bas far as i (?:know|can tell)\b"
    r"|\b(?:hard|difficult|impossible|not possible) to (?:say|tell|know|determine)\b|\bit (?:might|may|could) be\b"
    r"|\b(?:perhaps|probably|presumably|possibly)\b"
    r"|\bcan(?:not|['\u2019]t) (?:be determined|say for (?:sure|certain))\b",
    re.IGNORECASE,
)
_OPTION = re.compile(r"(?:^|\n|(?<=\s))\(?([A-Ja-j])[.):](?=\s)\s*([^\n]*?)(?=\s+\(?[A-Ja-j][.):]\s|\n|$)")
_EITHER = re.compile(r"\bor\b", re.IGNORECASE)


def find_signs(query: str, answer: str, kind: Kind | None) -> frozenset[Sign]:
    """Return the signs in the form of an answer that it is wrong.

    Args:
        query: The query.
        answer: The answer.
        kind: Kind of the expected answer; None if unknown, which leaves out some signs.

    >>> sorted(find_signs("What is 7 plus 5?", "I think it is 7.", "number"))
    ['echoed', 'hedged']
    """
    if not answer.strip():
        return frozenset()
    found: dict[Sign, bool] = {
        "hedged": _hedges(answer, kind),
        "no option": _is_no_option(query, answer, kind),
        "echoed": _is_of_question(query, answer, kind),
    }
    return frozenset(sign for sign, present in found.items() if present)


def _hedges(answer: str, kind: Kind | None) -> bool:
    """Return whether an answer hedges; long prose is not checked, since such words are common there."""
    if kind == "code" or (kind is None and len(answer.split()) > LONG_WORDS):
        return False
    return _HEDGE.search(answer) is not None


def find_options(query: str) -> dict[str, str]:
    """Return the options of a multiple-choice question, letter -> text, in lower case; empty with fewer than two.

    >>> find_options("Which is a fruit? (A) Iron (B) Apple")
    {'a': 'iron', 'b': 'apple'}
    """
    listed: dict[str, str] = {}
    for letter, text in _OPTION.findall(query):
        if letter.lower() == "abcdefghij"[len(listed) % 10]:
            listed[letter.lower()] = normalize(text)
    return listed if len(listed) > 1 else {}


def _is_no_option(query: str, answer: str, kind: Kind | None) -> bool:
    listed = find_options(query) if kind in ("choice", None) else {}
    if not listed:
        return False
    named = extract_core(answer, "choice")
    if named is not None:
        return named not in listed
    said = normalize(answer)
    if any(text and re.search(rf"\b{re.escape(text)}\b", said) for text in listed.values()):
        return False
    return kind == "choice" or len(said.split()) <= SHORT_WORDS


def _is_of_question(query: str, answer: str, kind: Kind | None) -> bool:
    """Return whether an answer only repeats a number or words from the question."""
    if kind == "number":
        said = extract_core(answer, "number")
        return said is not None and said in find_numbers(query)
    if kind != "text" or _EITHER.search(query):
        return False
    words = normalize(answer).split()
    return 0 < len(words) <= SHORT_WORDS and not words_beyond_question(words, query)
