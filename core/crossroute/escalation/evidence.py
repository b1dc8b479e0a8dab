"""Evidence: signs in an answer that it is right or wrong, without knowing the right answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Flaw = Literal["empty", "refusal", "cut off", "schema"]
Sign = Literal["hedged", "no option", "echoed"]
"""Signs in the form of an answer that it is wrong."""

Kind = Literal["choice", "number", "code", "text"]
"""Kind of an answer, which decides how two answers are compared."""


class Evidence(BaseModel):
    """Evidence about one answer; each part may be missing.

    Attributes:
        mean_logprob: Mean natural log-probability of the answer's tokens, at most 0.
        min_logprob: Minimum log-probability of the answer's tokens.
        length_ratio: Output tokens, relative to the prediction for this candidate and query.
        flaws: Flaws: an empty answer, a refusal, cut off at a limit, structured output or tool arguments that fail
            their schema.
        signs: Signs in its form that it is wrong: it hedges, names none of the given options, or only repeats a number
            or words of the question.
        agreement: Agreement with the other answers to the query, in [0, 1].
        check: Result of the user's own check, in [0, 1]; 1 is right.
        judge: Result of a judge model, in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_logprob: float | None = Field(default=None, le=0, allow_inf_nan=False)
    min_logprob: float | None = Field(default=None, le=0, allow_inf_nan=False)
    length_ratio: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    flaws: frozenset[Flaw] = frozenset()
    signs: frozenset[Sign] = frozenset()
    agreement: float | None = Field(default=None, ge=0, le=1)
    check: float | None = Field(default=None, ge=0, le=1)
    judge: float | None = Field(default=None, ge=0, le=1)

    @property
    def is_silent(self) -> bool:
        """Whether the length is the only evidence."""
        return self == Evidence(length_ratio=self.length_ratio)
