r"""Read a text that stands in a simple code as a whole: numbers of its bytes, Morse, base32, rot13, written backwards.

A model reads such a text, so its difficulty is that of what it says. That it says something is told by common words
of English: a text that holds one is not in code, and what is decoded must hold several.
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
CODED = frozenset(each.encode() for word in COMMON for each in (codecs.encode(word, "rot13"), word[::-1]))
"""Each of them in rot13, and backwards."""

KNOWN = COMMON | frozenset(word for word in wordings.FILLERS if len(word) > 2)
"""Words of which a text in code holds none; a shorter one may stand in it by chance."""

LEAST_WORDS = 4
LEAST_COMMON, COMMON_SHARE = 2, 0.15
"""Common words in what is decoded: so many, and such a share."""

LONGEST = 20_000
LEAST_CHARACTERS, LETTERS_SHARE = 8, 0.8
"""Characters of what signs stand for, and the share of letters and blanks in it."""

NUMBERS = lazy(r"(?:(?:0[bxo])?[0-9a-fA-F]{2,8}[\s,;]+){7,}(?:0[bxo])?[0-9a-fA-F]{2,8}\s*")
OCTALS = lazy(r"(?:\\[0-3][0-7]{2}){8,}")
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
MORSE_DRESS = str.maketrans("·−–_|", ".---/")
TURNED = str.maketrans("ɐqɔpǝɟƃɥᴉɾʞʃɯuodbɹsʇnʌʍxʎz", "abcdefghijklmnopqrstuvwxyz")
TURNED_LETTER = lazy("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")
LEAST_TURNED = 4
CAMEL = lazy(r"(?<=[a-z])(?=[A-Z])")
SEPARATORS, TAGS = frozenset("_.+/,;|~*-&=:"), frozenset("#@*~_-+")


def read_cipher(text: str) -> str:
    r"""Return what a text says that is in code as a whole; as it is where it is in none.

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
    """Return what a text without common words says as a whole; as it is where it says nothing."""
    if len(text) > LONGEST:
        return text
    return next(filter(None, map(_as_prose, _of_signs(text))), "") or next(
        filter(_has_common_words, _of_letters(text)), text
    )


def may_be_cipher(words: Iterable[str]) -> bool:
    """Return whether a text may be in code, by its words in small letters: none of them is common."""
    return KNOWN.isdisjoint(words)


def _of_signs(text: str) -> Iterator[bytes]:
    """Yield what a text of numbers, of base32 or of Morse's signs stands for."""
    if NUMBERS.fullmatch(text):
        numbers = re.split(r"[\s,;]+", text.strip())
        yield from (_bytes_of(numbers, base) for base in (2, 8, 10, 16))
    if OCTALS.fullmatch(text):
        yield _bytes_of(text[1:].split("\\"), 8)
    if BASE32.fullmatch(text):
        digits = text.rstrip("=")
        with suppress(binascii.Error):
            yield base64.b32decode(digits + "=" * (-len(digits) % 8))
    if MORSE_SIGNS.issuperset(text):
        words = text.translate(MORSE_DRESS).replace("\n", "/").split("/")
        spoken = ("".join(MORSE.get(letter, "") for letter in word.split()) for word in words)
        yield " ".join(spoken).capitalize().encode()


def _bytes_of(numbers: list[str], base: int) -> bytes:
    try:
        return bytes(int(each, base) for each in numbers)
    except ValueError:
        return b""


def _as_prose(content: bytes) -> str:
    """Return what bytes say in letters, for the most part, and blanks; else nothing."""
    text = content.decode("utf-8", "replace")
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return text if len(text) >= LEAST_CHARACTERS and letters >= LETTERS_SHARE * len(text) else ""


def _of_letters(text: str) -> Iterator[str]:
    """Yield what a text of other letters, or of other words, may say."""
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
    if len(words) >= LEAST_WORDS and _holds_coded(text):
        yield codecs.encode(text, "rot13")
        backwards = (text[::-1], " ".join(word[::-1] for word in words))
        yield from sorted(
            backwards, key=lambda said: not said.endswith((".", "?", "!"))
        )  # as a sentence ends


def _holds_coded(text: str) -> bool:
    """Return whether a word of a text is a common one in rot13, or backwards."""
    words = letters_of(text) if text.isascii() else map(str.encode, LETTER_RUN.findall(text.lower()))
    return not CODED.isdisjoint(words)


def _has_common_words(text: str) -> bool:
    words = LETTER_RUN.findall(text.lower())
    common = sum(map(COMMON.__contains__, words))
    return common >= LEAST_COMMON and common >= COMMON_SHARE * len(words)
