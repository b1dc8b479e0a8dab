"""Baselines that do not read the text: bounds, and what the task's label alone is worth.

The zero router is no prediction but a mixture of candidates: see `scores.zero_router_points`.
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
"""USD; a free call counts as this much where a logarithm is taken."""


def oracle(outcomes: Outcomes) -> Prediction:
    """Predict what was observed: the best choice in hindsight.

    Source: RouterBench, arXiv 2403.12031, section 4.
    """
    quality, cost = np.nan_to_num(outcomes.quality), np.nan_to_num(outcomes.cost)
    return Prediction(outcomes.pool.names, quality, cost)


def candidate_mean(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Predict each candidate's mean quality and cost on train, for every query alike."""
    quality, cost = candidate_means(train)
    return _for_every_query(quality, cost, outcomes)


def best_single(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Always choose the candidate of the highest mean quality on train, whatever it costs; of equals, the cheapest."""
    quality, cost = candidate_means(train)
    chosen = np.arange(len(quality)) == scores.best_single(quality, cost)
    return _for_every_query(chosen.astype(float), np.full_like(cost, cost[chosen][0]), outcomes)


def random_choice(outcomes: Outcomes, seed: int = 0) -> Prediction:
    """Choose every candidate equally often, whatever it costs."""
    shape = outcomes.quality.shape
    typical_cost = float(np.nanmedian(outcomes.cost))
    return Prediction(
        outcomes.pool.names, np.random.default_rng(seed).random(shape), np.full(shape, typical_cost)
    )


def task_mean(train: Outcomes, outcomes: Outcomes) -> Prediction:
    """Predict each candidate's mean quality and geometric mean cost on the train queries of the same task.

    It reads the task's label, which no router is given. A task that train lacks gets the means of all tasks.
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
                f"No {measure} is known of {', '.join(map(repr, names))}, so there is nothing to learn. "
                "Cut these candidates with `outcomes.select([...])`, on the command line with --candidates."
            )
    return np.nanmean(quality, axis=0), np.nanmean(cost, axis=0)


def group_means(group: npt.NDArray[np.integer], groups: int, train: Outcomes) -> tuple[Floats, Floats]:
    """Return the mean quality and mean log cost per group of queries, each of shape (groups + 1, m).

    The last row is the mean of all. Each other mean counts the candidate's overall mean as one further
    outcome, so that a candidate unknown in a group falls back on it.

    Args:
        group: Group of every query, shape (n,).
        groups: Number of groups.
        train: Outcomes of the n queries.
    """
    candidate_means(train)
    member = np.eye(groups)[group]  # (n, groups)
    return _smoothed(member, train.quality), _smoothed(member, log_cost(train.cost))


def log_cost(cost: Floats) -> Floats:
    """Return log(cost), with free calls at `LEAST_COST`."""
    return np.log(np.maximum(cost, LEAST_COST))


def _smoothed(member: Floats, values: Floats) -> Floats:
    overall = np.nanmean(values, axis=0)
    total = member.T @ np.nan_to_num(values) + overall
    count = member.T @ ~np.isnan(values) + 1
    return np.vstack([total / count, overall])


def _for_every_query(quality: Floats, cost: Floats, outcomes: Outcomes) -> Prediction:
    shape = (len(outcomes), len(quality))
    return Prediction(outcomes.pool.names, np.broadcast_to(quality, shape), np.broadcast_to(cost, shape))
