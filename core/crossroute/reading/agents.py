"""Read the current step of an agent's run: its list of tasks, its plan, and the errors of its last tool calls.

Agent frameworks ("harnesses") may replace earlier turns by a summary, and may send tool results in the user's role.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from crossroute.patterns import AnyCase, lazy
from crossroute.reading.sections import drop_blocks

SAID_CHARACTERS = 300
"""Most characters read of a plan, of errors, and of each section of a summary."""

SEARCHED_CHARACTERS = 10_000
"""Most characters searched, from the end of a tool result."""

ERROR = AnyCase(
    r"\b(?:[\w.]*(?:error|exception)|traceback|failed|failures?|fatal|panic(?:ked)?)\b"
    r"|\A(?!.*[.!]\s*\Z)[^.]{0,60}\b(?:denied|not found|no such|cannot|could not|refused|timed out)\b"
)
"""A line that reports an error."""

ERROR_LINES = 3
"""Most lines of errors that are read."""

LONG_LINE, EARLY = 200, 40
"""In a line longer than LONG_LINE, which is prose or data, an error counts only in its first EARLY characters."""

CALL = lazy(r"(?im)^\s*(?:thought:\s*|action(?: input)?:.*$|observation:.*$)")
"""Beginnings of lines of an agent that writes its tool calls as text."""

RESULT = AnyCase(
    r"\s*(?:(?:observation|tool (?:result|output|response)|execution (?:logs?|result|output)|stdout|command output"
    r"|(?:results?|output) of|function (?:result|output)|error while parsing the output)\b|\[[\w.-]+[^\]\n]*\] result:)"
)
"""Beginning of a tool result in the user's role."""

DOING = lazy(r"\{[^{}]*[\"'](?:in[_ -]progress|doing|active)[\"'][^{}]*\}")
"""An object with a status of "in progress", in a list of tasks."""

STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
BOX = lazy(r"(?m)^[ ]*(?:[-*•]|\d+[.)])?[ ]*\[([^\]\n]{0,12})\][ ]*(\S[^\n]*)$")
"""A line of a list of tasks with checkboxes: the mark in the box, and the task."""

UNDONE, DONE = frozenset(" "), frozenset("xX✓✔")
"""Marks of open tasks, and of finished ones; other marks mean that a task is in progress."""

_NAME = r"([^\W\d_][^\n:#*]{2,40}?)\**"
SECTION = lazy(rf"\s*(?:(?:#{{1,6}}|\d+[.)]|\*\*)[ ]*\**{_NAME}(?::\**\s*|\s*\Z)|{_NAME}:\s*)")
"""Heading of a section of a summary."""

INTENT = AnyCase(r"\b(?:intent|request|goal|objective|tasks?)\b")
NEXT = AnyCase(r"\b(?:next steps?|current work|pending|remaining|in progress)\b")
"""Headings of the sections of a summary that state the task, and the next steps."""


def is_result(text: str) -> bool:
    """Return whether a text after an answer, in the user's role, is a tool result.

    >>> is_result("Observation: 3 pages"), is_result("[read_file for 'a.md'] Result:"), is_result("Go on.")
    (True, True, False)
    """
    return RESULT.match(text[:SAID_CHARACTERS]) is not None


def read_step(later: Sequence[tuple[str, str]]) -> str:
    r"""Return the current step of an agent: the current task of its list, its last message, the errors of its tools.

    Tool results without an error are not read, like documents next to a question.

    Args:
        later: Role and text of each turn after the last user turn.
    """
    if not later or later[-1][0] != "tool":
        return ""
    plans = (plan for role, text in reversed(later) if role == "answer" and (plan := _find_plan(text)))
    tasks = (task for _, text in reversed(later) if (task := current_task(text)))
    start = max((place for place, (role, _) in enumerate(later) if role == "answer"), default=-1)
    errors = _find_errors([text for _, text in later[start + 1 :]])
    return "\n".join(filter(None, (next(tasks, "")[:SAID_CHARACTERS], next(plans, ""), *errors)))


def _find_plan(text: str) -> str:
    return CALL.sub("", text).strip()[-SAID_CHARACTERS:]


def _find_errors(results: list[str]) -> list[str]:
    """Return the last lines that report errors, oldest first."""
    lines = (line.strip() for text in results for line in drop_blocks(text).splitlines())
    newest_first = filter(_reports_error, reversed(dict.fromkeys(lines)))
    errors = [*islice(newest_first, ERROR_LINES)][::-1]
    return [error[-SAID_CHARACTERS // len(errors) :] for error in errors]


def _reports_error(line: str) -> bool:
    found = ERROR.search(line)
    return found is not None and (len(line) <= LONG_LINE or found.start() < EARLY)


def current_task(text: str) -> str:
    r"""Return the task in progress of a list, or else its first open task; empty without a list.

    >>> current_task("[{'content': 'Read', 'status': 'completed'}, {'content': 'Add up', 'status': 'in_progress'}]")
    'Add up'
    >>> current_task("- [x] Read\n- [ ] Add it up\n- [ ] Tell")
    'Add it up'
    """
    text = text[-SEARCHED_CHARACTERS:]
    if "{" in text and (doing := DOING.search(text)):
        strings = (one or other for one, other in STRING.findall(doing[0]))
        return max((each for each in strings if " " in each), key=len, default="")
    if "[" not in text:
        return ""
    boxes: list[tuple[str, str]] = BOX.findall(text)
    marks = {mark for mark, _ in boxes}
    if DONE.isdisjoint(marks) or len(marks) == 1:
        return ""
    doing_now = (task for mark, task in boxes if mark not in UNDONE | DONE and mark.strip())
    return next(doing_now, "") or next((task for mark, task in boxes if mark in UNDONE), "")


def read_summary(text: str) -> str:
    r"""Return the task and the next steps in a summary of earlier turns; all of it if it has no such sections.

    >>> read_summary("Here is a summary:\n\n## Goal\nMend the login.\n\n## Files\na.py\n\n## Next steps\nAdd a test.")
    'Mend the login.\n\nAdd a test.'
    """
    sections = [*_split_sections(text)]
    intents = [body for name, body in sections if INTENT.search(name) and not NEXT.search(name)]
    following = [body for name, body in sections if NEXT.search(name)]
    parts = dict.fromkeys(body[:SAID_CHARACTERS] for body in (*intents[:1], *following[-1:]) if body)
    return "\n\n".join(parts) or text


def _split_sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the heading and the text of each section; the first heading is empty."""
    name, body = "", list[str]()
    for line in text.splitlines():
        if head := SECTION.match(line):
            yield name, "\n".join(body).strip()
            name, body = head[1] or head[2], [line[head.end() :]]
        else:
            body.append(line)
    yield name, "\n".join(body).strip()
