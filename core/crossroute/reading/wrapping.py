"""Remove what a whole text is wrapped in: a chat template's tokens, HTML tags, JSON, a code fence, source code.

Source code (a string in a statement, a comment, a request, a field) is unwrapped only if it is the whole text and
contains words.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.payloads import read_json

MOST_LAYERS = 4
"""Most wrappers that are removed."""

_TEMPLATE = (
    r"<\|[a-z_]{2,24}\|>(?:(?:system|user|assistant|human)(?=<\|end_header_id\|>|\n))?"
    r"|<(?:start|end)_of_turn>(?:user|model)?|\[/?INST\]|<</?SYS>>|\[/?SYSTEM_PROMPT\]|</?s>"
)
TEMPLATE = lazy(_TEMPLATE)
"""Special tokens of chat templates."""

TEMPLATE_APART = lazy(rf"(?:\A|\n|[.?!。？！]\s?)\s*(?:{_TEMPLATE})")
"""Such a token that is no part of a sentence."""

TEMPLATE_MARKS = ("<|", "INST]", "_turn>", "SYS>>", "SYSTEM_PROMPT]", "</s>")
"""Substrings of which every such token has one."""

EDGE_CHARACTERS = 120
"""Characters at the end of a text that are searched for lines of signs and for placeholders."""

_PAGE = (
    r"</?(?:html|body|head|div|p|span|b|i|u|em|strong|font|center|br|h[1-6]|ul|ol|li|table|tbody|thead|tr|td|th"
    r"|blockquote|section|article|main|pre|a)(?:\s[^<>]*)?/?>|<!doctype[^<>]*>"
)
UNREAD = lazy(
    r"<(head|script|style|footer|nav|noscript|button|svg)(?:\s[^<>]*)?>.*?</\1>|<!--.*?-->",
    re.IGNORECASE | re.DOTALL,
)
"""Parts of a page that are not read."""

PAGE = lazy(_PAGE, re.IGNORECASE)
"""A tag of a page."""

AROUND_PAGE = AnyCase(rf"\s*(?:{_PAGE}).*(?:{_PAGE})\s*\Z", re.DOTALL)
ELEMENT = lazy(r"\s*(?:<\?xml[^<>]*\?>\s*)?<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>(.*)</\1>\s*\Z", re.DOTALL)
SOLE_FENCE = lazy(
    r"\s*(```|~~~|\"\"\"|''')(?:text|txt|plain|markdown|md|prompt)?[ ]*\n(.*?)\n?\1\s*\Z", re.DOTALL
)
PROSE = lazy(r"(?:[^\n]*?\b[^\W\d_]{2,}\b[ ,]){2}|[^\n]{0,40}[\u2e80-\uffef]")
"""Several words, or a script without spaces, in the first line."""

SPOKEN = AnyCase(r"\s*(?:user|human)\s*:\s*(?P<said>.*?)\s*(?:assistant|ai|model|bot)\s*:\s*\Z", re.DOTALL)
"""A text with one user turn and an empty answer."""

LABELLED = AnyCase(
    r"\s*(?:(?:system\s*:|below is an instruction that)[^\n]*\n+)?#{0,6}[ *]*(?:here is |here's )?(?:my |the |user )?"
    rf"(?:{wordings.HEADS})\*{{0,2}}\s*(?:[:：]\*{{0,2}}|(?<=[a-z])(?=\n))\s*"
)
"""Heading of a question at the beginning of a text."""

ANSWER_BELOW = AnyCase(rf"\n\s*#{{0,6}}[ *]*(?:{wordings.ANSWERS})[ *]*[:：][ *]*\Z")
"""Heading of an answer at the end of a text."""

LABEL_SIGNS = (":", "：", "\n")
"""Characters of which every heading has one."""

LABEL = AnyCase(rf"(?m)^[#*> ]*(?:{wordings.HEADS}|{wordings.ANSWERS}|\w+)[ *]*[:：]|^#")
"""A heading of any name."""

EMPHASIZED = lazy(r"\s*(?:#{1,6} +)?(\*{1,3}|_{2,3}|~~)(?=\S)([^*_~]+)(?<=\S)\1\s*\Z|\s*#{1,6} +([^\n]+)\Z")
"""A text that is emphasized or a heading as a whole."""

MAIL = AnyCase(
    rf"\s*(?:[-_=]{{3,}}[^\n]{{0,40}}[-_=]{{3,}}\s*\n)?(?:(?:{wordings.MAIL_FIELDS})\s*:[^\n]*\n+){{1,8}}(?=\S)"
    r"|\s*(?:on|am|le|el|il|em) [^\n]{6,110}(?:wrote|schrieb[^\n:]*|écrit|escribió|scritto|escreveu)\s*:\s*\n"
)
"""Header of a mail, or the line above a quoted mail."""

BEGIN_DOCUMENT = r"\begin{document}"
DOCUMENT = lazy(r"\s*(?:\\documentclass[^\n]*\n)?\s*\\begin\{document\}(.*)\\end\{document\}\s*\Z", re.DOTALL)
RULE_ABOVE = lazy(r"\A(?:\s*(?:[-=_*#~+]{4,}|---)[ ]*\n)+")
RULE_BELOW = lazy(r"(?:\n[ ]*(?:[-=_*#~+]{4,}|---)\s*)+\Z")
STAMP = lazy(
    r"\s*\[?\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)"
    r"(?!:?\d)(?:\][ :-]*|(?:[ :-](?! *[a-z]))+)(?=\S)"
)
"""A date or time at the beginning of a text."""

SOLE_NUMBER = lazy(
    r"\s*(?:1[.)]|[•●▪-])\s+(?=[^\W\d_])(?!.*^\s*(?:2[.)]|[•●▪-])\s)", re.DOTALL | re.MULTILINE
)
"""The number or bullet of a list with one item."""

_MEDIUM = r"images?|pictures?|photos?|screenshots?|files?|videos?|audio|attachments?|documents?|pdf|media|user uploaded"
_PLACEHOLDER = (
    rf"\[(?:{_MEDIUM})\b[^\]\n]{{0,120}}\](?!\()|!\[[^\]\n]*\]\([^)\n]*\)"
    rf"|<(?:{_MEDIUM}|img)\b[^<>\n]*/?>"
)
FIRST_PLACEHOLDER = lazy(rf"\A\s*(?:(?:{_PLACEHOLDER}|@[\w./-]+\.\w{{1,5}}(?=\s))\s*)+", re.IGNORECASE)
LAST_PLACEHOLDER = lazy(rf"(?:\s*(?:{_PLACEHOLDER}))+\s*\Z", re.IGNORECASE)
"""Placeholders for attached pictures and files, at the ends of a text."""

CLOSING_PLACEHOLDERS = "])>"
"""Last characters of placeholders."""

LEAST_BLANKS = 2
"""Spaces from which a string, a comment or a field contains words; else it is a value."""

CLOSING = frozenset("\"'`);}/>]")
"""Last characters of a line of source code, but for some comments, addresses and fields."""

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
"""Source code whose only content is `said`: assignments, calls, requests, comments, elements, fields."""

ADDRESS = lazy(rf"\s*(?:https?://\S+|/\S*)[?&](?:{_ASKING})=(?P<said>[^&]+?)(?:&\w+=[^&\s]*)*\s*\Z")
"""An address with a question as a parameter."""


def unwrap(text: str) -> str:
    r"""Remove the wrappers of a whole text; unchanged if nothing would be left.

    >>> unwrap("<html><body><p>Who was Euler?</p></body></html>"), unwrap("[INST] Who was Euler? [/INST]")
    ('Who was Euler?', 'Who was Euler?')
    >>> unwrap('{"role": "user", "content": "Who was Euler?"}'), unwrap("```\nWho was Euler?\n```")
    ('Who was Euler?', 'Who was Euler?')
    >>> unwrap("How is <b>this</b> written?"), unwrap("```\nx = f(1)\n```")
    ('How is <b>this</b> written?', '```\nx = f(1)\n```')
    """
    for _ in range(MOST_LAYERS):
        inner = _drop_layer(text)
        if inner == text or not any(map(str.isalnum, inner)):
            break
        text = inner
    return text


def _drop_layer(text: str) -> str:
    return _drop_placeholders(text) or _drop_wrapper(text)


def _drop_placeholders(text: str) -> str:
    """Remove the placeholders at the ends of a text; empty if there are none, or little else."""
    if (text[:1].isalnum() and text[-1:] not in CLOSING_PLACEHOLDERS) or "</" in text:
        return ""
    rest = FIRST_PLACEHOLDER.sub("", text)
    last = LAST_PLACEHOLDER.search(rest, max(0, len(rest) - EDGE_CHARACTERS))
    rest = rest[: last.start()] if last else rest
    return rest if rest != text and " " in rest else ""


def _drop_wrapper(text: str) -> str:
    if any(map(text.__contains__, TEMPLATE_MARKS)) and TEMPLATE_APART.search(text):
        return TEMPLATE.sub("\n\n", text).strip()
    start = text.lstrip()[:1]
    if (start in ("{", "[") or "\n{" in text or "\n[" in text) and (question := read_json(text)):
        return question
    if start == "<" and (inner := _drop_tags(text)):
        return inner
    if inner := read_source(text) or _read_markup(text):
        return inner
    if head := STAMP.match(text) or SOLE_NUMBER.match(text):
        return text[head.end() :]
    return _drop_mail(_drop_rules(text)) if "\n" in text or start == ">" else text


def _read_markup(text: str) -> str:
    """Return what a fence, a LaTeX document, emphasis or headings of a question and an answer contain; else empty."""
    if (found := SOLE_FENCE.match(text)) and PROSE.match(found[2]):
        return found[2].strip()
    document = DOCUMENT.match(text) if BEGIN_DOCUMENT in text else None
    if found := document or EMPHASIZED.match(text):
        return found[found.lastindex or 0].strip()
    if found := SPOKEN.match(text):
        said = text[slice(*found.span("said"))].strip()
        if not LABEL.search(said):  # no further turns
            return said
    return _read_under_heading(text) if any(map(text.__contains__, LABEL_SIGNS)) else ""


def _read_under_heading(text: str) -> str:
    """Return the text between the heading of a question and that of an answer; empty if there are other headings."""
    head = LABELLED.match(text)
    if not head or head.end() == len(text):
        return ""
    below = ANSWER_BELOW.search(text, head.end() + 1)
    said = text[head.end() : below.start() if below else len(text)]
    return "" if LABEL.search(said) else said.strip()


def _drop_mail(text: str) -> str:
    """Remove the header of a mail, or the quotation marks if all lines have one."""
    if head := MAIL.match(text):
        return text[head.end() :]
    if ">" not in text:
        return text
    lines = text.split("\n")
    quoted = [line[2:] for line in lines if line.startswith("> ") or line == ">"]
    return "\n".join(quoted) if len(quoted) == len(list(filter(None, lines))) else text


def _drop_tags(text: str) -> str:
    """Return the words of an HTML page, or the content of one element that is the whole text; else empty."""
    if AROUND_PAGE.match(text):
        return PAGE.sub("\n", UNREAD.sub("\n", text)).strip()
    element = ELEMENT.match(text)
    return element[2].strip() if element and f"<{element[1]}" not in element[2] else ""


def _drop_rules(text: str) -> str:
    """Remove lines of signs at the beginning and end of a text."""
    if above := RULE_ABOVE.match(text):
        text = text[above.end() :]
    below = RULE_BELOW.search(text, max(0, len(text) - EDGE_CHARACTERS))
    return text[: below.start()] if below else text


def read_source(text: str) -> str:
    r"""Return the words in a text of source code that contains nothing else; empty for any other text.

    >>> read_source('print("What is the capital of Chile?")'), read_source("/* What is it all for? */")
    ('What is the capital of Chile?', 'What is it all for?')
    >>> read_source("/search?q=What+is+the+capital+of+Chile"), read_source('name = "Ann"')
    ('What is the capital of Chile', '')
    """
    words = (
        said
        for said in _find_strings(text)
        if said.count(" ") >= LEAST_BLANKS and any(map(str.isalpha, said))
    )
    return next(words, "")


def _find_strings(text: str) -> Iterator[str]:
    """Yield the content of each kind of source code that a text may be."""
    for wrap in WRAPS:
        if found := wrap.match(text):
            yield found["said"].strip()
    if found := ADDRESS.match(text):
        yield unquote_plus(found["said"])
