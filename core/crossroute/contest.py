"""A router and everything that it must beat, predicting the same queries."""

from __future__ import annotations

from collections.abc import Callable

from crossroute.baselines import (
    AS_SHIPPED,
    FAMILIES,
    best_single,
    candidate_mean,
    random_choice,
    task_mean,
    tune,
)
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.outcomes import Outcomes, Split
from crossroute.prediction import Prediction
from crossroute.query import Query
from crossroute.reward import Reward


def baseline_predictions(
    outcomes: Outcomes,
    query_encoder: QueryEncoder,
    split: Split = "test",
    *,
    reward: Reward = "exponential",
    on_baseline: Callable[[str], None] = lambda _: None,
) -> dict[str, Prediction]:
    """Fit every baseline on train, tune it on validation, and predict one split.

    Args:
        outcomes: With all three splits.
        query_encoder: Gives the baselines both views' embeddings.
        split: Which is predicted.
        reward: What tuning maximizes.
        on_baseline: Called with each baseline's name before it is fitted.

    Returns:
        Name -> prediction; "usual" has a family's usual parameters, "tuned" the best on validation.
    """
    train, validation, target = outcomes.split("train"), outcomes.split("validation"), outcomes.split(split)
    x, v, t = (
        query_encoder.embed([Query(text) for text in part.texts]) for part in (train, validation, target)
    )
    found = {
        "random": random_choice(target),
        "best single": best_single(train, target),
        "candidate mean": candidate_mean(train, target),
        "task mean": task_mean(train, target),
    }
    for name, baseline in AS_SHIPPED.items():
        on_baseline(name)
        found[name] = baseline.fit(x, train).predict(t)
    for name, family in FAMILIES.items():
        on_baseline(name)
        found[f"{name}, usual"] = family[0].fit(x, train).predict(t)
        found[f"{name}, tuned"] = tune(family, x, train, v, validation, reward=reward)[1].predict(t)
    return found
