"""The parts of a text: blocks in tags, heads of sections, paragraphs, words, and what an agent's harness put in."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Callable

from crossroute.patterns import lazy
from crossroute.reading import wordings
from crossroute.reading.appeals import drop_empty_choices, drop_routing

MOST_TAGS = 400
BLOCK = lazy(r"<(?P<tag>[A-Za-z][\w.-]*)(?: [^<>]*)?>(?P<inner>.*?)</(?P=tag)>", re.DOTALL)
HEAD = lazy(
    rf"(?m)^(?P<title>#+)?[ >*\d.]*(?:(?:{wordings.QUALIFIER}) ){{0,2}}"
    rf"(?:(?P<question>{wordings.QUESTION})|(?P<context>{wordings.CONTEXT})|(?P<answer>{wordings.ANSWER}))"
    r"(?: \d+| information| below| is below)*[*]*(?: ?[:：][*]*|(?<=below)\.|(?(title) *$|(?!)))",
    re.IGNORECASE,
)
HEAD_SIGNS = (":", "：", "#", "elow.", "ELOW.")
"""No head is without one of them."""

PARAGRAPH = re.compile(r"\n\n+")
WORD = re.compile(r"\w+(?:['’-]\w+)*")

INSERTED_CHARACTERS = 10_000
HARNESS_TAG = lazy(wordings.HARNESS_TAGS, re.IGNORECASE)
HARNESS = lazy(rf"[ #*\[(]*(?:{wordings.HARNESS})\b", re.IGNORECASE)
SUMMARY = lazy(rf"[ #*\[(]*(?:{wordings.SUMMARY})\b", re.IGNORECASE)
LIST_LINE = lazy(r"[-*•\d#]|[A-Z]{4,}|[\w.-]+ ?[:(]")


def heads_in(text: str) -> list[re.Match[str]]:
    r"""Return the heads of a text's sections: of the lines that may hold one, as `HEAD.finditer` does, but sooner.

    >>> [head["question"] for head in heads_in("Some lines.\nQuestion: Who?\n# Task\nTell: it.")]
    ['Question', 'Task']
    """
    if not any(map(text.__contains__, HEAD_SIGNS)):
        return []
    start, found = 0, []
    for line in text.split("\n"):
        if any(map(line.__contains__, HEAD_SIGNS)) and (head := HEAD.match(text, start)):
            found.append(head)
        start += len(line) + 1
    return found


def replace_blocks(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """Return a text with its blocks in tags replaced; a text of too many tags, such as a page, as it is."""
    return BLOCK.sub(replace, text) if 0 < text.count("<") <= MOST_TAGS else text


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
    return drop_routing(drop_empty_choices("\n\n".join(kept)).strip())
