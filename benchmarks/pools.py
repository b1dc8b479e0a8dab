"""Deployments of two windows: how many GPUs a fleet needs where short requests have a pool of their own.

    python benchmarks/pools.py                       # a minute
    python benchmarks/pools.py --requests 40000 --rate 400

A discrete-event simulation of our own. A fleet answers requests whose lengths are drawn; each instance has so many
slots as its memory holds windows, and a step for all of its slots takes longer the more there are. The least fleet is
looked for that keeps the 99th percentile of the wait under a limit: of one window for all, and of two pools among which
each request goes by its estimated tokens. The estimate is the server's: it knows bytes alone, and learns bytes a token
from the answers.

Lengths: tokens read and written, in pairs as they were measured of one call of a model, of five public sets in equal
shares (SETS, under CROSSROUTE_DATA): questions, mathematics and code, function calls, chains of thought, written
courses. These are calls of benchmarks, not a service's traffic. Assumed is a share of long requests (--long) that read
twenty times as much, as agents' and documents' do, and that a byte is a token's 4.0 +- 0.4th part of prose.

Assumed of the machines: a window of 64 k or 8 k tokens, 16 or 128 slots (the same memory), a step of 8 ms and 0.25 ms
more for each slot, prompts read 512 tokens a step.
Cost model: savings = alpha (1 - 1/rho), arXiv 2604.09613: alpha, the share of work in the short pool; rho, its gain.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sets import DATA

from crossroute import read_outcomes
from crossroute.serve.balancing import TokenBudgets

LONG_WINDOW, SHORT_WINDOW = 64_000, 8_000
MOST_WRITTEN = 4_000
SETS = ("gpt4o-llama-qwen", "zeroeval", "bfcl", "frontier-2025", "zoonk")
STEP_S, SLOT_S, READ_A_STEP = 0.008, 0.00025, 512


class Asked(NamedTuple):
    """A request: when it comes, its bytes and tokens, and what was estimated of it."""

    time: float
    size: int
    read: int
    written: int
    estimate: int


class Pool(NamedTuple):
    """Instances of one window."""

    instances: int
    slots: int

    @property
    def step_s(self) -> float:
        """Seconds of a step for all slots."""
        return STEP_S + SLOT_S * self.slots


def measured() -> list[list[tuple[int, int]]]:
    """Return the tokens read and written of each call, a list a set."""
    found = []
    for name in SETS:
        outcomes = read_outcomes(DATA / name)
        read, written = outcomes.input_tokens.ravel(), outcomes.output_tokens.ravel()
        known = np.isfinite(read) & np.isfinite(written) & (read > 0)
        found.append(list(zip(read[known].astype(int), written[known].astype(int), strict=True)))
    return found


def requests(
    lengths: list[list[tuple[int, int]]], count: int, rate: float, long: float, seed: int
) -> list[Asked]:
    """Return requests in the order in which they come, each estimated before it is answered."""
    draw, budgets, time = random.Random(seed), TokenBudgets(), 0.0
    found = []
    for _ in range(count):
        time += draw.expovariate(rate)
        read, written = draw.choice(draw.choice(lengths))
        read *= 20 if draw.random() < long else 1
        read, written = min(read, LONG_WINDOW - MOST_WRITTEN), min(max(written, 1), MOST_WRITTEN)
        size = round(read * draw.gauss(4.0, 0.4))
        found.append(Asked(time, size, read, written, budgets.estimate("prose", size, "m", None)))
        budgets.learn("prose", size, read, "m", written)
    return found


def late(asked: list[Asked], pool: Pool) -> float:
    """Return the 99th percentile of the wait for a slot, in seconds."""
    free = [0.0] * (pool.instances * pool.slots)
    waits = []
    for one in asked:
        begin = max(one.time, heapq.heappop(free))
        waits.append(begin - one.time)
        heapq.heappush(free, begin + (-(-one.read // READ_A_STEP) + one.written) * pool.step_s)
    return sorted(waits)[int(0.99 * len(waits))]


def least(fits: Callable[[int], bool]) -> int:
    """Return the least number that fits."""
    high = 1
    while not fits(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=200.0, help="Requests a second.")
    parser.add_argument("--wait", type=float, default=0.5, help="Seconds that 99 % may wait at most.")
    parser.add_argument(
        "--slots", type=int, nargs=2, default=(16, 128), help="Of the long window, and of the short."
    )
    parser.add_argument("--long", type=float, nargs="*", default=[0.0, 0.05, 0.1, 0.2, 0.4])
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    slots_long, slots_short = told.slots
    lengths = measured()
    drawn = requests(lengths, told.requests, told.rate, 0.0, told.seed)
    for what, column in (("read", [one.read for one in drawn]), ("written", [one.written for one in drawn])):
        middle, most = np.percentile(column, [50, 95])
        print(f"Tokens {what}: mean {np.mean(column):.0f}, median {middle:.0f}, 95th percentile {most:.0f}.")
    print(
        "| long requests | one window | two: short + long | fewer | alpha | rho | alpha (1 - 1/rho) | sent wrong |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for share in told.long:
        every = requests(lengths, told.requests, told.rate, share, told.seed)
        short = [one for one in every if one.estimate <= SHORT_WINDOW]
        long = [one for one in every if one.estimate > SHORT_WINDOW]
        wrong = sum(one.read + one.written > SHORT_WINDOW for one in short) / len(every)

        def fits(asked: list[Asked], slots: int) -> Callable[[int], bool]:
            return lambda instances: late(asked, Pool(instances, slots)) <= told.wait

        whole = least(fits(every, slots_long))
        two = least(fits(short, slots_short)), least(fits(long, slots_long)) if long else 0
        work = sum(-(-one.read // READ_A_STEP) + one.written for one in every)
        alpha = sum(-(-one.read // READ_A_STEP) + one.written for one in short) / work
        rho = slots_short / Pool(1, slots_short).step_s / (slots_long / Pool(1, slots_long).step_s)
        saved, foreseen = 1 - sum(two) / whole, alpha * (1 - 1 / rho)
        fleet = f"{whole} | {sum(two)}: {two[0]} + {two[1]}"
        print(
            f"| {share:.0%} | {fleet} | {saved:.0%} | {alpha:.2f} | {rho:.2f} | {foreseen:.0%} | {wrong:.1%} |"
        )


if __name__ == "__main__":
    main()
