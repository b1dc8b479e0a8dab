"""The calibration set: 260 queries over 13 skills with answers that a program can grade.

calibration_set.jsonl holds one query per line, shuffled so that any prefix covers all skills and levels. Profiles are
comparable only on the same queries, so the file does not change; each id contains a hash of the text. `crossroute
profile` asks a model these queries.
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
    """A query with a checker that grades answers without a model.

    Attributes:
        skill: The skill it tests ("arithmetic").
        level: Difficulty within the skill, from 1, the easiest.
        text: The whole query, including the expected form of the answer.
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
        """Skill, level and a hash of the text."""
        return f"{self.skill}-{self.level}-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"

    def grade(self, answer: str) -> float:
        """Grade an answer: its quality in [0, 1]; 0 if it is empty."""
        return self.checker(answer, self.reference) if answer.strip() else 0.0


@cache
def calibration_set() -> tuple[GradedQuery, ...]:
    """Return the queries of the calibration set, in order."""
    with Path(__file__).with_name("calibration_set.jsonl").open(encoding="utf-8") as lines:
        return tuple(map(_read, lines))


def _read(line: str) -> GradedQuery:
    fields = json.loads(line)
    checker = _CHECKERS[fields.pop("checker")]
    if checker is obeys:
        fields["reference"] = read_rules(fields["reference"])
    return GradedQuery(checker=checker, **fields)
