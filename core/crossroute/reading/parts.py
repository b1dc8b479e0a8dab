r"""Find the parts of a prompt: by labels, by sentences that introduce a part, by names between signs."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, cast

from crossroute.patterns import lazy
from crossroute.reading.appeals import is_appeal
from crossroute.reading.framing import (
    ANSWER_NAMES,
    LONGEST,
    NAMED,
    PRESENTING,
    Kind,
    kind_below,
    kind_named,
    presents_parts,
    words_of,
)
from crossroute.reading.sections import HEAD, HEAD_SIGNS

MARKED = lazy(
    r"[^\w/]*(?P<end>end(?: of)?\W+|/\s*)?(?:begin(?:ning)?(?: of)?\W+|start(?: of)?\W+)?"
    r"(?P<name>[^\W\d_]+(?: [^\W\d_]+){0,2})[\W\d_]*",
    re.IGNORECASE,
)
"""A line with a name between signs, such as `[[ ## question ## ]]`, or the end of such a part."""

LETTERS = re.compile(r"\W*([^\W\d_]+)")
"""The first word of a line."""

OPENING, CLOSING = frozenset("[({<=-_~+*"), frozenset("])}>=-_~+*")
"""First and last characters of such a line."""

LEAST_SIGNS = 2
"""Least signs around the name."""

SEARCHED_CHARACTERS = 2_000
"""Characters at a text's end that are searched for introducing sentences."""

LAST_SEARCHED = 300
"""Characters that are searched first."""

KNOWN_HEADS = 8_192
"""Beginnings of lines whose result is cached; those of logs and fields recur."""

REMEMBERED = 4
"""Texts whose parts are cached; they are requested several times."""

SENTENCE_END = re.compile(r"[.!?。！？]\s+")
"""The end of a sentence within a line."""

GAPS = re.compile(r"\s(?:(?<=[.!?]\s)(?<!\d\.\s)\s*|(?:(?<=\n)|\s*\n)\s*)")
"""The gap between sentences or lines."""

UNSPACED_GAPS = lazy(r"(?<=[.!?])(?<!\d\.)\s+|(?<=[。！？])\s*|\s*\n\s*")
"""The same in scripts without spaces."""

BELOW = re.compile(r"([^.!?\n]{0,200}\b[Bb]elow[^.!?\n]{0,80})\.(?=\s|\Z)")
"""A sentence with "below", which is a heading without a colon."""

KEY_SIGNS = " -\"'*"
"""Signs around a key of one word, which is no heading."""

SIGNS = (*HEAD_SIGNS, "elow")
"""Substrings of which every heading has one, but for names between signs."""


class Part(NamedTuple):
    """A part of a prompt.

    Attributes:
        start: Where its heading begins.
        body: Where its text begins.
        kind: The kind that its heading states; "rest" after the end of another part.
        name: Its heading, in lower case.
        is_label: Whether its heading is a label, not a sentence or a name between signs.
    """

    start: int
    body: int
    kind: Kind
    name: str
    is_label: bool = False


@lru_cache(REMEMBERED)
def list_parts(text: str) -> tuple[Part, ...]:
    r"""Return the parts of a prompt that have a heading, in order.

    >>> [part.kind for part in list_parts("Context:\nA text.\n\nHere is my question: Who?\nAnswer:")]
    ['context', 'question', 'answer']
    >>> [part.kind for part in list_parts("=== BEGIN DOCUMENT ===\nA text.\n=== END DOCUMENT ===\nWho?")]
    ['context', 'rest']
    """
    pattern, lowered = HEAD.choose(text)
    start, found = 0, list[Part]()
    signs = [*filter(text.__contains__, SIGNS)]
    for line in text.split("\n"):
        holds_sign = any(map(line.__contains__, signs))
        may_be_marked = line[:1] in OPENING and line[-1] in CLOSING
        may_begin = not _begins_no_part(line) if holds_sign else may_be_marked
        if may_begin and holds_sign and (head := pattern.match(lowered, start)):
            group = next(filter(head.__getitem__, ("question", "context", "answer")))
            kind = kind_below(head[0]) or cast("Kind", group)
            found.append(Part(start, head.end(), kind, head[group].lower(), is_label=True))
        elif may_begin and (part := _find_part(line, start)):
            found.append(part)
        start += len(line) + 1
    return tuple(found)


def _find_part(line: str, start: int) -> Part | None:
    """Return the part whose heading a line is, or begins with; None if there is none."""
    if (
        line[:1] in OPENING
        and line[-1] in CLOSING
        and len(line) <= LONGEST
        and _may_be_name(line)
        and (found := MARKED.fullmatch(line))
    ):
        words = words_of(found["name"].lower())
        known = NAMED if line[0] == "*" else PRESENTING
        kind = _kind_of_name(words) if known.issuperset(words) else None
        if kind and _is_among_signs(line, found["name"]):
            return Part(start, start + len(line), "rest" if found["end"] else kind, found["name"].lower())
    if "elow" in line and (below := BELOW.match(line)):
        kind = kind_below(below[1])
        return Part(start, start + below.end(), kind, below[1].lower()) if kind else None
    colon = line.find(":", 0, LONGEST)
    if not line.isascii() and (wide := line.find("：", 0, LONGEST)) >= 0:
        colon = min(colon, wide) if colon >= 0 else wide
    key = line[: max(0, colon)].strip(KEY_SIGNS)
    if colon < 1 or (key.isascii() and key.isalnum()):
        return None
    begin = _find_sentence_start(line, colon)
    kind = kind_below(clause := line[begin:colon])
    return Part(start + begin, start + colon + 1, kind, clause.lower()) if kind else None


def _find_sentence_start(line: str, end: int) -> int:
    """Return the beginning of the last sentence before a place in a line."""
    if line.isascii() and not any(map(line[:end].__contains__, ".!?")):
        return 0
    return max((gap.end() for gap in SENTENCE_END.finditer(line, 0, end)), default=0)


def _may_be_name(line: str) -> bool:
    """Return whether a line's first word may belong to a name between signs."""
    first = LETTERS.match(line)
    return first is not None and (not line.isascii() or first[1].lower() in PRESENTING)


def _kind_of_name(words: list[str]) -> Kind | None:
    return "answer" if ANSWER_NAMES.issuperset(words) else kind_named(words)


def _begins_no_part(line: str) -> bool:
    """Return whether a line has no heading, by the text before its colon; cached, since many lines share it."""
    colon = line.find(":", 0, LONGEST)
    may_be_marked = line[0] in OPENING and line[-1] in CLOSING
    return colon >= 0 and not may_be_marked and "elow" not in line and _is_no_heading(line[: colon + 1])


@lru_cache(KNOWN_HEADS)
def _is_no_heading(head: str) -> bool:
    """Return whether the beginning of a line, up to its colon, is no heading."""
    return HEAD.match(head) is None and _find_part(head, 0) is None


def drop_frames(text: str) -> str:
    r"""Drop sentences at the ends of a text that introduce parts, or appeal; empty if nothing is left.

    >>> drop_frames("Use the text to answer.\nWho was Euler?\nIf you don't know, say that you don't know.\nAnswer:")
    'Who was Euler?'
    """
    first = next((start for start, end in _split_sentences(text) if not is_frame(text[start:end])), len(text))
    return text[first : _find_end(text, first)]


def _find_end(text: str, first: int) -> int:
    """Return the end of the last sentence that is kept."""
    tail = max(first, len(text) - SEARCHED_CHARACTERS)
    near = max(tail, len(text) - LAST_SEARCHED)
    if near > tail:
        behind = [*_split_sentences(text, near)][:0:-1]  # the first one may begin earlier
        if end := next((end for start, end in behind if not is_frame(text[start:end])), 0):
            return end
    behind = [*_split_sentences(text, tail)][::-1]
    return next((end for start, end in behind if not is_frame(text[start:end])), tail)


def _split_sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the start and end of the sentences and lines of a text."""
    gaps = UNSPACED_GAPS if any(map(text.__contains__, "。！？")) else GAPS
    for gap in gaps.finditer(text, start):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def is_frame(sentence: str) -> bool:
    """Return whether a sentence introduces parts of a prompt, or appeals, and is no question."""
    if not any(map(str.isalnum, sentence)):
        return sentence.isspace() or not sentence
    if (head := HEAD.match(sentence)) and head.end() == len(sentence):
        return bool(head["answer"])
    if sentence[-1] == ":":
        return presents_parts(sentence[:-1].lower()) and kind_below(sentence[:-1]) in (None, "answer")
    return presents_parts(sentence.lower()) or is_appeal(sentence)


def _is_among_signs(line: str, name: str) -> bool:
    return (
        line[-1] not in ".!?,;"
        and sum(not each.isspace() for each in line.replace(name, "", 1)) >= LEAST_SIGNS
    )
