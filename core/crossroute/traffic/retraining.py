"""Retrain from a log that keeps texts, and compare the result with the router in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from crossroute.candidate import Pool
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.errors import TrafficError
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router
from crossroute.traffic.learning import refreshed
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import Verdict, compare_policies, over_logged

FEWEST_TO_RETRAIN = 300
"""Graded decisions with text without which the network itself is not trained on."""

REFRESHED, RETRAINED = "predictions moved by what the log shows", "the network trained on"


class LearningResult(NamedTuple):
    """What a log taught.

    Attributes:
        router: The router that may take over, made from the whole log; None where the old one stays.
        way: How it was made.
        verdict: Why.
    """

    router: Router | None
    way: str
    verdict: Verdict


def learn(
    old: Router, logged: Logged, *, margin: float = 0.0, cost_preference: float = DEFAULT_COST_PREFERENCE
) -> LearningResult:
    """Learn from half of a log, and let the new router take over only where the other half shows it is no worse.

    Where texts were kept and enough of them graded, the network is trained on as well; then two routers are tried, and
    each must pass at half the error.

    Args:
        old: The router that stands.
        logged: Decisions, graded or not.
        margin: Loss of reward a decision that is put up with.
        cost_preference: The dial at which both are compared.

    Raises:
        TrafficError: There is no grade.
    """
    if not len(logged.graded):
        raise TrafficError(
            "No decision of this log is graded. Grade some: log.feedback(decision_id, quality)."
        )
    held = np.arange(len(logged)) % 2 == 1
    taught, test = logged.take(~held), logged.take(held).graded
    ways: dict[str, Callable[[Router, Logged], Router]] = {REFRESHED: refreshed}
    if len(select_graded_texts(taught)) >= FEWEST_TO_RETRAIN:
        ways[RETRAINED] = retrain
    verdicts = {
        way: compare_policies(
            make(old, taught), old, test, cost_preference=cost_preference, margin=margin, tried=len(ways)
        )
        for way, make in ways.items()
    }
    taken = max(verdicts, key=lambda way: (verdicts[way].adopt, verdicts[way].lower))
    router = ways[taken](old, logged) if verdicts[taken].adopt else None
    return LearningResult(router, taken, verdicts[taken])


def retrain(router: Router, logged: Logged) -> Router:
    """Return a router whose network was trained on with the log's texts, its predictions moved as by `refreshed`."""
    from crossroute.training import TrainingConfig, fit

    tuned = fit(build_outcomes(logged, router), TrainingConfig.tuning(), start=over_logged(router, logged))
    return refreshed(tuned, logged)


def prove_floor(router: Router, logged: Logged, **promise: Any) -> Router:
    """Return a router with a quality floor that a log proves: each decision counts by the chance that it had.

    Where a candidate could not be chosen, it counts as right if it is what the choice is compared with.

    Args:
        router: The router.
        logged: Decisions with texts and grades; none of them was trained on.
        **promise: drop, against, confidence, as of `Router.with_floor`.

    Raises:
        TrafficError: No graded decision has its text.
        FloorError: There are too few, or too many had no alternative: explore, so that the others are known.
    """
    kept = select_graded_texts(logged.graded)
    if not len(kept):
        raise TrafficError("No graded decision has its text. Keep texts: TrafficLog(url, keep_text=True).")
    over = over_logged(router, kept)
    columns = [kept.names.index(name) for name in over.pool.names]
    kept = kept.take(np.isin(kept.chosen, columns))
    chances = kept.propensity[:, columns]
    chances = chances / chances.sum(axis=1, keepdims=True)  # given that it was one which the router knows
    outcomes = replace(build_outcomes(kept, over), splits=("test",) * len(kept))
    return over.with_floor(outcomes, propensity=chances, **promise)


def select_graded_texts(logged: Logged) -> Logged:
    """Return the decisions whose texts were kept and whose chosen candidate's own answer is graded."""
    logged = logged.own
    kept = np.array([text is not None and bool(text.strip()) for text in logged.texts], dtype=bool)
    return logged.take(kept & ~np.isnan(logged.quality))


def build_outcomes(logged: Logged, router: Router) -> Outcomes:
    """Return graded decisions whose texts were kept as outcomes, ready for `fit`."""
    kept, pool = select_graded_texts(logged), over_logged(router, logged).pool
    rows = np.array([pool.names.index(name) if name in pool.names else -1 for name in logged.names])[
        kept.chosen
    ]
    kept, columns = kept.take(rows >= 0), rows[rows >= 0]
    told = {name: getattr(kept, name) for name in ("quality", "cost", "input_tokens", "output_tokens")}
    told["latency"] = kept.seconds
    arrays = {name: np.full((len(kept), len(pool)), np.nan) for name in MEASURES}
    for name, values in told.items():
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
