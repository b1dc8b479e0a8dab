"""Find the final answer in a response: marked as such, bare, or stated first or last."""

from __future__ import annotations

import re

LONGEST_ANSWER = 50_000
"""Characters that are searched, from the end."""

SHORT = 40
"""Most words of an answer that is used whole; of a longer one, the last and the first line count."""

RUN_ON = 3
"""Number of lines beginning with "Answer:" from which a base model is assumed to continue with further questions."""

_BEFORE_RUN_ON = 8
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|$)", re.DOTALL | re.IGNORECASE)
_MARKER = re.compile(r"\\boxed\b|\banswer(?:\s+is)?\s*\**\s*:|\banswer\s+is\b|\b####", re.IGNORECASE)
_ANSWER_LINE = re.compile(r"^[ \t]*answer[ \t]*:", re.IGNORECASE | re.MULTILINE)
_DIGIT_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")


def strip_markup(answer: str) -> str:
    r"""Return an answer without reasoning, emphasis, and further questions that a base model generates.

    >>> strip_markup("<think>Lyon?</think> **Paris**"), strip_markup("Paris\nAnswer: Rome\nAnswer: Oslo\nAnswer: Riga")
    ('Paris', 'Paris')
    """
    said = _THOUGHTS.sub("", answer[-LONGEST_ANSWER:])
    said = said.replace("**", "").replace("\u2212", "-").replace("{,}", ",").strip()
    return _cut_run_on(_DIGIT_SPACE.sub("", said))


def find_marked(said: str) -> str:
    """Return the line after the last "answer:" or similar marker; "" without one.

    >>> find_marked("First 3, then 5. The answer is 8 apples.")
    '8 apples.'
    """
    for marker in reversed(list(_MARKER.finditer(said))):
        if lines := said[marker.end() :].strip().splitlines():
            return lines[0].strip()
    return ""


def find_answers(answer: str) -> tuple[str, ...]:
    """Return possible final answers, the likeliest first: one text, or two for a long answer without a marker.

    >>> find_answers("Paris it is."), find_answers("Lyon comes to mind. The answer is: Paris")
    (('Paris it is.',), ('Paris',))
    """
    said = strip_markup(answer)
    if after := find_marked(said):
        return (after,)
    if len(said.split()) <= SHORT:
        return (said,)
    lines = [line for line in said.splitlines() if line.strip()]
    return (lines[-1], lines[0])


def _cut_run_on(said: str) -> str:
    """Return the first answer of a text that continues with further questions and answers."""
    found = list(_ANSWER_LINE.finditer(said))
    if len(found) < RUN_ON:
        return said
    before = said[: found[0].start()].strip()
    if not before:
        return said[: found[1].start()].strip()
    bare = len(before.split()) <= _BEFORE_RUN_ON and "\n" not in before and ":" not in before
    return before if bare else said
