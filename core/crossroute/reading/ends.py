"""Find what is asked at the ends of a long text in which nothing is marked."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.sections import LEAST_WORDS, PARAGRAPH, says_something

ASKING_CHARACTERS = 400
"""A paragraph that asks is at most this long."""

LONG = 1_200
"""Characters beside a paragraph that asks that are context without being marked so."""

FEW_PARAGRAPHS = 4
"""A text of more paragraphs, such as an issue, is not taken apart by one in the middle that asks."""

_DRESS = r"¿¡\s*#>\-\d.)"
REQUEST = AnyCase(rf"[{_DRESS}]*(?![{_DRESS}])(?:{wordings.REQUEST})(?:\b|(?<=[^\x00-\u02ff]))")
FIRST = re.compile(rf"[{_DRESS}]*(\w*)")
FIRST_WORDS = frozenset(
    each.split("'")[0].split("-")[0].split(" ")[0]
    for sign in "sz"
    for each in wordings.REQUEST.replace("[sz]", sign).split("|")
)
"""The first words of requests: a text of ASCII that begins with none is no request."""

REQUEST_END = lazy(rf"(?:{wordings.REQUEST_ENDS})[.。!！]*\Z")
PROBLEM = AnyCase(
    rf"\b(?:{wordings.THIS})(?: [\w-]+){{0,2}} (?:{wordings.PROBLEM})\b|(?:{wordings.PROBLEM_UNSPACED})"
)
CHOICES = lazy(r"\n(?:\(?[A-Ja-j][).:]|\(?\d\)) .*\n+(?:\(?[B-Jb-j][).:]|\(?\d\)) ")
QUESTION_MARKS = "?？؟"
RULER = lazy(r"\n\n*[ ]*[-=_*#~+<>`\"]{3,}[ ]*(?=\n)")
"""A line of mere signs between sections."""

UNSPACED = lazy("[\u2e80-\uffef]")
GAP = lazy(r"\s(?<=[.!?؟]\s)\s*(?=\S)")
"""What stands between two sentences."""
UNSPACED_GAP = lazy(r"(?<=[.!?؟])\s+(?=\S)|(?<=[。！？])\s*(?=\S)")
"""The same where no blank need stand between them."""


class Asked(NamedTuple):
    """A text taken apart.

    Attributes:
        question: What is asked; never empty.
        lead: An instruction before it.
        context: What was put beside it to be read, in the order of the text.
    """

    question: str
    lead: str = ""
    context: str = ""


def is_long(text: str) -> bool:
    """Return whether a text is long; characters of scripts without blanks count twice, since they say as much."""
    length = len(text)
    if length >= LONG or 2 * length < LONG or text.isascii():
        return length >= LONG
    return length + len(UNSPACED.findall(text)) >= LONG


def by_ends(text: str) -> Asked | None:
    """Take a long text apart by the short paragraphs, lines or sentences at its ends that ask, if only these do."""
    if not is_long(text) or has_choices(text):
        return None
    text = RULER.sub("\n\n", text)
    for first, *middle in _units(text):
        last = middle.pop() if middle else ""
        asking = [unit for unit in (first, last) if asks(unit)]
        if not asking:
            continue
        question = "\n\n".join(asking)
        rest = "\n\n".join(unit for unit in (first, *middle, last) if unit not in asking)
        if is_long(rest) and not _is_problem(question, rest):
            return Asked(question, context=rest)
    return _between(PARAGRAPH.split(text))


def _units(text: str) -> Iterator[list[str]]:
    """Yield a text's paragraphs, its lines, and its sentences if one at an end may ask."""
    yield PARAGRAPH.split(text)
    yield text.split("\n")
    gap = UNSPACED_GAP if any(map(text.__contains__, "。！？")) else GAP
    if any(map(asks, _ends_of(text, gap))):
        yield gap.split(text)


def _ends_of(text: str, gap: re.Pattern[str]) -> Iterator[str]:
    """Yield the first sentence of a long text, and the last one if it is short enough to ask."""
    if first := gap.search(text):
        yield text[: first.start()]
        start = max(0, len(text.rstrip()) - ASKING_CHARACTERS - 1)
        start -= len(text[:start]) - len(text[:start].rstrip())
        if last := [*gap.finditer(text, start)]:
            yield text[last[-1].end() :]


def _between(paragraphs: list[str]) -> Asked | None:
    """Take a text apart by the only paragraph that asks, wherever it stands."""
    if not LEAST_WORDS <= len(paragraphs) <= FEW_PARAGRAPHS:
        return None
    asking = [place for place, paragraph in enumerate(paragraphs) if asks(paragraph)]
    if len(asking) != 1:
        return None
    question = paragraphs.pop(asking[0])
    rest = "\n\n".join(paragraphs)
    return None if not is_long(rest) or _is_problem(question, rest) else Asked(question, context=rest)


def asks(unit: str) -> bool:
    """Return whether a short paragraph, line or sentence asks something."""
    unit = unit.rstrip()
    if not unit or len(unit) > ASKING_CHARACTERS:
        return False
    return (unit[-1] in QUESTION_MARKS or _requests(unit)) and says_something(unit)


def _requests(unit: str) -> bool:
    """Return whether a paragraph, line or sentence begins as a request, or ends as one."""
    if unit.isascii():
        first = FIRST.match(unit)
        return first is not None and first[1].lower() in FIRST_WORDS and REQUEST.match(unit) is not None
    return REQUEST.match(unit) is not None or REQUEST_END.search(unit) is not None


def _is_problem(question: str, rest: str) -> bool:
    """Return whether the rest is what the question wants solved, such as an issue or a list of instructions."""
    lines = rest.split("\n")
    return PROBLEM.search(question) is not None or 10 * sum(map(asks, lines)) > len(lines)


def has_choices(text: str) -> bool:
    """Return whether a text offers choices, each on a line."""
    return "\n" in text and CHOICES.search(f"\n{text}") is not None
