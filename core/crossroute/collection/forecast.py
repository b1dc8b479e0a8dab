"""Predict costs and qualities on a user's prompts before any candidate is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossroute.query import Query
from crossroute.routing.router import Router

PREFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
LITTLE = 0.5
"""Trust below which a prompt counts as unlike the queries on which candidates were measured."""


@dataclass(frozen=True)
class DialForecast:
    """Predictions at one cost preference.

    Attributes:
        preference: Cost preference, in [0, 1].
        quality: Mean predicted quality of the choices, in [0, 1].
        error: Half-width of its 95 % interval; errors of predictions for one candidate are taken as fully correlated.
        cost: Mean predicted cost of a call, USD.
        shares: Share of the prompts routed to each candidate.
    """

    preference: float
    quality: float
    error: float
    cost: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class CandidateForecast:
    """Predictions for one candidate on all prompts; `evidence` is the basis of the prediction."""

    name: str
    quality: float
    error: float
    cost: float
    evidence: str


@dataclass(frozen=True)
class PromptForecast:
    """Predictions of a router for a set of prompts."""

    queries: int
    names: tuple[str, ...]
    dials: tuple[DialForecast, ...]
    alone: tuple[CandidateForecast, ...]
    warnings: tuple[str, ...]


def forecast(router: Router, texts: Sequence[str]) -> PromptForecast:
    """Predict the choices for the prompts at five cost preferences, and the figures of each candidate alone."""
    calls = [Query.of_call(text) for text in texts]
    prediction = router.predict(calls)
    error = prediction.quality_error
    if error is None:
        error = np.zeros(prediction.quality.shape)
    names = router.pool.names
    dials = []
    for preference in PREFERENCES:
        decisions = list(router.route_many(calls, cost_preference=preference))
        chosen = np.array([router.pool.position(decision.candidate) for decision in decisions])
        rows = np.arange(len(chosen))
        dials.append(
            DialForecast(
                preference,
                float(prediction.quality[rows, chosen].mean()),
                float(1.96 * error[rows, chosen].mean()),
                float(prediction.cost[rows, chosen].mean()),
                tuple((np.bincount(chosen, minlength=len(names)) / len(chosen)).tolist()),
            )
        )
    alone = tuple(
        CandidateForecast(
            name,
            float(prediction.quality[:, column].mean()),
            float(1.96 * error[:, column].mean()),
            float(prediction.cost[:, column].mean()),
            _describe_evidence(router, name),
        )
        for column, name in enumerate(names)
    )
    return PromptForecast(len(texts), names, tuple(dials), alone, tuple(_find_warnings(router, calls, alone)))


def _describe_evidence(router: Router, name: str) -> str:
    """Return the basis of a candidate's prediction: outcomes, a prior, or nothing."""
    candidate = router.pool[name]
    profile = candidate.profile
    outcomes = sum(profile.evidence) if profile else 0.0
    if outcomes:
        return f"{outcomes:,.0f} outcomes"
    return "a prior" if profile and profile.belief else "nothing"


def _find_warnings(router: Router, calls: Sequence[Query], alone: Sequence[CandidateForecast]) -> list[str]:
    told = []
    priors = [one.name for one in alone if not one.evidence.endswith("outcomes")]
    if priors:
        told.append(f"Predictions for {', '.join(priors)} are based on priors alone, without measurements.")
    trust = np.array([row.trust for row in router.predictor.predict(calls)])
    strange = float((trust < LITTLE).mean())
    if strange > 0.1:
        told.append(
            f"{strange:.0%} of the prompts are unlike all measured queries; their predictions are based on priors. "
            "`crossroute collect` measures them."
        )
    return told
