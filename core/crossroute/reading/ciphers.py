r"""Decode a text that is wholly in a simple code: numbers of its bytes, Morse, base32, rot13, or written backwards.

A model decodes such a text, so its difficulty is that of its content. Common English words decide: a text with one of
them is not in code, and a decoded text must have several.
"""

# ruff: noqa: E501, RUF001, SIM905 - letters turned upside down, and a list of words

from __future__ import annotations

import base64
import binascii
import codecs
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from crossroute.patterns import LETTER_RUN, lazy, letters_of
from crossroute.reading import wordings

COMMON = frozenset(
    (
        "the and of to is in what for that with are how this you by from which why who when where does can my your it at"
        " were has have will not explain write please"
    ).split()
)
"""Common English words."""

CODED = frozenset(each.encode() for word in COMMON for each in (codecs.encode(word, "rot13"), word[::-1]))
"""The common words in rot13, and backwards."""

KNOWN = COMMON | frozenset(word for word in wordings.FILLERS if len(word) > 2)
"""Words that no text in code contains. Shorter words are left out, since they occur by chance."""

LEAST_WORDS = 4
"""Least words of a text in rot13 or backwards."""

LEAST_COMMON, COMMON_SHARE = 2, 0.15
"""Least number of common words in a decoded text, and their least share."""

LONGEST = 20_000
"""Most characters of a text that is decoded."""

LEAST_CHARACTERS, LETTERS_SHARE = 8, 0.8
"""Least characters decoded from numbers, base32 or Morse, and their least share of letters and white space."""

NUMBERS = lazy(r"(?:(?:0[bxo])?[0-9a-fA-F]{2,8}[\s,;]+){7,}(?:0[bxo])?[0-9a-fA-F]{2,8}\s*")
"""Bytes as numbers in base 2, 8, 10 or 16."""

OCTALS = lazy(r"(?:\\[0-3][0-7]{2}){8,}")
"""Bytes as octal escapes."""

BASE32 = lazy(r"[A-Z2-7]{24,}=*")
MORSE_SIGNS = frozenset(".-/| \n·−–_")
MORSE = dict(
    zip(
        (
            ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
            " ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. ..--.. .-.-.- --..-- -....-"
        ).split(),
        string.ascii_lowercase + string.digits + "?.,-",
        strict=True,
    )
)
MORSE_VARIANTS = str.maketrans("·−–_|", ".---/")
TURNED = str.maketrans("ɐqɔpǝɟƃɥᴉɾʞʃɯuodbɹsʇnʌʍxʎz", "abcdefghijklmnopqrstuvwxyz")
"""Letters turned upside down -> letters."""

TURNED_LETTER = lazy("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")
LEAST_TURNED = 4
"""Least letters that are turned upside down."""

CAMEL = lazy(r"(?<=[a-z])(?=[A-Z])")
"""A boundary between words in camel case."""

SEPARATORS, TAGS = frozenset("_.+/,;|~*-&=:"), frozenset("#@*~_-+")
"""Characters that may stand for spaces, and that may be put before every word."""


def read_cipher(text: str) -> str:
    r"""Return the content of a text that is wholly in code; any other text unchanged.

    >>> read_cipher("Gur pncvgny bs Puvyr vf jung?"), read_cipher("?elihC fo latipac eht si tahW")
    ('The capital of Chile is what?', 'What is the capital of Chile?')
    >>> read_cipher("01010111 01101000 01101111 00100000 01110111 01100001 01110011 00100000 01101000 01100101")
    'Who was he'
    >>> read_cipher("What_is_the_capital_of_Chile?"), read_cipher("#What #is #the #capital?")
    ('What is the capital of Chile?', 'What is the capital?')
    >>> read_cipher("12 47 99 31 10 45 62 81 77"), read_cipher("Sort quickly: tac, gip, dna")
    ('12 47 99 31 10 45 62 81 77', 'Sort quickly: tac, gip, dna')
    """
    return decode(text) if may_be_cipher(text.lower().split()) else text


def decode(text: str) -> str:
    """Return the content of a text without common words; the text itself if no code fits."""
    if len(text) > LONGEST:
        return text
    return next(filter(None, map(_decode_prose, _decode_bytes(text))), "") or next(
        filter(_has_common_words, _decode_letters(text)), text
    )


def may_be_cipher(words: Iterable[str]) -> bool:
    """Return whether a text may be in code: none of its words is common.

    Args:
        words: Its words, in lower case.
    """
    return KNOWN.isdisjoint(words)


def _decode_bytes(text: str) -> Iterator[bytes]:
    """Yield the bytes that a text of numbers, of base32 or of Morse code may stand for."""
    if NUMBERS.fullmatch(text):
        numbers = re.split(r"[\s,;]+", text.strip())
        yield from (_to_bytes(numbers, base) for base in (2, 8, 10, 16))
    if OCTALS.fullmatch(text):
        yield _to_bytes(text[1:].split("\\"), 8)
    if BASE32.fullmatch(text):
        digits = text.rstrip("=")
        with suppress(binascii.Error):
            yield base64.b32decode(digits + "=" * (-len(digits) % 8))
    if MORSE_SIGNS.issuperset(text):
        words = text.translate(MORSE_VARIANTS).replace("\n", "/").split("/")
        spoken = ("".join(MORSE.get(letter, "") for letter in word.split()) for word in words)
        yield " ".join(spoken).capitalize().encode()


def _to_bytes(numbers: list[str], base: int) -> bytes:
    try:
        return bytes(int(each, base) for each in numbers)
    except ValueError:
        return b""


def _decode_prose(content: bytes) -> str:
    """Decode UTF-8; empty if the text is short or not mostly letters and white space."""
    text = content.decode("utf-8", "replace")
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return text if len(text) >= LEAST_CHARACTERS and letters >= LETTERS_SHARE * len(text) else ""


def _decode_letters(text: str) -> Iterator[str]:
    """Yield texts that may result from replacing letters or separators, or from reversing a text."""
    words = text.split()
    if len(words) == 1:
        signs = Counter(sign for sign in text if sign in SEPARATORS)
        if signs:
            yield text.replace(signs.most_common(1)[0][0], " ")
        yield CAMEL.sub(" ", text)
    elif words and words[0][0] in TAGS and len({word[0] for word in words}) == 1:
        yield " ".join(word[1:] for word in words)
    if not text.isascii() and len(TURNED_LETTER.findall(text)) >= LEAST_TURNED:
        yield from (text.translate(TURNED), text.translate(TURNED)[::-1])
    if len(words) >= LEAST_WORDS and _has_coded_word(text):
        yield codecs.encode(text, "rot13")
        backwards = (text[::-1], " ".join(word[::-1] for word in words))
        # first the one that ends like a sentence
        yield from sorted(backwards, key=lambda each: not each.endswith((".", "?", "!")))


def _has_coded_word(text: str) -> bool:
    """Return whether a text contains a common word in rot13 or backwards."""
    words = letters_of(text) if text.isascii() else map(str.encode, LETTER_RUN.findall(text.lower()))
    return not CODED.isdisjoint(words)


def _has_common_words(text: str) -> bool:
    words = LETTER_RUN.findall(text.lower())
    common = sum(map(COMMON.__contains__, words))
    return common >= LEAST_COMMON and common >= COMMON_SHARE * len(words)
