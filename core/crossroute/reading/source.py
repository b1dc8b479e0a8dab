r"""Take off what a text is wrapped in as in source code: a string in a statement, a comment, a request, a field.

Only a text that is nothing else is changed, and only where what it holds are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from crossroute.patterns import lazy

LEAST_BLANKS = 2
"""What is in a string, a comment or a field are words if it has so many blanks: else it is a value."""

CLOSING = frozenset("\"'`);}/>")
"""What one line of source code ends with, but for some comments, addresses and fields."""

_QUOTED = r"[fru]?(?P<quote>\"{3}|'{3}|[\"'`])(?P<said>.*)(?P=quote)"
_ASKING = "query|question|prompt|text|message|content|input|instruction|q"
WRAPS = (
    lazy(
        rf"\s*(?:(?:const|let|var|export|set|local)\s+)?[\w.$]{{1,30}}\s*:?=\s*{_QUOTED}\s*;?\s*\Z", re.DOTALL
    ),
    lazy(
        r"\s*(?:print(?:ln|f)?|echo|puts|(?:console|logger)\.\w+|log|input|prompt|ask|query|chat|complete|invoke|llm|gpt|alert"
        rf"|(?:model|client|chain|agent|llm|fmt|System\.out)\.\w+)\s*\(?\s*{_QUOTED}\s*\)?\s*;?\s*\Z",
        re.DOTALL,
    ),
    lazy(
        r"\s*curl\b.*?(?:-d|--data(?:-raw|-binary)?|--json)\s+(?P<quote>['\"])(?P<said>.*)(?P=quote)[^'\"]*\Z",
        re.DOTALL,
    ),
    lazy(r"\s*/\*+(?P<said>.*?)\*+/\s*\Z", re.DOTALL),
    lazy(r"\s*<!--(?P<said>.*?)-->\s*\Z", re.DOTALL),
    lazy(r"\s*(?:///?|--|;;|%|REM\b)[ \t]+(?P<said>[^\n]+)\Z"),
    lazy(r"\s*(?:<[\w:.-]+>\s*)?<!\[CDATA\[(?P<said>.*?)\]\]>(?:\s*</[\w:.-]+>)?\s*\Z", re.DOTALL),
    lazy(r"\s*<[\w:.-]+\s+[\w:.-]+=\"(?P<said>[^<>]+)\"\s*/?>\s*\Z"),
    lazy(r"\s*\[[\w .-]+\]\s*\n\s*[\w.-]+\s*=\s*(?P<said>[^\n]+)\Z"),
    lazy(
        r"\s*(?:GET|POST|PUT|PATCH)\s+\S+(?:\s+HTTP/[\d.]+)?\n(?:[\w-]+:[^\n]*\n)+\n+(?P<said>\S.*)\Z",
        re.DOTALL,
    ),
    lazy(
        r"\s*\\(?:text\w{0,2}|emph|mathrm|mbox|(?:sub)*section\*?|title|paragraph)\{(?:\\\w+\s)*(?P<said>.*)\}\s*\Z",
        re.DOTALL,
    ),
    lazy(r"\s*\w{1,20}:\s*[|>][+-]?\s*\n(?P<said>.*)\Z", re.DOTALL),
)
ADDRESS = lazy(rf"\s*(?:https?://\S+|/\S*)[?&](?:{_ASKING})=(?P<said>[^&]+?)(?:&\w+=[^&\s]*)*\s*\Z")


def read_source(text: str) -> str:
    r"""Return the words that a text of source code holds and nothing else; empty where it does not.

    >>> read_source('print("What is the capital of Chile?")'), read_source("/* What is it all for? */")
    ('What is the capital of Chile?', 'What is it all for?')
    >>> read_source("/search?q=What+is+the+capital+of+Chile"), read_source('name = "Ann"')
    ('What is the capital of Chile', '')
    """
    words = (said for said in _held(text) if said.count(" ") >= LEAST_BLANKS and any(map(str.isalpha, said)))
    return next(words, "")


def _held(text: str) -> Iterator[str]:
    for wrap in WRAPS:
        if found := wrap.match(text):
            yield found["said"].strip()
    if found := ADDRESS.match(text):
        yield unquote_plus(found["said"])
