"""The calibration set: 260 queries over 13 skills, whose answers a program can grade.

They stand in calibration_set.jsonl, one a line, mixed: any beginning of them asks for all skills at all levels.
Profiles compare where they were made on the same queries, so the file does not change; an id holds a hash of its text.
`crossroute profile` runs a model on them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from crossroute.profiler.questions.checkers import json_value, label, listing, number, phrase
from crossroute.profiler.questions.expression import worth
from crossroute.profiler.questions.graded_query import Checker, GradedQuery
from crossroute.profiler.questions.rules import obeys, read_rules

__all__ = ["GradedQuery", "calibration_set"]

_CHECKERS: dict[str, Checker] = {
    checker.__name__: checker for checker in (json_value, label, listing, number, obeys, phrase, worth)
}


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
