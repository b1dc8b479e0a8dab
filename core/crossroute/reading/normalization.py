"""Normalize text before it is read, so that its dress changes nothing: case, look-alikes, blanks, repetition.

What is read is normalized; what is paid for, and sent, is the text itself.
"""

# ruff: noqa: RUF001, RUF002 - look-alikes are the subject

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from operator import eq

from crossroute.patterns import LETTER_RUN, OTHER_BLANKS, lazy
from crossroute.reading import wordings
from crossroute.reading.ciphers import read_cipher
from crossroute.reading.encodings import (
    decode_run,
    drop_marks,
    join_letters,
    read_escapes,
    read_leet,
)
from crossroute.reading.wrapping import unwrap

UPPER, LOWER = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()

READ_CHARACTERS = 10_000
"""Characters that are read from each end of a longer text."""

KEPT_OF_RUN = 8
UPPER_SHARE = 0.4
REPEATS = 3
KNOWN_WORDS = 16_384
"""Words of which it is remembered whether they only repeat."""

REPEATED_SENTENCES = 8
"""A sentence that comes this often is filler: it is not read."""

LEAST_TITLE, TITLE_WORDS, TITLE_SHARE = 4, 40, 0.9
"""Words that can be a title, words that are looked at, and the share of them that begin with a capital in one."""

SAMPLE = 256
"""Characters that tell whether a text is in capitals."""

REPETITIVE_SHARE = 0.5
"""Share of different words below which sentences are looked for that repeat."""

REPEATED_SHARE = 0.3
"""The same of words that repeat at once."""

FILLER = 200
"""So are words that repeat at once over this many characters."""

INVISIBLE = lazy(
    "[\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff\x00-\x08\x0e-\x1f\x7f-\x9f]"
)
_EMOJI = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\\s]+"
_LAST_EMOJI = rf"(?<=[\w.,;:!?)]){_EMOJI}\Z"
LAST_EMOJI, EDGE_EMOJI = lazy(_LAST_EMOJI), lazy(rf"\A{_EMOJI}(?=.*\w)|{_LAST_EMOJI}", re.DOTALL)
STACKED_MARKS = lazy("[\u0300-\u036f]+")
EMOJI, WORD_SIGN = lazy(_EMOJI), re.compile(r"\w")
BLANKS = re.compile(r"[^\S\n]+")
STRETCHED = lazy(r"\n(?<=[.!?]\n)\n{2,}(?=[^\W\d_][\w'’]* \S)")
BROKEN_SENTENCE = lazy(r"\n\n(?<=[a-zß-ÿ,]\n\n)(?=[a-zß-ÿ])(?!\w+ ?:|[^\n]{1,40}\d:\d\d)")
REPEATED = lazy(r"([^\d\s])\1{3,}")
PUNCTUATION = lazy(r"([?!])[?!]+")
REPEATED_MARKS = ("??", "!!", "?!", "!?")
SHOUTED = 3
"""Marks at the end of a text from which on they are taken for emphasis."""
ASKED = lazy(
    r"(?:.*[.!?:;,\n]\s*)?(?:(?:and|but|so|or) )?(?:wh(?:at|ich|om?|ose|en|ere|y)|how|is|are|was|were|am|do|does|did"
    r"|can|could|will|would|shall|should|may|might|must|has|have|had)\b[^.!?:;,\n]*\Z",
    re.IGNORECASE | re.DOTALL,
)
"""A text whose last clause is a question in English."""
REPEATED_PART = lazy(r"([^\d\s]{2,8}?)\1{3,}")
REPEATED_TOGETHER = 12
REPEATED_WORDS = lazy(rf"(?<!\S)(\S+(?: \S+){{0,{REPEATED_TOGETHER - 1}}}?)(?:\s+\1){{3,}}(?!\S)")
URL = lazy(r"(https?://[^\s/?#]+)[^\s)\]>\"']*")
LEAST_RUN = 40
ALONE = lazy(r"[A-Za-z0-9+/_-]{14,}={0,2}")
LONGEST_NAME = 24
NAMES = re.compile(r"[\s/_=-]+")
LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{40}")
RUN = lazy(  # no word: a key, a digest, base64, a genome
    r"(?:data:[\w/+.-]+;base64,|(?<![A-Za-z0-9+/_=-]))(?:[A-Za-z0-9+/_=-]{40,}\s*)+"
)
DECODE = lazy(rf"\A\s*{wordings.DECODE}(?=.*(?:\w \w|[^\x00-\x7f]))", re.IGNORECASE)
SENTENCE = lazy(r"\s(?:(?<=[.!?。！？]\s)\s*|(?<=\n)\n*)")
SENTENCE_ENDS = ".!?。！？\n"
"""What a gap between sentences follows, or begins with."""

SENTENCE_START = lazy(r"(?:\A|(?<=[.!?]\s)|(?<=^[a-j][):]\s))[^\W\d_]|\bi\b|^[a-j](?=[).:]\s)", re.MULTILINE)
"""So do the letter of a choice and what it offers."""

_CYRILLIC = dict(zip("аАВеЕԁһНіІјЈКкМоОрРԛсСѕЅТуУхХѵԝԜ", "aABeEdhHiIjJKkMoOpPqcCsSTyYxXvwW", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαενιρυκτγχω", "ABEZHIKMNOPTYXoaevipuktyxw", strict=True))
_SMALL = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıո", "abcdefghijklmnoprstuvwyzagin", strict=True))
CYRILLIC, GREEK, SMALL = map(str.maketrans, (_CYRILLIC, _GREEK, _SMALL))
LOOKALIKES = CYRILLIC | GREEK
SMALL_CAPITAL = lazy(f"[{''.join(_SMALL)}]")
_LATIN, _FOREIGN, _LETTER = r"[A-Za-zÀ-ɏ]", r"[\u0370-\u03ff\u0400-\u052f]", r"[^\W\d_]"
MARKED_LATIN, FOREIGN = lazy("[À-ɏ]"), lazy(f"{_FOREIGN}+")
FOREIGN_WORD = lazy(rf"(?<!{_LETTER})(?={_LETTER}*{_FOREIGN}){_LETTER}+")
MIXED_WORD = lazy(rf"(?<!{_LETTER})(?={_LETTER}*{_FOREIGN})(?={_LETTER}*{_LATIN}){_LETTER}+")
"""Words with Cyrillic or Greek letters, and those among them with Latin ones."""


LENGTHENED = lazy(r"([a-hj-vyz])\1{2,}")
"""A letter more than twice: in few words, so that several stand for a way of writing."""

LEAST_LENGTHENED, LENGTHENED_SHARE = 3, 0.2

_REPEATED_SIGN = r"([a-hj-vyz])\1\1|([^\d\s])\2{3}"
REPEATED_SIGN = re.compile(_REPEATED_SIGN)
REPETITION = re.compile(rf"{_REPEATED_SIGN}|([^\d\s]{{2,8}}?)\3{{3}}")
LEAST_EQUAL, LEAST_IN_GROUPS = 2, 6
"""Characters of a word at least that equal one before, where one comes three times, or several come four times."""


@lru_cache(KNOWN_WORDS)
def repetition_in(word: str) -> re.Match[str] | None:
    """Return the first characters of a word, or groups of them, that only repeat; remembered by word."""
    equal = len(word) - len(set(word))
    if equal < LEAST_EQUAL:
        return None
    return (REPETITION if equal >= LEAST_IN_GROUPS else REPEATED_SIGN).search(word)


def normalize(text: str) -> str:
    r"""Return a text as it is read.

    >>> normalize("WHAT IS\u200b THE   CAPITAL\n\n\n\nof Frаnce????????")  # with a Cyrillic a
    'What is the capital of france?'
    >>> normalize("Which gene is this? " + "ACGTTGCATT" * 2 + "CCGATTACAG" * 2)
    'Which gene is this?'
    >>> normalize("Decode V2hhdCBpcyB0aGUgY2FwaXRhbCBvZiBGcmFuY2U/IEFuc3dlciBicmllZmx5Lg==")
    'Decode What is the capital of France? Answer briefly.'
    """
    if len(text) > 2 * READ_CHARACTERS:
        text = f"{text[:READ_CHARACTERS]}\n\n{text[-READ_CHARACTERS:]}"
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    text = join_letters(read_cipher(unwrap(read_escapes(text))))
    if not text.isascii():
        text = STACKED_MARKS.sub("", drop_marks(unicodedata.normalize("NFKC", text)))
        text = unwrap(fold_lookalikes(text.translate(SMALL) if SMALL_CAPITAL.search(text) else text))
        text = _without_edge_emoji(text) if _has_emoji_at_an_end(text) else text
    text = collapse_blanks(text if is_printed(text) else INVISIBLE.sub("", text))
    shorter = shorten_runs(text)
    if len(shorter) < len(text):  # what is left may be wrapped
        return normalize(shorter)
    text = lower_capitals(drop_repetition(shorter))
    text = (BROKEN_SENTENCE.sub(" ", text) if "\n\n" in text else text).strip()
    text = lower_voice(read_leet(text))
    return PUNCTUATION.sub(r"\1", text) if any(map(text.__contains__, REPEATED_MARKS)) else text


def is_printed(text: str) -> bool:
    """Return whether a text is of printable ASCII and lines."""
    return text.isascii() and (text.isprintable() or text.replace("\n", " ").isprintable())


def _has_emoji_at_an_end(text: str) -> bool:
    stripped = text.strip()
    return bool(EMOJI.match(stripped[:1]) or EMOJI.match(stripped[-1:]))


def _without_edge_emoji(text: str) -> str:
    """Return a text without emoji before its words, and behind it."""
    return (EDGE_EMOJI if WORD_SIGN.search(text) else LAST_EMOJI).sub("", text)


def fold_lookalikes(text: str) -> str:
    """Return a text with Cyrillic and Greek letters that look Latin made Latin, where its words are Latin.

    >>> fold_lookalikes("Whаt is a сору?"), fold_lookalikes("Что это за слово?"), fold_lookalikes("the angle ω")
    ('What is a copy?', 'Что это за слово?', 'the angle ω')
    """
    if not FOREIGN.search(text):
        return text
    text = MIXED_WORD.sub(lambda word: _fold(word[0]), text)
    if _count_latin(text) < sum(map(len, FOREIGN.findall(text))):
        return text
    return FOREIGN_WORD.sub(lambda word: _fold(word[0]), text)


def collapse_blanks(text: str) -> str:
    r"""Return a text with several blanks as one, several blank lines as one, and as none between two sentences.

    >>> collapse_blanks("One  thing. \n\n\n\nAnother one:\n\n\n\n- first\n\n- second")
    'One thing. Another one:\n\n- first\n\n- second'
    """
    text = text.replace("\t", " ").replace("\x0b", " ")
    if not is_printed(text) and any(map(text.__contains__, OTHER_BLANKS)):
        text = BLANKS.sub(" ", text) if "  " in text or not text.isascii() else text
    while "  " in text:
        text = text.replace("  ", " ")
    text = text.strip()
    if not any(map(text.__contains__, ("\n\n", " \n", "\n "))):
        return text
    text = text.replace(" \n", "\n").replace("\n ", "\n")  # no two blanks are left
    if "\n\n\n" in text:
        text = STRETCHED.sub(" ", text)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def shorten_runs(text: str) -> str:
    """Return a text with addresses down to their host, and long unbroken runs to what they decode to, if anything."""
    words = text.split()
    if len(words) == 1 and ALONE.fullmatch(text) and (decoded := decode_run(text)):
        return decoded
    if max(map(len, words), default=0) < LEAST_RUN:
        return text
    addressed = URL.sub(r"\1", text)
    if not any(LONG_RUN.search(word) for word in words if len(word) >= LEAST_RUN):  # nor in a shorter address
        return addressed
    shorter = RUN.sub(_shorten, addressed)
    return shorter if shorter == addressed else DECODE.sub("", shorter)


def drop_repetition(text: str) -> str:
    """Return a text without characters, words and sentences that only repeat.

    >>> drop_repetition("Why aaaaaaaa? hahahahaha 1000000"), drop_repetition("no " * 9)
    ('Why aaa? ha 1000000', 'no')
    """
    for gap in ("\n\n", "\n"):
        if gap in text and len(parts := set(text.split(gap))) == 1:
            text = parts.pop()
    text = said_once(text)
    words = text.split()
    different = dict.fromkeys(words)
    repetitive = [*filter(repetition_in, different)]
    for word in repetitive:
        text = text.replace(word, _without_repetition(word))
    lengthened = sum(LENGTHENED.search(word) is not None for word in repetitive)
    if lengthened >= max(LEAST_LENGTHENED, LENGTHENED_SHARE * len(different)):
        text = LENGTHENED.sub(r"\1", text)
    if len(different) < REPEATED_SHARE * len(words) and _repeat_at_once(words):
        text = REPEATED_WORDS.sub(lambda run: run[1] if len(run[0]) < FILLER else "", text).strip()
    if len(different) < REPETITIVE_SHARE * len(words):
        text = _without(text, _repeated_sentences(text))
    return text or " ".join(dict.fromkeys(words))


def said_once(text: str) -> str:
    """Return the first half of a text that says all of it twice, else the text.

    >>> said_once("What is it? What is it?"), said_once("so so")
    ('What is it?', 'so so')
    """
    half = len(text) // 2
    said = text[:half].rstrip()
    return said if said == text[-half:].lstrip() and " " in said else text


def lower_capitals(text: str) -> str:
    r"""Return a text that is mostly in capitals in sentence case.

    >>> lower_capitals("MAY I ASK? IT IS ODD:\nA) YES"), lower_capitals("The DNA of a cat")
    ('May I ask? It is odd:\nA) Yes', 'The DNA of a cat')
    >>> lower_capitals("What Is The Capital Of France?")
    'What is the capital of france?'
    """
    if not (is_capitals(text) or is_titled(text.split(None, TITLE_WORDS)[:TITLE_WORDS])):
        return text
    return SENTENCE_START.sub(lambda letter: letter[0].upper(), text.lower())


def lower_voice(text: str) -> str:
    """Return a text without three question marks and more at its end, but for one where it asks, and none has ended it.

    >>> lower_voice("Why is that???"), lower_voice("Why is that? Tell me.?!?!"), lower_voice("thanks for that???")
    ('Why is that?', 'Why is that? Tell me.', 'thanks for that')
    """
    spoken = text.rstrip("?!")
    shouted = text[len(spoken) :]
    if len(shouted) < SHOUTED or "?" not in shouted:
        return text
    spoken = spoken.rstrip()
    return spoken + "?" if ASKED.match(spoken) else spoken


def _without_repetition(word: str) -> str:
    return REPEATED_PART.sub(r"\1", REPEATED.sub(lambda run: run[1] * REPEATS, word))


def is_titled(words: Sequence[str]) -> bool:
    """Return whether nearly all of some words, at a text's beginning, begin with a capital.

    >>> is_titled("What Is The Capital Of France?".split()), is_titled("Was ist die Hauptstadt Frankreichs?".split())
    (True, False)
    """
    if len(words) < LEAST_TITLE or words[1][0].islower() or words[2][0].islower():
        return False
    letters = [word for word in words if word[0].isalpha()]
    titled = sum(word[0].isupper() and not word[1:].isupper() for word in letters)
    return len(letters) >= LEAST_TITLE and titled >= TITLE_SHARE * len(letters)


def is_capitals(text: str) -> bool:
    """Return whether a text is mostly in capitals, by a sample of it."""
    sample = text[:: 1 + 2 * (len(text) // (2 * SAMPLE))]  # no even step: letters may alternate
    if sample.isascii():
        letters = sample.encode()
        upper, lower = (len(letters) - len(letters.translate(None, each)) for each in (UPPER, LOWER))
    else:
        upper, lower = sum(map(str.isupper, sample)), sum(map(str.islower, sample))
    return upper > UPPER_SHARE * (upper + lower)


def _repeat_at_once(words: Sequence[str]) -> bool:
    """Return whether some words come four times in a row, as in a match of `REPEATED_WORDS`."""
    for apart in range(1, 1 + min(REPEATED_TOGETHER, len(words) // 4)):
        row = 3 * apart  # so many words equal those after them, one of which is looked at
        may = any(map(eq, words[::row], words[apart::row]))
        if may and b"\1" * row in bytes(map(eq, words, words[apart:])):
            return True
    return False


def _repeated_sentences(text: str) -> set[str]:
    """Return the sentences that come often."""
    if sum(map(text.count, SENTENCE_ENDS)) + 1 < REPEATED_SENTENCES:  # at most so many sentences
        return set()
    counted = Counter(SENTENCE.split(text)).items()
    return {sentence for sentence, times in counted if times >= REPEATED_SENTENCES and sentence}


def _without(text: str, sentences: set[str]) -> str:
    if not sentences:
        return text.strip()
    kept: list[str] = []
    position = 0
    for gap in (*SENTENCE.finditer(text), None):
        start, end = gap.span() if gap else (len(text), len(text))
        if text[position:start] not in sentences:
            kept.append(text[position:end])
        position = end
    return "".join(kept).strip()


def _count_latin(text: str) -> int:
    """Return the Latin letters of a text."""
    plain = text.encode("ascii", "ignore")
    return len(plain) - len(plain.translate(None, UPPER + LOWER)) + len(MARKED_LATIN.findall(text))


def _fold(word: str) -> str:
    """Return a word in Latin letters if all of its letters look so; a lone Greek letter is a symbol."""
    folded = word.translate(CYRILLIC if len(word) == 1 else LOOKALIKES)
    return word if FOREIGN.search(folded) else folded


def _shorten(run: re.Match[str]) -> str:
    if all(
        len(name) <= LONGEST_NAME and name in (name.lower(), name.upper(), name.title())
        for name in NAMES.split(run[0])
    ):
        return run[0]  # a path, or a long name of words
    joined = "".join(run[0].split()).rpartition(",")[2]
    end = run[0][len(run[0].rstrip()) :]
    if text := decode_run(joined):
        return text + end
    return (
        end
        if LETTER_RUN.search(run.string[: run.start()] + run.string[run.end() :])
        else joined[:KEPT_OF_RUN]
    )
