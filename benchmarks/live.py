"""What learning from live traffic is worth, on outcomes replayed as traffic: python benchmarks/live.py [PART ...].

    learning    universal on a set's own traffic, 10 % of 2,000 calls graded, beside the router trained on that set
    unseen      routers to which a set is unknown (unseen.py trains them) on that set's traffic, beside a blind mixture
    bandits     cumulative reward beside LinUCB, epsilon-greedy nearest neighbours and Thompson sampling
    changes     a candidate gets worse, a new one comes, a price doubles
    estimates   off-policy intervals for 20 policies, and the rank of their values
    adoption    500 candidates no better than the router that stands
    log         a call's overhead; 32 processes that write at once

Queries are those that the start was not trained on; half come as traffic (again, once all have come), the others judge.
Some spreads of traffic/learning.py were chosen on RouterBench 5-shot and zeroeval, and those that count far from
training on the thirteen sets of `unseen`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from live_changes import print_changes
from live_estimates import print_adoption, print_estimates
from live_log import print_log
from live_unseen import print_unseen
from predictions import REFERENCE
from replays import CALLS, SHARE, World, drawn, joined, logged, told_at_all_dials
from rivals import RIVALS, Rival
from sets import CONFIGURATIONS, load

from crossroute import Query, Router, fit
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.traffic.learning import learn_from_log

REPORTED = ("routerbench-0shot, 5 complete candidates", "gpt4o-llama-qwen, 9 candidates")
FEEDBACK = 0.1
EVERY = 250
"""Calls after which the router takes in what the log shows."""


def main(
    parts: Annotated[list[str] | None, typer.Argument(help="By default all.")] = None,
    seeds: Annotated[int, typer.Option(help="Draws of learning and bandits.")] = 5,
    repeats: Annotated[int, typer.Option(help="Draws of estimates.")] = 200,
    postgresql: Annotated[str, typer.Option(help="URL of a PostgreSQL to write to as well.")] = "",
    folder: Annotated[Path, typer.Option("--out", help="Where unseen.py keeps routers.")] = Path(
        "figures/unseen"
    ),
) -> None:
    """Print the tables."""
    known = {
        "learning": lambda: print_learning(seeds),
        "unseen": lambda: print_unseen(folder, seeds),
        "bandits": lambda: print_bandits(seeds),
        "changes": lambda: print_changes(world(REPORTED[1])),
        "estimates": lambda: print_estimates(world(REPORTED[0]), repeats),
        "adoption": lambda: print_adoption(world(REPORTED[1])),
        "log": lambda: print_log(world(REPORTED[0]).router, postgresql),
    }
    for part in parts or known:
        known[part]()
        print(flush=True)


@cache
def start() -> Router:
    """Return the router that traffic comes to."""
    return Router.from_pretrained("universal")


@cache
def world(name: str) -> World:
    """Return the world of a set."""
    return World.of(name, start())


def specialised(name: str) -> Router:
    """Return the router trained on a set: RouterBench's own, or one that is trained now."""
    if name.startswith("routerbench"):
        return Router.from_pretrained("routerbench").subset(load(name).pool.names)
    return fit(load(name), CONFIGURATIONS[REFERENCE])


def print_learning(seeds: int) -> None:
    """Print AIQ before and after learning, at each part of the calls graded."""
    print(
        "| set | graded of 2,000 calls | AIQ before | after | worst draw | trained on the set | gap closed |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in REPORTED:
        here, special = world(name), specialised(name)
        for feedback in (0.0, FEEDBACK, 1.0):
            figures = np.array([learnt(here, special, seed, feedback) for seed in range(seeds)])
            before, after, trained = figures.mean(axis=0)
            worst = (figures[:, 1] - figures[:, 0]).min()
            gap = trained - before
            closed = f"{(after - before) / gap:.0%} of {gap:+.4f}" if gap > 0 else f"none: {gap:+.4f}"
            print(
                f"| {name} | {feedback:.0%} | {before:.4f} | {after:.4f} | {worst:+.4f} | {trained:.4f} | {closed} |",
                flush=True,
            )


def learnt(here: World, special: Router, seed: int, feedback: float) -> tuple[float, float, float]:
    """Return the AIQ of the start, of what it learns, and of the router trained on the set."""
    traffic, judged = here.halves(seed)
    new = learn_from_log(here.router, told_at_all_dials(here, traffic, seed, feedback))
    foreseen = special.predict([Query.of_call(here.outcomes.texts[row]) for row in judged])
    columns = [foreseen.candidates.index(name) for name in here.outcomes.pool.names]
    trained = here.aiq_of(foreseen.quality[:, columns], foreseen.cost[:, columns], judged)
    return here.aiq(here.router, judged), here.aiq(new, judged), trained


def print_bandits(seeds: int) -> None:
    """Print the mean reward a call up to every 500 calls, of each way to learn."""
    marks = list(range(500, CALLS + 1, 500))
    print(f"| set | way | {' | '.join(f'{mark:,} calls' for mark in marks)} |")
    print(f"|---|---|{'---|' * len(marks)}")
    for name in REPORTED:
        here = world(name)
        ways = {"universal, learning": ours, "universal as it is": still} | {
            label: rival(kind) for label, kind in RIVALS.items()
        }
        for label, play in ways.items():
            rewards = np.mean([play(here, seed) for seed in range(seeds)], axis=0)
            means = np.cumsum(rewards) / np.arange(1, CALLS + 1)
            print(
                f"| {name} | {label} | {' | '.join(f'{means[mark - 1]:.4f}' for mark in marks)} |", flush=True
            )


def rewards_of(here: World, rows: np.ndarray) -> Floats:
    """Return the reward of each candidate for each call at the middle dial, shape (n, m)."""
    pay = here.router.dial.at(0.5)
    return np.asarray(here.outcomes.quality[rows] * np.exp(-here.outcomes.cost[rows] / pay))


def stream(here: World, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    return drawn(here.halves(seed)[0], CALLS, random), random


def ours(here: World, seed: int) -> Floats:
    """Return the rewards of the router that takes the log in every 100 calls and explores 5 %."""
    rows, random = stream(here, seed)
    pay, router, parts, got = here.router.dial.at(0.5), here.router, None, []
    for begin in range(0, CALLS, EVERY):
        mine = rows[begin : begin + EVERY]
        pays = np.full(len(mine), pay)
        told = logged(
            here,
            mine,
            here.foreseen(router, mine),
            pays,
            share=SHARE,
            feedback=FEEDBACK,
            random=random,
            begin=60.0 * begin,
        )
        parts = told if parts is None else joined([parts, told])
        got.append(rewards_of(here, mine)[np.arange(len(mine)), told.chosen])
        router = learn_from_log(here.router, parts)
    return np.concatenate(got)


def still(here: World, seed: int) -> Floats:
    """Return the rewards of the start as it is, which explores nothing."""
    rows, _ = stream(here, seed)
    foreseen = here.foreseen(here.router, rows)
    chosen = best(foreseen.quality, foreseen.cost, here.router.dial.at(0.5))
    return rewards_of(here, rows)[np.arange(CALLS), chosen]


def rival(kind: type[Rival]) -> Callable[[World, int], Floats]:
    """Return how a bandit plays: it sees the queries as the router does, and a reward where a call is graded."""

    def play(here: World, seed: int) -> Floats:
        rows, random = stream(here, seed)
        x = np.asarray(here.router.predictor.network.project(here.queries.vectors[rows]), dtype=float)
        bandit = kind(x, here.outcomes.quality.shape[1], random)
        rewards, graded = rewards_of(here, rows), random.random(CALLS) < FEEDBACK
        got = np.empty(CALLS)
        for call in range(CALLS):
            arm = bandit.choose(call)
            got[call] = rewards[call, arm]
            if graded[call]:
                bandit.learn(call, arm, got[call])
        return got

    return play


if __name__ == "__main__":
    typer.run(main)
