"""What learning from traffic is worth where the router was trained on nothing like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from replays import World, told_at_all_dials
from universal_sets import SETS, load_one
from unseen import dense, hindsight, trained_without, with_costs

from crossroute import Pool, Prediction, Query, Router
from crossroute.metrics import known_outcomes
from crossroute.numeric import Floats
from crossroute.traffic.learning import learn_from_log

FEEDBACK = (0.0, 0.1, 1.0)
MOSTLY = 0.9
"""The share of the queries of which a model's outcome and cost are known, above which it takes part."""


def print_unseen(folder: Path, seeds: int) -> None:
    """Print AIQ less that of a blind mixture, before and after 2,000 calls, of each set left out."""
    print(
        "| set left out | trust | blind mixture | CrossRoute less it | "
        f"{' | '.join(f'{share:.0%} of 2,000 calls graded' for share in FEEDBACK)} | worst draw |\n"
        f"|---|---|---|---|{'---|' * len(FEEDBACK)}---|"
    )
    every = []
    for name in SETS:
        here = unseen_world(name, trained_without(name, 0, folder))
        figures = np.array([learnt(here, seed) for seed in range(seeds)])
        every.append(figures.mean(axis=0))
        worst = (figures[:, 3:] - figures[:, 2:3]).min()
        print(f"| {name} | {cells(every[-1])} | {worst:+.4f} |", flush=True)
    print(f"| mean | {cells(np.mean(every, axis=0))} | |")


def cells(figures: Floats) -> str:
    """Return a row's figures as cells."""
    trust, blind, *differences = figures.tolist()
    return " | ".join([f"{trust:.2f}", f"{blind:.4f}", *(f"{each:+.4f}" for each in differences)])


def unseen_world(name: str, router: Router) -> World:
    """Return the world of a set that a router was not trained on; each query is one call."""
    outcomes = dense(load_one(name))
    router = router.over(Pool(router.pool[each.name] for each in outcomes.pool))
    queries = router.predictor.query_encoder.read(list(map(Query.of_call, outcomes.texts)))
    foreseen = router.predictor.predict_encoded(queries)
    outcomes, _ = with_costs(outcomes, Prediction(outcomes.pool.names, foreseen.quality, foreseen.cost))
    known = known_outcomes(outcomes.quality, outcomes.cost) & (outcomes.cost > 0)
    columns = known.mean(axis=0) > MOSTLY
    names = [each for each, often in zip(outcomes.pool.names, columns, strict=True) if often]
    rows = np.flatnonzero(known[:, columns].all(axis=1))
    return World(outcomes.select(names).take(rows), router.subset(names), queries.take(rows))


def learnt(here: World, seed: int) -> Floats:
    """Return the trust in the traffic, the blind mixture's AIQ, and the router's less it, before and after learning."""
    traffic, judged = here.halves(seed)
    blind = blind_aiq(here, judged)
    told = [told_at_all_dials(here, traffic, seed, feedback) for feedback in FEEDBACK]
    routers = [here.router, *(learn_from_log(here.router, each) for each in told)]
    trust = here.foreseen(here.router, traffic).trust.mean()
    return np.array([trust, blind, *(here.aiq(router, judged) - blind for router in routers)])


def blind_aiq(here: World, judged: npt.NDArray[np.intp]) -> float:
    """Return the AIQ of a mixture that knows each model's means on the very queries that judge."""
    means = hindsight(here.outcomes.take(judged))
    return here.aiq_of(means.quality, means.cost, judged)
