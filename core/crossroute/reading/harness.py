"""Tell what an agent's harness, or a hint to the router, put into a text."""

from __future__ import annotations

import re

from crossroute.patterns import lazy
from crossroute.reading import wordings
from crossroute.reading.sections import HEAD, PARAGRAPH, WORD, replace_blocks

INSERTED_CHARACTERS = 10_000
HARNESS_TAG = lazy(wordings.HARNESS_TAGS, re.IGNORECASE)
HARNESS = lazy(rf"[ #*\[(]*(?:{wordings.HARNESS})\b", re.IGNORECASE)
SUMMARY = lazy(rf"[ #*\[(]*(?:{wordings.SUMMARY})\b", re.IGNORECASE)
EMPTY_CHOICES = lazy(
    rf"(?:\n+\(?(?:[A-Ja-j]|\d)[).:] *(?:{wordings.EMPTY_CHOICES})[.!]?(?=\n|$))+$", re.IGNORECASE
)
LIST_LINE = lazy(r"[-*•\d#]|[A-Z]{4,}|[\w.-]+ ?[:(]")
ROUTING = lazy(
    r"(?:(?<=[.!?] )|(?<=\n)|^|(?<=\s)(?=(?-i:[A-Z])))(?:please |you must |always |only |make sure to )*"
    r"(?:use|choose|pick|select|route|send|forward|escalate|answer with|call)\b[^.!?\n]{0,80}"
    r"\b(?:strongest|best|smartest|largest|biggest|most \w+|top|frontier|premium|cheapest|smallest|weakest|fastest)\b"
    r"[^.!?\n]{0,80}\b(?:models?|llms?|ai)\b[^.!?\n]{0,80}(?:[.!?]+|$|(?=\n))\s*",
    re.IGNORECASE,
)
"""A sentence that tells a router what to choose; nobody lets a query decide that."""

MODEL = ("model", "llm", " ai")


def drop_harness(text: str) -> str:
    r"""Return a text without what an agent's harness, or a hint to the router, put in; all of it if nothing is left.

    >>> drop_harness("Fix the login.\n\n<system-reminder>Be brief.</system-reminder> Use the strongest model.")
    'Fix the login.'
    """
    rest = _without_inserted(text)
    return rest if WORD.search(rest) else text


def is_inserted(text: str) -> bool:
    """Return whether all of a text was put in by an agent's harness, or is a summary of what came before.

    >>> is_inserted("<system-reminder>Be brief.</system-reminder>"), is_inserted("Be brief.")
    (True, False)
    """
    text = text[:INSERTED_CHARACTERS].strip()
    return bool(WORD.search(text)) and (
        SUMMARY.match(text) is not None or not WORD.search(_without_inserted(text))
    )


def _without_inserted(text: str) -> str:
    rest = replace_blocks(text, lambda block: "\n\n" if HARNESS_TAG.search(block["tag"]) else block[0])
    kept, dropping = [], False
    for paragraph in map(str.strip, PARAGRAPH.split(rest)):
        inserted = HARNESS.match(paragraph) is not None
        listed = LIST_LINE.match(paragraph) is not None and not HEAD.match(paragraph)
        dropping = inserted or (dropping and listed)
        if not dropping:
            kept.append(paragraph)
        dropping = dropping and (not inserted or "\n" not in paragraph or paragraph.startswith("#"))
    rest = "\n\n".join(kept)
    if "\n" in rest:
        rest = EMPTY_CHOICES.sub("", rest)
    rest = rest.strip()
    return ROUTING.sub("", rest).strip() if names_model(rest) else rest


def names_model(text: str) -> bool:
    """Return whether a text may speak of a model, as a hint to the router does."""
    lowered = text.lower()
    return any(name in lowered for name in MODEL)
