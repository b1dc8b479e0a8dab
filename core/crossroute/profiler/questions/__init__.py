"""The calibration set: 260 queries over 13 skills, whose answers a program can grade.

They stand in calibration_set.jsonl, one a line, mixed: any beginning of them asks for all skills at all levels.
Profiles compare where they were made on the same queries, so the file does not change; an id holds a hash of its text.
`crossroute profile` runs a model on them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from crossroute.profiler.questions.checkers import json_value, label, listing, number, phrase
from crossroute.profiler.questions.expression import worth
from crossroute.profiler.questions.rules import obeys, read_rules

__all__ = ["GradedQuery", "calibration_set"]

Checker = Callable[[str, Any], float]

_CHECKERS: dict[str, Checker] = {
    checker.__name__: checker for checker in (json_value, label, listing, number, obeys, phrase, worth)
}


@dataclass(frozen=True)
class GradedQuery:
    """A query, and what a program needs to grade an answer to it: no judge, no model.

    Attributes:
        skill: What it asks for ("arithmetic").
        level: Difficulty within the skill, from 1, the easiest.
        text: The whole query, with the form that the answer should take.
        reference: What the checker compares an answer with.
        checker: (answer, reference) -> quality in [0, 1].
        example: An answer of quality 1.
    """

    skill: str
    level: int
    text: str
    reference: Any = field(repr=False)
    checker: Checker = field(repr=False)
    example: str = field(repr=False)

    @property
    def query_id(self) -> str:
        """Skill, level and a hash of the text: another text is another query."""
        return f"{self.skill}-{self.level}-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"

    def grade(self, answer: str) -> float:
        """Return the quality of an answer, in [0, 1]; of an empty one, 0."""
        return self.checker(answer, self.reference) if answer.strip() else 0.0


@cache
def calibration_set() -> tuple[GradedQuery, ...]:
    """Return the queries, in their order."""
    with Path(__file__).with_name("calibration_set.jsonl").open(encoding="utf-8") as lines:
        return tuple(map(_read, lines))


def _read(line: str) -> GradedQuery:
    fields = json.loads(line)
    checker = _CHECKERS[fields.pop("checker")]
    if checker is obeys:
        fields["reference"] = read_rules(fields["reference"])
    return GradedQuery(checker=checker, **fields)
