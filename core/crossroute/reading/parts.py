r"""Find the parts of a prompt: by labels, by lines that present what follows, by names among signs."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, cast

from crossroute.patterns import lazy
from crossroute.reading.appeals import is_appeal
from crossroute.reading.framing import (
    ANSWERING,
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
"""A line of one name among signs, such as `[[ ## question ## ]]`, or of what ends a part so named."""

LETTERS = re.compile(r"\W*([^\W\d_]+)")
OPENING, CLOSING = frozenset("[({<=-_~+*"), frozenset("])}>=-_~+*")
LEAST_SIGNS = 2
SEARCHED_CHARACTERS = 2_000
"""Characters at a text's end in which frames are looked for."""

LAST_SEARCHED = 300
"""Characters in which they are looked for first."""

KNOWN_HEADS = 8_192
"""Beginnings of lines that are remembered: those of logs and of fields come again."""

REMEMBERED = 4
"""Texts whose parts are remembered: a text is asked for its own several times."""

SENTENCE_END = re.compile(r"[.!?。！？]\s+")
GAPS = re.compile(r"\s(?:(?<=[.!?]\s)(?<!\d\.\s)\s*|(?:(?<=\n)|\s*\n)\s*)")
"""What stands between sentences and lines."""
UNSPACED_GAPS = lazy(r"(?<=[.!?])(?<!\d\.)\s+|(?<=[。！？])\s*|\s*\n\s*")
"""The same where no blank need stand between them."""

BELOW = re.compile(r"([^.!?\n]{0,200}\b[Bb]elow[^.!?\n]{0,80})\.(?=\s|\Z)")
KEY_SIGNS = " -\"'*"
"""Signs around the one word of a key, which is no head."""

SIGNS = (*HEAD_SIGNS, "elow")
"""A line that is no name among signs begins a part only if it holds one of these."""


class Part(NamedTuple):
    """A part of a prompt.

    Attributes:
        start: Where its head begins.
        body: Where it begins, behind its head.
        kind: What its head calls it; "rest" behind the end of another.
        name: Its head.
        is_label: Whether its head is a label, and no sentence or line of signs.
    """

    start: int
    body: int
    kind: Kind
    name: str
    is_label: bool = False


@lru_cache(REMEMBERED)
def parts_in(text: str) -> tuple[Part, ...]:
    r"""Return the parts of a prompt that begin with a head, in the order of the text.

    >>> [part.kind for part in parts_in("Context:\nA text.\n\nHere is my question: Who?\nAnswer:")]
    ['context', 'question', 'answer']
    >>> [part.kind for part in parts_in("=== BEGIN DOCUMENT ===\nA text.\n=== END DOCUMENT ===\nWho?")]
    ['context', 'rest']
    """
    pattern, told = HEAD.reading(text)
    start, found = 0, list[Part]()
    signs = [*filter(text.__contains__, SIGNS)]
    for line in text.split("\n"):
        holds_sign = any(map(line.__contains__, signs))
        may_be_marked = line[:1] in OPENING and line[-1] in CLOSING
        may_begin = not _is_of_none(line) if holds_sign else may_be_marked
        if may_begin and holds_sign and (head := pattern.match(told, start)):
            group = next(filter(head.__getitem__, ("question", "context", "answer")))
            kind = kind_below(head[0]) or cast("Kind", group)
            found.append(Part(start, head.end(), kind, head[group].lower(), is_label=True))
        elif may_begin and (part := _part_at(line, start)):
            found.append(part)
        start += len(line) + 1
    return tuple(found)


def _part_at(line: str, start: int) -> Part | None:
    """Return the part whose head a line begins with, or is."""
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
    begin = _last_begin(line, colon)
    kind = kind_below(said := line[begin:colon])
    return Part(start + begin, start + colon + 1, kind, said.lower()) if kind else None


def _last_begin(line: str, end: int) -> int:
    """Return where the last sentence begins before a place in a line."""
    if line.isascii() and not any(map(line[:end].__contains__, ".!?")):
        return 0
    return max((gap.end() for gap in SENTENCE_END.finditer(line, 0, end)), default=0)


def _may_be_name(line: str) -> bool:
    """Return whether the first word of a line may be one of a name among signs."""
    first = LETTERS.match(line)
    return first is not None and (not line.isascii() or first[1].lower() in PRESENTING)


def _kind_of_name(words: list[str]) -> Kind | None:
    return "answer" if ANSWERING.issuperset(words) else kind_named(words)


def _is_of_none(line: str) -> bool:
    """Return whether a line begins no part by what stands before its colon, as thousands of lines may."""
    colon = line.find(":", 0, LONGEST)
    may_be_marked = line[0] in OPENING and line[-1] in CLOSING
    return colon >= 0 and not may_be_marked and "elow" not in line and _leads_to_none(line[: colon + 1])


@lru_cache(KNOWN_HEADS)
def _leads_to_none(head: str) -> bool:
    """Return whether the beginning of a line, its colon included, is the head of no part; remembered by head."""
    return HEAD.match(head) is None and _part_at(head, 0) is None


def drop_frames(text: str) -> str:
    r"""Return a text without sentences at its ends that present parts, or appeal; empty if nothing is left.

    >>> drop_frames("Use the text to answer.\nWho was Euler?\nIf you don't know, say that you don't know.\nAnswer:")
    'Who was Euler?'
    """
    first = next((start for start, end in _sentences(text) if not is_frame(text[start:end])), len(text))
    return text[first : _last_end(text, first)]


def _last_end(text: str, first: int) -> int:
    """Return where the last sentence ends that is no frame."""
    tail = max(first, len(text) - SEARCHED_CHARACTERS)
    near = max(tail, len(text) - LAST_SEARCHED)
    if near > tail:
        behind = [*_sentences(text, near)][:0:-1]  # the first one may have begun before
        if end := next((end for start, end in behind if not is_frame(text[start:end])), 0):
            return end
    behind = [*_sentences(text, tail)][::-1]
    return next((end for start, end in behind if not is_frame(text[start:end])), tail)


def _sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield where the sentences and lines of a text begin and end."""
    gaps = UNSPACED_GAPS if any(map(text.__contains__, "。！？")) else GAPS
    for gap in gaps.finditer(text, start):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def is_frame(sentence: str) -> bool:
    """Return whether a sentence presents parts of a prompt, or appeals, and asks nothing."""
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
