r"""Undo an unusual spelling of a whole text: escapes, hexadecimal, digits for letters, spaced letters, stacked accents.

Only a text that is wholly written so is changed: a single entity in a question about HTML stays.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
import unicodedata
from urllib.parse import unquote_plus

from crossroute.patterns import LETTER_RUN, lazy

ENTITY = lazy(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d{0,2});", re.IGNORECASE)
ESCAPE = lazy(r"\\(?:u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4})*|x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2})*)")
PERCENT = lazy(r"%[0-9a-fA-F]{2}")
HEXADECIMAL = lazy(r"(?<![\w-])(?:[0-9a-fA-F]{2} ?){10,}\Z")
LEAST_HEX = 20
"""Least characters of hexadecimal digits at the end of a text."""

HEX_END = re.compile(rf"[0-9a-fA-F ]{{{LEAST_HEX},}}\s*")
MARKS = lazy("[\u0300-\u036f\u0488\u0489\u20d0-\u20f0]")
MARKED = lazy("[A-Za-z][\u0300-\u036f\u0488\u0489\u20d0-\u20f0]")
LETTERS = string.ascii_letters.encode()

LEAST_ENTITIES = 3
"""Least HTML entities."""

LEAST_PERCENTS = 3
"""Least percent-encoded characters and plus signs."""

ESCAPED_SHARE = 0.3
"""Least share of a text's characters in escapes."""

MARKED_SHARE = 0.6
"""Combining marks per Latin letter above which they are decoration: Vietnamese has about 0.35, French 0.05."""

LEET_SIGNS = "013457@$"
"""Digits and signs that stand for letters in leetspeak."""

LEET = str.maketrans(LEET_SIGNS, "oieastas")
LEET_WORD = lazy(
    r"(?<![\w@$])(?=[\d@$]*[^\W\d_])(?=[^\W\d_]*[013457@$])[A-Z\xc0-\xde]?[a-z013457@$\xdf-\xff]{1,40}(?![\w@$])"
)
"""A word with letters and such signs."""

LEET_INSIDE = lazy(r"[013457@$](?<=[^\W\d_][013457@$])[013457@$]*[a-z\xdf-\xff]")
"""Such a sign between letters."""

LEET_SHORT = lazy(r"(?<![\w.,$@])[013457]{1,4}(?![\w%]|[.,]\d)")
"""A short word of such digits alone."""

LEET_SHARE = 0.4
"""Least share of words in leetspeak."""

LEET_SAMPLE = 300
"""Characters from the beginning in which they are counted."""

LEAST_LEET = 2
"""Least words with a sign between letters."""

WORDS = lazy(r"[\w@$]{2,}")

LEAST_LETTERS = 8
"""Least letters of a text with a separator after each letter."""

SEPARATED_SHARE = 0.8
"""Least share of gaps between words with the same separator."""

ONE_WORD_LINES = 4
"""Least lines of a text with one word per line."""

LINE_CHARACTERS = 20
"""Mean length of a line below which this is checked."""

UNSPACED = "\u2e80"
"""First character of the scripts without spaces between words."""

WORDS_A_LINE = 1.3
"""Mean number of words per line below which the lines are joined."""

LEAST_BETWEEN = 3
"""Least dots or ellipses between words."""

BETWEEN = lazy(
    r"(?:\.(?<=\S\.)(?<!\.\.\.)\.+|…(?<=\S…))(?=\w)"
)  # matched at the start of a run only, for speed


def read_escapes(text: str) -> str:
    r"""Decode entities, escapes, percent-encoding or hexadecimal in a text that is written so.

    >>> read_escapes("W&#104;at i&#115; t&#104;is?"), read_escapes("What%20is%20this%3F")
    ('What is this?', 'What is this?')
    >>> read_escapes("What does &nbsp; do?"), read_escapes("546865206361706974616c206f66204368696c65")
    ('What does &nbsp; do?', 'The capital of Chile')
    """
    if "&" in text and len(ENTITY.findall(text)) >= LEAST_ENTITIES:
        text = html.unescape(text)
    escaped = "\\u" in text or "\\x" in text
    if escaped and sum(map(len, ESCAPE.findall(text))) > ESCAPED_SHARE * len(text):
        text = ESCAPE.sub(_read_escape, text)
    if "%" in text and "://" not in text and len(text.split(None, 1)) == 1:
        percents = len(PERCENT.findall(text))
        if percents and percents + text.count("+") >= LEAST_PERCENTS:
            text = unquote_plus(text)
    return HEXADECIMAL.sub(_read_hexadecimal, text) if HEX_END.fullmatch(text[-LEAST_HEX:]) else text


def drop_marks(text: str) -> str:
    """Remove the combining marks from a text in which most Latin letters have one.

    >>> drop_marks("Ẃh́ó?"), drop_marks("déjà vu"), drop_marks("Thủ đô của Việt Nam?")
    ('Who?', 'déjà vu', 'Thủ đô của Việt Nam?')
    """
    spread = unicodedata.normalize("NFD", text)
    marked, plain = len(MARKED.findall(spread)), spread.encode("ascii", "ignore")
    if marked <= MARKED_SHARE * (len(plain) - len(plain.translate(None, LETTERS))):
        return text
    return unicodedata.normalize("NFC", MARKS.sub("", spread))


def join_letters(text: str) -> str:
    r"""Join letters or words that are separated by one sign, or written one per line.

    >>> join_letters("W h a t   i s   t h i s ?"), join_letters("What · is · this · all?")
    ('What is this?', 'What is this all?')
    >>> join_letters("What\nis\nthe\ncapital\nof\nPeru?"), join_letters("1 2 3 4 5 6 7 8 9")
    ('What is the capital of Peru?', '1 2 3 4 5 6 7 8 9')
    """
    gaps = text[1:6:2]
    if len(set(gaps)) == 1 and len(gaps) == 3 and len(set(text[1::2])) == 1 and not text[1].isalnum():
        joined = text[::2]
        if sum(map(str.isalpha, joined)) >= LEAST_LETTERS:
            return joined
    if text.count("\n") * LINE_CHARACTERS > len(text) and (text.isascii() or max(text) < UNSPACED):
        words, lines = text.split(), [line for line in text.split("\n") if line.strip()]
        if len(lines) >= ONE_WORD_LINES and len(words) < WORDS_A_LINE * len(lines):
            return " ".join(words)
    return _drop_separators(text)


def read_leet(text: str) -> str:
    """Replace digits by letters in a text in which many words are leetspeak.

    >>> read_leet("wh47 15 7h3 c4p174l 0f fr4nc3?"), read_leet("Is h2o or co2 in mp3 b2b?")
    ('what is the capital of france?', 'Is h2o or co2 in mp3 b2b?')
    """
    sample = text[:LEET_SAMPLE]
    if not (any(map(sample.__contains__, LEET_SIGNS)) and LEET_INSIDE.search(sample)):
        return text
    words = LEET_WORD.findall(sample)
    inside = sum(LEET_INSIDE.search(word) is not None for word in words)
    if inside < LEAST_LEET or len(words) < LEET_SHARE * len(WORDS.findall(sample)):
        return text
    text = LEET_WORD.sub(lambda word: word[0].translate(LEET), text)
    return LEET_SHORT.sub(lambda word: word[0].translate(LEET), text)


def decode_hexadecimal(run: str) -> str:
    """Return the text that hexadecimal digits encode; empty if they encode none."""
    try:
        text = bytes.fromhex(run).decode("utf-8")
    except ValueError:
        return ""
    return text if is_readable(text) and any(map(str.isalpha, text)) else ""


def decode_run(run: str) -> str:
    """Return the text that hexadecimal or base64 encodes; empty if it encodes none."""
    if text := decode_hexadecimal(run):
        return text
    altchars = "-_" if set("-_") & set(run) else None
    try:
        text = base64.b64decode(run + "=" * (-len(run) % 4), altchars=altchars, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if is_readable(text) and LETTER_RUN.search(text) else ""


def is_readable(text: str) -> bool:
    """Return whether all characters of a decoded text are printable."""
    return all(character.isprintable() or character in "\n\t" for character in text)


def _read_escape(run: re.Match[str]) -> str:
    if run[0].startswith("\\u"):
        units = run[0].encode("ascii").decode("unicode_escape")
        return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return bytes.fromhex(run[0].replace("\\x", "")).decode("utf-8", "replace")


def _read_hexadecimal(run: re.Match[str]) -> str:
    return decode_hexadecimal(run[0]) or run[0]


def _drop_separators(text: str) -> str:
    """Remove the sign that separates most words of a text."""
    if ".." in text or "…" in text:
        dots = len(BETWEEN.findall(text))
        if dots >= LEAST_BETWEEN and dots > text.count(" "):
            return BETWEEN.sub(" ", text)
    first = text.split(None, 4)[1:4:2]
    if len(first) < 2 or first[0] != first[1] or any(map(str.isalnum, sign := first[0])):
        return text
    words = text.split()
    kept = [word for word in words if word != sign]
    spoken = sum(map(len, kept)) > 3 * len(kept) and words.count(sign) > SEPARATED_SHARE * (len(kept) - 1)
    return " ".join(kept) if spoken else text
