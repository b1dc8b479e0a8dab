"""Evaluate learning from traffic that is unlike the router's training data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from replays import World, log_at_all_dials
from universal_sets import SETS, load_one
from unseen import fill_costs, predict_in_hindsight, select_dense, train_without

from crossroute import Pool, Prediction, Query, Router
from crossroute.metrics import known_outcomes
from crossroute.numeric import Floats
from crossroute.traffic.learning import learn_from_log

FEEDBACK = (0.0, 0.1, 1.0)
MOSTLY = 0.9
"""Minimum share of queries with known outcome and cost for a model to be included."""


def print_unseen(folder: Path, seeds: int) -> None:
    """Print AIQ minus that of a blind mixture, before and after 2,000 calls, for each left-out set."""
    print(
        "| set left out | trust | blind mixture | CrossRoute less it | "
        f"{' | '.join(f'{share:.0%} of 2,000 calls graded' for share in FEEDBACK)} | worst draw |\n"
        f"|---|---|---|---|{'---|' * len(FEEDBACK)}---|"
    )
    every = []
    for name in SETS:
        here = load_unseen_world(name, train_without(name, 0, folder))
        figures = np.array([measure_learning(here, seed) for seed in range(seeds)])
        every.append(figures.mean(axis=0))
        worst = (figures[:, 3:] - figures[:, 2:3]).min()
        print(f"| {name} | {format_cells(every[-1])} | {worst:+.4f} |", flush=True)
    print(f"| mean | {format_cells(np.mean(every, axis=0))} | |")


def format_cells(figures: Floats) -> str:
    """Format the figures of a row."""
    trust, blind, *differences = figures.tolist()
    return " | ".join([f"{trust:.2f}", f"{blind:.4f}", *(f"{each:+.4f}" for each in differences)])


def load_unseen_world(name: str, router: Router) -> World:
    """Return the world of a set that a router was not trained on; each query is one call."""
    outcomes = select_dense(load_one(name))
    router = router.over(Pool(router.pool[each.name] for each in outcomes.pool))
    queries = router.predictor.query_encoder.read(list(map(Query.of_call, outcomes.texts)))
    prediction = router.predictor.predict_encoded(queries)
    outcomes, _ = fill_costs(outcomes, Prediction(outcomes.pool.names, prediction.quality, prediction.cost))
    known = known_outcomes(outcomes.quality, outcomes.cost) & (outcomes.cost > 0)
    columns = known.mean(axis=0) > MOSTLY
    names = [each for each, often in zip(outcomes.pool.names, columns, strict=True) if often]
    rows = np.flatnonzero(known[:, columns].all(axis=1))
    return World(outcomes.select(names).take(rows), router.subset(names), queries.take(rows))


def measure_learning(here: World, seed: int) -> Floats:
    """Return the trust, the blind mixture's AIQ, and the router's AIQ minus it before and after learning."""
    traffic, judged = here.halves(seed)
    blind = compute_blind_aiq(here, judged)
    told = [log_at_all_dials(here, traffic, seed, feedback) for feedback in FEEDBACK]
    routers = [here.router, *(learn_from_log(here.router, each) for each in told)]
    trust = here.predict(here.router, traffic).trust.mean()
    return np.array([trust, blind, *(here.aiq(router, judged) - blind for router in routers)])


def compute_blind_aiq(here: World, judged: npt.NDArray[np.intp]) -> float:
    """Return the AIQ of a blind mixture that knows each model's means on the evaluated queries."""
    means = predict_in_hindsight(here.outcomes.take(judged))
    return here.aiq_of(means.quality, means.cost, judged)
