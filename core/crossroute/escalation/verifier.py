"""The verifier: P(right) of an answer from its prior and evidence.

    log_odds(right | prior, evidence) = log_odds(prior) + sum of the shifts of the present evidence

Without evidence it is the prior. The shift of log-probabilities is learned (see verifier_training.py), for all
candidates together, such that P(right) never decreases with an answer's confidence or its prior. Other kinds of
evidence are not in the training data: their shifts are constants, set here to conservative values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossroute.candidate import Candidate
from crossroute.escalation.correlation import Correlation, logit, tilt
from crossroute.escalation.evidence import Evidence, Flaw, Sign
from crossroute.escalation.gain import Signals
from crossroute.numeric import Floats

KNOTS = (-2.0, -0.5, 0.5, 2.0, 4.0, 6.0, 8.5, 11.0, 13.8)
"""Confidences between which shifts are interpolated: mean log-probabilities from -7.4 to -0.000001."""

FLAW_SHIFTS: Mapping[Flaw, float] = {"empty": -6.0, "schema": -6.0, "refusal": -3.0, "cut off": -2.0}
SIGN_SHIFTS: Mapping[Sign, float] = {"hedged": -0.5, "no option": -1.5, "echoed": -2.0}
"""Conservative versions of effects measured on two small models (benchmarks/forms.py); neither of them hedged."""
AGREEMENT_SHIFT = 1.0
"""Shift of full agreement with the other answers; full disagreement shifts by minus half of it."""
CHECK_ERROR = 0.05
UNUSUAL_LENGTH, LENGTH_SHIFT = 8.0, -0.5
"""An answer this many times longer or shorter than expected is shifted by LENGTH_SHIFT."""

Weights = tuple[float, ...]


class Reading(BaseModel):
    """The effect of log-probabilities on P(right), at each knot of the confidence.

    Attributes:
        shift: Shift of the log-odds, for prior log-odds of 0.
        slope: Change of the shift per unit of the prior log-odds, within +-3.9.
        right: Frequency of the confidence among right answers; sums to 1.
        wrong: Frequency of the confidence among wrong answers; sums to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shift: Weights = Field(min_length=len(KNOTS), max_length=len(KNOTS))
    slope: Weights = Field(min_length=len(KNOTS), max_length=len(KNOTS))
    right: Weights = Field(min_length=len(KNOTS), max_length=len(KNOTS))
    wrong: Weights = Field(min_length=len(KNOTS), max_length=len(KNOTS))

    @model_validator(mode="after")
    def _sums_to_one(self) -> Reading:
        for name in ("right", "wrong"):
            weights = getattr(self, name)
            if min(weights) < 0 or not math.isclose(sum(weights), 1, rel_tol=1e-6):
                raise ValueError(f"{name} must be frequencies that sum to 1, got {weights}")
        return self


class Verifier(BaseModel):
    """Computes P(right) of answers from their priors and evidence.

    Attributes:
        pooled: Reading for all candidates.
        readings: Candidate's name -> its own reading, in place of `pooled`; `fit` learns none.
        correlation: Correlation of the answers to one query.
        source: Data from which it was learned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pooled: Reading
    readings: dict[str, Reading] = {}
    correlation: Correlation = Correlation()
    source: str = ""

    @classmethod
    @cache
    def general(cls) -> Verifier:
        """Return the bundled verifier, for routers that were trained without evidence."""
        text = resources.files("crossroute").joinpath("weights/verifier.json").read_text("utf-8")
        return cls.model_validate_json(text)

    def posterior(
        self, candidate: Candidate, prior: float, evidence: Evidence, *, judge_error: float = 0.1
    ) -> float:
        """Return P(right) of one answer.

        Args:
            candidate: The candidate that answered.
            prior: Predicted quality, in [0, 1].
            evidence: Evidence about the answer.
            judge_error: Error rate of the judge, if one was asked.
        """
        if evidence.is_silent:
            return prior
        shift = self.shift(candidate, prior, evidence, judge_error=judge_error)
        return float(1 / (1 + math.exp(-(float(logit(np.array(prior))) + shift))))

    def shift(
        self, candidate: Candidate, prior: float, evidence: Evidence, *, judge_error: float = 0.1
    ) -> float:
        """Return the shift of an answer's log-odds by its evidence; arguments as for `posterior`."""
        shift = stated_shift(evidence, judge_error)
        logprob = evidence.min_logprob if evidence.mean_logprob is None else evidence.mean_logprob
        if logprob is not None and "schema" not in evidence.flaws and "empty" not in evidence.flaws:
            shift += float(self.shifts([candidate], np.array([[prior]]), np.array([[logprob]]))[0, 0])
        return shift

    def shifts(self, candidates: Sequence[Candidate], prior: Floats, logprob: Floats) -> Floats:
        """Return the shift of the log-odds by log-probabilities, shape (n, m); NaN where they are unknown.

        Args:
            candidates: The m candidates.
            prior: Predicted quality, shape (n, m), in [0, 1].
            logprob: Mean log-probability of the answer's tokens, shape (n, m).
        """
        readings = [self.reading(candidate) for candidate in candidates]
        at = confidence(logprob)
        shift, slope = (
            np.stack(
                [np.interp(at[:, j], KNOTS, getattr(reading, name)) for j, reading in enumerate(readings)], 1
            )
            for name in ("shift", "slope")
        )
        return shift + slope * tilt(logit(prior))

    def signals(
        self,
        candidates: Sequence[Candidate],
        speaks: npt.NDArray[np.bool_] | None = None,
        opinion_error: float | None = None,
    ) -> Signals:
        """Return the possible signals of candidates' answers.

        Args:
            candidates: The m candidates.
            speaks: Which candidates return log-probabilities, shape (m,); by default all.
            opinion_error: Error rate of a check or a judge that sees every answer; None without one.
        """
        speaks = np.ones(len(candidates), dtype=bool) if speaks is None else speaks
        readings = [self.reading(candidate) for candidate in candidates]
        silent = ~speaks[:, None]
        tables = {
            name: np.array([getattr(reading, name) for reading in readings]) for name in Reading.model_fields
        }
        shift, slope = (np.where(silent, 0, tables[name]) for name in ("shift", "slope"))
        right, wrong = (np.where(silent, 1 / len(KNOTS), tables[name]) for name in ("right", "wrong"))
        if opinion_error is None:
            return Signals(shift, slope, right, wrong, speaks, self.correlation)
        weight = float(logit(np.array(1 - opinion_error)))
        return Signals(
            np.concatenate([shift + weight, shift - weight], axis=1),
            np.concatenate([slope, slope], axis=1),
            np.concatenate([right * (1 - opinion_error), right * opinion_error], axis=1),
            np.concatenate([wrong * opinion_error, wrong * (1 - opinion_error)], axis=1),
            np.ones_like(speaks),
            self.correlation,
        )

    def reading(self, candidate: Candidate) -> Reading:
        """Return the reading for a candidate: by its name, else by an alias, else the pooled one."""
        names = (candidate.name, *candidate.aliases)
        return next((self.readings[name] for name in names if name in self.readings), self.pooled)


def confidence(logprob: Floats) -> Floats:
    """Return -log(-logprob), which spreads out values near certainty; from about -3 to 13.8.

    >>> confidence(np.array([-1.0, -1e-4])).round(1)
    array([-0. ,  9.2])
    """
    spread: Floats = -np.log(np.maximum(-logprob, 0) + 1e-6)
    return spread


def stated_shift(evidence: Evidence, judge_error: float = 0.1) -> float:
    """Return the shift of the log-odds by all evidence except log-probabilities."""
    shift = sum(FLAW_SHIFTS[flaw] for flaw in evidence.flaws)
    shift += sum(SIGN_SHIFTS[sign] for sign in evidence.signs)
    if evidence.agreement is not None:
        shift += AGREEMENT_SHIFT * (1.5 * evidence.agreement - 0.5)
    for opinion, error in ((evidence.check, CHECK_ERROR), (evidence.judge, judge_error)):
        if opinion is not None:
            shift += (2 * opinion - 1) * math.log((1 - error) / error)
    ratio = evidence.length_ratio
    if ratio is not None and not 1 / UNUSUAL_LENGTH <= ratio <= UNUSUAL_LENGTH:
        shift += LENGTH_SHIFT
    return shift
