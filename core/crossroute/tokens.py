"""How many tokens a text has, without a tokenizer: pieces of ASCII counted, other scripts at a ratio a character.

A tokenizer first cuts a text into pieces (a word with the blank before it, three digits, a run of signs), and most
pieces of ASCII are one token. Characters of other scripts are a token each, or a part of one, or several, by script
and by the age of the vocabulary. Fitted on tiktoken's cl100k_base and o200k_base over prose, prompts, code and JSON;
`benchmarks/tokens.py` prints what is left: within 15 % on English, code, JSON, Chinese, Japanese, Korean, Hindi and
Arabic.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import Literal

from crossroute.patterns import lazy

Vocabulary = Literal["o200k", "cl100k"]
"""What cuts texts: OpenAI's since gpt-4o, or the one before. Other makers' of today are most like the newer one."""

FOREIGN = lazy(r"[^\x00-\x7f]+")
PIECE = re.compile(
    r"[^\x00-\x7f]+"  # passed over
    r"|([^\s\d])\1{3,15}"  # a ruler, a scream
    r"|[A-Za-z\d]{2}(?=[A-Za-z\d]{24})"  # no word: a key, a digest, DNA
    r"|[._/<(]?[A-Z]?[a-z]{1,9}"
    r"|[A-Z]{1,4}"
    r"|\d{1,3}"
    r"|[!-/:-@\[-`{-~]{1,3}[\r\n]*"
    r"|\s*[\r\n]+"
    r"|[ \t]{2,}"  # indentation; the single blank belongs to the word after it
)

SCRIPTS: tuple[tuple[str, float, float], ...] = (
    ("\x00", 0.0, 0.0),  # ASCII is counted in pieces
    ("\x80", 1.0, 1.0),
    ("À", 0.8, 2.0),  # letters of Latin with a mark
    ("\u0250", 1.5, 1.8),
    ("\u0300", 0.6, 0.6),  # marks
    ("\u0370", 0.4, 1.05),  # Greek
    ("\u0400", 0.29, 0.54),  # Cyrillic
    ("\u0530", 0.31, 2.1),  # Armenian
    ("\u0590", 0.46, 1.2),  # Hebrew
    ("\u0600", 0.38, 0.89),  # Arabic
    ("\u0700", 2.0, 2.0),
    ("\u0900", 0.36, 1.2),  # Devanagari
    ("\u0980", 0.4, 1.5),  # Bengali
    ("\u0a00", 0.6, 2.0),  # Gurmukhi
    ("\u0a80", 0.4, 2.0),  # Gujarati
    ("\u0b00", 0.4, 1.7),  # Oriya, Tamil
    ("\u0c00", 0.47, 2.0),  # Telugu, Kannada
    ("\u0d00", 0.37, 1.8),  # Malayalam
    ("\u0d80", 0.63, 2.2),  # Sinhala
    ("\u0e00", 0.42, 0.98),  # Thai
    ("\u0e80", 1.9, 2.2),  # Lao
    ("\u0f00", 1.5, 2.1),  # Tibetan
    ("\u1000", 0.57, 2.1),  # Burmese
    ("\u10a0", 0.31, 2.1),  # Georgian
    ("\u1100", 2.0, 3.0),  # Ethiopic and others
    ("\u1780", 0.63, 1.7),  # Khmer
    ("\u1800", 2.0, 2.5),
    ("\u1e00", 0.45, 0.95),  # letters of Latin with two marks: Vietnamese
    ("\u2000", 0.8, 0.8),  # dashes, quotes
    ("\u2070", 1.3, 1.5),  # signs of money, arrows, mathematics
    ("\u2e80", 2.0, 2.0),
    ("\u3000", 1.0, 1.0),  # stops and brackets of Chinese and Japanese
    ("\u3040", 0.69, 1.0),  # kana
    ("\u3100", 2.0, 2.5),
    ("\u3400", 2.0, 3.0),  # rare Han characters
    ("\u4e00", 0.76, 1.2),  # Han
    ("\ua000", 2.0, 3.0),
    ("\uac00", 0.74, 1.22),  # Hangul
    ("\ud7b0", 2.0, 3.0),
    ("\uff00", 0.9, 0.9),  # ASCII at full width
    ("\U00010000", 2.5, 2.7),  # emoji, historical scripts
)
"""First character of a script, and tokens a character: of the newer vocabulary, and of the older one."""

TRADITIONAL: dict[Vocabulary, float] = {"o200k": 0.5, "cl100k": 0.75}
"""Tokens more of a Han character that simplified Chinese does not write: the vocabularies hold few words with it."""

_FIRST = [first for first, _, _ in SCRIPTS]

MESSAGE_TOKENS = 4
"""Tokens that frame a message of a conversation."""

MEDIA_TOKENS = 1000
"""What a picture, a sound or a file counts as before its provider says."""

LONGEST = 8192
"""Characters that are counted; of a longer text, as many in slices from all of it."""

SLICES = 16

OLDER = re.compile(r"gpt-?(?:4|35|3\.5)(?:-(?!o\b)|$)")
"""Names of models whose vocabulary is the older one."""


def estimate_tokens(text: str, vocabulary: Vocabulary = "o200k") -> int:
    """Return about how many tokens a language model will read, at least 1.

    >>> estimate_tokens("What is the capital of France?")
    7
    >>> estimate_tokens("भारत की राजधानी क्या है?"), estimate_tokens("भारत की राजधानी क्या है?", "cl100k")
    (8, 24)
    """
    if len(text) <= LONGEST:
        return max(1, round(_count(text, vocabulary)))
    width, step = LONGEST // SLICES, (len(text) - LONGEST // SLICES) / (SLICES - 1)
    slices = (text[start : start + width] for start in (round(step * place) for place in range(SLICES)))
    return round(sum(_count(one, vocabulary) for one in slices) * len(text) / LONGEST)


def vocabulary_of(name: str) -> Vocabulary:
    """Return the vocabulary of a model by its name.

    >>> vocabulary_of("openai/gpt-4-1106-preview"), vocabulary_of("gpt-4o"), vocabulary_of("gpt-4.1")
    ('cl100k', 'o200k', 'o200k')
    """
    return "cl100k" if OLDER.match(name.lower().rpartition("/")[2].rpartition(":")[2]) else "o200k"


def _count(text: str, vocabulary: Vocabulary) -> float:
    if text.isascii():
        return len(PIECE.findall(text))
    others = 0.0
    for character, count in Counter(text).items():
        _, newer, older = SCRIPTS[bisect_right(_FIRST, character) - 1]
        others += count * (newer if vocabulary == "o200k" else older)
        if "\u4e00" <= character < "\ua000" and not _is_simplified(character):
            others += count * TRADITIONAL[vocabulary]
    return len(PIECE.findall(text)) - len(FOREIGN.findall(text)) + others


@lru_cache(8192)
def _is_simplified(character: str) -> bool:
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False
