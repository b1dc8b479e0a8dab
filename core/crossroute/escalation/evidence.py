"""Evidence: signs in an answer that it is right or wrong, without knowing the right answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Flaw = Literal["empty", "refusal", "cut off", "schema"]
Sign = Literal["hedged", "no option", "echoed"]
"""Of an answer's form, each against it."""

Kind = Literal["choice", "number", "code", "text"]
"""Of answers, for when two of them say the same."""


class Evidence(BaseModel):
    """What was seen of one answer; each part may be missing.

    Attributes:
        mean_logprob: Mean natural log-probability of the answer's tokens, at most 0.
        min_logprob: The least of them.
        length_ratio: Tokens written, relative to those expected of this candidate on this query.
        flaws: What is plainly wrong with it: nothing said, a refusal, cut off at a limit, structured output or
            tool arguments that fail their schema.
        signs: What its form tells against it: it says that it is not sure, names none of the options that it was given,
            or comes down to a number or to words of the question.
        agreement: How far it says the same as the other answers to the query, in [0, 1].
        check: What the user's own check says, in [0, 1]; 1 is right.
        judge: What a judge model says, in [0, 1].
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
        """Whether nothing was seen that speaks for or against the answer."""
        return self == Evidence(length_ratio=self.length_ratio)
