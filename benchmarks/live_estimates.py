"""Off-policy estimates with known true values, and the rate of adopting a router that is no better."""

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
"""Share of the log's choices that is spread over all candidates."""
CANDIDATES, GRADED = 500, 1_000


def print_estimates(here: World, repeats: int) -> None:
    """Print the coverage of intervals for 20 policies, and the rank correlation of estimates with the true values."""
    random = np.random.default_rng(0)
    prediction = here.predict(here.router, np.arange(len(here.outcomes)))
    predicted, quality, m = prediction.quality, here.outcomes.quality, here.outcomes.quality.shape[1]
    policies = make_policies(here, prediction.quality, prediction.cost, random)
    truth = np.array([(policy * quality).sum(axis=1).mean() for policy in policies])
    base = np.eye(m)[best(predicted, prediction.cost, here.router.dial.at(0.5))]
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
        share = f"{np.mean(covered[way]):.1%}" if way in covered else "its interval does not include its bias"
        print(f"| {way.replace('_', ' ')} | {share} | {np.mean(ranked):.3f} |")


def make_policies(here: World, quality: Floats, cost: Floats, random: np.random.Generator) -> list[Floats]:
    """Return policies, each of shape (n, m): the router at ten dials, with its own and with perturbed predictions."""
    m = quality.shape[1]
    dials = np.linspace(0.05, 0.95, POLICIES // 2)
    noisy = np.clip(quality + random.normal(0, 0.15, quality.shape), 0.01, 1)
    return [
        np.eye(m)[best(told, cost, here.router.dial.at(float(dial)))]
        for told in (quality, noisy)
        for dial in dials
    ]


def print_adoption(here: World) -> None:
    """Print how often one of 500 routers is adopted that is worse by exactly the margin, or by more."""
    random = np.random.default_rng(0)
    prediction = here.predict(here.router, np.arange(len(here.outcomes)))
    pay, m = here.router.dial.at(0.5), here.outcomes.quality.shape[1]
    reward = here.outcomes.quality * np.exp(-here.outcomes.cost / pay)
    predicted = prediction.quality * np.exp(-prediction.cost / pay)
    old = np.eye(m)[best(prediction.quality, prediction.cost, pay)]
    chances = SHARE / m + (1 - SHARE) * old
    adopted, as_they_are, none_better = {0.0: 0, 0.01: 0}, 0, 0
    for _ in range(CANDIDATES):
        disturbed = np.clip(prediction.quality + random.normal(0, 0.1, predicted.shape), 0.01, 1)
        new = np.eye(m)[best(disturbed, prediction.cost, pay)]
        worse = float(((old - new) * reward).sum(axis=1).mean())  # the true loss, used as the margin
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
