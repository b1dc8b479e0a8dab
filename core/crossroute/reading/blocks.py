"""Take blocks out of a text: those in tags, and source code with or without a fence.

A block in a tag such as `<question>` is the question. A long one in another tag is context, and so is long code: a
file, a diff, a numbered listing, a stack trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.sections import replace_blocks, says_something

BLOCK_CHARACTERS = 200
"""Least characters of a block in tags that is context."""

NAMED = AnyCase(r" (?:name|type|role|id|label|title|kind)=[\"']?([^\"'<>]+)")
"""An attribute with the name of a block in tags."""

QUESTION_TAG = AnyCase(wordings.QUESTION_TAGS)
INSTRUCTIONS_TAG = AnyCase(r"(?:\b|_)instructions\Z")
"""Tags of instructions: the question only if there is no other one, else its lead."""

CONTEXT_TAG = AnyCase(wordings.CONTEXT)
FENCE = lazy(r"```.*?(?:```|\Z)", re.DOTALL)

LEAST_LINES, LEAST_CHARACTERS = 12, 600
"""Code with fewer lines, unless it is in a fence, or with fewer characters stays in the question."""

MOST_BETWEEN = 1
"""Most other lines in a row within code."""

_MARGIN = r"[ ]*(?:[+-] ?|\d+[ ]?[|:][ ]?)?"
_LINE = (
    r"[\w.\[\]\"']+ (?:[-+*/|:]?=|:=|->|=>) \S.*|[\w.]+\(.*"
    r"|File \".*\", line \d+.*|[│⋮├└]\S*.*|\"{3}.+|'{3}.+|/\*.*|\*/.*|<[/\w!][^<>]*>.*"
)
LINE = lazy(rf"{_MARGIN}(?:{_LINE})")
"""A line of code, recognized by its beginning alone."""

CLOSED_LINE = lazy(
    rf"{_MARGIN}(?:{_LINE}"
    r"|(?:import|from|def|class|return|public|private|static|const|let|var|function|fn|pub|package|struct|using|#include"
    r"|async|await|raise|export|@\w)\b(?!\Z)[^.?]*(?:\.\w[^.?]*)*\Z(?<=[\w(){}\[\]:,\"'*>])(?<!\..)"
    r"|(?:if|elif|else|for|while|try|except|with|switch|case)\b.*[:{(]\Z"
    r"|[)\]}]+[,;]?\Z"
    r"|[\w./-]+\.(?:py|js|ts|java|go|rs|c|h|cpp|rb|md|json|toml|ya?ml):?\Z)"
)
"""A line of code, recognized by its beginning, or by a keyword at its beginning and its end."""

SENTENCE_ENDS = frozenset(".!?")
"""Last characters of a line that is matched with `LINE` only."""

ENDS = frozenset(";{}")
"""Last characters that mark any line as code."""

SIGNS = frozenset('(=;{}:│⋮"')
"""Characters of which every found line of code has one, but for lines with a keyword."""

BLANK = re.compile(r"\s*(?:[+-]|\d+[ ]?[|:])?\s*\Z")
"""A line that is empty apart from the margin of a diff or a listing."""

BLANK_ENDS = frozenset("+-|:")
"""Last characters of such a margin."""


class Blocks(NamedTuple):
    """A text without its blocks, and what is in them.

    Attributes:
        outside: The rest.
        questions: Contents of tags that are named after a question.
        instructions: Contents of tags that are named after instructions.
        context: Long contents of other tags, and long code in fences.
    """

    outside: str
    questions: list[str]
    instructions: list[str]
    context: list[str]


def take_blocks(text: str) -> Blocks:
    r"""Take the blocks in tags and, if none is the question, the code in fences out of a text.

    >>> take_blocks("<task>Who is it?</task><text>A king.</text> Be brief.")
    Blocks(outside='\n\n\n\n Be brief.', questions=['Who is it?'], instructions=[], context=['A king.'])
    """
    blocks = Blocks("", [], [], [])

    def take(block: re.Match[str]) -> str:
        inner, tag = block["inner"].strip(), block["tag"]
        named = NAMED.search(block["says"] or "")
        tag = named[1] if named else tag
        if not inner:
            return " "
        if INSTRUCTIONS_TAG.search(tag):
            blocks.instructions.append(inner)
        elif QUESTION_TAG.search(tag) and says_something(inner):
            blocks.questions.append(inner)
        elif len(inner) >= BLOCK_CHARACTERS or CONTEXT_TAG.fullmatch(tag):
            blocks.context.append(inner)
        else:
            return block[0]
        return "\n\n"

    outside = replace_blocks(text, take)
    if not blocks.questions and "```" in outside:
        outside = FENCE.sub(lambda code: _take_fence(code[0], blocks.context), outside)
    return blocks._replace(outside=outside)


def _take_fence(code: str, context: list[str]) -> str:
    """Add a long block of code to the context, and return the text that replaces it."""
    if len(code) < LEAST_CHARACTERS:
        return code
    context.append(code.strip("`"))
    return "\n\n"


def take_code(text: str) -> tuple[str, str]:
    r"""Split a text into the rest and its longest run of lines of code outside of fences; short code is left in.

    >>> outside, code = take_code("What does it do?\n" + "total = add(total, 1, of=None, at=here, by='hand')\n" * 15)
    >>> outside, code.count("total = add")
    ('What does it do?', 15)
    """
    if (
        len(text) < LEAST_CHARACTERS
        or text.count("\n") < LEAST_LINES
        or not any(map(text.__contains__, SIGNS))
    ):
        return text, ""
    lines = text.split("\n")
    first, last = max(_find_runs(lines), key=lambda run: run[1] - run[0], default=(0, 0))
    code = "\n".join(lines[first:last])
    if last - first < LEAST_LINES or len(code) < LEAST_CHARACTERS:
        return text, ""
    return "\n".join((*lines[:first], "", *lines[last:])).strip(), code


def _find_runs(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line and the line after the last of each run of code; single other lines may be in between."""
    first, last, others = -1, -1, 0
    matches, matches_closed = LINE.match, CLOSED_LINE.match
    for place, line in enumerate(lines):
        end = line[-1:]
        if end in ENDS or (matches if end in SENTENCE_ENDS else matches_closed)(line):
            first, last, others = (place if first < 0 else first), place, 0
        elif (said := line.rstrip()) and (said[-1] not in BLANK_ENDS or not BLANK.match(line)):
            others += 1
        if others > MOST_BETWEEN and first >= 0:
            yield first, last + 1
            first = -1
    if first >= 0:
        yield first, last + 1
