r"""Read a conversation: the text that the next call answers, the text that it refers to, and an agent's current step.

A conversation comes as messages, or is written out in one text: a chat log, a transcript, examples before a question.
In a text, each turn begins a line with a name and a colon. Names must recur, as they do not in the fields of a record.
The question is the last turn, or the last one before an empty answer.
"""

# ruff: noqa: E501, RUF001, SIM905 - lists of words, and punctuation of other scripts

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from crossroute.patterns import lazy
from crossroute.reading.agents import is_result, read_step, read_summary
from crossroute.reading.asides import is_aside
from crossroute.reading.sections import (
    PARAGRAPH,
    is_follow_up,
    is_inserted,
    is_summary,
    says_something,
)

SAID_CHARACTERS = 300
"""Most characters read of an earlier turn."""

MOST_NAMES = 8
"""Most speakers."""

LEAST_TURNS = 3
"""Least turns of a conversation."""

LEAST_HEADED = 0.8
"""Least share of lines that begin a turn, if no speaker is called an assistant or the like."""

_TIME = r"[\[(]?(?:\d{4}-\d\d-\d\d[Tt ,]*|\d{1,2}[./]\d{1,2}[./]\d{2,4},? )?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ ,–-]*"
_PERSON = r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,2}?"
_NAME_BY_TIME = rf"(?:(?P<person>{_PERSON}) ?(?:[—–-] ?)?(?i:(?:today|yesterday) at )?{_TIME}|{_TIME}(?P<speaker>{_PERSON}))[ \t]*$"
_NAME_FIRST = (
    rf"[ >*#-]*(?![ >*#-])(?P<time>{_TIME})?\**(?:(?P<name>{_PERSON})"
    r" ?(?:[#\d]{1,3}|[\[(]\d[^\])\n]{0,20}[\])])?\** ?[:：]\**|<(?P<nick>[\w-]{1,20})>(?=[ \t]+\S))[ \t]*"
)
TURN = lazy(rf"(?m)^{_NAME_BY_TIME}|^{_NAME_FIRST}")
"""Beginning of a turn: a name and a colon, with or without a time; or a name with a time, on a line of its own."""

TURN_WITHOUT_TIME = lazy(rf"(?m)^(?P<person>(?!))?(?P<speaker>(?!))?{_NAME_FIRST}")
"""The same without names with a time on a line of their own, which takes half as long."""

TIME = re.compile(r":(?<=\d:)\d\d")
"""A time of day."""

BEFORE_TIME, BEHIND_TIME = frozenset("[("), frozenset("mM]) ,–-\t")
"""First characters of a line with a leading time, and last characters of one with a trailing time, apart from
digits."""

CHOICES = ("a", "b")
"""Names in a row of which the first is a choice of a multiple-choice question, not an answer."""

SIGNS = ":：>"
"""Characters of which every beginning of a turn has one, unless it is on a line of its own."""

LINE_BREAK = re.compile(r"\n+")
ANSWERERS = frozenset(
    (
        "a answer answers assistant ai bot chatbot model output response reply solution label translation result claude"
        " chatgpt gpt gemini copilot agent antwort respuesta réponse risposta resposta ответ 答案 回答 답변 助手"
    ).split()
)
"""Names of speakers that answer."""

LOGGED = frozenset("error warning warn info debug trace fatal note hint file line http https step at".split())
"""Words that begin lines of logs and lists, and are no names."""


class Turn(NamedTuple):
    """A message of a conversation; system prompts are not included.

    Attributes:
        role: A person, a model, or a tool.
        text: Its text; empty for a picture, or for a tool call alone.
    """

    role: Literal["human", "answer", "tool"]
    text: str


class Said(NamedTuple):
    """The next call of a conversation.

    Attributes:
        text: The last human turn; empty if it has no text.
        context: What it refers to if it is a follow-up: the last turn with a question of its own, and the end of the
            last answer.
        step: In an agent's run, its plan, and the errors that its last tool calls returned.
    """

    text: str
    context: str = ""
    step: str = ""


class Dialogue(NamedTuple):
    """The next call of a conversation that is written out in one text.

    Attributes:
        question: The question, with what it refers to if it is a follow-up.
        lead: The text before the first turn.
        earlier: The earlier turns.
    """

    question: str
    lead: str
    earlier: str


def read_turns(turns: Sequence[Turn]) -> Said:
    r"""Read a conversation; the last turn is the newest.

    >>> proof = [Turn("human", "Prove Galois's theorem."), Turn("answer", "Half of it. Shall I go on?")]
    >>> read_turns([*proof, Turn("human", "Yes")])
    Said(text='Yes', context="Prove Galois's theorem.\n\nHalf of it. Shall I go on?", step='')
    >>> read_turns([*proof[:1], Turn("answer", "I search."), Turn("tool", "Error: no pages")]).step
    'I search.\nError: no pages'
    """
    turns = [_correct_role(turns, place) for place in range(len(turns))]
    human = [place for place, turn in enumerate(turns) if turn.role == "human"]
    if not human:
        said = (turn.text for turn in reversed(turns) if turn.role != "tool" and turn.text.strip())
        return Said(next(said, ""), step=read_step(turns))
    last = first = next((place for place in reversed(human) if not is_inserted(turns[place].text)), human[-1])
    while first > 0 and turns[first - 1].role == "human":
        first -= 1
    own = [turn.text for turn in turns[first : last + 1] if turn.text.strip()]
    texts = [text for text in own if not is_summary(text)] or [*map(read_summary, own)]
    later = [turn for turn in turns[last + 1 :] if turn.role != "human"]
    return Said(
        "\n\n".join(dict.fromkeys(texts)),
        _find_context(turns[: last if own and is_summary(own[0]) else first]),
        read_step(later),
    )


def _correct_role(turns: Sequence[Turn], place: int) -> Turn:
    """Return a turn, with the role of a tool if it is a tool result in the user's role."""
    turn = turns[place]
    follows = place > 0 and turns[place - 1].role == "answer"
    return turn._replace(role="tool") if turn.role == "human" and follows and is_result(turn.text) else turn


def _find_context(earlier: Sequence[Turn]) -> str:
    """Return the last human turn with a question of its own, and the end of the last answer."""
    newest_first = [turn._replace(text=turn.text.strip()) for turn in reversed(earlier) if turn.text.strip()]
    human = [turn.text for turn in newest_first if turn.role == "human"]
    own = (text for text in human if not (is_follow_up(text) or is_inserted(text) or is_aside(text.lower())))
    substantial = next(own, "") or next((read_summary(text) for text in human if is_summary(text)), "")
    answer = next((turn.text for turn in newest_first if turn.role == "answer"), "")
    return "\n\n".join(filter(None, (cut_middle(substantial), answer[-SAID_CHARACTERS:])))


def cut_middle(text: str, limit: int = SAID_CHARACTERS) -> str:
    r"""Cut the middle out of a text that is longer than the limit, in characters.

    >>> cut_middle("one two three four", 8)
    'one \nfour'
    """
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n{text[-half:]}"


def read_dialogue(text: str) -> Dialogue | None:
    r"""Split a normalized text that is a conversation; None if it is none, or if instructions come before it.

    >>> read_dialogue("Q: The sky?\nA: Blue.\n\nQ: Who was Leonhard Euler?\nA:").question
    'Who was Leonhard Euler?'
    >>> read_dialogue("[10:02] ann: hello\n[10:03] bob: hi\n[10:04] ann: who was Leonhard Euler?").question
    'who was Leonhard Euler?'
    >>> read_dialogue("Summarize the chat.\n\nann: hello\nbob: hi\nann: who was Leonhard Euler?")
    """
    heads = _find_turns(text)
    if not heads:
        return None
    names = [_name_of(head) for head in heads]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    bodies = [text[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)]
    lead = text[: heads[0].start()].strip()
    is_open = not bodies[-1]  # the last turn is an empty answer
    asking = [at for at, name in enumerate(names) if bodies[at] and name not in ANSWERERS]
    if (
        not asking
        or not says_something(bodies[last := asking[-1]])
        or not (is_open or last == len(names) - 1)
    ):
        return None
    ended = PARAGRAPH.search(bodies[last]) and not _is_stamped(heads[0])
    if not is_open and (lead or ended):  # the question is before or after the turns
        return None
    spoken = zip(names[:last], bodies, strict=False)
    earlier = [Turn("answer" if name in ANSWERERS else "human", body) for name, body in spoken]
    question = bodies[last]
    if is_follow_up(question):
        context = read_turns([*earlier, Turn("answer", ""), Turn("human", question)]).context
        question = "\n\n".join(filter(None, (context, question)))
    return Dialogue(question, lead, text[heads[0].start() : heads[last].start()].strip())


def _find_turns(text: str) -> list[re.Match[str]]:
    """Return the beginnings of the turns of a conversation; empty for any other text."""
    if min(text.count("\n") + 1, sum(map(text.count, SIGNS))) < LEAST_TURNS:
        return []
    found = [*_match_turns(text)]
    names = [*map(_name_of, found)]
    heads = [
        each for at, each in enumerate(zip(found, names, strict=True)) if tuple(names[at : at + 2]) != CHOICES
    ]
    stamped = [(head, name) for head, name in heads if _is_stamped(head)]
    heads = stamped if len(stamped) >= LEAST_TURNS else heads  # the others are within turns
    count = Counter(name for _, name in heads)
    recurring = [(head, name) for head, name in heads if count[name] > 1]
    turns = next(filter(partial(_are_turns, text), (heads, recurring)), [])
    return [head for head, _ in turns]


def _match_turns(text: str) -> Iterator[re.Match[str]]:
    """Yield the beginnings of lines that look like turns."""
    start = 0
    signs = [*filter(text.__contains__, SIGNS)]
    has_times = TIME.search(text) is not None
    for line in text.split("\n"):
        if any(map(line.__contains__, signs)):
            pattern = TURN if has_times and _may_hold_time(line) else TURN_WITHOUT_TIME
            if head := pattern.match(text, start):
                yield head
        start += len(line) + 1


def _may_hold_time(line: str) -> bool:
    """Return whether a line may consist of a name and a time."""
    first, last = line[0], line[-1]
    return first in BEFORE_TIME or last in BEHIND_TIME or first.isdecimal() or last.isdecimal()


def _are_turns(text: str, heads: list[tuple[re.Match[str], str]]) -> bool:
    """Return whether the beginnings of lines, with their names, are those of a conversation's turns."""
    names = {name for _, name in heads}
    if not (2 <= len(names) <= min(MOST_NAMES, len(heads) // 2 + 1) and not any(map(_is_no_name, names))):
        return False
    answers = not ANSWERERS.isdisjoint(names)
    return (
        answers
        or _is_stamped(heads[0][0])
        or len(heads) >= LEAST_HEADED * (1 + len(LINE_BREAK.findall(text)))
    )


def _is_stamped(head: re.Match[str]) -> bool:
    """Return whether a turn begins with a time, or with a name in angle brackets, as in chat logs."""
    return any(head.group("time", "nick", "person", "speaker"))


def _name_of(head: re.Match[str]) -> str:
    return str(head["name"] or head["nick"] or head["person"] or head["speaker"]).lower()


def _is_no_name(name: str) -> bool:
    return name in LOGGED or (len(name) == 1 and name.isascii() and name not in "aq")
