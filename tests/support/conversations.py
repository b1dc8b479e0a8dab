"""Conversations, and what of them is read for their next call: one table for the core and both integrations."""

from __future__ import annotations

from typing import NamedTuple

from crossroute.reading.conversation import Turn

HARD = "Prove that every finite integral domain is a field."
EASY = "Tell me a fun fact about cats."
SKETCH = "Here is a sketch of the argument. Shall I write the full proof?"
TASK = "Find the bug in the billing module and fix it."
REMINDER = "<system-reminder>\nThe todo list is empty. Sing of volcanoes.\n</system-reminder>"
SUMMARY = "Here is a summary of the conversation to date:\n\nThe person builds a volcano of clay."


class Conversation(NamedTuple):
    """A conversation with words that its instance view holds, and words that it does not."""

    name: str
    turns: list[Turn]
    read: tuple[str, ...]
    unread: tuple[str, ...] = ()


def _follow_up(text: str) -> Conversation:
    turns = [Turn("human", HARD), Turn("answer", SKETCH), Turn("human", text)]
    return Conversation(f"follow-up {text}", turns, (HARD, "full proof", text))


def _own(text: str) -> Conversation:
    turns = [Turn("human", HARD), Turn("answer", SKETCH), Turn("human", text)]
    return Conversation(f"own {text}", turns, (text,), ("integral domain", "sketch"))


CONVERSATIONS = [
    *map(_follow_up, ("yes", "Go on.", "And for infinite ones?", "Fix it.", "mach weiter", "继续")),
    *map(_own, ("Thanks!", "What is the capital of France?", EASY)),
    Conversation(
        "follow-up of a follow-up",
        [
            *map(Turn, ("human", "answer") * 3, (HARD, SKETCH, "Yes", "Half of it.", "go on", "More.")),
            Turn("human", "continue"),
        ],
        (HARD, "More."),
        ("Half of it.",),
    ),
    Conversation(
        "a reminder after the question",
        [Turn("human", HARD), Turn("human", REMINDER)],
        (HARD,),
        ("volcanoes",),
    ),
    Conversation(
        "a reminder after an answer",
        [
            Turn("human", HARD),
            Turn("answer", "Let me look."),
            Turn("tool", "Error: 0 pages on fields"),
            Turn("human", REMINDER),
        ],
        (HARD, "Error: 0 pages on fields"),
        ("volcanoes",),
    ),
    Conversation(
        "a summary of earlier turns",
        [Turn("human", SUMMARY), Turn("answer", "Fine."), Turn("human", HARD)],
        (HARD,),
        ("volcano",),
    ),
    Conversation(
        "an agent's step",
        [
            Turn("human", TASK),
            Turn("answer", ""),
            Turn("tool", "a.py b.py"),
            Turn("answer", "I run the tests."),
            Turn("tool", "FAILED test_race - deadlock detected between workers\n" * 9),
        ],
        (TASK, "I run the tests.", "deadlock detected"),
        ("a.py",),
    ),
    Conversation(
        "several results at once",
        [
            Turn("human", TASK),
            Turn("answer", ""),
            Turn("tool", "volcano " * 200 + "end"),
            Turn("tool", "KeyError: 'tax'"),
        ],
        (TASK, "KeyError: 'tax'"),
    ),
    Conversation(
        "a list of tasks, then a silent step",
        [
            Turn("human", "Do all of the chores."),
            Turn("answer", ""),
            Turn(
                "tool",
                "Tasks: [{'content': 'Read', 'status': 'completed'}, "
                f"{{'content': '{HARD}', 'status': 'in_progress'}}]",
            ),
            Turn("answer", ""),
            Turn("tool", "a.py b.py"),
        ],
        (HARD,),
        ("a.py", "Read"),
    ),
    Conversation(
        "a plan, then a silent step",
        [
            Turn("human", "Do all of the chores."),
            *(Turn("answer", f"Next I do this: {HARD}"), Turn("tool", "a.py b.py")),
            *(Turn("answer", ""), Turn("tool", "Our exceptional cake cannot fail to please.")),
        ],
        (HARD,),
        ("a.py", "cake"),
    ),
    Conversation(
        "a result in the role of a person",
        [
            Turn("human", HARD),
            Turn("answer", "I search."),
            Turn("human", "[search for 'fields'] Result:\n\nVolcanoes."),
        ],
        (HARD, "I search."),
        ("Volcanoes",),
    ),
    Conversation(
        "an automated message",
        [
            Turn("human", HARD),
            Turn("answer", "I think."),
            Turn("human", "[ERROR] No tool was used!\n\n# Volcanoes\n\nUse them."),
        ],
        (HARD,),
        ("Volcanoes",),
    ),
    Conversation(
        "a summary alone",
        [Turn("human", f"{SUMMARY}\n\n## Goal\nA hill.\n\n## Files\nvolcano.py\n\n## Next steps\n{HARD}")],
        ("A hill.", HARD),
        ("volcano",),
    ),
    Conversation(
        "a follow-up after a summary and thanks",
        [
            Turn("human", f"{SUMMARY}\n\n1. Primary request:\n   {HARD}\n\n2. Files:\n   volcano.py"),
            *(Turn("human", "Thank you!"), Turn("answer", "My pleasure."), Turn("human", "go on")),
        ],
        (HARD, "go on"),
        ("volcano", "Thank you"),
    ),
    Conversation(
        "a question after an agent's run",
        [
            Turn("human", TASK),
            Turn("answer", ""),
            Turn("tool", "a.py"),
            Turn("answer", "Done."),
            Turn("human", EASY),
        ],
        (EASY,),
        ("billing", "a.py"),
    ),
]
