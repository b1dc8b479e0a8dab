"""Measure how often a quality floor is broken, and its cost: python benchmarks/floors.py DATA.

DATA contains one folder per set. The queries that the router was not trained on are the population: calibration sets
are drawn from them with replacement, so that the true loss of a floor is known. A promise is broken if its true loss
exceeds the drop. "Clairvoyant" is the cheapest setting that truly keeps the promise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from crossroute import Outcomes, Router, fit, priced, read_outcomes
from crossroute.metrics.betting import is_under, is_under_by_hoeffding
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.dial import GRID
from crossroute.routing.evidence import find_unseen

SETS = ("gpt4o-llama-qwen", "routerbench-0shot", "routerbench-5shot")
DROPS = (0.01, 0.02, 0.05)
CONFIDENCE = 0.9
RIVALS = 3
"""Number of tested references: the best candidates over all queries, since the others are far behind."""

AT_ONCE = 16
Test = Callable[[Floats, float, float], npt.NDArray[np.bool_]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=1000, help="Queries per calibration set.")
    parser.add_argument("--set", choices=SETS, action="append", dest="sets", help="By default all.")
    given = parser.parse_args()
    size = {"draws": given.draws, "queries": given.queries}
    print("| set | drop | test | broken | floors found | cost of the best single | clairvoyant |")
    print("|---|---|---|---|---|---|---|")
    for name in given.sets or SETS:
        outcomes = priced(read_outcomes(given.data / name)).complete()
        router = fit(outcomes) if name == SETS[0] else Router.from_pretrained("routerbench")
        quality, cost, references = choose_along_dial(router, outcomes)
        for drop in DROPS:
            for test in (is_under, is_under_by_hoeffding):
                print(format_row(name, drop, test, quality, cost, references, **size), flush=True)


def choose_along_dial(router: Router, outcomes: Outcomes) -> tuple[Floats, Floats, Floats]:
    """Return quality and cost of the choices at each setting, shape (n, p), and of the references, shape (n, 2, r)."""
    fresh = outcomes.take(find_unseen(outcomes, router.trained_on)).select(router.pool.names)
    predicted = router.predict(fresh.texts)
    rows = np.arange(len(fresh))[:, None]
    picks = np.stack(
        [best(predicted.quality, predicted.cost, float(pay), router.reward) for pay in GRID], axis=1
    )
    changed = (picks != picks[:, :1]).any(axis=0)
    first = max(1, int(changed.argmax()) - 8)
    kept = picks[:, [0, *range(first, len(GRID))]]
    rivals = np.argsort(-fresh.quality.mean(axis=0))[:RIVALS]
    observed = np.stack([fresh.quality[:, rivals], fresh.cost[:, rivals]], axis=1)
    return fresh.quality[rows, kept], fresh.cost[rows, kept], observed


def format_row(  # noqa: PLR0917
    name: str,
    drop: float,
    test: Test,
    quality: Floats,
    cost: Floats,
    references: Floats,
    *,
    draws: int,
    queries: int,
) -> str:
    """Format a row of the table."""
    random = np.random.default_rng(0)
    true_loss = references[:, 0].mean(axis=0).max() - quality.mean(axis=0)
    mean_cost = cost.mean(axis=0)
    kept = true_loss <= drop
    clairvoyant = mean_cost[kept].min() if kept.any() else np.nan
    single = references[:, 1, 0].mean()
    found, broken = [], 0
    for _ in range(draws):
        rows = random.integers(0, len(quality), queries)
        floor = find_lowest(quality[rows], references[rows, 0], drop, test)
        if floor is not None:
            found.append(mean_cost[floor] / single)
            broken += bool(true_loss[floor] > drop)
    share = f"{np.mean(found):.0%}" if found else "–"
    called = "betting" if test is is_under else "Hoeffding"
    return (
        f"| {name} | {drop:g} | {called} | {broken / draws:.1%} | {len(found) / draws:.0%} | {share} | "
        f"{clairvoyant / single:.0%} |"
    )


def find_lowest(quality: Floats, references: Floats, drop: float, test: Test) -> int | None:
    """Return the last proved setting of the sequence, or None."""
    floor = None
    for start in range(0, quality.shape[1], AT_ONCE):
        loss = references[:, None, :] - quality[:, start : start + AT_ONCE, None]
        holds = np.asarray(test(loss, drop, CONFIDENCE).all(axis=1))
        passed = len(holds) if holds.all() else int(np.argmin(holds))
        if passed:
            floor = start + passed - 1
        if passed < len(holds):
            break
    return floor


if __name__ == "__main__":
    main()
