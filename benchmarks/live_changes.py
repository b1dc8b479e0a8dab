"""Changes during traffic: the delay until they are detected, and the reward after learning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from replays import World, concatenate, make_log

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
"""Number of last calls over which rewards are compared."""
LOSS = 0.3
SEEDS = 2


class Change(NamedTuple):
    """A change after half of the calls.

    Attributes:
        name: Description of the change.
        quality: Quality of each candidate after the change, shape (n, m).
        cost: Cost of each candidate after the change, USD, shape (n, m).
        start: The router before learning.
        first: Whether each candidate is present before the change, shape (m,).
        predicted: Quality and cost predicted by a router that knows of the change, each of shape (n, m).
        column: The candidate that changes.
        kind: "quality", "cost" or "new".
    """

    name: str
    quality: Floats
    cost: Floats
    start: Router
    first: npt.NDArray[np.bool_]
    predicted: tuple[Floats, Floats]
    column: int
    kind: str


def print_changes(here: World) -> None:
    """Print one row per change."""
    headings = ("change at half of 4,000 calls", "grades until noticed", "calls", "reward, last 1,000 calls",
                "clairvoyant", "share", "not learning")  # fmt: skip
    print(f"| {' | '.join(headings)} |\n{'|---' * len(headings)}|")
    for seed in range(SEEDS):
        for change in make_changes(here, seed):
            noticed, calls, ours, theirs, still = play(here, change, seed)
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


def make_changes(here: World, seed: int) -> list[Change]:
    """Return the changes of the most and the second most chosen candidate."""
    random = np.random.default_rng(seed)
    every = np.arange(len(here.outcomes))
    base = here.predict(here.router, every)
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
            forget_profile(here.router, top),
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


def forget_profile(router: Router, column: int) -> Router:
    """Return a router that only knows the price of a candidate, whose profile is the mean of the others."""
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


def play(here: World, change: Change, seed: int) -> tuple[int | None, int | None, float, float, float]:
    """Return grades and calls until detection, and the last rewards: with learning, clairvoyant, without learning."""
    random, half = np.random.default_rng(seed), CALLS // 2
    rows = random.integers(0, len(here.outcomes), CALLS)
    pay, router = here.router.dial.at(0.5), change.start
    told, noticed, got = None, None, np.empty(CALLS)
    for begin in range(0, CALLS, EVERY):
        mine, late = rows[begin : begin + EVERY], begin >= half
        there = np.ones_like(change.first) if late else change.first
        quality, cost = (change.quality, change.cost) if late else (here.outcomes.quality, here.outcomes.cost)
        predicted = restrict(here.predict(router, mine), there)
        now = make_log(here, mine, predicted, np.full(len(mine), pay), share=SHARE, feedback=FEEDBACK, random=random,
                     quality=quality[mine], cost=cost[mine], begin=60.0 * begin)  # fmt: skip
        told = now if told is None else concatenate([told, now])
        got[begin : begin + EVERY] = compute_reward(quality[mine], cost[mine], now.chosen, pay)
        router = learn_from_log(change.start, told)
        if late and noticed is None and is_noticed(change, told):
            noticed = int((~np.isnan(told.quality[half:])).sum()), len(told) - half
    last = rows[-LAST:]
    clairvoyant = best(change.predicted[0][last], change.predicted[1][last], pay)
    predicted = here.predict(change.start, last)
    still = best(predicted.quality, predicted.cost, pay)
    theirs, stayed = (
        float(compute_reward(change.quality[last], change.cost[last], each, pay).mean())
        for each in (clairvoyant, still)
    )
    grades, calls = noticed or (None, None)
    return grades, calls, float(got[-LAST:].mean()), theirs, stayed


def is_noticed(change: Change, told: Logged) -> bool:
    """Return whether the report states the candidate's drift; for a new one, whether it answers one call in five."""
    if change.kind == "new":
        return bool((told.chosen[-EVERY:] == change.column).mean() >= 0.2)
    named = {row.candidate: row.drift for row in build_report(told).rows}
    return change.kind in named[told.names[change.column]]


def restrict(predicted: LazyPrediction, there: npt.NDArray[np.bool_]) -> LazyPrediction:
    """Return predictions that exclude absent candidates, by quality 0 and a high cost."""
    predicted.quality = np.where(there, predicted.quality, 0.0)
    predicted.cost = np.where(there, predicted.cost, 1e6)
    predicted.__dict__["quality_error"] = np.where(there, predicted.quality_error, 0.0)
    return predicted


def compute_reward(quality: Floats, cost: Floats, chosen: npt.NDArray[np.intp], pay: float) -> Floats:
    one = np.arange(len(chosen))
    return np.asarray(quality[one, chosen] * np.exp(-cost[one, chosen] / pay))
