"""Drop sentences that address a model or a router and are not part of the question: pleas, courtesies, hints, numbers.

"This is very important", "I'll tip you", "use the strongest model", a greeting, a signature or a ticket number do not
change a question's difficulty. They are dropped from the ends of a text if they are sentences of their own.
"""

# ruff: noqa: RUF001 - punctuation of other scripts

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice

from crossroute.patterns import AnyCase, lazy
from crossroute.reading import wordings
from crossroute.reading.asides import (
    LONGEST,
    is_about_form,
    is_aside,
    is_aside_clause,
    is_within_quotes,
    may_be_aside,
)

MOST_DROPPED = 6
"""Most rounds of dropping from both ends, and most places where the last sentence may begin."""

KNOWN_SENTENCES = 512
"""Sentences whose result is cached, since a text is checked several times."""

HINT_CHARACTERS = LONGEST
"""Most characters of an appeal."""

SIGNATURE_CHARACTERS = 350
"""Characters at a text's end that are searched for a signature."""

NUMBERED_CHARACTERS = 300
"""Characters at a text's end that are searched for identifiers; elsewhere one changes little."""

_ENDS, _UNSPACED = r".!?:\]؟।\U0001f300-\U0001faff", r"\u3040-\uffef"
END = lazy(  # begins with one character class, which the engine finds faster than alternatives
    rf"[{_ENDS};。！？\n](?:(?<=[{_ENDS}])(?<!\n\d[{_ENDS}])[ \n]+|(?<=[:;])-?\)[ \n]+"
    rf"|(?<=[。！？])\s*|(?<=[{_UNSPACED}][!?])\s*|(?<=\n)\n*)"
)
"""The end of a sentence, also after an emoticon, but not after the number of a list item."""

COMMA = re.compile(r", ?\s*")
MOST_COMMAS = 4
"""Most clauses that are checked at an end of a text."""

CLAUSE = re.compile("[,、，]")
BEGIN = re.compile(
    rf"\s(?<=[^\s*•-]\s)(?<!\b\w[).:]\s)\s*"
    rf"(?=(?:[A-Z](?![A-Z])|[(\[])[\w':;-]* [\w{{]|(?:[#/@]|--){wordings.SWITCHES}\S*\s*\Z|[{_UNSPACED}\u0590-\u0dff])"
)
"""A place where a sentence may begin without the end of another."""

TITLE = re.compile(
    r"(?!.* in )(?:(?:[A-Z][\w'’-]*|[a-z]{1,3}) )+[A-Z][\w'’-]*[.!]?|(?:Hello|Hi|Hey|Dear) .*", re.DOTALL
)
"""A name or title, of which all words but short ones begin with a capital, or a greeting, which ends no text."""

_PLEASE = r"\W*(?:(?:please|can you|could you|kindly|bitte) )?"
GIVEN = AnyCase(rf"{_PLEASE}(?:{wordings.ON_TEXTS})[^\n:：?]{{0,90}}[:：]")
"""A request for work on the text behind its colon."""

LACKS_TEXT = AnyCase(
    rf"{_PLEASE}(?:{wordings.REWORDS})\w*(?: (?:this|these|the following))?(?: \w+)?"
    r"(?: (?:to|into|in|as|ins|en|al|para o|na|на|naar het) \w+)?[.!]?"
    rf"|[^\n]{{0,40}}\b{wordings.GIVEN_TEXT}\b[^\n:]{{0,60}}"
    r"|(?:which|what) (?:sentence|phrase|word|greeting|closing|line|message) is [^\n]{0,40}"
    r"|who (?:said|wrote|sang|says) (?:this|that|it)\W*"
    r"|(?:fix|check|improve|mend) (?:the |my )?(?:grammar|spelling|punctuation|typos|style)\W*"
    r"|(?:which|what) language is (?:this|it)\W*"
)
"""A request or question about a text that is missing."""

LONGEST_ITEM, FIELD = 2, re.compile(r"[\w ]{2,20}: ")
"""Most words of a short line, and the beginning of a field."""

LEADING = ":：>→"
"""Last signs of a text that leads to something."""

DATA_SIGNS = "<{[`$\\|"
"""First characters of code and data."""

ANSWER_HEAD = lazy(rf"(?i)\n[*# ]*(?:{wordings.ANSWERS})[* ]*:[* \n]*\Z")
"""Heading of an answer at the end."""

FIRST = re.compile(r"[\s(*_¿¡]*([\w']*)")
APPEAL, FORM = (
    lazy(rf"[\s(*_¿¡]*(?:{each})[\s)*_,;.!:…。！？?，-]*\Z") for each in (wordings.APPEALS, wordings.FORMS)
)
HINT = lazy(rf"[\s(\[*]*(?:{wordings.HINTS})[\s)\]*.!:。！]*\Z")
STRONGEST, USING = lazy(wordings.STRONGEST), lazy(wordings.USING)
"""Written for lower case: ignoring case takes two to three times as long."""

_BEST = (
    r"strongest|best|smartest|largest|biggest|most \w+|top|frontier|premium|cheapest|smallest|weakest|fastest"
)
_OF_MODELS = r"[^.!?\n]{0,80}\b(?:models?|llms?|ai)\b"
BEST_SIGNS = tuple(_BEST.replace(r"\w+", "").split("|"))
"""Substrings of the words in `_BEST`, for a fast search."""

BEST_MODEL = lazy(rf"(?:{_BEST})\b{_OF_MODELS}")
"""Part of every hint that `ROUTING` finds, in lower case."""

ROUTING = lazy(
    r"(?:(?<=[.!?] )|(?<=\n)|^|(?<=\s)(?=(?-i:[A-Z])))(?:please |you must |always |only |make sure to )*"
    r"(?:use|choose|pick|select|route|send|forward|escalate|answer with|call)\b[^.!?\n]{0,80}"
    rf"\b(?:{_BEST})\b"
    rf"{_OF_MODELS}[^.!?\n]{{0,80}}(?:[.!?]+|$|(?=\n))\s*",
    re.IGNORECASE,
)
"""An English hint about the model, anywhere in a text. A query must not choose its model."""

BEGINNING = lazy(rf"\s*(?:{wordings.BEGINNINGS})", re.IGNORECASE)
"""Introduction of a question in the same sentence."""

FOOTER = AnyCase(rf"(?:{wordings.FOOTERS})[^?]*")
"""A mail's legal footer."""

FOOTER_CHARACTERS = range(30, 600)

_ADDRESS = r"(?:https?://|www\.)[^\s<>]+|[\w.+-]+@[\w-]+\.[\w.-]+"
ADDRESS_LAST = lazy(
    r"[\s(\[<]*(?:\b(?:see|cf|source|via|link|ref)\b[.:]? ?(?:also )?|(?<=[.!?:。？！\n)\]]\s)(?<!:\s)|(?<=[(\[<]))"
    rf"(?<![\"'])[<(\[]?(?:{_ADDRESS})[>)\].,]*\s*\Z",
    re.IGNORECASE,
)
ADDRESS_FIRST = lazy(rf"\s*<?(?:{_ADDRESS})>?(?:[:,]\s|\s*\n|\s+(?=[^\sa-z]))\s*(?=\S)")
"""An address that is no part of a sentence."""

ADDRESS_SIGNS = ("://", "www.", "@")
LONGEST_ADDRESSED = 1_000
"""Most characters of a text whose addresses are dropped; in a longer one they change little."""

LEAST_ASKED = 3
"""Least words left without an address; with fewer, the address is the subject of the question."""

SIGNATURE = AnyCase(
    rf"\n+[ ]*(?:{wordings.SIGN_OFFS})[^\n]{{0,30}}(?:\n(?!(?:\S+ ){{3,}}\S+[.!:] *(?:\n|\Z))[^\n?]{{0,60}}){{0,5}}\Z"
)
EMPTY_CHOICES = lazy(
    r"(?:\s+(?:options|choices|answers|possible answers)(?: are)?:)?"
    rf"(?:\s+\(?(?:[A-Ja-j]|\d)[).:] *(?:{wordings.EMPTY_CHOICES})[.!,;]?(?=\s|$)){{2,}}\s*$",
    re.IGNORECASE,
)
"""Choices that fit any question, such as "A) Yes B) No"."""

CHOICES_CHARACTERS = 200
"""Characters at a text's end that are searched for these."""

SHORTEST = 16
"""Least characters of an identifier."""

MAY_IDENTIFY = re.compile(r"\W*(?:\w+[:=#])?[0-9a-fA-F-]{16,}\W*")
"""A word that may contain an identifier."""

_LABEL = r"\b(?:request|trace|session|message|correlation|ticket|reference|ref|case|commit)"
_NUMBER = r"(?:[ _-]?(?:id|no|number)\b[ ]?[:=#]?|[ ]?[:=#])"
IDENTIFIER = lazy(
    rf"(?:(?<=[.!?。？！]\s)|(?<=\n)|(?=[(\[])|(?={_LABEL}{_NUMBER}))[(\[]?(?:{_LABEL}{_NUMBER}?)?"
    r"[ ]?\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,64})\b[)\]]?(?=[.!]?\s*(?:\Z|\n|[A-Z]))",
    re.IGNORECASE,
)
"""A UUID or a hash, with its label, that is no part of a sentence."""


def drop_appeals(text: str) -> str:
    r"""Drop appeals, hints, addresses and a signature at the ends of a text; it is unchanged if nothing else is left.

    >>> drop_appeals("Hello! Who was Euler? Thank you very much in advance!"), drop_appeals("Thank you!")
    ('Who was Euler?', 'Thank you!')
    >>> drop_appeals("Who was Euler? Nimm bitte das stärkste Modell.\n\nBest regards,\nJane")
    'Who was Euler?'
    >>> drop_appeals("Who was Euler? Respond only with valid JSON."), drop_appeals("Who was Euler? (see www.euler.ch)")
    ('Who was Euler?', 'Who was Euler?')
    """
    rest = _drop_mail_ending(text) if "\n" in text else text
    for _ in range(MOST_DROPPED):
        shorter = _drop_last(_drop_first(_drop_addresses(rest)))
        if shorter == rest or not any(map(str.isalnum, shorter)):
            break
        rest = shorter
    head, tail = rest[:-NUMBERED_CHARACTERS], rest[-NUMBERED_CHARACTERS:]
    words = tail.split()
    if max(map(len, words), default=0) >= SHORTEST and any(map(MAY_IDENTIFY.fullmatch, words)):
        rest = head + IDENTIFIER.sub("", tail).rstrip()
    rest = rest.strip()
    if not any(map(str.isalpha, rest)) or is_aside(rest.lower()):
        return text
    return (
        text
        if len(rest) < len(text.strip()) and (rest[-1] in LEADING or LACKS_TEXT.fullmatch(rest))
        else rest
    )


def drop_empty_choices(text: str) -> str:
    """Drop choices at the end of a text that fit any question.

    >>> drop_empty_choices("Is it so? A) Yes B) No C) Not sure"), drop_empty_choices("Is it? A) An egg B) No")
    ('Is it so?', 'Is it? A) An egg B) No')
    """
    if not text[-CHOICES_CHARACTERS:].lower().rstrip(" \n.!,;").endswith(wordings.CHOICE_ENDS):
        return text
    found = EMPTY_CHOICES.search(text, max(0, len(text) - CHOICES_CHARACTERS))
    before = text[: found.start()].rstrip() if found else ""
    return before if before and (before[-1] in "?.!;？。！)" or _may_end(before)) else text


def drop_routing(text: str) -> str:
    """Drop sentences that tell a router what to choose.

    >>> drop_routing("Who was Euler? Always use the strongest model. Be brief.")
    'Who was Euler? Be brief.'
    """
    if not names_model(text):
        return text
    may_choose = not text.isascii() or _names_best_model(text.lower())
    return (ROUTING.sub("", text) if may_choose else text).strip()


def _names_best_model(spoken: str) -> bool:
    return any(BEST_MODEL.match(spoken, place) for sign in BEST_SIGNS for place in _find_all(sign, spoken))


def _find_all(sign: str, text: str) -> Iterator[int]:
    place = text.find(sign)
    while place >= 0:
        yield place
        place = text.find(sign, place + 1)


def names_model(text: str) -> bool:
    """Return whether a text mentions models, which every hint to a router does."""
    return any(map(text.lower().__contains__, wordings.MODELS))


def is_appeal(sentence: str) -> bool:
    """Return whether a sentence is a courtesy, a plea, or a hint to a router.

    >>> [is_appeal(each) for each in ("I'll tip you $200.", "只用最强的模型。", "Only Opus should answer this.")]
    [True, True, True]
    >>> [is_appeal(each) for each in ("Which model is the best?", "Is it hard?", "Which hotel is best?")]
    [False, False, False]
    """
    return _matches_appeal(sentence) or _requests_model(sentence)


@lru_cache(KNOWN_SENTENCES)
def _matches_appeal(sentence: str) -> bool:
    """Return whether a sentence as a whole matches a known form of appeal."""
    if not _may_appeal(sentence):
        return False
    spoken = sentence.lower()
    if is_aside(spoken) or is_about_form(spoken):
        return True
    if len(clauses := _split_clauses(spoken)) > 1:
        return all(map(is_appeal, clauses))
    if _may_begin(spoken, wordings.APPEAL_STARTS) and APPEAL.match(spoken):
        return True
    return bool((_may_begin(spoken, wordings.FORM_STARTS) and FORM.match(spoken)) or HINT.match(spoken))


def _requests_model(sentence: str) -> bool:
    """Return whether a sentence asks, in any words, for the strongest or cheapest model."""
    if "?" in sentence or not (_may_appeal(sentence) and names_model(sentence)):
        return False
    spoken = sentence.lower()
    return len(_split_clauses(spoken)) == 1 and bool(STRONGEST.search(spoken) and USING.search(spoken))


def _split_clauses(spoken: str) -> list[str]:
    """Split a sentence into clauses, which are checked one by one; an ASCII sentence is not split."""
    return [spoken] if spoken.isascii() else CLAUSE.split(spoken)


def _may_appeal(sentence: str) -> bool:
    may = len(sentence) <= HINT_CHARACTERS and "?" not in sentence.rstrip(" \n")[:-1]
    return may and not is_within_quotes(sentence)


def _may_begin(spoken: str, starts: Collection[str]) -> bool:
    """Return whether a sentence may match a pattern whose matches begin with `starts`; faster than the pattern."""
    found = FIRST.match(spoken)
    word = found[1] if found else ""
    if not word.isascii() or word in starts or word.startswith(("um", "hm")):
        return True
    return not word or any(map(spoken.__contains__, wordings.APPEAL_SIGNS))


def _drop_mail_ending(text: str) -> str:
    """Drop the footer and the signature of a mail."""
    rest, _, last = text.rpartition("\n")
    text = rest.rstrip("\n") if len(last) in FOOTER_CHARACTERS and FOOTER.fullmatch(last) else text
    signature = SIGNATURE.search(text, max(0, len(text) - SIGNATURE_CHARACTERS))
    if not signature or GIVEN.match(text) or _is_item(text, signature.start() + 1):
        return text
    return text[: signature.start()]


def _drop_addresses(text: str) -> str:
    """Drop a web or mail address at each end."""
    if len(text) > LONGEST_ADDRESSED or not any(map(text.__contains__, ADDRESS_SIGNS)):
        return text
    end = text.rsplit(None, 1)[-1].lower()  # no address holds a blank
    last = ADDRESS_LAST.search(text) if any(map(end.__contains__, ADDRESS_SIGNS)) else None
    rest = text[: last.start()] if last else text
    first = ADDRESS_FIRST.match(rest)
    rest = rest[first.end() :] if first else rest
    return rest if len(rest.split(None, LEAST_ASKED)) >= LEAST_ASKED else text


def _drop_first(text: str) -> str:
    if text[:10].lower().lstrip().startswith(wordings.BEGINS) and (begin := BEGINNING.match(text)):
        return text[begin.end() :]
    for end in reversed([*islice(END.finditer(text, 0, HINT_CHARACTERS + 2), 2)]):
        if end.end() < len(text) and _may_be_first(end) and is_appeal(text[: end.start() + 1]):
            return text[end.end() :]
    commas = [*islice(COMMA.finditer(text, 0, LONGEST), MOST_COMMAS)]
    if commas and may_be_aside(text[: commas[0].start()]):
        for comma in reversed(commas):
            if is_aside_clause(text[: comma.start()].lower()):
                return text[comma.end() :]
    return text


def _may_be_first(end: re.Match[str]) -> bool:
    """Return whether what ends may be an appeal: a colon before a sign introduces data ("Explain this JSON: {")."""
    return end[0][0] != ":" or end.string[end.end()] not in DATA_SIGNS


def _drop_last(text: str) -> str:
    start = max(0, len(text) - HINT_CHARACTERS - 2)
    last = 0
    for end in END.finditer(text, start):
        if end.end() < len(text) and (end[0].strip() != ":" or ANSWER_HEAD.search(text, start, end.end())):
            last = end.end()  # text after any other colon is content
    begins = [
        begin.end()
        for begin in [*BEGIN.finditer(text, max(start, last))][-MOST_DROPPED:]
        if not TITLE.fullmatch(text, begin.end()) and _may_end(text[: begin.start()])
    ]
    place = None if _is_item(text, last) else _find_appeal(text, [last, *begins] if last else begins)
    shorter = _drop_last_clause(text) if place is None else text[:place].rstrip()
    return text if shorter != text and GIVEN.match(text) and not _is_hint(text[place or 0 :]) else shorter


def _is_item(text: str, start: int) -> bool:
    """Return whether a text's last line is one of several short lines, or fields, and so no sentence of its own."""
    above = (
        text[max(0, start - LONGEST) : max(0, start - 1)].rpartition("\n")[2]
        if text[start - 1 : start] == "\n"
        else ""
    )
    return above != "" and (
        (max(len(above.split()), len(text[start:].split())) <= LONGEST_ITEM and above[-1].isalnum())
        or (": " in above and FIELD.match(text, start) is not None)
    )


def _may_end(text: str) -> bool:
    """Return whether a text without a mark at its end may be a sentence: its last word needs no further one."""
    words = text.rpartition(": ")[2].rsplit(None, LEAST_ASKED)
    return (
        len(words) >= LEAST_ASKED and text[-1] not in LEADING and words[-1].lower() not in wordings.OPEN_ENDS
    )


def _is_hint(sentence: str) -> bool:
    return HINT.match(sentence.lower()) is not None or _requests_model(sentence)


def _find_appeal(text: str, places: list[int]) -> int | None:
    """Return the first place from which the rest of a text is an appeal, or None.

    For exact appeals the longest rest counts. For hints in free wording the shortest counts, since a longer one may
    contain other sentences, unless the language does not capitalize sentences.

    Args:
        text: The text.
        places: Places where the last sentence may begin, in order.
    """
    exact = (place for place in places if _matches_appeal(text[place:]))
    if (place := next(exact, None)) is not None:
        return place
    capital = bool(places) and text[places[-1]].isascii()
    return next(
        (each for each in (places[::-1] if capital else places) if _requests_model(text[each:])), None
    )


def _drop_last_clause(text: str) -> str:
    commas = [*COMMA.finditer(text, max(0, len(text) - LONGEST))][-MOST_COMMAS:]
    if commas and may_be_aside(text[commas[-1].end() :]):
        for comma in commas:
            before = text[: comma.start()]
            if is_aside_clause(text[comma.end() :].lower()) and (": " not in before or _may_end(before)):
                return before
    return text
