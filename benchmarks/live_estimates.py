"""Off-policy estimates where the truth is known, and how often a router that is no better would take over."""

from __future__ import annotations

import numpy as np
from replays import World
from scipy.stats import spearmanr

from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.traffic.estimates import cross_fit, estimate, lower_bound, score_decisions
from crossroute.traffic.policies import CONFIDENCE

CALLS, POLICIES = 2_000, 20
SHARE = 0.5
"""Of the log's choices that is spread over all candidates."""
CANDIDATES, GRADED = 500, 1_000


def print_estimates(here: World, repeats: int) -> None:
    """Print how often intervals cover what 20 other policies truly get, and the rank correlation with it."""
    random = np.random.default_rng(0)
    foreseen = here.foreseen(here.router, np.arange(len(here.outcomes)))
    predicted, quality, m = foreseen.quality, here.outcomes.quality, here.outcomes.quality.shape[1]
    policies = others(here, foreseen.quality, foreseen.cost, random)
    truth = np.array([(policy * quality).sum(axis=1).mean() for policy in policies])
    base = np.eye(m)[best(predicted, foreseen.cost, here.router.dial.at(0.5))]
    chances = SHARE / m + (1 - SHARE) * base
    covered: dict[str, list[bool]] = {"doubly_robust": [], "snips": []}
    ranks: dict[str, list[float]] = {"doubly_robust": [], "snips": [], "direct": []}
    for _ in range(repeats):
        rows = random.integers(0, len(quality), CALLS)
        chosen = (chances[rows].cumsum(axis=1) > random.random((CALLS, 1))).argmax(axis=1)
        told = (chosen, chances[rows], quality[rows, chosen], predicted[rows])
        found = [estimate(policy[rows], *told) for policy in policies]
        for way, ranked in ranks.items():
            ranked.append(float(spearmanr([getattr(one, way).value for one in found], truth).statistic))
        for way, within in covered.items():
            within += [
                getattr(one, way).low <= value <= getattr(one, way).high
                for one, value in zip(found, truth, strict=True)
            ]
    print(f"{len(policies)} policies of mean quality {truth.min():.3f} to {truth.max():.3f},", end=" ")
    print(f"{repeats} logs of {CALLS:,} graded calls.\n")
    print("| estimate | 95 % intervals that cover | mean rank correlation with the truth |")
    print("|---|---|---|")
    for way, ranked in ranks.items():
        share = f"{np.mean(covered[way]):.1%}" if way in covered else "its interval does not know its bias"
        print(f"| {way.replace('_', ' ')} | {share} | {np.mean(ranked):.3f} |")


def others(here: World, quality: Floats, cost: Floats, random: np.random.Generator) -> list[Floats]:
    """Return policies, each of shape (n, m): the router at ten dials, as it is and by disturbed predictions."""
    m = quality.shape[1]
    dials = np.linspace(0.05, 0.95, POLICIES // 2)
    noisy = np.clip(quality + random.normal(0, 0.15, quality.shape), 0.01, 1)
    return [
        np.eye(m)[best(told, cost, here.router.dial.at(float(dial)))]
        for told in (quality, noisy)
        for dial in dials
    ]


def print_adoption(here: World) -> None:
    """Print how often one of 500 routers takes over that are worse by what the margin allows, or by more."""
    random = np.random.default_rng(0)
    foreseen = here.foreseen(here.router, np.arange(len(here.outcomes)))
    pay, m = here.router.dial.at(0.5), here.outcomes.quality.shape[1]
    reward = here.outcomes.quality * np.exp(-here.outcomes.cost / pay)
    predicted = foreseen.quality * np.exp(-foreseen.cost / pay)
    old = np.eye(m)[best(foreseen.quality, foreseen.cost, pay)]
    chances = SHARE / m + (1 - SHARE) * old
    adopted, as_they_are, none_better = {0.0: 0, 0.01: 0}, 0, 0
    for _ in range(CANDIDATES):
        disturbed = np.clip(foreseen.quality + random.normal(0, 0.1, predicted.shape), 0.01, 1)
        new = np.eye(m)[best(disturbed, foreseen.cost, pay)]
        worse = float(((old - new) * reward).sum(axis=1).mean())  # true loss, which is made the margin
        rows = random.integers(0, len(reward), GRADED)
        chosen = (chances[rows].cumsum(axis=1) > random.random((GRADED, 1))).argmax(axis=1)
        observed = reward[rows, chosen]
        told = (chosen, chances[rows], observed, cross_fit(chosen, observed, predicted[rows]))
        gains = score_decisions(new[rows], *told) - score_decisions(old[rows], *told)
        lower = lower_bound(gains, np.ones(GRADED), CONFIDENCE)
        none_better += worse >= 0
        as_they_are += worse >= 0 and lower > 0
        for short in adopted:
            adopted[short] += lower > -(worse - short)
    print("| candidates | drawn | would take over |")
    print("|---|---|---|")
    print(f"| no better, no margin | {none_better} | {as_they_are / none_better:.1%} |")
    for short, count in adopted.items():
        loss = "by just the margin" if not short else f"by {short:g} more than the margin"
        print(f"| worse {loss} | {CANDIDATES} | {count / CANDIDATES:.1%} |")
