"""Escalation: whether answers are checked, and how many further models may be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import comb
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from crossroute.errors import needs_extra
from crossroute.escalation.agreement import SAME_WRONG, same_wrong_answers
from crossroute.escalation.evidence import Kind
from crossroute.numeric import Floats, logit

STATED_PAIRS = 20
"""Pairs of wrong answers that what is stated of a kind counts as."""

LEAST_GRADED = 20
"""Graded answers from which a judge is worth calibrating."""

Opinion = Callable[[str, str], float | Awaitable[float]]
"""(query, answer) -> how right the answer is, in [0, 1]; may be a coroutine function, for asynchronous calls."""


class Judge(BaseModel):
    """A model that is asked whether an answer is right.

    Attributes:
        ask: (query, answer) -> how right the answer is, in [0, 1].
        error_rate: How often it is wrong; tells how much its word weighs.
        cost: USD a judgement, counted like a call.
        scale: What it says, rising, and the log-odds of a right answer that this adds, from `calibrated`; without it
            the error rate alone tells how it is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: Opinion = Field(repr=False)  # a bound method's repr may show its owner's key
    error_rate: float = Field(default=0.1, gt=0, lt=0.5)
    cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    scale: tuple[tuple[float, float], ...] = ()

    def calibrated(self, said: Sequence[float], right: Sequence[float]) -> Judge:
        """Return this judge read as graded answers tell: most judges say 0.9 of answers that are right less often.

        P(right) never falls with what the judge says (isotonic regression), and one right and one wrong answer are
        counted beside those of each level, so that no word is proof.

        Args:
            said: What it said of answers, each in [0, 1].
            right: How right each was, in [0, 1]; some right and some wrong.

        Raises:
            ValueError: The answers are too few, or all alike.
            MissingExtraError: scikit-learn is not installed.
        """
        opinions, grades = _shares("opinions", said), _shares("grades", right)
        if opinions.shape != grades.shape or len(grades) < LEAST_GRADED or not 0 < grades.mean() < 1:
            raise ValueError(
                f"Calibrating a judge takes {LEAST_GRADED} opinions at least, of answers graded right and wrong; "
                f"got {len(opinions)} opinions and {len(grades)} grades, of {grades.mean() if grades.size else 0:.0%} "
                "right on average."
            )
        with needs_extra("Calibrating a judge", "train"):
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
        """Return what its word adds to the log-odds of a right answer; it must be calibrated."""
        return float(np.interp(said, *np.array(self.scale).T))


class Escalation(BaseModel):
    """Settings of route, verify, escalate.

    Attributes:
        max_calls: Models called for one query, at most.
        max_cost: USD that a further call may bring a query's calls to, as far as predicted.
        max_latency_s: Seconds after the first call began beyond which no further call begins.
        usd_per_second: What a second of waiting is worth, USD. A further call then counts as dearer by the seconds
            that it is expected to take: as many as the answers in hand took on average, and before any, 1.
        check: The user's own check of an answer, taken to err on 5 % of answers.
        judge: A model's opinion of an answer.
        answers: What kind of answers to expect: "choice", "number", "code" or "text". With three calls or more, of
            models that give no log-probabilities and without check or judge, two cheap ones are then asked where that
            pays, and a third where they do not say the same (escalation/panel.py).
        same_wrong: How often two wrong answers say the same, in [0, 1], from `calibrated`; by default as stated of the
            kind (escalation/agreement.py).
        logprobs: Ask models for token log-probabilities where their API has them.
        buffer_streams: Hold a streamed answer back until it is known whether to escalate. Otherwise streamed
            calls are not escalated.
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
        """Return these settings told how often two wrong answers say the same, by graded answers to a user's queries.

        What is stated of the kind counts as `STATED_PAIRS` pairs of wrong answers beside those that are found. A query
        with more answers than most counts as one with as many as the middle one.

        Args:
            answers: Of two candidates or more to each of n queries.
            right: How right each answer was, in [0, 1]; under 0.5 it is wrong.
            queries: What was asked, so that what an answer repeats of it does not count.

        Raises:
            ValueError: No kind of answer is expected, answers, grades and queries do not fit together, an answer is no
                text or a grade is outside [0, 1].
        """
        if self.answers is None:
            raise ValueError('Say what kind of answers is expected: Escalation(answers="number").')
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
                "Expected rows of answers, each a text: one row a query, one answer a candidate."
            )
        asked = queries if len(queries) else [""] * len(answers)
        same, pairs = 0.0, 0.0
        most = comb(int(np.median([len(row) for row in answers])), 2) if len(answers) else 0
        for texts, told, query in zip(answers, right, asked, strict=True):
            grades = _shares("grades", told).tolist()
            agreeing, wrong = same_wrong_answers(texts, grades, kind=self.answers, query=query)
            share = min(1.0, max(most, 1) / max(wrong, 1))
            same, pairs = same + share * agreeing, pairs + share * wrong
        stated = SAME_WRONG[self.answers]
        return self.model_copy(update={"same_wrong": (same + STATED_PAIRS * stated) / (pairs + STATED_PAIRS)})

    @classmethod
    def of(cls, value: Escalation | bool | Literal["buffer"] | None) -> Escalation | None:
        """Return the settings that are given in short: True, "buffer", or nothing.

        Raises:
            ValueError: It is something else.
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
        ValueError: One is outside, or no number.
    """
    shares = np.asarray(told, dtype=float)
    if not (held := (shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"Expected {what} in [0, 1], got {shares[~held][0]:g}.")
    return shares
