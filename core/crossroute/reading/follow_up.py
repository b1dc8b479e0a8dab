"""Tell a text that says nothing by itself: a follow-up, whose referent tells what it asks."""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re

from crossroute.reading import wordings
from crossroute.reading.sections import WORD

FOLLOW_UP_CHARACTERS = 120
UNSPACED_CHARACTERS = 4
"""A text that is neither English nor longer than this says little of its own, such as "go on" in Chinese."""
ENDS = " .!?…。？！؟،-"
CHOICE = re.compile(
    r"(?i)\W*|\W*(?:(?:option|number|no\.?|choice|answer|nummer|opción|the) )?(?:[a-j]|\d{1,2})\W*"
)
CLAUSE = re.compile(r"[,.!?;:\n，。！？；]+")


def is_follow_up(text: str, content_words: int = 2) -> bool:
    """Return whether a text says so little of its own that only what it refers to tells what it asks.

    Args:
        text: A normalized text.
        content_words: Words with content that it may have at most where others point to what came before.

    >>> [is_follow_up(text) for text in ("Go on.", "Fix it", "And the second one?", "mach weiter", "继续")]
    [True, True, True, True, True]
    >>> [is_follow_up(text) for text in ("What is 2 + 2?", "Thanks!", "Capital of France?", "法国的首都是哪里?")]
    [False, False, False, False]
    """
    if len(text) > FOLLOW_UP_CHARACTERS:
        return False
    if content_words > 1 and (text.strip(ENDS).lower() in wordings.FOLLOW_UPS or is_choice(text)):
        return True
    words = own_words(text)
    if content_words > 1 and not text.isascii() and len(words) == 1 and len(words[0]) <= UNSPACED_CHARACTERS:
        return True
    content = len(content_of(words))
    points = not wordings.POINTING.isdisjoint(words)
    return bool(words) and (content == 0 or (points and content <= min(content_words, len(words) // 3)))


def is_choice(text: str) -> bool:
    """Return whether a text picks one of what was offered, or is a mere sign.

    >>> [is_choice(text) for text in ("B", "(2)", "option 3", "👍", "?", "Hi", "42 * 17")]
    [True, True, True, True, True, False, False]
    """
    return CHOICE.fullmatch(text) is not None


def own_words(text: str) -> list[str]:
    """Return a text's words but for those of clauses that greet, thank or praise."""
    clauses = [WORD.findall(clause) for clause in CLAUSE.split(text.lower())]
    return [word for clause in clauses if wordings.COURTESIES.isdisjoint(clause) for word in clause]


def content_of(words: list[str]) -> list[str]:
    """Return the words that have content of their own."""
    return [word for word in words if word not in wordings.FILLERS]
