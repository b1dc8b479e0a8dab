"""Find source code that stands in a text without a fence: a file, a diff, a listing with numbers, a trace of calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossroute.patterns import lazy

LEAST_LINES = 12
LEAST_CHARACTERS = 600
"""Shorter code is read with the question."""

MOST_BETWEEN = 1

_MARGIN = r"[ ]*(?:[+-] ?|\d+[ ]?[|:][ ]?)?"
_LINE = (
    r"[\w.\[\]\"']+ (?:[-+*/|:]?=|:=|->|=>) \S.*|[\w.]+\(.*"
    r"|File \".*\", line \d+.*|[│⋮├└]\S*.*|\"{3}.+|'{3}.+|/\*.*|\*/.*|<[/\w!][^<>]*>.*"
)
LINE = lazy(rf"{_MARGIN}(?:{_LINE})")
"""A line of code, whatever stands at its end."""

CLOSED_LINE = lazy(
    rf"{_MARGIN}(?:{_LINE}"
    r"|(?:import|from|def|class|return|public|private|static|const|let|var|function|fn|pub|package|struct|using|#include"
    r"|async|await|raise|export|@\w)\b(?!\Z)[^.?]*(?:\.\w[^.?]*)*\Z(?<=[\w(){}\[\]:,\"'*>])(?<!\..)"
    r"|(?:if|elif|else|for|while|try|except|with|switch|case)\b.*[:{(]\Z"
    r"|[)\]}]+[,;]?\Z"
    r"|[\w./-]+\.(?:py|js|ts|java|go|rs|c|h|cpp|rb|md|json|toml|ya?ml):?\Z)"
)
"""The same, or one that has an end of code."""

SENTENCE_ENDS = frozenset(".!?")
"""What no such end is."""

ENDS = frozenset(";{}")
"""What ends a line of code, whatever stands before it."""

SIGNS = frozenset('(=;{}:│⋮"')
"""No line of code that is found is without one of them, but for a few keywords."""

BLANK = re.compile(r"\s*(?:[+-]|\d+[ ]?[|:])?\s*\Z")
BLANK_ENDS = frozenset("+-|:")


def take_code(text: str) -> tuple[str, str]:
    r"""Return a text without its longest run of lines of code, and these; as it is where there are few.

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
    first, last = max(_runs_of(lines), key=lambda run: run[1] - run[0], default=(0, 0))
    code = "\n".join(lines[first:last])
    if last - first < LEAST_LINES or len(code) < LEAST_CHARACTERS:
        return text, ""
    return "\n".join((*lines[:first], "", *lines[last:])).strip(), code


def _runs_of(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield where runs of lines of code begin and end; lines that are none may stand between, one at a time."""
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
