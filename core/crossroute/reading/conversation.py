r"""Read a conversation: what its next call has to answer, what that refers to, and where an agent stands.

It comes in messages, or is written out in one text: a chat log, a transcript, examples before a question. There each
turn begins with a name and a colon, at the beginning of a line. That several of the names come again tells turns from
the fields of a record. What the last one says is to be answered, or what stands before an answer that is empty.
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
"""Characters that are read of an earlier turn."""

MOST_NAMES = 8
LEAST_TURNS = 3
LEAST_HEADED = 0.8
"""Share of lines that begin turns where nobody is called an assistant or the like."""

_TIME = r"[\[(]?(?:\d{4}-\d\d-\d\d[Tt ,]*|\d{1,2}[./]\d{1,2}[./]\d{2,4},? )?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ ,–-]*"
_PERSON = r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,2}?"
_NAME_BY_TIME = rf"(?:(?P<person>{_PERSON}) ?(?:[—–-] ?)?(?i:(?:today|yesterday) at )?{_TIME}|{_TIME}(?P<speaker>{_PERSON}))[ \t]*$"
_NAME_FIRST = (
    rf"[ >*#-]*(?![ >*#-])(?P<time>{_TIME})?\**(?:(?P<name>{_PERSON})"
    r" ?(?:[#\d]{1,3}|[\[(]\d[^\])\n]{0,20}[\])])?\** ?[:：]\**|<(?P<nick>[\w-]{1,20})>(?=[ \t]+\S))[ \t]*"
)
TURN = lazy(rf"(?m)^{_NAME_BY_TIME}|^{_NAME_FIRST}")
"""How a turn begins: a name and a colon, with a time or not, or a name beside a time on a line of its own."""

TURN_WITHOUT_TIME = lazy(rf"(?m)^(?P<person>(?!))?(?P<speaker>(?!))?{_NAME_FIRST}")
"""The same but for names beside a time on a line of its own, which takes half as long."""

TIME = re.compile(r":(?<=\d:)\d\d")
BEFORE_TIME, BEHIND_TIME = frozenset("[("), frozenset("mM]) ,–-\t")
"""Beside digits, what such a line begins with where the time stands first, or else ends with."""

CHOICES = ("a", "b")
"""Heads that follow each other where the first names a choice, and no answer."""

SIGNS = ":：>"
LINE_BREAK = re.compile(r"\n+")
ANSWERING = frozenset(
    (
        "a answer answers assistant ai bot chatbot model output response reply solution label translation result claude"
        " chatgpt gpt gemini copilot agent antwort respuesta réponse risposta resposta ответ 答案 回答 답변 助手"
    ).split()
)
LOGGED = frozenset("error warning warn info debug trace fatal note hint file line http https step at".split())
"""What begins lines of logs and lists, and names nobody."""


class Turn(NamedTuple):
    """A message of a conversation; a system prompt is none.

    Attributes:
        role: A person, a model, or a tool.
        text: What it says; empty for a picture, or a mere tool call.
    """

    role: Literal["human", "answer", "tool"]
    text: str


class Said(NamedTuple):
    """What a conversation says of its next call.

    Attributes:
        text: The last human turn; empty where it holds no text.
        context: What it refers to if it says nothing of its own: the last turn that asked something, and how the
            answer before it ends.
        step: In an agent's run, what it said it would do, and the errors that its last tool calls returned.
    """

    text: str
    context: str = ""
    step: str = ""


class Dialogue(NamedTuple):
    """What a conversation in one text says of its next call.

    Attributes:
        question: What is to be answered, with what it refers to where it says nothing without it.
        lead: What stands before the first turn.
        earlier: The turns before.
    """

    question: str
    lead: str
    earlier: str


def read_turns(turns: Sequence[Turn]) -> Said:
    r"""Read a conversation, the newest turn last.

    >>> proof = [Turn("human", "Prove Galois's theorem."), Turn("answer", "Half of it. Shall I go on?")]
    >>> read_turns([*proof, Turn("human", "Yes")])
    Said(text='Yes', context="Prove Galois's theorem.\n\nHalf of it. Shall I go on?", step='')
    >>> read_turns([*proof[:1], Turn("answer", "I search."), Turn("tool", "Error: no pages")]).step
    'I search.\nError: no pages'
    """
    turns = [_in_its_role(turns, place) for place in range(len(turns))]
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
        _context(turns[: last if own and is_summary(own[0]) else first]),
        read_step(later),
    )


def _in_its_role(turns: Sequence[Turn], place: int) -> Turn:
    """Return a turn, as a tool's where a harness hands over a result in the role of a person."""
    turn = turns[place]
    follows = place > 0 and turns[place - 1].role == "answer"
    return turn._replace(role="tool") if turn.role == "human" and follows and is_result(turn.text) else turn


def _context(earlier: Sequence[Turn]) -> str:
    """Return the last human turn with content of its own, and the end of the last answer."""
    newest_first = [turn._replace(text=turn.text.strip()) for turn in reversed(earlier) if turn.text.strip()]
    asked = [turn.text for turn in newest_first if turn.role == "human"]
    own = (text for text in asked if not (is_follow_up(text) or is_inserted(text) or is_aside(text.lower())))
    substantial = next(own, "") or next((read_summary(text) for text in asked if is_summary(text)), "")
    answer = next((turn.text for turn in newest_first if turn.role == "answer"), "")
    return "\n\n".join(filter(None, (ends_of(substantial), answer[-SAID_CHARACTERS:])))


def ends_of(text: str, limit: int = SAID_CHARACTERS) -> str:
    r"""Return both ends of a text, at most so many characters of it.

    >>> ends_of("one two three four", 8)
    'one \nfour'
    """
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n{text[-half:]}"


def read_dialogue(text: str) -> Dialogue | None:
    r"""Take a normalized text apart that is a conversation; None if it is none, or if an instruction comes before it.

    >>> read_dialogue("Q: The sky?\nA: Blue.\n\nQ: Who was Leonhard Euler?\nA:").question
    'Who was Leonhard Euler?'
    >>> read_dialogue("[10:02] ann: hello\n[10:03] bob: hi\n[10:04] ann: who was Leonhard Euler?").question
    'who was Leonhard Euler?'
    >>> read_dialogue("Summarize the chat.\n\nann: hello\nbob: hi\nann: who was Leonhard Euler?")
    """
    heads = _heads_of_turns(text)
    if not heads:
        return None
    names = [_name_of(head) for head in heads]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    bodies = [text[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)]
    lead = text[: heads[0].start()].strip()
    is_open = not bodies[-1]  # an answer is to be written there
    asking = [at for at, name in enumerate(names) if bodies[at] and name not in ANSWERING]
    if (
        not asking
        or not says_something(bodies[last := asking[-1]])
        or not (is_open or last == len(names) - 1)
    ):
        return None
    ended = PARAGRAPH.search(bodies[last]) and not _is_stamped(heads[0])
    if not is_open and (lead or ended):  # what is asked stands before the turns, or behind
        return None
    spoken = zip(names[:last], bodies, strict=False)
    earlier = [Turn("answer" if name in ANSWERING else "human", body) for name, body in spoken]
    question = bodies[last]
    if is_follow_up(question):
        context = read_turns([*earlier, Turn("answer", ""), Turn("human", question)]).context
        question = "\n\n".join(filter(None, (context, question)))
    return Dialogue(question, lead, text[heads[0].start() : heads[last].start()].strip())


def _heads_of_turns(text: str) -> list[re.Match[str]]:
    """Return where the turns of a conversation begin; none where a text is no conversation."""
    if min(text.count("\n") + 1, sum(map(text.count, SIGNS))) < LEAST_TURNS:
        return []
    found = [*_turns_in(text)]
    names = [*map(_name_of, found)]
    heads = [
        each for at, each in enumerate(zip(found, names, strict=True)) if tuple(names[at : at + 2]) != CHOICES
    ]
    stamped = [(head, name) for head, name in heads if _is_stamped(head)]
    heads = stamped if len(stamped) >= LEAST_TURNS else heads  # the others stand in what is said
    count = Counter(name for _, name in heads)
    again = [(head, name) for head, name in heads if count[name] > 1]
    turns = next(filter(partial(_are_of_turns, text), (heads, again)), [])
    return [head for head, _ in turns]


def _turns_in(text: str) -> Iterator[re.Match[str]]:
    """Yield where lines begin as turns do."""
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
    """Return whether a line may hold nothing but a name and a time."""
    first, last = line[0], line[-1]
    return first in BEFORE_TIME or last in BEHIND_TIME or first.isdecimal() or last.isdecimal()


def _are_of_turns(text: str, heads: list[tuple[re.Match[str], str]]) -> bool:
    """Return whether lines of a text begin turns, by what they begin with and whom that names."""
    names = {name for _, name in heads}
    if not (2 <= len(names) <= min(MOST_NAMES, len(heads) // 2 + 1) and not any(map(_names_nobody, names))):
        return False
    answers = not ANSWERING.isdisjoint(names)
    return (
        answers
        or _is_stamped(heads[0][0])
        or len(heads) >= LEAST_HEADED * (1 + len(LINE_BREAK.findall(text)))
    )


def _is_stamped(head: re.Match[str]) -> bool:
    """Return whether a turn begins with a time, or with a name in angle brackets, as in logs of chats."""
    return any(head.group("time", "nick", "person", "speaker"))


def _name_of(head: re.Match[str]) -> str:
    return str(head["name"] or head["nick"] or head["person"] or head["speaker"]).lower()


def _names_nobody(name: str) -> bool:
    return name in LOGGED or (len(name) == 1 and name.isascii() and name not in "aq")
