"""Split a text into blocks in tags, sections with headings, and paragraphs; find inserted text and follow-ups.

Inserted text comes from an agent's harness. A follow-up ("go on") is a text that depends on earlier turns.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.appeals import drop_empty_choices, drop_routing

MOST_TAGS = 400
"""Most tags in a text whose blocks are read; a text with more is a page."""

BLOCK = lazy(r"<(?P<tag>[A-Za-z][\w.-]*)(?P<says> [^<>]*)?>(?P<inner>.*?)</(?P=tag)(?: [^<>]*)?>", re.DOTALL)
HEAD = AnyCase(
    rf"(?m)^(?P<title>#+)?[ >*\d.]*(?![ >*\d.])(?:(?:{wordings.QUALIFIER}) ){{0,2}}"
    rf"(?:(?P<question>{wordings.QUESTION})|(?P<context>{wordings.CONTEXT})|(?P<answer>{wordings.ANSWER}))"
    r"(?: \d+| information| below| is below)*[*]*(?: ?[:：][*]*|(?<=below)\.|(?(title) *$|(?!)))"
)
"""Heading of a section: a question, a context or an answer."""

HEAD_SIGNS = (":", "：", "#", "elow.", "ELOW.")
"""Substrings of which every heading has one."""

LEAST_WORDS = 3
"""Least words of a text that says something."""

PARAGRAPH = re.compile(r"\n\n+")
WORD = re.compile(r"[\w\u0900-\u0963]+(?:['’-]\w+)*")
"""A word, including the vowel signs of Hindi, which Python's `\\w` leaves out."""


INSERTED_CHARACTERS = 10_000
"""Characters from the beginning that are checked for inserted text."""

HARNESS_TAG = lazy(rf"(?:\b|_|(?<=[a-z])(?=[A-Z]))(?i:{wordings.HARNESS_TAGS})(?:\b|_|(?=[A-Z]))")
"""A tag's name that an agent's harness uses."""

HARNESS = AnyCase(rf"[ #*\[(]*(?:{wordings.HARNESS})\b")
SUMMARY = AnyCase(rf"[ #*\[(]*(?:{wordings.SUMMARY})\b")
AUTOMATED = AnyCase(rf"[ #*\[(]*(?:{wordings.AUTOMATED})")
"""Beginnings of paragraphs from a harness, of summaries, and of automated messages."""

LIST_LINE = lazy(r"[-*•\d#]|[A-Z]{4,}|[\w.-]+ ?[:(]")
"""Beginning of a list's line, or of a line with a name and a value."""

FOLLOW_UP_CHARACTERS = 120
"""Most characters of a follow-up."""

NUDGE_CHARACTERS = 600
"""Most characters of a follow-up that only has words about continuing, tasks and tools, as harnesses send to an
agent."""

LEAST_NUDGE = 5
"""Least words of a shorter text of that kind."""

UNSPACED_CHARACTERS = 4
"""Most characters of a follow-up of one word in another script, such as "go on" in Chinese."""

ENDS = " .!?…。？！؟،-"
"""Characters that are stripped from the ends of a follow-up."""

PICK = re.compile(
    r"(?i)\W*|\W*(?:(?:option|number|no\.?|choice|answer|nummer|opción|the) )?(?:[a-j]|\d{1,2})\W*"
)
"""A choice of one of several options, or signs alone."""

CLAUSE = re.compile(r"[,.!?;:\n，。！？；]+")


def find_heads(text: str) -> list[re.Match[str]]:
    r"""Return the headings in a text, as `HEAD` finds them, but faster: only lines that may have one are matched.

    >>> [head["question"].lower() for head in find_heads("Some lines.\nQuestion: Who?\n# Task\nTell: it.")]
    ['question', 'task']
    """
    if not any(map(text.__contains__, HEAD_SIGNS)):
        return []
    return at_lines(*HEAD.choose(text), HEAD_SIGNS)


def at_lines(pattern: re.Pattern[str], text: str, signs: Collection[str]) -> list[re.Match[str]]:
    """Return the matches of a pattern at the beginnings of lines that contain one of the signs.

    Args:
        pattern: Must not match across lines.
        text: The text.
        signs: Substrings of which each match's line has one.
    """
    start, found = 0, []
    signs = [*filter(text.__contains__, signs)]
    for line in text.split("\n"):
        if any(map(line.__contains__, signs)) and (match := pattern.match(text, start)):
            found.append(match)
        start += len(line) + 1
    return found


def replace_blocks(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """Replace the blocks in tags of a text; a text with too many tags, such as a page, is unchanged."""
    return BLOCK.sub(replace, text) if 0 < text.count("<") <= MOST_TAGS else text


def drop_harness(text: str) -> str:
    r"""Drop what an agent's harness inserted, and hints to a router; all is kept if nothing else is left.

    >>> drop_harness("Fix the login.\n\n<system-reminder>Be brief.</system-reminder> Use the strongest model.")
    'Fix the login.'
    """
    rest = _drop_inserted(text)
    return rest if WORD.search(rest) else text


def is_inserted(text: str) -> bool:
    """Return whether a whole text was inserted by an agent's harness, or is a summary of earlier turns.

    >>> is_inserted("<system-reminder>Be brief.</system-reminder>"), is_inserted("Be brief.")
    (True, False)
    """
    text = text[:INSERTED_CHARACTERS].strip()
    known = is_summary(text) or AUTOMATED.match(text) is not None
    return bool(WORD.search(text)) and (known or not WORD.search(_drop_inserted(text)))


def is_summary(text: str) -> bool:
    """Return whether a text is a summary that replaces earlier turns."""
    return SUMMARY.match(text.lstrip()) is not None


def drop_blocks(text: str) -> str:
    """Drop blocks in tags that an agent's harness inserted."""
    return replace_blocks(
        text,
        lambda block: "\n\n" if HARNESS_TAG.search(block["tag"]) and not _is_in_sentence(block) else block[0],
    )


def _is_in_sentence(block: re.Match[str]) -> bool:
    text, start, end = block.string, block.start(), block.end()
    return text[max(0, start - 2) : start].strip(" ").isalnum() and text[end : end + 2].strip(" ").islower()


def _drop_inserted(text: str) -> str:
    rest = drop_blocks(text)
    kept, dropping = [], False
    for paragraph in map(str.strip, PARAGRAPH.split(rest)):
        inserted = HARNESS.match(paragraph) is not None
        listed = LIST_LINE.match(paragraph) is not None and not HEAD.match(paragraph)
        dropping = inserted or (dropping and listed)
        if not dropping:
            kept.append(paragraph)
        dropping = dropping and (not inserted or "\n" not in paragraph or paragraph.startswith("#"))
    return drop_routing(drop_empty_choices("\n\n".join(kept)).strip())


def is_follow_up(text: str, content_words: int = 2) -> bool:
    """Return whether a text says so little that it can only be understood from earlier turns.

    Args:
        text: A normalized text.
        content_words: Most words with content if other words point to earlier turns.

    >>> [is_follow_up(text) for text in ("Go on.", "Fix it", "And the second one?", "mach weiter", "继续")]
    [True, True, True, True, True]
    >>> [is_follow_up(text) for text in ("What is 2 + 2?", "Thanks!", "Capital of France?", "法国的首都是哪里?")]
    [False, False, False, False]
    """
    if len(text) > FOLLOW_UP_CHARACTERS:
        return content_words > 1 and len(text) <= NUDGE_CHARACTERS and not _has_words_beyond_nudges(text)
    if content_words > 1 and (text.strip(ENDS).lower() in wordings.FOLLOW_UPS or is_choice(text)):
        return True
    words = [*list_own_words(text)]
    if (
        content_words > 1
        and "?" not in text
        and len(words) >= LEAST_NUDGE
        and not _has_words_beyond_nudges(text)
    ):
        return True
    if content_words > 1 and words and words[0] in wordings.REWORKING and not content_of(words[1:]):
        return True
    if content_words > 1 and not text.isascii() and len(words) == 1 and len(words[0]) <= UNSPACED_CHARACTERS:
        return True
    content = len(content_of(words))
    points = not wordings.POINTING.isdisjoint(words)
    return bool(words) and (content == 0 or (points and content <= min(content_words, len(words) // 3)))


def _has_words_beyond_nudges(text: str) -> bool:
    return any(
        word not in wordings.NUDGES and word not in wordings.FILLERS for word in WORD.findall(text.lower())
    )


def is_choice(text: str) -> bool:
    """Return whether a text picks one of several options, or consists of signs.

    >>> [is_choice(text) for text in ("B", "(2)", "option 3", "👍", "?", "Hi", "42 * 17")]
    [True, True, True, True, True, False, False]
    """
    return PICK.fullmatch(text) is not None


def list_own_words(text: str) -> Iterator[str]:
    """Yield the words of a text, without clauses that greet, thank or praise."""
    for clause in CLAUSE.split(text.lower()):
        words = WORD.findall(clause)
        if wordings.COURTESIES.isdisjoint(words):
            yield from words


def content_of(words: list[str]) -> list[str]:
    """Return the words with content: no fillers, and no numbers after "option" or the like."""
    return [
        word
        for before, word in zip(("", *words), words, strict=False)
        if word not in wordings.FILLERS and not (word.isdecimal() and before in wordings.NUMBERED)
    ]


def says_something(text: str, words: int = LEAST_WORDS) -> bool:
    """Return whether a text has a few words, or one long word in a script without spaces."""
    for number, word in enumerate(WORD.finditer(text), start=1):
        if number >= words or (len(word[0]) > words and not word[0].isascii()):
            return True
    return False
