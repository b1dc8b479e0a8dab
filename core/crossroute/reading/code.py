"""Find source code in a text without a code fence: a file, a diff, a numbered listing, a stack trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossroute.patterns import lazy

LEAST_LINES, LEAST_CHARACTERS = 12, 600
"""Code with fewer lines or characters stays in the question."""

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


def take_code(text: str) -> tuple[str, str]:
    r"""Split a text into the rest and its longest run of lines of code; the code is empty if it is short.

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
