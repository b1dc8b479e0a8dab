"""Settings of escalation: the limits on calls, and the checks of answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import comb
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from crossroute.errors import require_extra
from crossroute.escalation.agreement import SAME_WRONG, count_same_wrong
from crossroute.escalation.evidence import Kind
from crossroute.numeric import Floats, logit

STATED_PAIRS = 20
"""Number of pairs of wrong answers that the default rate of a kind weighs (pseudo-counts)."""

LEAST_GRADED = 20
"""Minimum number of graded answers to calibrate a judge."""

Opinion = Callable[[str, str], float | Awaitable[float]]
"""(query, answer) -> correctness in [0, 1]; may be a coroutine function, for asynchronous calls."""


class Judge(BaseModel):
    """A model that judges whether an answer is right.

    Attributes:
        ask: (query, answer) -> correctness in [0, 1].
        error_rate: Share of its judgements that are wrong; a lower rate gives them more weight.
        cost: USD per judgement, counted like a call.
        scale: Calibration from `calibrated`: pairs of a judgement, increasing, and the log-odds of a right answer that
            it adds. Empty: the weight follows from the error rate alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: Opinion = Field(repr=False)  # a bound method's repr may show its owner's key
    error_rate: float = Field(default=0.1, gt=0, lt=0.5)
    cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    scale: tuple[tuple[float, float], ...] = ()

    def calibrated(self, said: Sequence[float], right: Sequence[float]) -> Judge:
        """Return this judge calibrated on graded answers: most judges overrate answers.

        Isotonic regression of the grades on the judgements, with one right and one wrong answer added to each level
        (additive smoothing), so that no judgement counts as certain.

        Args:
            said: Judgements of the answers, each in [0, 1].
            right: Grades of the same answers, each in [0, 1]; both right and wrong answers are needed.

        Raises:
            ValueError: There are too few answers, or all are right or all wrong.
            MissingExtraError: scikit-learn is not installed.
        """
        opinions, grades = _shares("opinions", said), _shares("grades", right)
        if opinions.shape != grades.shape or len(grades) < LEAST_GRADED or not 0 < grades.mean() < 1:
            raise ValueError(
                f"Calibrating a judge needs at least {LEAST_GRADED} opinions, of answers graded right and wrong; "
                f"got {len(opinions)} opinions and {len(grades)} grades, of {grades.mean() if grades.size else 0:.0%} "
                "right on average."
            )
        with require_extra("Calibrating a judge", "train"):
            from sklearn.isotonic import IsotonicRegression

        expected = IsotonicRegression(y_min=0, y_max=1).fit_transform(opinions, grades)
        levels, place, count = np.unique(expected, return_inverse=True, return_counts=True)
        held = (levels * count + 1) / (count + 2)  # may fall where a level rests on few answers
        log_odds = logit(np.maximum.accumulate(held), 1e-3) - logit(grades.mean(), 1e-3)
        scale = []
        for level in range(len(levels)):
            of_level = opinions[place == level]
            ends = sorted({float(of_level.min()), float(of_level.max())})
            scale += [(end, float(log_odds[level])) for end in ends]
        error = float(np.minimum(expected, 1 - expected).mean())
        return self.model_copy(update={"scale": tuple(scale), "error_rate": min(max(error, 0.01), 0.49)})

    def shift(self, said: float) -> float:
        """Return the change in the log-odds of a right answer by a judgement; needs calibration."""
        return float(np.interp(said, *np.array(self.scale).T))


class Escalation(BaseModel):
    """Settings of escalation: verify an answer, and call another model if that pays.

    Attributes:
        max_calls: Maximum number of models called for one query.
        max_cost: Limit in USD on the predicted cost of all calls of a query.
        max_latency_s: Seconds since the start of the first call after which no further call starts.
        usd_per_second: Value of a second of waiting, USD, added to the cost of a further call for its expected
            duration: the mean duration of the present answers, or 1 s before the first.
        check: The user's own check of an answer, assumed to be wrong for 5 % of answers.
        judge: A model that judges answers.
        answers: Kind of the expected answers: "choice", "number", "code" or "text". With max_calls of at least 3,
            models without log-probabilities, and no check or judge, two cheap models are then called if that pays, and
            a third if their answers differ (escalation/panel.py).
        same_wrong: Probability that two wrong answers agree, in [0, 1], from `calibrated`; by default that of the kind
            (escalation/agreement.py).
        logprobs: Request token log-probabilities from APIs that return them.
        buffer_streams: Buffer a streamed answer until the decision on escalation. Otherwise streamed calls are not
            escalated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_calls: int = Field(default=2, ge=1)
    max_cost: float | None = Field(default=None, ge=0)
    max_latency_s: float | None = Field(default=None, ge=0)
    usd_per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    check: Opinion | None = Field(default=None, repr=False)
    judge: Judge | None = None
    answers: Kind | None = None
    same_wrong: float | None = Field(default=None, ge=0, le=1)
    logprobs: bool = True
    buffer_streams: bool = False

    def calibrated(
        self, answers: Sequence[Sequence[str]], right: Sequence[Sequence[float]], queries: Sequence[str] = ()
    ) -> Escalation:
        """Return these settings with `same_wrong` estimated from graded answers to the user's queries.

        The default rate of the kind has the weight of `STATED_PAIRS` pairs of wrong answers. A query with more answers
        than the median has the weight of one with the median number.

        Args:
            answers: For each of n queries, the answers of two or more candidates.
            right: Grade of each answer, in [0, 1]; below 0.5 it is wrong.
            queries: The n queries, to ignore text that an answer repeats from its query.

        Raises:
            ValueError: `answers` of these settings is None, the lengths differ, an answer is not a text, or a grade is
                outside [0, 1].
        """
        if self.answers is None:
            raise ValueError('Set the kind of the expected answers: Escalation(answers="number").')
        if [len(row) for row in answers] != [len(row) for row in right] or len(queries) not in (
            0,
            len(answers),
        ):
            raise ValueError(
                "Expected a grade for each answer, and a query, or none, for each row of answers; got "
                f"{len(answers)} rows of answers, {len(right)} of grades and {len(queries)} queries."
            )
        if any(isinstance(row, str) or not all(isinstance(text, str) for text in row) for row in answers):
            raise ValueError(
                "Expected rows of answers, each a text: one row per query, one answer per candidate."
            )
        asked = queries if len(queries) else [""] * len(answers)
        same, pairs = 0.0, 0.0
        most = comb(int(np.median([len(row) for row in answers])), 2) if len(answers) else 0
        for texts, told, query in zip(answers, right, asked, strict=True):
            grades = _shares("grades", told).tolist()
            agreeing, wrong = count_same_wrong(texts, grades, kind=self.answers, query=query)
            share = min(1.0, max(most, 1) / max(wrong, 1))
            same, pairs = same + share * agreeing, pairs + share * wrong
        stated = SAME_WRONG[self.answers]
        return self.model_copy(update={"same_wrong": (same + STATED_PAIRS * stated) / (pairs + STATED_PAIRS)})

    @classmethod
    def of(cls, value: Escalation | bool | Literal["buffer"] | None) -> Escalation | None:
        """Return the settings for a short form: True, "buffer", False or None.

        Raises:
            ValueError: It is none of these.
        """
        if value is None or value is False:
            return None
        if isinstance(value, Escalation):
            return value
        if value is True or value == "buffer":
            return cls(buffer_streams=value == "buffer")
        raise ValueError(f'escalate must be True, False, "buffer" or an Escalation, got {value!r}.')


def _shares(what: str, told: Sequence[float]) -> Floats:
    """Return numbers in [0, 1] as an array.

    Raises:
        ValueError: One is outside [0, 1], or not a number.
    """
    shares = np.asarray(told, dtype=float)
    if not (held := (shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"Expected {what} in [0, 1], got {shares[~held][0]:g}.")
    return shares
