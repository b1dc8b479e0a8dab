"""Find source code that stands in a text without a fence: a file, a diff, a listing with numbers, a trace of calls."""

from __future__ import annotations

import re

from crossroute.patterns import lazy

LEAST_LINES = 12
LEAST_CHARACTERS = 600
"""Shorter code is read with the question."""

LEAST_SHARE = 0.7
"""Share of lines that look like code, from the first of them to the last."""

LINE = lazy(
    r"[ ]*(?:[+-] ?|\d+[ ]?[|:][ ]?)?(?:"
    r"(?:import|from|def|class|return|public|private|static|const|let|var|function|fn|pub|package|struct|using|#include"
    r"|async|await|raise|export|@\w)\b(?:[^.?]|\.\w)*[\w(){}\[\]:,\"'*>]\Z"
    r"|(?:if|elif|else|for|while|try|except|with|switch|case)\b.*[:{(]\Z"
    r"|[\w.\[\]\"']+ (?:[-+*/|:]?=|:=|->|=>) \S.*|[\w.]+\(.*\)?[;{,:]?\Z|.*[;{}]\Z|[)\]}]+[,;]?\Z"
    r"|File \".*\", line \d+.*|[│⋮├└]\S*.*|[\w./-]+\.(?:py|js|ts|java|go|rs|c|h|cpp|rb|md|json|toml|ya?ml):?\Z"
    r"|\"{3}.+|'{3}.+|/\*.*|\*/.*|<[/\w!][^<>]*>.*)"
)
SIGNS = frozenset('(=;{}:│⋮"')
"""No line of code that is found is without one of them, but for a few keywords."""

BLANK = re.compile(r"\s*(?:[+-]|\d+[ ]?[|:])?\s*\Z")


def take_code(text: str) -> tuple[str, str]:
    r"""Return a text without its longest run of lines of code, and these; as it is where there are few.

    >>> outside, code = take_code("What does it do?\n" + "total = add(total, 1, of=None, at=here, by='hand')\n" * 15)
    >>> outside, code.count("total = add")
    ('What does it do?', 15)
    """
    if len(text) < LEAST_CHARACTERS or text.count("\n") < LEAST_LINES or SIGNS.isdisjoint(text):
        return text, ""
    lines = text.split("\n")
    coded = [place for place, line in enumerate(lines) if line and LINE.match(line)]
    if len(coded) < LEAST_LINES:
        return text, ""
    first, last = coded[0], coded[-1]
    written = sum(not BLANK.match(line) for line in lines[first : last + 1])
    code = "\n".join(lines[first : last + 1])
    if len(coded) < LEAST_SHARE * written or len(code) < LEAST_CHARACTERS:
        return text, ""
    return "\n".join((*lines[:first], "", *lines[last + 1 :])).strip(), code
