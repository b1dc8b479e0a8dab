"""Predictions of baselines and cascades for an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from crossroute.data.outcomes import Outcomes, Split
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.baselines import (
    AS_SHIPPED,
    FAMILIES,
    FittedBaseline,
    best_single,
    candidate_mean,
    classical_cascade,
    random_choice,
    task_mean,
    tune,
)
from crossroute.metrics.cascades import CascadeSweep, play
from crossroute.metrics.scores import sweep_for
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.reward import Reward
from crossroute.routing.router import Router

Seen = tuple[Floats, Outcomes]
Fitted = list[tuple[str, FittedBaseline]]
Mapped = Callable[[Callable[[str], Fitted], Sequence[str]], Iterable[Fitted]]


def baseline_predictions(
    outcomes: Outcomes,
    query_encoder: QueryEncoder,
    split: Split = "test",
    *,
    reward: Reward = "exponential",
    on_baseline: Callable[[str], None] = lambda _: None,
    mapped: Mapped = map,
) -> dict[str, Prediction]:
    """Fit every baseline on train, tune it on validation, and predict one split.

    Args:
        outcomes: With all three splits.
        query_encoder: Embeds both views of the queries.
        split: The split to predict.
        reward: The reward that tuning maximizes.
        on_baseline: Called with each baseline's name before it is fitted.
        mapped: Replaces `map`, for example `cluster.map_tasks` to use a cluster.

    Returns:
        Name -> prediction; "usual" has a family's usual parameters, "tuned" the best ones on validation.
    """
    target = outcomes.split(split)
    embedded = query_encoder.embed([Query(text) for text in target.texts])
    learned = learned_baselines(
        outcomes, query_encoder, reward=reward, on_baseline=on_baseline, mapped=mapped
    )
    return blind_baselines(outcomes.split("train"), target) | {
        name: fitted.predict(embedded) for name, fitted in learned
    }


def cascades(
    router: Router, prediction: Prediction, outcomes: Outcomes, split: Split = "test", *, max_calls: int = 2
) -> dict[str, CascadeSweep]:
    """Replay routing alone (for its latency), route-and-cascade, and the classical cascade on outcomes.

    The classical cascade is tuned on train and validation; it is left out if outcomes are missing or no answer has a
    log-probability.

    Args:
        router: Its verifier scores the answers.
        prediction: Its predictions for the split's queries.
        outcomes: With all three splits.
        split: The split to replay.
        max_calls: Most calls per query of route-and-cascade.
    """
    target, reward = outcomes.split(split), router.reward
    pays = sweep_for(target.cost)
    played = {
        f"CrossRoute, {calls} {'call' if calls == 1 else 'calls'}": play(
            prediction, target, router.verifier, pays, reward, max_calls=calls
        )
        for calls in (1, max_calls)
    }
    others = outcomes.take([each != split for each in outcomes.splits])
    complete = not any(np.isnan(part.quality + part.cost).any() for part in (others, target))
    if complete and len(others) and not np.isnan(target.answer_logprob).all():
        played["classical cascade"] = classical_cascade(others, target)
    return played


def blind_baselines(train: Outcomes, target: Outcomes) -> dict[str, Prediction]:
    """Return the predictions of baselines that do not use the text."""
    return {
        "random": random_choice(target),
        "best single": best_single(train, target),
        "candidate mean": candidate_mean(train, target),
        "task mean": task_mean(train, target),
    }


def learned_baselines(
    outcomes: Outcomes,
    query_encoder: QueryEncoder,
    *,
    reward: Reward = "exponential",
    on_baseline: Callable[[str], None] = lambda _: None,
    mapped: Mapped = map,
) -> Iterator[tuple[str, FittedBaseline]]:
    """Yield each learned baseline, fitted on train and tuned on validation; arguments as `baseline_predictions`."""
    train, validation = outcomes.split("train"), outcomes.split("validation")
    x, v = (query_encoder.embed([Query(text) for text in part.texts]) for part in (train, validation))
    names = (*AS_SHIPPED, *FAMILIES)
    fitted = iter(mapped(partial(_fit, (x, train), (v, validation), reward), names))
    for name in names:
        on_baseline(name)
        yield from next(fitted)


def _fit(train: Seen, validation: Seen, reward: Reward, name: str) -> Fitted:
    """Fit the baselines of one name: one of RouterBench's as shipped, or a family as usual and tuned."""
    if name in AS_SHIPPED:
        return [(name, AS_SHIPPED[name].fit(*train))]
    family = FAMILIES[name]
    tuned = tune(family, *train, *validation, reward=reward)[1]
    return [(f"{name}, usual", family[0].fit(*train)), (f"{name}, tuned", tuned)]
