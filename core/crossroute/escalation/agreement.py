"""Agreement of two answers.

Short answers are compared after normalizing case, punctuation and the spelling of numbers and choices, without the
words that they repeat from the question. Longer ones are compared by the similarity of their embeddings, or, if the
kind of the expected answer is known, by their last number, last named choice, or last block of code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations

import numpy as np

from crossroute.encoder import Encoder
from crossroute.escalation.evidence import Kind

SAME_WRONG: Mapping[Kind, float] = {"choice": 0.6, "number": 0.3, "code": 0.1, "text": 0.3}
"""Probability that two wrong answers agree, by kind: for choices from arXiv 2506.07962, for numbers and words measured
with two small models (benchmarks/forms.py), for code an assumption."""

SAME_FROM = 0.9
"""Agreement from which two answers count as the same."""

SHORT_WORDS = 8
UNRELATED = 0.5
"""Lower bound on the cosine of unrelated answers to one query, with the static encoder."""

_CHOICE = re.compile(
    r"(?:(?:the )?(?:correct )?(?:answer|option|choice)(?: is)?:? *)?\(?([a-j])\)?(?:[.):].*)?", re.DOTALL
)
_LEAD = re.compile(r"^(?:the )?(?:correct |final )?answer(?: is)?:? *", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")
_NAMED = re.compile(r"(?:answer|option|choice)(?: is)?\W{0,12}([a-j])(?![a-z])")
_BLOCK = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_NOISE = re.compile(r"[^\w\s.+-]|(?<!\d)\.|\.(?!\d)")


def agreement(
    one: str, other: str, encoder: Encoder | None = None, kind: Kind | None = None, query: str = ""
) -> float | None:
    """Return the agreement of two answers, in [0, 1]; None for long ones without an encoder.

    Args:
        one: An answer.
        other: Another answer.
        encoder: Encoder to compare long answers.
        kind: Kind of the expected answer.
        query: The query, whose words are ignored: an answer may be a word, or a sentence that repeats the question.

    >>> agreement("(B) 1,000 metres", "The answer is B"), agreement("4.0", "4"), agreement("Paris.", "Lyon")
    (1.0, 1.0, 0.0)
    >>> agreement("3 times 4 is 12, so 12 apples.", "There are 4 in each of 3, in all 12", kind="number")
    1.0
    >>> agreement("Rome", "The capital of Italy is Rome.", query="What is the capital of Italy?")
    1.0
    """
    cores = [extract_core(text, kind) for text in (one, other)]
    if cores[0] is not None and cores[1] is not None:
        return float(cores[0] == cores[1])
    pair = [normalize(text).split() for text in (one, other)]
    said = [words_beyond_question(words, query) or words for words in pair]
    short, long = sorted(said, key=len)
    if short == long or (kind == "text" and len(short) <= SHORT_WORDS and _holds(long, short)):
        return 1.0
    if min(map(len, pair)) <= SHORT_WORDS:
        return 0.0
    if encoder is None:
        return None
    a, b = np.asarray(encoder.encode([one, other]), dtype=float)
    cosine = float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))
    return min(1.0, max(0.0, (cosine - UNRELATED) / (1 - UNRELATED)))


def count_same_wrong(
    answers: Sequence[str], right: Sequence[float], *, kind: Kind, query: str
) -> tuple[int, int]:
    """Count the pairs of wrong answers to a query that agree, and all such pairs.

    >>> count_same_wrong(["12", "It is 12", "15", "14"], [0, 0, 0, 1], kind="number", query="What is 2 times 7?")
    (1, 3)
    """
    wrong = [text for text, grade in zip(answers, right, strict=True) if grade < 0.5]
    pairs = list(combinations(wrong, 2))
    return sum((agreement(*pair, kind=kind, query=query) or 0.0) >= SAME_FROM for pair in pairs), len(pairs)


def extract_core(text: str, kind: Kind | None) -> str | None:
    """Return the final part of an answer by kind: last block, number or named choice; None without one."""
    if kind == "code":
        blocks = _BLOCK.findall(text)
        return " ".join(blocks[-1].split()) if blocks else None
    text = " ".join(text.lower().split())
    if kind == "number":
        found = find_numbers(text)
        return found[-1] if found else None
    if kind == "choice":
        named = _CHOICE.fullmatch(text)
        return named[1] if named else (_NAMED.findall(text) or [None])[-1]
    return None


def find_numbers(text: str) -> list[str]:
    """Return the numbers in a text, in plain decimal notation."""
    return [_format_number(each) for each in _NUMBER.finditer(text)]


def normalize(text: str) -> str:
    """Normalize an answer for comparison."""
    text = " ".join(text.lower().split())
    choice = _CHOICE.fullmatch(text)
    if choice:
        return choice[1]
    text = _NUMBER.sub(_format_number, _LEAD.sub("", text))
    words = _NOISE.sub(" ", text).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def words_beyond_question(words: list[str], query: str) -> list[str]:
    """Return the words of an answer that are not in its question, in order."""
    asked = set(normalize(query).split())
    return [word for word in words if word not in asked]


def _holds(words: list[str], part: list[str]) -> bool:
    """Return whether `part` is a contiguous subsequence of `words`."""
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))


def _format_number(number: re.Match[str]) -> str:
    plain = f"{Decimal(number[0].replace(',', '')):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
