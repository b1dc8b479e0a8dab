"""Find the question at the ends of a long text without headings."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.sections import LEAST_WORDS, PARAGRAPH, says_something

ASKING_CHARACTERS = 400
"""Most characters of a paragraph that is a question."""

LONG = 1_200
"""Least characters, next to a question, that are context without a heading."""

FEW_PARAGRAPHS = 4
"""Most paragraphs of a text in which a question in the middle is found; longer texts, such as an issue, are not
split."""

_MARKUP = r"¿¡\s*#>\-\d.)"
REQUEST = AnyCase(rf"[{_MARKUP}]*(?![{_MARKUP}])(?:{wordings.REQUEST})(?:\b|(?<=[^\x00-\u02ff]))")
"""Beginning of a request."""

FIRST = re.compile(rf"[{_MARKUP}]*(\w*)")
FIRST_WORDS = frozenset(
    each.split("'")[0].split("-")[0].split(" ")[0]
    for sign in "sz"
    for each in wordings.REQUEST.replace("[sz]", sign).split("|")
)
"""First words of requests: an ASCII text that begins with another word is no request."""

REQUEST_END = lazy(rf"(?:{wordings.REQUEST_ENDS})[.。!！]*\Z")
"""Ending of a request."""

PROBLEM = AnyCase(
    rf"\b(?:{wordings.THIS})(?: [\w-]+){{0,2}} (?:{wordings.PROBLEM})\b|(?:{wordings.PROBLEM_UNSPACED})"
)
"""Words that ask to solve the rest of a text ("this problem")."""

CHOICES = lazy(r"\n(?:\(?[A-Ja-j][).:]|\(?\d\)) .*\n+(?:\(?[B-Jb-j][).:]|\(?\d\)) ")
"""Two choices of a multiple-choice question, each on a line."""

QUESTION_MARKS = "?？؟"
RULER = lazy(r"\n\n*[ ]*[-=_*#~+<>`\"]{3,}[ ]*(?=\n)")
"""A line of signs between sections."""

UNSPACED = lazy("[\u2e80-\uffef]")
"""A character of a script without spaces."""

GAP = lazy(r"\s(?<=[.!?؟]\s)\s*(?=\S)")
"""The gap between two sentences."""

UNSPACED_GAP = lazy(r"(?<=[.!?؟])\s+(?=\S)|(?<=[。！？])\s*(?=\S)")
"""The same in scripts without spaces."""


class Asked(NamedTuple):
    """A text that is split into question and context.

    Attributes:
        question: The question; never empty.
        lead: Instructions before it.
        context: The text to answer from, in its order.
    """

    question: str
    lead: str = ""
    context: str = ""


def is_long(text: str) -> bool:
    """Return whether a text is long; characters of scripts without spaces count twice, since they say more."""
    length = len(text)
    if length >= LONG or 2 * length < LONG or text.isascii():
        return length >= LONG
    return length + len(UNSPACED.findall(text)) >= LONG


def split_ends(text: str) -> Asked | None:
    """Split a long text if paragraphs, lines or sentences at its ends are questions, and only those; else None."""
    if not is_long(text) or has_choices(text):
        return None
    text = RULER.sub("\n\n", text)
    for first, *middle in _list_units(text):
        last = middle.pop() if middle else ""
        asking = [unit for unit in (first, last) if asks(unit)]
        if not asking:
            continue
        question = "\n\n".join(asking)
        rest = "\n\n".join(unit for unit in (first, *middle, last) if unit not in asking)
        if is_long(rest) and not _is_problem(question, rest):
            return Asked(question, context=rest)
    return _split_middle(PARAGRAPH.split(text))


def _list_units(text: str) -> Iterator[list[str]]:
    """Yield the paragraphs of a text; its lines; and its sentences, if one at an end may be a question."""
    yield PARAGRAPH.split(text)
    yield text.split("\n")
    gap = UNSPACED_GAP if any(map(text.__contains__, "。！？")) else GAP
    if any(map(asks, _find_end_sentences(text, gap))):
        yield gap.split(text)


def _find_end_sentences(text: str, gap: re.Pattern[str]) -> Iterator[str]:
    """Yield the first sentence of a long text, and the last one if it is short enough for a question."""
    if first := gap.search(text):
        yield text[: first.start()]
        start = max(0, len(text.rstrip()) - ASKING_CHARACTERS - 1)
        start -= len(text[:start]) - len(text[:start].rstrip())
        if last := [*gap.finditer(text, start)]:
            yield text[last[-1].end() :]


def _split_middle(paragraphs: list[str]) -> Asked | None:
    """Split a text if exactly one of its paragraphs is a question; else None."""
    if not LEAST_WORDS <= len(paragraphs) <= FEW_PARAGRAPHS:
        return None
    asking = [place for place, paragraph in enumerate(paragraphs) if asks(paragraph)]
    if len(asking) != 1:
        return None
    question = paragraphs.pop(asking[0])
    rest = "\n\n".join(paragraphs)
    return None if not is_long(rest) or _is_problem(question, rest) else Asked(question, context=rest)


def asks(unit: str) -> bool:
    """Return whether a short paragraph, line or sentence is a question or a request."""
    unit = unit.rstrip()
    if not unit or len(unit) > ASKING_CHARACTERS:
        return False
    return (unit[-1] in QUESTION_MARKS or _is_request(unit)) and says_something(unit)


def _is_request(unit: str) -> bool:
    """Return whether a paragraph, line or sentence begins or ends like a request."""
    if unit.isascii():
        first = FIRST.match(unit)
        return first is not None and first[1].lower() in FIRST_WORDS and REQUEST.match(unit) is not None
    return REQUEST.match(unit) is not None or REQUEST_END.search(unit) is not None


def _is_problem(question: str, rest: str) -> bool:
    """Return whether the rest is what the question asks to solve, such as an issue or a list of instructions."""
    lines = rest.split("\n")
    return PROBLEM.search(question) is not None or 10 * sum(map(asks, lines)) > len(lines)


def has_choices(text: str) -> bool:
    """Return whether a text has choices of a multiple-choice question, each on a line."""
    return "\n" in text and CHOICES.search(f"\n{text}") is not None
