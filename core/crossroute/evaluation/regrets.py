"""Regrets: the queries on which a router lost most to the best choice in hindsight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.outcomes import Outcomes
from crossroute.reward import Reward, linear_reward, log_exponential_reward
from crossroute.sweep import Sweep

REGRETS = 25


class Regret(NamedTuple):
    """A query on which another candidate would have earned more, in hindsight.

    Attributes:
        row: The query's place among the outcomes.
        chosen: Name of the candidate that the router chose.
        best: Name of the one that it should have chosen.
        regret: Reward lost, in units of quality.
    """

    row: int
    chosen: str
    best: str
    regret: float


def regrets(sweep: Sweep, outcomes: Outcomes, pay: float, reward: Reward) -> list[Regret]:
    """Return the queries on which a router lost most, the worst first.

    Args:
        sweep: The router's choices at one willingness to pay.
        outcomes: Those queries.
        pay: That willingness to pay, USD.
        reward: Which reward decided.
    """
    quality, cost = outcomes.quality, outcomes.cost
    earned = (
        np.exp(log_exponential_reward(quality, cost, pay))
        if reward == "exponential"
        else linear_reward(quality, cost, pay)
    )
    best = np.where(np.isnan(earned), -np.inf, earned).argmax(axis=1)
    rows, chosen = np.arange(len(outcomes)), sweep.chosen[:, 0]
    lost = earned[rows, best] - earned[rows, chosen]
    worst = np.argsort(-lost, kind="stable")[:REGRETS]
    names = outcomes.pool.names
    return [
        Regret(int(row), names[chosen[row]], names[best[row]], float(lost[row]))
        for row in worst
        if lost[row] > 0
    ]
