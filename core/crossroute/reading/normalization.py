"""Normalize a text before it is read: case, look-alike characters, white space, repetition.

Only the text that the router reads is normalized. The model gets the original, and its cost is computed from that.
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
"""Characters read from each end of a longer text."""

KEPT_OF_RUN = 8
"""Characters kept of a run that decodes to nothing, if it is within a sentence or the text has no letters besides."""

UPPER_SHARE, SHOUTED_WORDS, SHOUTED_SHARE = 0.4, 3, 0.6
"""Share of capitals among the letters of a text in capitals, least number of its words of letters, and share of those
with capitals within them: a formula, an acronym or a statement in SQL makes no such text."""

REPEATS = 3
"""Characters kept of one that is repeated."""

KNOWN_WORDS = 16_384
"""Words whose repetition is cached."""

REPEATED_SENTENCES = 8
"""Least occurrences of a sentence that is dropped as filler."""

LEAST_TITLE, TITLE_WORDS, TITLE_SHARE = 4, 40, 0.9
"""Least words of a title, words that are checked, and least share of capitalized words among them."""

LETTERS_ALONE = lazy(r"(?<!\S)[^\w\s$]*([^\W\d_]{2,})[^\w\s]*(?!\S)")
"""A word of letters, with signs around it."""

SAMPLE = 256
"""Characters in the sample that decides whether a text is in capitals."""

REPETITIVE_SHARE = 0.5
"""Share of distinct words below which a text is checked for repeated sentences."""

REPEATED_SHARE = 0.3
"""Share of distinct words below which it is checked for words that are repeated in a row."""

FILLER = 200
"""Characters of repeated words from which they are dropped as filler."""

POWER = lazy("(?<=[\\w)\\]])(?<![\u02b0-\u02ff\u1d2c-\u1d6a])[\u00b2\u00b3\u00b9\u2070\u2074-\u207b]+")
"""Superscript digits and signs behind a letter or number, which compatibility forms would join to it."""

APART = lazy("(?<=[0-9])(?=[\u00bc-\u00be\u2150-\u215e])|(?<=[\u2080-\u2089])(?=[0-9])")
"""Where a number meets a fraction, or an index."""

INVISIBLE = lazy(
    "[\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff\x00-\x08\x0e-\x1f\x7f-\x9f]"
)
"""Invisible and control characters."""

_EMOJI = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\\s]+"
_LAST_EMOJI = rf"(?<=[\w.,;!?)]){_EMOJI}\Z"
LAST_EMOJI, EDGE_EMOJI = lazy(_LAST_EMOJI), lazy(rf"\A{_EMOJI}(?=.*\w)|{_LAST_EMOJI}", re.DOTALL)
ON_EMOJI = lazy("emoji|smil|эмодзи|смайл|表情|絵文字|顔文字|이모지|إيموجي|इमोजी", re.IGNORECASE)
"""Words for emoji, which are then the subject."""

STACKED_MARKS = lazy("[\u0300-\u036f]+")
"""Combining marks."""

EMOJI, WORD_SIGN = lazy(_EMOJI), re.compile(r"\w")
BLANKS = re.compile(r"[^\S\n]+")
STRETCHED = lazy(r"\n(?<=[.!?]\n)\n{2,}(?=[^\W\d_][\w'’]* \S)")
"""Blank lines between two sentences."""

BROKEN_SENTENCE = lazy(r"\n\n(?<=[a-zß-ÿ,]\n\n)(?=[a-zß-ÿ])(?!\w+ ?:|[^\n]{1,40}\d:\d\d)")
"""A blank line within a sentence."""

REPEATED = lazy(r"([^\d\s])\1{3,}")
_AT_END = r"(?=[?!]+(?![?!])\s*(?:\Z|[^\sa-z]))"
PUNCTUATION = lazy(
    rf"(?:(?<=[^\W\d_]{{2}})|(?<=\b[Ii])|(?<=[^\w\s?!]){_AT_END}|(?<=\d)(?<!\b[A-Z][a-h]\d)(?=\?)|\s{_AT_END})"
    r"([?!])[?!]+(?![\w=])"
)
"""Repeated marks at the end of a sentence: in "n!!", "3!?" or "a ?? b" they are signs."""

REPEATED_MARKS = ("??", "!!", "?!", "!?")
SHOUTED = 3
"""Least marks at the end of a text that are emphasis."""

FACTORIAL = re.compile(r"\d\Z|(?<![\w'’])[a-hj-z]\Z")
"""What is before a factorial."""

ASKED = lazy(
    r"(?:.*[.!?:;,\n]\s*)?(?:(?:and|but|so|or) )?(?:wh(?:at|ich|om?|ose|en|ere|y)|how|is|are|was|were|am|do|does|did"
    r"|can|could|will|would|shall|should|may|might|must|has|have|had)\b[^.!?:;,\n]*\Z",
    re.IGNORECASE | re.DOTALL,
)
"""A text whose last clause is an English question."""

REPEATED_PART = lazy(r"([^\d\s]{2,8}?)\1{3,}")
REPEATED_TOGETHER = 12
"""Most words in a repeated group."""

REPEATED_WORDS = lazy(rf"(?<!\S)(\S+(?: \S+){{0,{REPEATED_TOGETHER - 1}}}?)(?:\s+\1){{3,}}(?!\S)")
URL = lazy(r"(https?://[^\s/?#]+)[^\s)\]>\"']*")
"""An address; its host is kept."""

LEAST_RUN = 40
"""Least characters of a run."""

ALONE = lazy(r"[A-Za-z0-9+/_-]{14,}={0,2}")
"""A text that is one run."""

LONGEST_NAME = 24
"""Most characters of a name in a path."""

NAMES = re.compile(r"[\s/_=-]+")
LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{40}")
RUN = lazy(  # a key, a digest, base64, a genome
    r"(?:data:[\w/+.-]+;base64,|(?<![A-Za-z0-9+/_=-]))(?:[A-Za-z0-9+/_=-]{40,}\s*)+"
)
DECODE = lazy(rf"\A\s*{wordings.DECODE}(?=.*(?:\w \w|[^\x00-\x7f]))", re.IGNORECASE)
"""A request to decode the rest."""

SENTENCE = lazy(r"\s(?:(?<=[.!?。！？]\s)\s*|(?<=\n)\n*)")
"""The gap between sentences or lines."""

SENTENCE_ENDS = ".!?。！？\n"
"""Characters of which every gap between sentences has one before it or as its first."""

SENTENCE_START = lazy(r"(?:\A|(?<=[.!?]\s)|(?<=^[a-j][):]\s))[^\W\d_]|\bi\b|^[a-j](?=[).:]\s)", re.MULTILINE)
"""Characters that are capitals in sentence case: first letters of sentences and choices, "I", and letters of
choices."""

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
"""A word with Cyrillic or Greek letters, and one with Latin letters too."""


LENGTHENED = lazy(r"([a-hj-vyz])\1{2,}")
"""A letter that is repeated."""

LEAST_LENGTHENED, LENGTHENED_SHARE = 3, 0.2
"""Words with such a letter, in number and in share, from which it is written once."""

_REPEATED_SIGN = r"([a-hj-vyz])\1\1|([^\d\s])\2{3}"
REPEATED_SIGN = re.compile(_REPEATED_SIGN)
REPETITION = re.compile(rf"{_REPEATED_SIGN}|([^\d\s]{{2,8}}?)\3{{3}}")
"""A character three or four times in a row, or a group of characters four times."""

FEW_SIGNS = 6
"""Most different capitals in a sequence of them."""

SEQUENCE = lazy(r"\W?(?:[A-Z]{2,40}|[()\[\]{}<>]{2,24}|[.-]{2,6}|(?=\S*\w[/:]\d)[\w/:]{2,80})\W?")
"""A sequence of capitals, of brackets, of Morse signs or of a chess board, which is not repeated for emphasis."""

LEAST_EQUAL, LEAST_IN_GROUPS = 2, 6
"""Least repeated characters of a word with a repeated character, and with a repeated group."""


@lru_cache(KNOWN_WORDS)
def find_repetition(word: str) -> re.Match[str] | None:
    """Return the first match of a repetition in a word, or None; cached."""
    equal = len(word) - len(set(word))
    if equal < LEAST_EQUAL:
        return None
    return (REPETITION if equal >= LEAST_IN_GROUPS else REPEATED_SIGN).search(word)


def normalize(text: str) -> str:
    r"""Normalize a text.

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
        text = STACKED_MARKS.sub(
            "", drop_marks(unicodedata.normalize("NFKC", _spell_powers(text)).replace("⁄", "/"))
        )
        text = unwrap(fold_lookalikes(text.translate(SMALL) if SMALL_CAPITAL.search(text) else text))
        text = _drop_edge_emoji(text) if _has_emoji_at_an_end(text) else text
    text = collapse_blanks(text if is_printed(text) else INVISIBLE.sub("", text))
    shorter = shorten_runs(text)
    if len(shorter) < len(text):  # the rest may be wrapped or in code
        return normalize(shorter)
    text = lower_capitals(drop_repetition(shorter))
    text = (BROKEN_SENTENCE.sub(" ", text) if "\n\n" in text else text).strip()
    text = drop_emphasis(read_leet(text))
    return PUNCTUATION.sub(r"\1", text) if any(map(text.__contains__, REPEATED_MARKS)) else text


def _spell_powers(text: str) -> str:
    """Mark superscripts by "^", and separate numbers from fractions.

    >>> _spell_powers("x² + 10⁻³ = 2½"), _spell_powers("H₂O, log₂8")
    ('x^2 + 10^-3 = 2 ½', 'H₂O, log₂ 8')
    """
    powers = POWER.sub(lambda run: "^" + unicodedata.normalize("NFKC", run[0]).replace("−", "-"), text)
    return APART.sub(" ", powers)


def is_printed(text: str) -> bool:
    """Return whether a text is of printable ASCII and newlines."""
    return text.isascii() and (text.isprintable() or text.replace("\n", " ").isprintable())


def _has_emoji_at_an_end(text: str) -> bool:
    stripped = text.strip()
    return bool(EMOJI.match(stripped[:1]) or EMOJI.match(stripped[-1:]))


def _drop_edge_emoji(text: str) -> str:
    """Drop the emoji at the end of a text, and at its beginning if it has words; not if they are its subject."""
    rest = (EDGE_EMOJI if WORD_SIGN.search(text) else LAST_EMOJI).sub("", text)
    words = rest.split()
    is_asked = (
        ON_EMOJI.search(rest)
        or (len(words) < 2 and rest.isascii())
        or words[-1].lower() in wordings.OPEN_ENDS
    )
    return text if is_asked else rest


def fold_lookalikes(text: str) -> str:
    """Replace Cyrillic and Greek letters that look Latin by Latin ones, in a text with Latin words and mixed ones.

    >>> fold_lookalikes("Whаt is a сору?"), fold_lookalikes("Что это за слово?"), fold_lookalikes("the angle ω")
    ('What is a copy?', 'Что это за слово?', 'the angle ω')
    """
    if not FOREIGN.search(text):
        return text
    mended = MIXED_WORD.sub(lambda word: _fold(word[0]), text)
    if mended == text or _count_latin(mended) < sum(map(len, FOREIGN.findall(mended))):
        return mended
    return FOREIGN_WORD.sub(lambda word: _fold(word[0]), mended)


def collapse_blanks(text: str) -> str:
    r"""Collapse spaces, and blank lines; between two sentences, blank lines become a space.

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
    text = text.replace(" \n", "\n").replace("\n ", "\n")  # no two spaces in a row are left
    if "\n\n\n" in text:
        text = STRETCHED.sub(" ", text)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def shorten_runs(text: str) -> str:
    """Shorten addresses to their host, and long unbroken runs to what they decode to, if anything."""
    words = text.split()
    if len(words) == 1 and ALONE.fullmatch(text) and (decoded := decode_run(text)):
        return decoded
    if max(map(len, words), default=0) < LEAST_RUN:
        return text
    addressed = URL.sub(r"\1", text)
    if not any(LONG_RUN.search(word) for word in words if len(word) >= LEAST_RUN):
        return addressed
    shorter = RUN.sub(_shorten, addressed)
    return shorter if shorter == addressed else DECODE.sub("", shorter)


def drop_repetition(text: str) -> str:
    """Shorten repeated characters and words, and drop sentences that are repeated often.

    >>> drop_repetition("Why aaaaaaaa? hahahahaha 1000000"), drop_repetition("no " * 9)
    ('Why aaa? ha 1000000', 'no')
    """
    for gap in ("\n\n", "\n"):
        if gap in text and len(parts := set(text.split(gap))) == 1:
            text = parts.pop()
    text = drop_second_half(text)
    words = text.split()
    different = dict.fromkeys(words)
    repetitive = [*filter(find_repetition, different)]
    if any(map(_is_sequence, repetitive)) and not is_capitals(text):
        repetitive = [word for word in repetitive if not _is_sequence(word)]
    for word in repetitive:
        text = text.replace(word, _shorten_repetition(word))
    lengthened = sum(LENGTHENED.search(word) is not None for word in repetitive)
    if lengthened >= max(LEAST_LENGTHENED, LENGTHENED_SHARE * len(different)):
        text = LENGTHENED.sub(r"\1", text)
    if len(different) < REPEATED_SHARE * len(words) and _has_repeated_words(words):
        text = REPEATED_WORDS.sub(_shorten_repeated_words, text).strip()
    if len(different) < REPETITIVE_SHARE * len(words):
        text = _drop_sentences(text, _find_repeated_sentences(text))
    return text or " ".join(dict.fromkeys(words))


def drop_second_half(text: str) -> str:
    """Return the first half of a text whose two halves are equal; any other text unchanged.

    >>> drop_second_half("What is it? What is it?"), drop_second_half("so so")
    ('What is it?', 'so so')
    """
    half = len(text) // 2
    first = text[:half].rstrip()
    return first if first == text[-half:].lstrip() and " " in first else text


def lower_capitals(text: str) -> str:
    r"""Convert a text that is mostly in capitals, or a title, to sentence case.

    >>> lower_capitals("MAY I ASK? IT IS ODD:\nA) YES"), lower_capitals("The DNA of a cat")
    ('May I ask? It is odd:\nA) Yes', 'The DNA of a cat')
    >>> lower_capitals("What Is The Capital Of France?")
    'What is the capital of france?'
    """
    if not (is_capitals(text) or is_titled(text.split(None, TITLE_WORDS)[:TITLE_WORDS])):
        return text
    return SENTENCE_START.sub(lambda letter: letter[0].upper(), text.lower())


def drop_emphasis(text: str) -> str:
    """Drop three or more question and exclamation marks at the end; after a question, one question mark is kept.

    >>> drop_emphasis("Why is that???"), drop_emphasis("Why is that? Tell me.?!?!"), drop_emphasis("thanks for that???")
    ('Why is that?', 'Why is that? Tell me.', 'thanks for that')
    """
    spoken = text.rstrip("?!")
    shouted = text[len(spoken) :]
    if FACTORIAL.search(spoken):
        spoken += shouted[: len(shouted) - len(shouted.lstrip("!"))]
        shouted = text[len(spoken) :]
    if len(shouted) < SHOUTED or "?" not in shouted:
        return text
    spoken = spoken.rstrip()
    return spoken + "?" if ASKED.match(spoken) else spoken


def _is_sequence(word: str) -> bool:
    """Return whether a word is a sequence of a few signs or capitals, such as a genome or a numeral."""
    is_long = len(set(word)) > FEW_SIGNS and word.isalpha()
    return not is_long and SEQUENCE.fullmatch(word) is not None


def _shorten_repeated_words(run: re.Match[str]) -> str:
    """Return a repeated group once; nothing if it is filler; all if it is a short formula of single letters."""
    if len(run[0]) < LEAST_RUN and max(map(len, run[1].split())) == 1 and WORD_SIGN.search(run[1]):
        return run[0]
    return run[1] if len(run[0]) < FILLER else ""


def _shorten_repetition(word: str) -> str:
    return REPEATED_PART.sub(r"\1", REPEATED.sub(lambda run: run[1] * REPEATS, word))


def is_titled(words: Sequence[str]) -> bool:
    """Return whether words, from a text's beginning, are in title case.

    >>> is_titled("What Is The Capital Of France?".split()), is_titled("Was ist die Hauptstadt Frankreichs?".split())
    (True, False)
    """
    if len(words) < LEAST_TITLE or words[1][0].islower() or words[2][0].islower():
        return False
    letters = [word for word in words if word[0].isalpha() and len(word) > 1 and not word[-1].isdigit()]
    titled = sum(word[0].isupper() and not word[1:].isupper() for word in letters)
    return len(letters) >= LEAST_TITLE and titled >= TITLE_SHARE * len(letters)


def is_capitals(text: str) -> bool:
    """Return whether a text is mostly in capitals, by a sample of it."""
    sample = text[:: 1 + 2 * (len(text) // (2 * SAMPLE))]  # an odd step, since capitals may alternate
    if sample.isascii():
        letters = sample.encode()
        upper, lower = (len(letters) - len(letters.translate(None, each)) for each in (UPPER, LOWER))
    else:
        upper, lower = sum(map(str.isupper, sample)), sum(map(str.islower, sample))
    if upper <= UPPER_SHARE * (upper + lower):
        return False
    words: list[str] = LETTERS_ALONE.findall(text[:READ_CHARACTERS])
    quiet = sum(word[1:].islower() for word in words)
    return len(words) >= SHOUTED_WORDS + quiet and quiet < (1 - SHOUTED_SHARE) * len(words)


def _has_repeated_words(words: Sequence[str]) -> bool:
    """Return whether a group of words occurs four times in a row, as in a match of `REPEATED_WORDS`."""
    for size in range(1, 1 + min(REPEATED_TOGETHER, len(words) // 4)):
        row = (
            3 * size
        )  # this many words in a row equal the words one group later: check one in each row first
        may = any(map(eq, words[::row], words[size::row]))
        if may and b"\1" * row in bytes(map(eq, words, words[size:])):
            return True
    return False


def _find_repeated_sentences(text: str) -> set[str]:
    """Return the sentences that occur often."""
    # an upper bound of the number of sentences
    if sum(map(text.count, SENTENCE_ENDS)) + 1 < REPEATED_SENTENCES:
        return set()
    counted = Counter(SENTENCE.split(text)).items()
    return {sentence for sentence, times in counted if times >= REPEATED_SENTENCES and sentence}


def _drop_sentences(text: str, sentences: set[str]) -> str:
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
    """Return the number of Latin letters in a text."""
    plain = text.encode("ascii", "ignore")
    return len(plain) - len(plain.translate(None, UPPER + LOWER)) + len(MARKED_LATIN.findall(text))


def _fold(word: str) -> str:
    """Replace look-alikes in a word if all of its letters become Latin; a single Greek letter, a symbol, is kept."""
    folded = word.translate(CYRILLIC if len(word) == 1 else LOOKALIKES)
    return word if FOREIGN.search(folded) else folded


def _shorten(run: re.Match[str]) -> str:
    if all(
        len(name) <= LONGEST_NAME and name in (name.lower(), name.upper(), name.title())
        for name in NAMES.split(run[0])
    ):
        return run[0]  # a path, or a long name made of words
    joined = "".join(run[0].split()).rpartition(",")[2]
    end = run[0][len(run[0].rstrip()) :]
    if text := decode_run(joined):
        return text + end
    before, after = run.string[: run.start()].rstrip(), run.string[run.end() :]
    if not LETTER_RUN.search(before + after):
        return joined[:KEPT_OF_RUN]
    is_in_sentence = before[-1:].isalnum() and "\n" not in run.string[len(before) : run.start()]
    return (joined[:KEPT_OF_RUN] if is_in_sentence and joined[0].isalnum() else "") + end
