"""Evaluate learning from live traffic on outcomes replayed as traffic: python benchmarks/live.py [PART ...].

    learning    universal on a set's traffic, 10 % of 2,000 calls graded, compared with the router trained on the set
    unseen      routers trained without a set (unseen.py) on that set's traffic, compared with a blind mixture
    bandits     cumulative reward, compared with LinUCB, epsilon-greedy nearest neighbours and Thompson sampling
    changes     a candidate gets worse, a candidate is added, a price doubles
    estimates   off-policy intervals for 20 policies, and the rank correlation of their values
    adoption    500 candidates for adoption that are no better than the current router
    log         the overhead per call; 32 processes that write concurrently

The queries are those that the starting router was not trained on. Half of them are traffic, repeated once all have been
used; the others are for evaluation. Some constants of traffic/learning.py were chosen on RouterBench 5-shot and
zeroeval, and those for low trust on the thirteen sets of `unseen`.
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
from replays import CALLS, SHARE, World, concatenate, draw_queries, log_at_all_dials, make_log
from rivals import RIVALS, Rival
from sets import CONFIGURATIONS, load

from crossroute import Query, Router, fit
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.traffic.learning import learn_from_log

REPORTED = ("routerbench-0shot, 5 complete candidates", "gpt4o-llama-qwen, 9 candidates")
FEEDBACK = 0.1
EVERY = 250
"""Number of calls between two updates of the router from the log."""


def main(
    parts: Annotated[list[str] | None, typer.Argument(help="Parts to run; all by default.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of draws of learning and bandits.")] = 5,
    repeats: Annotated[int, typer.Option(help="Number of draws of estimates.")] = 200,
    postgresql: Annotated[str, typer.Option(help="URL of a PostgreSQL database to test too.")] = "",
    folder: Annotated[Path, typer.Option("--out", help="Folder of unseen.py's routers.")] = Path(
        "figures/unseen"
    ),
) -> None:
    """Print the tables."""
    known = {
        "learning": lambda: print_learning(seeds),
        "unseen": lambda: print_unseen(folder, seeds),
        "bandits": lambda: print_bandits(seeds),
        "changes": lambda: print_changes(load_world(REPORTED[1])),
        "estimates": lambda: print_estimates(load_world(REPORTED[0]), repeats),
        "adoption": lambda: print_adoption(load_world(REPORTED[1])),
        "log": lambda: print_log(load_world(REPORTED[0]).router, postgresql),
    }
    for part in parts or known:
        known[part]()
        print(flush=True)


@cache
def load_start() -> Router:
    """Return the starting router."""
    return Router.from_pretrained("universal")


@cache
def load_world(name: str) -> World:
    """Return the world of a set."""
    return World.of(name, load_start())


def load_specialised(name: str) -> Router:
    """Return the router trained on a set: the bundled one for RouterBench, else a new one."""
    if name.startswith("routerbench"):
        return Router.from_pretrained("routerbench").subset(load(name).pool.names)
    return fit(load(name), CONFIGURATIONS[REFERENCE])


def print_learning(seeds: int) -> None:
    """Print AIQ before and after learning, for each share of graded calls."""
    print(
        "| set | graded of 2,000 calls | AIQ before | after | worst draw | trained on the set | gap closed |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in REPORTED:
        here, special = load_world(name), load_specialised(name)
        for feedback in (0.0, FEEDBACK, 1.0):
            figures = np.array([measure_learning(here, special, seed, feedback) for seed in range(seeds)])
            before, after, trained = figures.mean(axis=0)
            worst = (figures[:, 1] - figures[:, 0]).min()
            gap = trained - before
            closed = f"{(after - before) / gap:.0%} of {gap:+.4f}" if gap > 0 else f"none: {gap:+.4f}"
            print(
                f"| {name} | {feedback:.0%} | {before:.4f} | {after:.4f} | {worst:+.4f} | {trained:.4f} | {closed} |",
                flush=True,
            )


def measure_learning(here: World, special: Router, seed: int, feedback: float) -> tuple[float, float, float]:
    """Return the AIQ of the starting router, of the updated router, and of the router trained on the set."""
    traffic, judged = here.halves(seed)
    new = learn_from_log(here.router, log_at_all_dials(here, traffic, seed, feedback))
    prediction = special.predict([Query.of_call(here.outcomes.texts[row]) for row in judged])
    columns = [prediction.candidates.index(name) for name in here.outcomes.pool.names]
    trained = here.aiq_of(prediction.quality[:, columns], prediction.cost[:, columns], judged)
    return here.aiq(here.router, judged), here.aiq(new, judged), trained


def print_bandits(seeds: int) -> None:
    """Print the mean reward per call at every 500 calls, for each method."""
    marks = list(range(500, CALLS + 1, 500))
    print(f"| set | way | {' | '.join(f'{mark:,} calls' for mark in marks)} |")
    print(f"|---|---|{'---|' * len(marks)}")
    for name in REPORTED:
        here = load_world(name)
        ways = {"universal, learning": play_ours, "universal as it is": play_unchanged} | {
            label: make_player(kind) for label, kind in RIVALS.items()
        }
        for label, play in ways.items():
            rewards = np.mean([play(here, seed) for seed in range(seeds)], axis=0)
            means = np.cumsum(rewards) / np.arange(1, CALLS + 1)
            print(
                f"| {name} | {label} | {' | '.join(f'{means[mark - 1]:.4f}' for mark in marks)} |", flush=True
            )


def compute_rewards(here: World, rows: np.ndarray) -> Floats:
    """Return the reward of each candidate for each call at cost preference 0.5, shape (n, m)."""
    pay = here.router.dial.at(0.5)
    return np.asarray(here.outcomes.quality[rows] * np.exp(-here.outcomes.cost[rows] / pay))


def draw_stream(here: World, seed: int) -> tuple[np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    return draw_queries(here.halves(seed)[0], CALLS, random), random


def play_ours(here: World, seed: int) -> Floats:
    """Return the rewards of the router that learns from the log every 100 calls and explores 5 % of them."""
    rows, random = draw_stream(here, seed)
    pay, router, parts, got = here.router.dial.at(0.5), here.router, None, []
    for begin in range(0, CALLS, EVERY):
        mine = rows[begin : begin + EVERY]
        pays = np.full(len(mine), pay)
        told = make_log(
            here,
            mine,
            here.predict(router, mine),
            pays,
            share=SHARE,
            feedback=FEEDBACK,
            random=random,
            begin=60.0 * begin,
        )
        parts = told if parts is None else concatenate([parts, told])
        got.append(compute_rewards(here, mine)[np.arange(len(mine)), told.chosen])
        router = learn_from_log(here.router, parts)
    return np.concatenate(got)


def play_unchanged(here: World, seed: int) -> Floats:
    """Return the rewards of the unchanged starting router, without exploration."""
    rows, _ = draw_stream(here, seed)
    prediction = here.predict(here.router, rows)
    chosen = best(prediction.quality, prediction.cost, here.router.dial.at(0.5))
    return compute_rewards(here, rows)[np.arange(CALLS), chosen]


def make_player(kind: type[Rival]) -> Callable[[World, int], Floats]:
    """Return a function that plays a bandit, with the router's encoded queries and the rewards of graded calls."""

    def play(here: World, seed: int) -> Floats:
        rows, random = draw_stream(here, seed)
        x = np.asarray(here.router.predictor.network.project(here.queries.vectors[rows]), dtype=float)
        bandit = kind(x, here.outcomes.quality.shape[1], random)
        rewards, graded = compute_rewards(here, rows), random.random(CALLS) < FEEDBACK
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
