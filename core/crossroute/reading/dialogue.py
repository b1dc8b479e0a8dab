r"""Read a conversation that is written out in one text: a chat log, a transcript, examples before a question.

Each turn begins with a name and a colon, at the beginning of a line. That several of the names come again tells turns
from the fields of a record. What the last one says is to be answered, or what stands before an answer that is empty.
"""

# ruff: noqa: E501, RUF001, SIM905 - lists of words, and punctuation of other scripts

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import NamedTuple

from crossroute.patterns import lazy
from crossroute.reading.conversation import Turn, read_turns
from crossroute.reading.sections import PARAGRAPH, at_lines, is_follow_up, says_something

MOST_NAMES = 8
LEAST_TURNS = 3
LEAST_HEADED = 0.8
"""Share of lines that begin turns where nobody is called an assistant or the like."""

_TIME = r"[\[(]?(?:\d{4}-\d\d-\d\d[T ,]*|\d{1,2}[./]\d{1,2}[./]\d{2,4},? )?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?[\])]?[ ,–-]*"
TURN = lazy(
    rf"(?m)^[ >*#-]*(?P<time>{_TIME})?\**(?:(?P<name>[^\W\d_][\w.'’-]*(?: [\w.'’-]+){{0,2}}?)"
    r" ?(?:[#\d]{1,3}|[\[(]\d[^\])\n]{0,20}[\])])?\** ?[:：]\**|<(?P<nick>[\w-]{1,20})>)[ \t]*"
)
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
    found = at_lines(TURN, text, SIGNS)
    names = [*map(_name_of, found)]
    heads = [head for at, head in enumerate(found) if tuple(names[at : at + 2]) != CHOICES]
    stamped = [*filter(_is_stamped, heads)]
    heads = stamped if len(stamped) >= LEAST_TURNS else heads  # the others stand in what is said
    count = Counter(map(_name_of, heads))
    again = [head for head in heads if count[_name_of(head)] > 1]
    return next(filter(partial(_are_of_turns, text), (heads, again)), [])


def _are_of_turns(text: str, heads: list[re.Match[str]]) -> bool:
    names = set(map(_name_of, heads))
    if not (2 <= len(names) <= min(MOST_NAMES, len(heads) // 2 + 1) and not any(map(_names_nobody, names))):
        return False
    answers = not ANSWERING.isdisjoint(names)
    return (
        answers or _is_stamped(heads[0]) or len(heads) >= LEAST_HEADED * (1 + len(LINE_BREAK.findall(text)))
    )


def _is_stamped(head: re.Match[str]) -> bool:
    """Return whether a turn begins with a time, or with a name in angle brackets, as in logs of chats."""
    return bool(head["time"] or head["nick"])


def _name_of(head: re.Match[str]) -> str:
    return str(head["name"] or head["nick"]).lower()


def _names_nobody(name: str) -> bool:
    return name in LOGGED or (len(name) == 1 and name.isascii() and name not in "aq")
