"""Learn a new router from a log, and compare it with the current one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from crossroute.candidate import Pool
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.errors import DataError, TrafficError
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router
from crossroute.traffic.estimates import UNGRADED
from crossroute.traffic.learning import learn_from_log
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import Verdict, compare_policies, restrict_to_log

FEWEST_TO_RETRAIN = 300
"""Minimum number of graded decisions with texts to fine-tune the network."""

REFRESHED, RETRAINED = "with predictions corrected from the log", "with the network fine-tuned on the log"


class LearningResult(NamedTuple):
    """The result of learning from a log.

    Attributes:
        router: The new router, learned from the whole log; None if the old one is kept.
        way: How it was learned.
        verdict: The comparison on held-out decisions.
    """

    router: Router | None
    way: str
    verdict: Verdict


def learn(
    old: Router, logged: Logged, *, margin: float = 0.0, cost_preference: float = DEFAULT_COST_PREFERENCE
) -> LearningResult:
    """Learn a router from half of a log, and accept it only if the other half shows that it is no worse.

    With enough graded texts, a fine-tuned network is tried as well; each of the two must then pass at half the error
    rate.

    Args:
        old: The current router.
        logged: Decisions, graded or not.
        margin: Accepted loss of mean reward per decision.
        cost_preference: The dial at which both are compared.

    Raises:
        TrafficError: No decision is graded.
    """
    if not len(logged.graded):
        raise TrafficError(f"{UNGRADED}.")
    held = np.arange(len(logged)) % 2 == 1
    taught, test = logged.take(~held), logged.take(held).graded
    learned = {REFRESHED: learn_from_log(old, taught)}
    if len(select_graded_texts(taught)) >= FEWEST_TO_RETRAIN:
        with suppress(DataError):  # it cannot be trained on, for example if one candidate got all calls
            learned[RETRAINED] = retrain(old, taught)
    verdicts = {
        way: compare_policies(
            new, old, test, cost_preference=cost_preference, margin=margin, tried=len(learned)
        )
        for way, new in learned.items()
    }
    taken = max(verdicts, key=lambda way: (verdicts[way].adopt, verdicts[way].lower))
    router = WAYS[taken](old, logged) if verdicts[taken].adopt else None
    return LearningResult(router, taken, verdicts[taken])


def retrain(router: Router, logged: Logged) -> Router:
    """Fine-tune a router's network on the log's texts, then correct its predictions as `learn_from_log` does."""
    from crossroute.training import TrainingConfig, fit

    tuned = fit(
        build_outcomes(logged, router), TrainingConfig.tuning(), start=restrict_to_log(router, logged)
    )
    return learn_from_log(tuned, logged)


WAYS = {REFRESHED: learn_from_log, RETRAINED: retrain}
"""How a router is learned from a log, by the name of the way."""


def prove_floor(router: Router, logged: Logged, **promise: Any) -> Router:
    """Prove a quality floor from a log, with decisions weighted by their propensity.

    Args:
        router: The router.
        logged: Decisions with texts and grades that the router was not trained on.
        **promise: drop, against and confidence of `Router.with_floor`.

    Returns:
        The router with the floor.

    Raises:
        TrafficError: No graded decision has its text.
        FloorError: There are too few decisions, or too many without an alternative: use exploration.
    """
    kept = select_graded_texts(logged.graded)
    if not len(kept):
        raise TrafficError("No graded decision has its text. Keep texts: TrafficLog(url, keep_text=True).")
    over = restrict_to_log(router, kept)
    columns = [kept.names.index(name) for name in over.pool.names]
    kept = kept.take(np.isin(kept.chosen, columns))
    chances = kept.propensity[:, columns]
    chances = chances / chances.sum(
        axis=1, keepdims=True
    )  # conditional on the candidates that the router knows
    outcomes = replace(build_outcomes(kept, over), splits=("test",) * len(kept))
    return over.with_floor(outcomes, propensity=chances, **promise)


def select_graded_texts(logged: Logged) -> Logged:
    """Return the decisions that have a text and a grade of the chosen candidate's own answer."""
    logged = logged.own
    kept = np.array([text is not None and bool(text.strip()) for text in logged.texts], dtype=bool)
    return logged.take(kept & ~np.isnan(logged.quality))


def build_outcomes(logged: Logged, router: Router) -> Outcomes:
    """Build outcomes for `fit` from the graded decisions with texts."""
    kept, pool = select_graded_texts(logged), restrict_to_log(router, logged).pool
    rows = np.array([pool.names.index(name) if name in pool.names else -1 for name in logged.names])[
        kept.chosen
    ]
    kept, columns = kept.take(rows >= 0), rows[rows >= 0]
    measured = {name: getattr(kept, name) for name in ("quality", "cost", "input_tokens", "output_tokens")}
    measured["latency"] = kept.seconds
    arrays = {name: np.full((len(kept), len(pool)), np.nan) for name in MEASURES}
    for name, values in measured.items():
        arrays[name][np.arange(len(kept)), columns] = values
    held = np.arange(len(kept)) % 5 == 4
    return Outcomes(
        query_ids=tuple(kept.ids.tolist()),
        texts=tuple(kept.texts.tolist()),
        tasks=("traffic",) * len(kept),
        splits=tuple("validation" if one else "train" for one in held),
        pool=Pool(candidate.model_copy(update={"profile": None}) for candidate in pool),
        **arrays,
    )
