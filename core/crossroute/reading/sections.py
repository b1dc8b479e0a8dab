"""The marks by which a text falls into parts: blocks in tags, heads of sections, paragraphs, words."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Callable

from crossroute.patterns import lazy
from crossroute.reading import wordings

MOST_TAGS = 400
BLOCK = lazy(r"<(?P<tag>[A-Za-z][\w.-]*)(?: [^<>]*)?>(?P<inner>.*?)</(?P=tag)>", re.DOTALL)
HEAD = lazy(
    rf"(?m)^(?P<title>#+)?[ >*\d.]*(?:(?:{wordings.QUALIFIER}) ){{0,2}}"
    rf"(?:(?P<question>{wordings.QUESTION})|(?P<context>{wordings.CONTEXT})|(?P<answer>{wordings.ANSWER}))"
    r"(?: \d+| information| below| is below)*[*]*(?: ?[:：][*]*|(?<=below)\.|(?(title) *$|(?!)))",
    re.IGNORECASE,
)
PARAGRAPH = re.compile(r"\n\n+")
WORD = re.compile(r"\w+(?:['’-]\w+)*")


def replace_blocks(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """Return a text with its blocks in tags replaced; a text of too many tags, such as a page, as it is."""
    return BLOCK.sub(replace, text) if 0 < text.count("<") <= MOST_TAGS else text
