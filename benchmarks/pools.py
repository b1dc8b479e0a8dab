"""Deployments of two windows: how many GPUs a fleet needs where short requests have a pool of their own.

    python benchmarks/pools.py                       # a minute
    python benchmarks/pools.py --requests 40000 --rate 400

A discrete-event simulation of our own. A fleet answers requests whose lengths are drawn; each instance has so many
slots as its memory holds windows, and a step for all of its slots takes longer the more there are. The least fleet is
looked for that keeps the 99th percentile of the wait under a limit: of one window for all, and of two pools among which
each request goes by its estimated tokens. The estimate is the server's: it knows bytes alone, and learns bytes a token
from the answers.

Assumptions: a window of 64 k or 8 k tokens, 16 or 128 slots (the same memory), a step of 8 ms and 0.25 ms more for each
slot, prompts read 512 tokens a step. Lengths: lognormal, median 1,020 and mean 1,155 tokens read, 129 and 211 written,
as of the conversations of Azure's public trace of 2023 (Patel et al., "Splitwise", arXiv 2311.18677); a share of them
(--long) have twenty times as many read, as agents' and documents' have.
Cost model: savings = alpha (1 - 1/rho), arXiv 2604.09613: alpha, the share of work in the short pool; rho, its gain.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Callable
from typing import NamedTuple

from crossroute.serve.balancing import TokenBudgets

LONG_WINDOW, SHORT_WINDOW = 64_000, 8_000
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


def lognormal(draw: random.Random, median: float, mean: float) -> int:
    """Draw a whole number of a lognormal distribution."""
    return max(1, round(draw.lognormvariate(math.log(median), math.sqrt(2 * math.log(mean / median)))))


def requests(count: int, rate: float, long: float, seed: int) -> list[Asked]:
    """Return requests in the order in which they come, each estimated before it is answered."""
    draw, budgets, time = random.Random(seed), TokenBudgets(), 0.0
    found = []
    for _ in range(count):
        time += draw.expovariate(rate)
        read = lognormal(draw, 1_020, 1_155) * (20 if draw.random() < long else 1)
        read, written = min(read, LONG_WINDOW - 2_000), min(lognormal(draw, 129, 211), 2_000)
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
    print(
        "| long requests | one window | two: short + long | fewer | alpha | rho | alpha (1 - 1/rho) | sent wrong |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for share in told.long:
        every = requests(told.requests, told.rate, share, told.seed)
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
