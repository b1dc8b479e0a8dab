"""A query and its two views: the beginning identifies the task, the end the instance.

An encoder reads a few hundred tokens, so each view is a part of the question: the task view is its beginning, after
a few words of the system prompt; the instance view is its end. Material around the question (documents, logs, text
added by a harness) counts towards the cost, and is encoded only if the question means nothing without it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from numbers import Integral
from typing import NamedTuple

from crossroute.reading.appeals import ADDRESS_SIGNS, drop_appeals, drop_empty_choices
from crossroute.reading.asides import may_hold_aside
from crossroute.reading.ciphers import CODED, may_be_cipher, read_cipher
from crossroute.reading.conversation import Turn, cut_middle, read_turns
from crossroute.reading.encodings import HEX_END, LEAST_BETWEEN, LEAST_HEX
from crossroute.reading.ends import LONG, Asked
from crossroute.reading.normalization import (
    LEAST_RUN,
    LOWER,
    REPEATED_SENTENCES,
    REPEATED_SHARE,
    SAMPLE,
    TITLE_WORDS,
    UPPER,
    UPPER_SHARE,
    drop_second_half,
    find_repetition,
    is_titled,
    normalize,
)
from crossroute.reading.question import find_question
from crossroute.reading.sections import HARNESS, HEAD, is_follow_up, is_summary
from crossroute.reading.wordings import BEGINS, MODELS
from crossroute.reading.wrapping import CLOSING, unwrap
from crossroute.spelling import rate_letters
from crossroute.tokens import PIECE, estimate_both

VIEW_CHARACTERS = 1000
"""Characters of a view: about the 256 tokens that a sentence transformer reads."""

REFERENT_CHARACTERS = 600
"""Characters of the context that are encoded with a follow-up."""

TASK_CHARACTERS = 300
"""Characters of the task that are encoded with an agent's current step."""

FRAME_CHARACTERS = 300
"""Most characters of a system prompt that are encoded; also at most half as many as the question has."""

LEAST_FRAME = 40
"""Least characters of a system prompt that are useful: a question shorter than twice this is encoded alone."""

CHARACTERS_A_TOKEN = 4
"""The unit of question length that networks were trained on; costs use estimates by script instead."""

MARK = re.compile(
    "|".join(map(re.escape, ("</", "<|", "[/", "```", "??", "!!", "?!", "!?", "\\", *ADDRESS_SIGNS, *MODELS)))
    + r"| (?:[#/]|--)\w|&\w*;|&#|\.\.\w|[a-z][013457@$]+[a-z]|[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f]{4}-"
)
"""Marks that disqualify a word from the fast path for plain text."""

TELLING = frozenset(map(bytes.decode, CODED))
"""Words that mark a line without common English words as possibly encoded."""

WRAPS = frozenset("#*_~")
"""First characters of a line that may be a heading or emphasized as a whole."""

SENTENCE_END = re.compile(r"[.!?:)\]] ")
_SET_APART = frozenset(sign * 3 for sign in string.punctuation + " ")

KNOWN_WORDS = 16_384

read_frame, estimate_frame = lru_cache(64)(normalize), lru_cache(64)(estimate_both)
"""Cached normalization and token count of a system prompt, which many queries share."""


class View(NamedTuple):
    """The parts of a query that are encoded.

    Attributes:
        task: The beginning, after the start of the system prompt; at most `VIEW_CHARACTERS`.
        instance: The end; at most `VIEW_CHARACTERS`.
        tokens: Length of the whole normalized question, in units of 4 characters.
    """

    task: str
    instance: str
    tokens: int


@dataclass(frozen=True)
class Query:
    """A text to route on, with its system prompt, context and token count.

    Attributes:
        text: The text to route on; in a conversation, the last human turn.
        system: The system prompt, instructions or examples.
        input_tokens: Input tokens of the whole call, including history and tool definitions, for the predicted cost;
            estimated from the texts by default.
        context: What the text refers to, such as earlier turns; encoded only if the text means nothing without it ("go
            on", "fix it").
        step: The state of an agent that works on the text: its plan, and errors of its last tools. Encoded with the
            text.
        one_call: Whether it is one call (as through an integration) or an agent's whole run, which takes many calls and
            is priced as such; inferred from the text by default. A query with a `step` is always one call.

    Raises:
        TypeError: `text`, `system`, `context` or `step` is not a str, or `one_call` is not a bool or None.
        ValueError: `text` is empty or white space, or `input_tokens` is not a whole number >= 0.
    """

    text: str
    system: str = ""
    input_tokens: int | None = None
    context: str = ""
    step: str = ""
    one_call: bool | None = None

    def __post_init__(self) -> None:
        if not (type(self.text) is type(self.system) is type(self.context) is type(self.step) is str):
            self._check_types()
        if not self.text.strip():
            raise ValueError("The query is empty: there is no text to route on.")
        if self.input_tokens is not None and not (
            isinstance(self.input_tokens, Integral) and self.input_tokens >= 0
        ):
            raise ValueError(f"input_tokens must be a whole number, at least 0, got {self.input_tokens!r}.")
        if self.one_call not in (None, True, False):
            raise TypeError(f"one_call must be True, False or None, got {self.one_call!r}.")

    def _check_types(self) -> None:
        for name in ("text", "system", "context", "step"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise TypeError(
                    f"A query's {name} must be a str, got {type(value).__name__}. "
                    "For several queries use route_many or predict."
                )

    @classmethod
    def of(cls, query: str | Query) -> Query:
        """Return a `Query` from a text or an instance."""
        return query if isinstance(query, Query) else cls(query)

    @classmethod
    def of_call(cls, query: str | Query) -> Query:
        """Return a `Query` with `one_call=True`, unless it states that it is a whole run."""
        if not isinstance(query, Query):
            return cls(query, one_call=True)
        return replace(query, one_call=True) if query.one_call is None else query

    @classmethod
    def of_turns(
        cls, turns: Sequence[Turn], *, system: str = "", input_tokens: int | None = None
    ) -> Query | None:
        """Build the query of a conversation's next call; None if there is no text to route on.

        Args:
            turns: The conversation, the newest turn last.
            system: The system prompt; it becomes the text if there is no human turn and no text of a model.
            input_tokens: Input tokens of the call.
        """
        if len(turns) == 1 and turns[0].role == "human" and not is_summary(turns[0].text):
            text = turns[0].text
            return cls(text, system, input_tokens, one_call=True) if text.strip() else None
        said = read_turns(turns)
        spoken = any(turn.role == "human" for turn in turns)
        text = said.text if said.text.strip() or spoken else system
        parts = (text, system, input_tokens, said.context, said.step)
        return cls(*parts, one_call=True) if text.strip() else None

    @property
    def said(self) -> int:
        """1 for a stated single call, -1 for a stated whole run, 0 if neither is stated."""
        if self.one_call or self.step:
            return 1
        return 0 if self.one_call is None else -1

    @property
    def task_view(self) -> str:
        """The beginning: some of the system prompt, then the question."""
        return self.view.task

    @property
    def instance_view(self) -> str:
        """The end of the question."""
        return self.view.instance

    @property
    def text_tokens(self) -> int:
        """Length of the normalized question in units of 4 characters, as the cost head was trained on."""
        return self.view.tokens

    @cached_property
    def view(self) -> View:
        """The parts that are encoded."""
        if self._plain and not (self.system or self.context or self.step):
            text = self.text
            return View(text[:VIEW_CHARACTERS], text[-VIEW_CHARACTERS:], measure_length(text))
        asked = Asked(self.text) if self._plain else find_question(normalize(self.text))
        question = asked.question
        if self.context and is_follow_up(question):
            question = f"{cut_middle(normalize(self.context), REFERENT_CHARACTERS)}\n\n{question}"
        elif asked.context and is_follow_up(question, content_words=1):
            question = f"{question}\n\n{cut_middle(asked.context, REFERENT_CHARACTERS)}"
        if self.step:
            question = f"{_clip(question, TASK_CHARACTERS)}\n\n{cut_middle(normalize(self.step), REFERENT_CHARACTERS)}"
        frame = (self.system and read_frame(self.system[:VIEW_CHARACTERS])) or asked.lead
        limit = min(FRAME_CHARACTERS, len(question) // 2)
        frame = _clip(frame, limit) if limit >= LEAST_FRAME else ""
        task = f"{frame}\n\n{question}" if frame else question
        return View(task[:VIEW_CHARACTERS], question[-VIEW_CHARACTERS:], measure_length(question))

    def plain_words(self) -> list[str]:
        """Return the words of the text if it may be encoded word by word without normalization, else an empty list.

        It is so if `count_plain_pieces` of each word is above 0 as well.
        """
        if self.system or self.context or self.step or len(self.text) > VIEW_CHARACTERS:
            return []
        words = plain_words(self.text)
        if not words:
            vars(self)["_plain"] = 0  # caches the result of the property
        return words

    @cached_property
    def whole_tokens(self) -> int:
        """Input tokens of the whole call: `input_tokens`, else an estimate."""
        if self.input_tokens is not None:
            return int(self.input_tokens)
        return (self._plain or self._own[0]) + sum(newer for newer, _ in self._beside)

    @cached_property
    def _own(self) -> tuple[int, int]:
        """Tokens of the text in both vocabularies."""
        return estimate_both(self.text)

    @cached_property
    def _beside(self) -> list[tuple[int, int]]:
        """Tokens of system prompt, context and step in both vocabularies."""
        counts = [estimate_frame(self.system)] if self.system else []
        return counts + [estimate_both(part) for part in (self.context, self.step) if part]

    @cached_property
    def _plain(self) -> int:
        return count_plain_tokens(self.text)

    @cached_property
    def older_tokens(self) -> int:
        """Input tokens of the whole call in the vocabulary before gpt-4o, which needs more for non-Latin scripts."""
        return self.whole_tokens + self.further_tokens

    @property
    def further_tokens(self) -> int:
        """Additional input tokens of the whole call in the vocabulary before gpt-4o."""
        if (self.text + self.system + self.context + self.step).isascii():
            return 0
        newer, older = map(sum, zip(self._own, *self._beside, strict=True))
        return round(self.whole_tokens * older / newer) - self.whole_tokens

    @property
    def context_tokens(self) -> int:
        """Input tokens of the call other than `text_tokens`; negative if fewer were counted."""
        return self.whole_tokens - self.text_tokens


def measure_length(text: str) -> int:
    """Return the length of a text in units of 4 characters, at least 1."""
    return max(1, -(-len(text) // CHARACTERS_A_TOKEN))


def count_plain_tokens(text: str) -> int:
    """Return the tokens of a text that needs no normalization, or 0 if the rules of `reading` must be applied.

    A fast path for most short questions: one line of ASCII without runs, repetition, capitals, tags, headings or hints
    to a router. No token of such a text spans a blank, so words are checked and counted one by one.
    """
    pieces = [*map(count_plain_pieces, plain_words(text))]
    return 0 if 0 in pieces else sum(pieces)


def plain_words(text: str) -> list[str]:
    """Return the words of a text that needs no normalization, words themselves aside; else an empty list."""
    if not (text.isascii() and text.isprintable() and len(text) < LONG and text == text.strip()):
        return []
    words, lowered = text.split(), text.lower()
    count, spoken = len(words), words if text == lowered else lowered.split()
    may_be_wrapped = not text[0].isalpha() or text[-1] in CLOSING
    if (may_be_wrapped and unwrap(text) != text) or _is_written_otherwise(text, spoken):
        return []
    may_have_head = ":" in text or text.startswith("#") or "below." in lowered
    if count < 2 or "  " in text or (may_have_head and HEAD.match(text)) or HARNESS.match_small(lowered):
        return []
    ends = text.count(".") + text.count("!") + text.count("?")
    if _may_repeat(text, words, ends) or (
        text != lowered and (_is_loud(text) or is_titled(words[:TITLE_WORDS]))
    ):
        return []
    rest = text[1:]
    may_hold_more = (
        ((ends or ":" in text or ")" in text or "]" in text) and SENTENCE_END.search(text))
        or (text[-1] != "?" and not rest == lowered[1:] != rest.upper())  # nothing but small letters
        or lowered.startswith(BEGINS)
        or ("," in text and may_hold_aside(lowered))
    )
    return [] if may_hold_more and drop_appeals(drop_empty_choices(text)) != text else words


def _is_written_otherwise(text: str, words: list[str]) -> bool:
    """Return whether a line may be a template, encoded, separated by a mark, or counted by its letters."""
    if (
        text[-1] == ":"
        or text[0] in WRAPS
        or text[1:6:2] in _SET_APART
        or (may_be_cipher(words) and _is_of_other_words(text, words))
        or HEX_END.fullmatch(text[-LEAST_HEX:])
        or rate_letters(text, words) is not None
    ):
        return True
    return len(words) > LEAST_BETWEEN and words[1] == words[3] and not any(map(str.isalnum, words[1]))


def _is_of_other_words(text: str, words: list[str]) -> bool:
    """Return whether a line without common English words is encoded."""
    letters_alone = text.replace(" ", "").encode().isalpha()
    return not (letters_alone and TELLING.isdisjoint(words)) and read_cipher(text) != text


def _may_repeat(text: str, words: list[str], ends: int) -> bool:
    """Return whether words or sentences of a line may repeat.

    Args:
        text: The line.
        words: Its words.
        ends: Upper bound on the number of sentence ends in it.
    """
    different, count = len(set(words)), len(words)
    if different < REPEATED_SHARE * count or drop_second_half(text) != text:
        return True
    if min(ends + 1, count) < REPEATED_SENTENCES:
        return False
    return sum(map(text.count, (". ", "! ", "? "))) + 1 >= REPEATED_SENTENCES


def _is_loud(text: str) -> bool:
    """Return whether an ASCII text may be mostly in capitals; stricter than `is_capitals`."""
    sample = text[:: 1 + len(text) // SAMPLE].encode()
    upper, lower = (len(sample) - len(sample.translate(None, letters)) for letters in (UPPER, LOWER))
    return upper > UPPER_SHARE * lower


@lru_cache(KNOWN_WORDS)
def count_plain_pieces(word: str) -> int:
    """Return the token count of a word that no rule of `reading` would change; 0 if one might."""
    strange = MARK.search(f" {word.lower()}") or find_repetition(word)
    return 0 if len(word) >= LEAST_RUN or strange else len(PIECE.findall(word))


def _clip(text: str, limit: int) -> str:
    """Return the beginning of a text, cut between words, at most `limit` characters."""
    return text if len(text) <= limit else text[: limit + 1].rpartition(" ")[0]
