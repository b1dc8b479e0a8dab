"""Read where an agent stands: what it does now, by its list of tasks, its plan, and the errors of its last tools.

Its harness may have put a summary in the place of earlier turns, and may hand over results in the role of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from crossroute.patterns import AnyCase, lazy
from crossroute.reading.sections import drop_blocks

SAID_CHARACTERS = 300
"""Characters that are read of a plan, of errors, and of each part of a summary."""

SEARCHED_CHARACTERS = 10_000
"""Characters from the end of a result that are searched."""

ERROR = AnyCase(
    r"\b(?:[\w.]*(?:error|exception)|traceback|failed|failures?|fatal|panic(?:ked)?)\b"
    r"|\A(?!.*[.!]\s*\Z)[^.]{0,60}\b(?:denied|not found|no such|cannot|could not|refused|timed out)\b"
)
ERROR_LINES = 3
LONG_LINE, EARLY = 200, 40
"""In a longer line, which is prose or data, only an error near its beginning counts."""

CALL = lazy(r"(?im)^\s*(?:thought:\s*|action(?: input)?:.*$|observation:.*$)")
"""How an agent that writes its tool calls as text begins their lines."""

RESULT = AnyCase(
    r"\s*(?:(?:observation|tool (?:result|output|response)|execution (?:logs?|result|output)|stdout|command output"
    r"|(?:results?|output) of|function (?:result|output)|error while parsing the output)\b|\[[\w.-]+[^\]\n]*\] result:)"
)
"""How a tool's result begins in the role of a person."""

DOING = lazy(r"\{[^{}]*[\"'](?:in[_ -]progress|doing|active)[\"'][^{}]*\}")
STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
BOX = lazy(r"(?m)^[ ]*(?:[-*•]|\d+[.)])?[ ]*\[([^\]\n]{0,12})\][ ]*(\S[^\n]*)$")
"""A line of a list of tasks, with a box before each."""

UNDONE, DONE = frozenset(" "), frozenset("xX✓✔")

_NAME = r"([^\W\d_][^\n:#*]{2,40}?)\**"
SECTION = lazy(rf"\s*(?:(?:#{{1,6}}|\d+[.)]|\*\*)[ ]*\**{_NAME}(?::\**\s*|\s*\Z)|{_NAME}:\s*)")
INTENT = AnyCase(r"\b(?:intent|request|goal|objective|tasks?)\b")
NEXT = AnyCase(r"\b(?:next steps?|current work|pending|remaining|in progress)\b")
"""What stands over the parts of a summary that tell what is to be done."""


def is_result(text: str) -> bool:
    """Return whether a text that follows an answer hands over what a tool returned.

    >>> is_result("Observation: 3 pages"), is_result("[read_file for 'a.md'] Result:"), is_result("Go on.")
    (True, True, False)
    """
    return RESULT.match(text[:SAID_CHARACTERS]) is not None


def read_step(later: Sequence[tuple[str, str]]) -> str:
    r"""Return what an agent does now: the task of its list, what it said last, the errors that its tools returned.

    Other results are there to be used, not to be answered: as documents beside a question, they are not read.

    Args:
        later: Role and text of the turns after the last one of a person.
    """
    if not later or later[-1][0] != "tool":
        return ""
    plans = (plan for role, text in reversed(later) if role == "answer" and (plan := _plan_of(text)))
    tasks = (task for _, text in reversed(later) if (task := current_task(text)))
    start = max((place for place, (role, _) in enumerate(later) if role == "answer"), default=-1)
    errors = _errors_in([text for _, text in later[start + 1 :]])
    return "\n".join(filter(None, (next(tasks, "")[:SAID_CHARACTERS], next(plans, ""), *errors)))


def _plan_of(text: str) -> str:
    return CALL.sub("", text).strip()[-SAID_CHARACTERS:]


def _errors_in(results: list[str]) -> list[str]:
    """Return the last lines of results that tell of errors, oldest first."""
    lines = (line.strip() for text in results for line in drop_blocks(text).splitlines())
    newest_first = filter(_tells_error, reversed(dict.fromkeys(lines)))
    errors = [*islice(newest_first, ERROR_LINES)][::-1]
    return [error[-SAID_CHARACTERS // len(errors) :] for error in errors]


def _tells_error(line: str) -> bool:
    found = ERROR.search(line)
    return found is not None and (len(line) <= LONG_LINE or found.start() < EARLY)


def current_task(text: str) -> str:
    r"""Return the task of a list that is in progress, or the first that is not done; empty where there is no list.

    >>> current_task("[{'content': 'Read', 'status': 'completed'}, {'content': 'Add up', 'status': 'in_progress'}]")
    'Add up'
    >>> current_task("- [x] Read\n- [ ] Add it up\n- [ ] Tell")
    'Add it up'
    """
    text = text[-SEARCHED_CHARACTERS:]
    if "{" in text and (doing := DOING.search(text)):
        said = (one or other for one, other in STRING.findall(doing[0]))
        return max((each for each in said if " " in each), key=len, default="")
    if "[" not in text:
        return ""
    boxes: list[tuple[str, str]] = BOX.findall(text)
    marks = {mark for mark, _ in boxes}
    if DONE.isdisjoint(marks) or len(marks) == 1:
        return ""
    doing_now = (task for mark, task in boxes if mark not in UNDONE | DONE and mark.strip())
    return next(doing_now, "") or next((task for mark, task in boxes if mark in UNDONE), "")


def read_summary(text: str) -> str:
    r"""Return what a summary of earlier turns says is to be done; all of it where it has no such parts.

    >>> read_summary("Here is a summary:\n\n## Goal\nMend the login.\n\n## Files\na.py\n\n## Next steps\nAdd a test.")
    'Mend the login.\n\nAdd a test.'
    """
    sections = [*_sections_of(text)]
    intents = [body for name, body in sections if INTENT.search(name) and not NEXT.search(name)]
    following = [body for name, body in sections if NEXT.search(name)]
    told = dict.fromkeys(body[:SAID_CHARACTERS] for body in (*intents[:1], *following[-1:]) if body)
    return "\n\n".join(told) or text


def _sections_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each section."""
    name, body = "", list[str]()
    for line in text.splitlines():
        if head := SECTION.match(line):
            yield name, "\n".join(body).strip()
            name, body = head[1] or head[2], [line[head.end() :]]
        else:
            body.append(line)
    yield name, "\n".join(body).strip()
