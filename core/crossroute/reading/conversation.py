"""Read a conversation: what its next call has to answer, what that refers to, and where an agent stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Literal, NamedTuple

from crossroute.patterns import AnyCase, lazy
from crossroute.reading.sections import is_follow_up, is_inserted

SAID_CHARACTERS = 300
"""Characters that are read of an earlier turn."""

ERROR_CHARACTERS = 300
"""Characters that are read of the errors among an agent's last results."""

ERROR = AnyCase("error|exception|traceback|failed|failure|fatal|panic|denied|not found|cannot|refused")
ERROR_LINES = 3
CALL = lazy(r"(?im)^\s*(?:thought:\s*|action(?: input)?:.*$|observation:.*$)")
"""How an agent that writes its tool calls as text begins their lines."""


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


def read_turns(turns: Sequence[Turn]) -> Said:
    r"""Read a conversation, the newest turn last.

    >>> proof = [Turn("human", "Prove Galois's theorem."), Turn("answer", "Half of it. Shall I go on?")]
    >>> read_turns([*proof, Turn("human", "Yes")])
    Said(text='Yes', context="Prove Galois's theorem.\n\nHalf of it. Shall I go on?", step='')
    >>> read_turns([*proof[:1], Turn("answer", "I search."), Turn("tool", "Error: no pages")]).step
    'I search.\nError: no pages'
    """
    human = [place for place, turn in enumerate(turns) if turn.role == "human"]
    if not human:
        said = (turn.text for turn in reversed(turns) if turn.role != "tool" and turn.text.strip())
        return Said(next(said, ""), step=_step(turns))
    last = first = next((place for place in reversed(human) if not is_inserted(turns[place].text)), human[-1])
    while first > 0 and turns[first - 1].role == "human":
        first -= 1
    texts = [turn.text for turn in turns[first : last + 1] if turn.text.strip()]
    later = [turn for turn in turns[last + 1 :] if turn.role != "human"]
    return Said("\n\n".join(dict.fromkeys(texts)), _context(turns[:first]), _step(later))


def _context(earlier: Sequence[Turn]) -> str:
    """Return the last human turn with content of its own, and the end of the last answer."""
    newest_first = [turn._replace(text=turn.text.strip()) for turn in reversed(earlier) if turn.text.strip()]
    asked = (turn.text for turn in newest_first if turn.role == "human")
    substantial = next((text for text in asked if not (is_follow_up(text) or is_inserted(text))), "")
    answer = next((turn.text for turn in newest_first if turn.role == "answer"), "")
    return "\n\n".join(filter(None, (ends_of(substantial), answer[-SAID_CHARACTERS:])))


def _step(later: Sequence[Turn]) -> str:
    """Return what an agent said it would do with its last tool calls, and the errors among their results.

    Other results are there to be used, not to be answered: as documents beside a question, they are not read.
    """
    if not later or later[-1].role != "tool":
        return ""
    start = max((place for place, turn in enumerate(later) if turn.role == "answer"), default=-1)
    plan = CALL.sub("", later[start].text).strip()[-SAID_CHARACTERS:] if start >= 0 else ""
    results = (line.strip() for turn in later[start + 1 :] for line in turn.text.splitlines())
    newest_first = filter(ERROR.search, reversed(dict.fromkeys(results)))
    errors = [*islice(newest_first, ERROR_LINES)][::-1]
    return "\n".join(filter(None, (plan, *(error[-ERROR_CHARACTERS // len(errors) :] for error in errors))))


def ends_of(text: str, limit: int = SAID_CHARACTERS) -> str:
    r"""Return both ends of a text, at most so many characters of it.

    >>> ends_of("one two three four", 8)
    'one \nfour'
    """
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n{text[-half:]}"
