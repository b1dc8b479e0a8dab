"""Simulate fleets with one or two context windows: the number of GPUs with a separate pool for short requests.

    python benchmarks/pools.py                       # a minute
    python benchmarks/pools.py --requests 40000 --rate 400

A discrete-event simulation. A fleet answers requests of random lengths. Each instance has as many slots as windows fit
into its memory, and the duration of a step grows with the number of slots. The script finds the smallest fleet that
keeps the 99th percentile of the wait under a limit: with one window, and with two pools to which requests are sent by
their estimated tokens. The estimate is the server's: from the bytes of a request, and the bytes per token learned from
answers.

Lengths are pairs of input and output tokens, measured in calls of five public sets with equal shares (SETS, under
CROSSROUTE_DATA): questions, mathematics and code, function calls, chains of thought, written courses. These are calls
of benchmarks, not the traffic of a service. Assumptions: a share of long requests (--long) has twenty times the input,
like agents and documents, and prose has 4.0 +- 0.4 bytes per token.

Assumptions about the machines: a window of 64 k or 8 k tokens with 16 or 128 slots (the same memory), steps of 8 ms
plus 0.25 ms per slot, and 512 prompt tokens per step. Cost model: savings = alpha (1 - 1/rho), arXiv 2604.09613: alpha,
the share of work in the short pool; rho, its gain.
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
    """A request: its arrival, bytes and tokens, and the estimate of its tokens."""

    time: float
    size: int
    read: int
    written: int
    estimate: int


class Pool(NamedTuple):
    """Instances with the same window."""

    instances: int
    slots: int

    @property
    def step_s(self) -> float:
        """Seconds of a step for all slots."""
        return STEP_S + SLOT_S * self.slots


def load_lengths() -> list[list[tuple[int, int]]]:
    """Return the input and output tokens of each call, one list per set."""
    found = []
    for name in SETS:
        outcomes = read_outcomes(DATA / name)
        read, written = outcomes.input_tokens.ravel(), outcomes.output_tokens.ravel()
        known = np.isfinite(read) & np.isfinite(written) & (read > 0)
        found.append(list(zip(read[known].astype(int), written[known].astype(int), strict=True)))
    return found


def draw_requests(
    lengths: list[list[tuple[int, int]]], count: int, rate: float, long: float, seed: int
) -> list[Asked]:
    """Return requests in the order of arrival, each estimated before it is answered."""
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


def measure_wait(asked: list[Asked], pool: Pool) -> float:
    """Return the 99th percentile of the wait for a slot, in seconds."""
    free = [0.0] * (pool.instances * pool.slots)
    waits = []
    for one in asked:
        begin = max(one.time, heapq.heappop(free))
        waits.append(begin - one.time)
        heapq.heappush(free, begin + (-(-one.read // READ_A_STEP) + one.written) * pool.step_s)
    return sorted(waits)[int(0.99 * len(waits))]


def find_least(fits: Callable[[int], bool]) -> int:
    """Return the smallest number that satisfies a condition."""
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
    parser.add_argument("--rate", type=float, default=200.0, help="Requests per second.")
    parser.add_argument(
        "--wait", type=float, default=0.5, help="Limit on the 99th percentile of the wait, seconds."
    )
    parser.add_argument(
        "--slots", type=int, nargs=2, default=(16, 128), help="Slots with the long and with the short window."
    )
    parser.add_argument("--long", type=float, nargs="*", default=[0.0, 0.05, 0.1, 0.2, 0.4])
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    slots_long, slots_short = told.slots
    lengths = load_lengths()
    drawn = draw_requests(lengths, told.requests, told.rate, 0.0, told.seed)
    for what, column in (("read", [one.read for one in drawn]), ("written", [one.written for one in drawn])):
        middle, most = np.percentile(column, [50, 95])
        print(f"Tokens {what}: mean {np.mean(column):.0f}, median {middle:.0f}, 95th percentile {most:.0f}.")
    print(
        "| long requests | one window | two: short + long | fewer | alpha | rho | alpha (1 - 1/rho) | sent wrong |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for share in told.long:
        every = draw_requests(lengths, told.requests, told.rate, share, told.seed)
        short = [one for one in every if one.estimate <= SHORT_WINDOW]
        long = [one for one in every if one.estimate > SHORT_WINDOW]
        wrong = sum(one.read + one.written > SHORT_WINDOW for one in short) / len(every)

        def fits(asked: list[Asked], slots: int) -> Callable[[int], bool]:
            return lambda instances: measure_wait(asked, Pool(instances, slots)) <= told.wait

        whole = find_least(fits(every, slots_long))
        two = find_least(fits(short, slots_short)), find_least(fits(long, slots_long)) if long else 0
        work = sum(-(-one.read // READ_A_STEP) + one.written for one in every)
        alpha = sum(-(-one.read // READ_A_STEP) + one.written for one in short) / work
        rho = slots_short / Pool(1, slots_short).step_s / (slots_long / Pool(1, slots_long).step_s)
        saved, predicted = 1 - sum(two) / whole, alpha * (1 - 1 / rho)
        fleet = f"{whole} | {sum(two)}: {two[0]} + {two[1]}"
        print(
            f"| {share:.0%} | {fleet} | {saved:.0%} | {alpha:.2f} | {rho:.2f} | {predicted:.0%} | {wrong:.1%} |"
        )


if __name__ == "__main__":
    main()
