"""Baselines that do not use the text: bounds, and the value of the task's label.

The zero router is a mixture of candidates rather than a prediction: see `scores.zero_router_points`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.data.outcomes import Outcomes
from crossroute.errors import DataError
from crossroute.metrics import scores
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats

LEAST_COST = 1e-9
"""USD; a free call counts as this much in logarithms."""


def oracle(outcomes: Outcomes) -> Prediction:
    """Predict the observed outcomes: the best choice in hindsight.

    Source: RouterBench, arXiv 2403.12031, section 4.
    """
    quality, cost = np.nan_to_num(outcomes.quality), np.nan_to_num(outcomes.cost)
    return Prediction(outcomes.pool.names, quality, cost)


def candidate_mean(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Predict each candidate's mean quality and cost on train, for every query alike."""
    quality, cost = candidate_means(train)
    return _for_every_query(quality, cost, outcomes)


def best_single(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Always choose the candidate with the highest mean quality on train, at any cost; the cheapest of equals."""
    quality, cost = candidate_means(train)
    chosen = np.arange(len(quality)) == scores.best_single(quality, cost)
    return _for_every_query(chosen.astype(float), np.full_like(cost, cost[chosen][0]), outcomes)


def random_choice(outcomes: Outcomes, seed: int = 0) -> Prediction:
    """Choose candidates uniformly at random, regardless of cost."""
    shape = outcomes.quality.shape
    typical_cost = float(np.nanmedian(outcomes.cost))
    return Prediction(
        outcomes.pool.names, np.random.default_rng(seed).random(shape), np.full(shape, typical_cost)
    )


def task_mean(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Predict each candidate's mean quality and geometric mean cost on the train queries of the same task.

    It uses the task's label, which routers do not get. A task missing in train gets the means over all tasks.
    """
    labels = sorted(set(train.tasks))
    group = np.array([labels.index(task) for task in train.tasks])
    quality, log_cost = group_means(group, len(labels), train)
    known = {task: row for row, task in enumerate(labels)}
    rows = [known.get(task, len(labels)) for task in outcomes.tasks]
    return Prediction(train.pool.names, quality[rows], np.exp(log_cost[rows]))


def candidate_means(train: Outcomes) -> tuple[Floats, Floats]:
    """Return each candidate's mean quality and cost over its known outcomes, shapes (m,) and (m,)."""
    quality, cost = train.quality, train.cost
    for measure, values in (("quality", quality), ("cost", cost)):
        known = ~np.isnan(values)
        names = [name for name, column in zip(train.pool.names, known.T, strict=True) if not column.any()]
        if names:
            raise DataError(
                f"No {measure} of {', '.join(map(repr, names))} is known, so nothing can be learned. "
                "Leave these candidates out with `outcomes.select([...])`, on the command line with --candidates."
            )
    return np.nanmean(quality, axis=0), np.nanmean(cost, axis=0)


def group_means(group: npt.NDArray[np.integer], groups: int, train: Outcomes) -> tuple[Floats, Floats]:
    """Return the mean quality and mean log cost per group of queries, each of shape (groups + 1, m).

    The last row is the overall mean. Each other mean includes the candidate's overall mean as one additional outcome,
    so that it is the mean of a candidate without outcomes in a group.

    Args:
        group: Group of each query, shape (n,).
        groups: Number of groups.
        train: Outcomes of the n queries.
    """
    candidate_means(train)
    member = np.eye(groups)[group]  # (n, groups)
    return _smooth(member, train.quality), _smooth(member, log_cost(train.cost))


def log_cost(cost: Floats) -> Floats:
    """Return log(cost), with free calls at `LEAST_COST`."""
    return np.log(np.maximum(cost, LEAST_COST))


def _smooth(member: Floats, values: Floats) -> Floats:
    overall = np.nanmean(values, axis=0)
    total = member.T @ np.nan_to_num(values) + overall
    count = member.T @ ~np.isnan(values) + 1
    return np.vstack([total / count, overall])


def _for_every_query(quality: Floats, cost: Floats, outcomes: Outcomes) -> Prediction:
    shape = (len(outcomes), len(quality))
    return Prediction(outcomes.pool.names, np.broadcast_to(quality, shape), np.broadcast_to(cost, shape))
