"""How many tokens a text has, without a tokenizer: pieces of ASCII counted, other scripts at a ratio a character.

A tokenizer first cuts a text into pieces (a word with the blank before it, three digits, a run of signs), and most
pieces of ASCII are one token. Letters of languages that are rarer than English (see `spelling`), and characters of
other scripts, are a part of a token, one, or several, by script and by the age of the vocabulary. Fitted on tiktoken's
cl100k_base and o200k_base over prose, interfaces, prompts, code and JSON in 80 languages; `benchmarks/token_rates.py`
fits the rates of scripts again, and `benchmarks/tokens.py` prints what is left.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

from crossroute import patterns
from crossroute.patterns import lazy
from crossroute.spelling import FOREIGN, LOWER, MARKED_LETTER, NO_TOKENS, UPPER, WORD, Tokens, rate_letters

Vocabulary = Literal["o200k", "cl100k"]
"""What cuts texts: OpenAI's since gpt-4o, or the one before. Other makers' of today are most like the newer one."""

PIECE = re.compile(
    rf"[^\x00-\x7f{MARKED_LETTER}]+"  # passed over
    r"|([^\s\d])\1{3,15}"  # a ruler, a scream
    r"|\d{3}(?=\d{24})"
    r"|[A-Za-z\d]{2}(?=[A-Za-z\d]{24})"  # no word: a key, a digest, DNA
    rf"|[._/<(]?[{UPPER}]?[{LOWER}]{{1,9}}"
    rf"|[{UPPER}]{{1,4}}"
    rf"|[{MARKED_LETTER}]"
    r"|\d{1,3}"
    r"|[!-/:-@\[-`{-~]{1,3}[\r\n]*"
    r"|\s*[\r\n]+"
    r"|[ \t]{2,}"  # indentation; the single blank belongs to the word after it
)

OTHER_BLANKS = patterns.OTHER_BLANKS.replace("\t", "").replace("\r", "")
ASCII_BLANKS = "".join(filter(str.isascii, OTHER_BLANKS))
"""White space that a piece of lines' ends may hold, beside blanks, tabs and both signs of a line's end."""

BROKEN_LINES = lazy(r"[ \n]* \n+")
"""One piece after any word: no sign takes along what comes after a blank."""

KNOWN_WORDS, LONGEST_WORD = 16_384, 60
"""Words whose pieces are remembered, and characters of such a word."""

SCRIPTS: tuple[tuple[str, float, float], ...] = (
    ("\x00", 0.0, 0.0),  # ASCII is counted in pieces
    ("\x80", 1.0, 1.0),
    ("À", 1.24, 2.2),  # letters of Latin with a mark, beside their word
    ("\u0250", 1.5, 1.8),
    ("\u0300", 1.1, 1.5),  # marks apart from their letters
    ("\u0370", 0.39, 1.04),  # Greek
    ("\u0400", 0.22, 2.35),  # Cyrillic beyond the Russian letters
    ("\u0410", 0.29, 0.48),
    ("\u0450", 0.22, 2.35),
    ("\u0530", 0.32, 2.1),  # Armenian
    ("\u0590", 1.1, 1.9),  # Hebrew points
    ("\u05d0", 0.45, 1.18),  # Hebrew
    ("\u0600", 0.35, 0.77),  # Arabic
    ("\u064b", 1.0, 1.1),  # its vowels
    ("\u0660", 0.35, 0.77),
    ("\u0671", 1.5, 2.05),  # letters of Uyghur, Kurdish, Sindhi and others
    ("\u06d4", 0.35, 0.77),
    ("\u06d5", 1.5, 2.05),
    ("\u06d6", 1.0, 1.1),
    ("\u0700", 2.0, 2.0),
    ("\u0900", 0.37, 1.2),  # Devanagari
    ("\u0980", 0.39, 1.45),  # Bengali
    ("\u0a00", 0.64, 2.0),  # Gurmukhi
    ("\u0a80", 0.43, 2.0),  # Gujarati
    ("\u0b00", 1.17, 2.96),  # Oriya
    ("\u0b80", 0.35, 1.5),  # Tamil
    ("\u0c00", 0.47, 2.0),  # Telugu, Kannada
    ("\u0d00", 0.37, 1.8),  # Malayalam
    ("\u0d80", 0.63, 2.2),  # Sinhala
    ("\u0e00", 0.39, 0.94),  # Thai
    ("\u0e80", 1.9, 2.2),  # Lao
    ("\u0f00", 1.5, 2.1),  # Tibetan
    ("\u1000", 0.55, 2.1),  # Burmese
    ("\u10a0", 0.33, 2.1),  # Georgian
    ("\u1100", 2.0, 3.0),  # Ethiopic and others
    ("\u13a0", 3.1, 3.0),  # Cherokee, syllables of Canada
    ("\u1780", 0.63, 1.7),  # Khmer
    ("\u1800", 3.1, 3.0),  # Mongolian in its own script
    (
        "\u1e00",
        0.42,
        1.74,
    ),  # letters of Latin with two marks: Vietnamese, whose others take none beside their word
    ("\u2000", 0.8, 0.8),  # dashes, quotes
    ("\u2070", 1.3, 1.5),  # signs of money, arrows, mathematics
    ("\u2e80", 2.0, 2.0),
    ("\u3000", 0.3, 0.2),  # stops and brackets of Chinese and Japanese: most end a token
    ("\u3040", 0.57, 0.81),  # Hiragana
    ("\u30a0", 0.63, 0.95),  # Katakana
    ("\u3100", 2.0, 2.5),
    ("\u3400", 2.0, 3.0),  # rare Han characters
    ("\u4e00", 2.04, 3.23),  # Han characters in neither of the national sets
    ("\ua000", 2.0, 3.0),
    ("\uac00", 0.35, 0.94),  # Hangul
    ("\ud7b0", 2.0, 3.0),
    ("\uff00", 0.9, 0.9),  # signs and digits at full width
    ("\uff21", 0.9, 1.7),  # letters
    ("\uff5b", 0.9, 0.9),
    ("\uff61", 1.75, 2.0),  # Katakana at half width
    ("\uffa0", 2.0, 2.0),
    ("\U00010000", 2.5, 2.7),  # emoji, historical scripts
)
"""First character of a script, and tokens a character: of the newer vocabulary, and of the older one."""

COMMON: Tokens = (0.63, 0.81)
SIMPLIFIED: Tokens = (1.19, 2.33)
TRADITIONAL: Tokens = (1.48, 2.48)
"""A Han character that is common, that simplified Chinese writes, that traditional Chinese alone writes."""

PERSIAN: Tokens = (0.53, 1.69)
"""A letter of Arabic that Persian and Urdu add."""
PERSIAN_LETTERS = frozenset("گچپژکیہےڑٹڈںھۀ")

CYRILLIC, HANGUL, HAN, MARKS, PHONETIC, VIETNAMESE = "\u0410", "\uac00", "\u4e00", "À", "\u0250", "\u1e00"
ARABIC, RARE_ARABIC, FURTHER_CYRILLIC = "\u0600", "\u0671", "\u0450"
AE = "\u06d5"
"""The vowel that Uyghur and Kurdish write as a letter."""
KURDISH: Tokens = (0.27, 1.05)
KURDISH_WORD: Tokens = (0.12, -0.54)
"""A letter that Arabic or Persian have, in a text with it, and a word."""
TURKIC_LETTER = lazy(r"[\u0460-\u048f\u0492-\u052f]")
"""A letter of Cyrillic that no Slavic language has, but Turkic, Mongolic and Iranian ones."""
TURKIC: dict[str, Tokens] = {CYRILLIC: (0.2, 0.37), FURTHER_CYRILLIC: (0.26, 2.1)}
TURKIC_WORD: Tokens = (1.1, 1.98)
"""First character of a script -> tokens of its letters in a text with such letters; and more for a word."""
RARE_LETTER = lazy(r"[\u04d0-\u04d7\u04dc-\u04e1\u04e4-\u04e7\u04ea-\u04ed\u04f0-\u04f9]")
"""A letter of languages that tokenizers have hardly seen: Ossetian, Chuvash, Udmurt, Komi, Mari."""
RARE: dict[str, Tokens] = {CYRILLIC: (0.22, 0.37), FURTHER_CYRILLIC: (1.87, 2.1)}
RARE_WORD: Tokens = (1.53, 1.98)
RUSSIAN: Tokens = (0.23, 0.4)
"""A letter of Cyrillic in a text with ы, unless it has the і of Belarusian and Kazakh."""  # noqa: RUF001
A_WORD: dict[str, Tokens] = {CYRILLIC: (0.48, 0.43), HANGUL: (1.06, 0.78)}
"""First character of a script -> tokens more of each of its words."""
RUSSIAN_WORD: Tokens = (0.27, 0.36)
PHONETIC_LETTER: Tokens = (0.4, 1.7)
"""A letter such as ə of Azerbaijani, where letters are counted."""

COMMON_HAN = frozenset(
    "一万三上下不与专业东两个中串为主么义之也书了事二于五些交产享京人亿今介从他付代以们件价任份企优会传但位体何余作"
    "你使例供価保信修倍值停像元先入全公共关其具内円册再写出击分列则初利别到制前力功加务动動包化北区十午华单南即历原"
    "去县参及友反发取变口只可台右号司合同名后向否含听启告员周命和品哈商問器四回因国图土在地场址型城基報場填增声处备"
    "复外多大天失头女好如始子字存学安宋完定实审客家容密对导将小少尔就局展山岁州工左已市布常平年并广序库应店度建开异"
    "式引张当录形影径待後得微心必志态思性总息您情意感成我或户所手打找技投报拉持指按换据排接推提播支收改放政效数整文"
    "料断新方族无日时明易星是時景更最月有服期木未本机权束条来板构析果查标样核格案检模次款止正此步歳段每比民気水求江"
    "汽没治法注活流海消清游源火点無然片版物特率环现球理生用由电男画界番登的监目直相省看県真知码确示社票私种科秒称移"
    "程稍税稿空立站章端笑符第等签简算管箱米类系素索约级线组经结给络统编网置美老考者而联能自至色节英藏行表装西要見见"
    "规视角解言計記話読计认议记论设证评试话询该详语误说请读调象责败账货购费资起超路身车转软载辑输达过运近还这进连述"
    "退送选通速造連道邮部都配释里重量金钟钮链销错键长開間関门闭问间队阳陆限院除雅集雷需非面音页项预频题额首验高黑"
)
"""Han characters that are a token of their own in the older vocabulary."""

_FIRST = [first for first, _, _ in SCRIPTS]

MESSAGE_TOKENS = 4
"""Tokens that frame a message of a conversation."""

MEDIA_TOKENS = 1000
"""What a picture, a sound or a file counts as before its provider says."""

LONGEST = 8192
"""Characters that are counted; of a longer text, as many in slices from all of it."""

SLICES, LONG_WORD = 32, 40
"""Slices of a longer text, which begin and end at a blank if one comes after so many characters."""

OLDER = re.compile(r"gpt-?(?:4|35|3\.5)(?:-(?!o\b)|$)")
"""Names of models whose vocabulary is the older one."""


def estimate_tokens(text: str, vocabulary: Vocabulary = "o200k") -> int:
    """Return about how many tokens a language model will read, at least 1.

    >>> estimate_tokens("What is the capital of France?")
    7
    >>> estimate_tokens("भारत की राजधानी क्या है?"), estimate_tokens("भारत की राजधानी क्या है?", "cl100k")
    (8, 24)
    """
    return estimate_both(text)[vocabulary == "cl100k"]


def estimate_both(text: str) -> tuple[int, int]:
    """Return `estimate_tokens` of the newer vocabulary, and of the older one."""
    if len(text) <= LONGEST:
        newer, older = _count(text)
        return max(1, round(newer)), max(1, round(older))
    slices = list(_slices(text))
    newer, older = map(sum, zip(*map(_count, slices), strict=True))
    whole = len(text) / sum(map(len, slices))
    return round(newer * whole), round(older * whole)


def _slices(text: str) -> Iterator[str]:
    """Yield slices from all of a text, of `LONGEST` characters together."""
    width, step = LONGEST // SLICES, (len(text) - LONGEST // SLICES) / (SLICES - 1)
    for start in (round(step * place) for place in range(SLICES)):
        first, last = (
            max(place, text.find(" ", place, place + LONG_WORD)) if place else 0
            for place in (start, start + width)
        )
        yield text[first:last]


def vocabulary_of(name: str) -> Vocabulary:
    """Return the vocabulary of a model by its name.

    >>> vocabulary_of("openai/gpt-4-1106-preview"), vocabulary_of("gpt-4o"), vocabulary_of("gpt-4.1")
    ('cl100k', 'o200k', 'o200k')
    """
    return "cl100k" if OLDER.match(name.lower().rpartition("/")[2].rpartition(":")[2]) else "o200k"


def count_pieces(text: str) -> int:
    r"""Return how many pieces a text is cut into, `len(PIECE.findall(text))`: word by word, which are remembered.

    No piece of words crosses a blank. The others are runs of blanks, and ends of lines, unless a sign before them takes
    them along: so a word is looked up together with the end of its line.

    >>> count_pieces("if so:\n    return 17\n \n") == len(PIECE.findall("if so:\n    return 17\n \n"))
    True
    """
    if any(map(text.__contains__, ASCII_BLANKS if text.isascii() else OTHER_BLANKS)):
        return len(PIECE.findall(text))
    text = text.replace("\t", " ").replace("\r", "\n")  # a piece takes either
    for run in ("\n\n", "   "):  # as many pieces as a shorter one
        while run in text:
            text = text.replace(run, run[1:])
    text = BROKEN_LINES.sub(" \n", text) if " \n" in text else text
    words = text.replace("\n", "\n ").split(" ")
    known = [word for word in words if len(word) <= LONGEST_WORD]
    pieces = sum(map(pieces_of_word, known)) + text.count("  ")
    if len(known) < len(words):
        pieces += sum(len(PIECE.findall(word)) for word in words if len(word) > LONGEST_WORD)
    return pieces


@lru_cache(KNOWN_WORDS)
def pieces_of_word(word: str) -> int:
    """Return the pieces of a word; remembered."""
    return len(PIECE.findall(word))


def _count(text: str) -> Tokens:
    pieces: float = count_pieces(text)
    rates = rate_letters(text)
    counts = pieces, pieces
    if rates is not None:
        words = WORD.findall(text)
        letters, others = sum(map(len, words)), pieces - len(words)
        counts = others + letters * rates[0], others + letters * rates[1]
    if text.isascii():
        return counts
    beside = count_others(text, by_letters=rates is not None)
    return counts[0] + beside[0], counts[1] + beside[1]


def count_others(text: str, *, by_letters: bool) -> Tokens:
    """Return the tokens of what is not ASCII, less its runs, which are counted as pieces."""
    here, words = _find_language(text)
    found = [(*_known(character), times) for character, times in Counter(text).items() if character > "\x7f"]
    if by_letters or any(script == VIETNAMESE for script, _, _ in found):
        here[MARKS] = NO_TOKENS
    if by_letters:
        here |= {VIETNAMESE: NO_TOKENS, PHONETIC: PHONETIC_LETTER}
    newer = older = 0.0
    for script, tokens, times in found:
        own = here.get(script, tokens)
        newer, older = newer + times * own[0], older + times * own[1]
    for character, times in Counter(run[0] for run in FOREIGN.findall(text)).items():
        script = _known(character)[0]
        word = words.get(script, NO_TOKENS)
        newer, older = newer + times * (word[0] - 1), older + times * (word[1] - 1)
    return newer, older


def _find_language(text: str) -> tuple[dict[str, Tokens], Mapping[str, Tokens]]:
    """Return the tokens of letters and of words, by script, that differ in the language of a text."""
    if RARE_LETTER.search(text):
        return {**RARE}, {**A_WORD, **dict.fromkeys(RARE, RARE_WORD)}
    if TURKIC_LETTER.search(text):
        return {**TURKIC}, {**A_WORD, **dict.fromkeys(TURKIC, TURKIC_WORD)}
    if AE in text:
        return {ARABIC: KURDISH}, {**A_WORD, ARABIC: KURDISH_WORD, RARE_ARABIC: KURDISH_WORD}
    if "ы" in text and "\u0456" not in text:
        return {CYRILLIC: RUSSIAN}, {**A_WORD, CYRILLIC: RUSSIAN_WORD}
    return {}, A_WORD


@lru_cache(8192)
def _known(character: str) -> tuple[str, Tokens]:
    """Return the first character of the script of one that is not ASCII, and its tokens, whatever is around it."""
    script, *tokens = SCRIPTS[bisect_right(_FIRST, character) - 1]
    if character in COMMON_HAN:
        return script, COMMON
    if character in PERSIAN_LETTERS:
        return ARABIC, PERSIAN
    if script == HAN and _is_in("gb2312", character):
        return script, SIMPLIFIED
    if script == HAN and _is_in("big5", character):
        return script, TRADITIONAL
    return script, (tokens[0], tokens[1])


def _is_in(encoding: str, character: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False
