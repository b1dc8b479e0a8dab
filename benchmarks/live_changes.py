"""Changes in the middle of traffic: how soon they are noticed, and what the reward comes back to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from replays import World, joined, logged

from crossroute import Pool, Profile, Router
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.predictor import LazyPrediction
from crossroute.traffic.learning import learn_from_log
from crossroute.traffic.logged import Logged
from crossroute.traffic.report import build_report

CALLS, FEEDBACK, SHARE, EVERY = 4_000, 0.2, 0.1, 200
LAST = 1_000
"""Calls at the end over which rewards are compared."""
LOSS = 0.3
SEEDS = 2


class Change(NamedTuple):
    """What changes at half time.

    Attributes:
        name: In words.
        quality: What each candidate gives afterwards, shape (n, m), by query.
        cost: USD that it takes afterwards.
        start: The router before anything is learnt of it.
        first: Candidates that are there before, shape (m,).
        foreseen: What a router that knew of the change would foresee: (quality, cost) by query, each of shape (n, m).
        column: The candidate that changes.
        kind: "quality", "cost" or "new".
    """

    name: str
    quality: Floats
    cost: Floats
    start: Router
    first: npt.NDArray[np.bool_]
    foreseen: tuple[Floats, Floats]
    column: int
    kind: str


def print_changes(here: World) -> None:
    """Print a row a change."""
    headings = ("change at half of 4,000 calls", "grades until noticed", "calls", "reward, last 1,000 calls",
                "clairvoyant", "share", "not learning")  # fmt: skip
    print(f"| {' | '.join(headings)} |\n{'|---' * len(headings)}|")
    for seed in range(SEEDS):
        for change in changes(here, seed):
            noticed, calls, ours, theirs, still = played(here, change, seed)
            seen = ("not", "not") if noticed is None else (noticed, calls)
            cells = (
                change.name,
                *seen,
                f"{ours:.4f}",
                f"{theirs:.4f}",
                f"{ours / theirs:.1%}",
                f"{still:.4f}",
            )
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def changes(here: World, seed: int) -> list[Change]:
    """Return the changes: of the candidate that is chosen most, and of the one that is chosen next."""
    random = np.random.default_rng(seed)
    every = np.arange(len(here.outcomes))
    base = here.foreseen(here.router, every)
    quality, cost, m = here.outcomes.quality, here.outcomes.cost, here.outcomes.quality.shape[1]
    usual = np.bincount(best(base.quality, base.cost, here.router.dial.at(0.5)), minlength=m)
    top = int(usual.argmax())
    all_there, one = np.ones(m, dtype=bool), np.eye(m, dtype=bool)[top]
    kept = 1 - LOSS / quality[:, top].mean()
    lost = np.where(one & (random.random(quality.shape) >= kept), 0.0, quality)
    worse, double = np.where(one, base.quality * kept, base.quality), np.where(one, 2.0, 1.0)
    name = here.outcomes.pool.names[top]
    return [
        Change(
            f"{name} loses {LOSS:g}", lost, cost, here.router, all_there, (worse, base.cost), top, "quality"
        ),
        Change(
            f"{name} is new, and not profiled",
            quality,
            cost,
            unmeasured(here.router, top),
            ~one,
            (base.quality, base.cost),
            top,
            "new",
        ),
        Change(
            f"{name} costs twice as much",
            quality,
            cost * double,
            here.router,
            all_there,
            (base.quality, base.cost * double),
            top,
            "cost",
        ),
    ]


def unmeasured(router: Router, column: int) -> Router:
    """Return a router that knows nothing of one candidate but its price: profiled as the mean of the others."""
    name, others = router.pool.names[column], router.without(router.pool.names[column])
    quality, log_tokens, _ = pool_profiles(others.pool, router.predictor.network.config.clusters)
    blank = Profile(
        quality=tuple(quality.mean(axis=0).tolist()),
        log_tokens=tuple(log_tokens.mean(axis=0).tolist()),
        evidence=(0.0,) * quality.shape[1],
        learned_price=known.learned_price if (known := router.pool[name].profile) else None,
    )
    return router.over(
        Pool(
            each.model_copy(update={"profile": blank}) if each.name == name else each for each in router.pool
        )
    )


def played(here: World, change: Change, seed: int) -> tuple[int | None, int | None, float, float, float]:
    """Return grades and calls until the change was noticed, and the last rewards: ours, clairvoyant, not learning."""
    random, half = np.random.default_rng(seed), CALLS // 2
    rows = random.integers(0, len(here.outcomes), CALLS)
    pay, router = here.router.dial.at(0.5), change.start
    told, noticed, got = None, None, np.empty(CALLS)
    for begin in range(0, CALLS, EVERY):
        mine, late = rows[begin : begin + EVERY], begin >= half
        there = np.ones_like(change.first) if late else change.first
        quality, cost = (change.quality, change.cost) if late else (here.outcomes.quality, here.outcomes.cost)
        foreseen = only(here.foreseen(router, mine), there)
        now = logged(here, mine, foreseen, np.full(len(mine), pay), share=SHARE, feedback=FEEDBACK, random=random,
                     quality=quality[mine], cost=cost[mine], begin=60.0 * begin)  # fmt: skip
        told = now if told is None else joined([told, now])
        got[begin : begin + EVERY] = reward(quality[mine], cost[mine], now.chosen, pay)
        router = learn_from_log(change.start, told)
        if late and noticed is None and is_noticed(change, told):
            noticed = int((~np.isnan(told.quality[half:])).sum()), len(told) - half
    last = rows[-LAST:]
    clairvoyant = best(change.foreseen[0][last], change.foreseen[1][last], pay)
    foreseen = here.foreseen(change.start, last)
    still = best(foreseen.quality, foreseen.cost, pay)
    theirs, stayed = (
        float(reward(change.quality[last], change.cost[last], each, pay).mean())
        for each in (clairvoyant, still)
    )
    grades, calls = noticed or (None, None)
    return grades, calls, float(got[-LAST:].mean()), theirs, stayed


def is_noticed(change: Change, told: Logged) -> bool:
    """Return whether the report names the candidate as drifted; of a new one, whether it answers one call in five."""
    if change.kind == "new":
        return bool((told.chosen[-EVERY:] == change.column).mean() >= 0.2)
    named = {row.candidate: row.drift for row in build_report(told).rows}
    return change.kind in named[told.names[change.column]]


def only(foreseen: LazyPrediction, there: npt.NDArray[np.bool_]) -> LazyPrediction:
    """Return what is foreseen, those that are not there made useless and dear."""
    foreseen.quality = np.where(there, foreseen.quality, 0.0)
    foreseen.cost = np.where(there, foreseen.cost, 1e6)
    foreseen.__dict__["quality_error"] = np.where(there, foreseen.quality_error, 0.0)
    return foreseen


def reward(quality: Floats, cost: Floats, chosen: npt.NDArray[np.intp], pay: float) -> Floats:
    one = np.arange(len(chosen))
    return np.asarray(quality[one, chosen] * np.exp(-cost[one, chosen] / pay))
