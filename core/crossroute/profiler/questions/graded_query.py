"""A query whose answers can be graded by program: no judge, no model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Checker = Callable[[str, Any], float]


@dataclass(frozen=True)
class GradedQuery:
    """A query, and what is needed to grade an answer to it.

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
