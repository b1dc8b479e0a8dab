"""Replay days with a budget, and print spend and quality: python benchmarks/budgets.py ROUTER OUTCOMES.

The calls of each day are drawn from queries that the router was not trained on, with an hourly profile; some days have
a burst, on others prices double at noon. Then many threads and processes make concurrent calls, with a budget for half
of them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute import Budget, BudgetSpentError, Decision, Outcomes, Router, priced, read_outcomes
from crossroute.budgets import Spending
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.evidence import find_unseen

HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 12, 14, 14, 12, 10, 8, 6, 5, 4, 3, 2], dtype=float
)
DAY = 86_400.0
FIRST_DAY = DAY * 24_000
PAYS = np.geomspace(1e2, 1e-7, 181)
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk would be waited for twice a call


class Calls(NamedTuple):
    """The calls of a day.

    Attributes:
        moments: Seconds since 1970, increasing, shape (t,).
        rows: Index of each call's query, shape (t,).
        price: Factor on the costs, shape (t,).
    """

    moments: Floats
    rows: npt.NDArray[np.intp]
    price: Floats


class World(NamedTuple):
    """Queries with predicted and observed quality and cost of each candidate, each of shape (n, m)."""

    predicted_quality: Floats
    predicted_cost: Floats
    quality: Floats
    cost: Floats

    @classmethod
    def of(cls, router: Router, outcomes: Outcomes) -> World:
        """Build it from the queries that the router was not trained on."""
        fresh = outcomes.take(find_unseen(outcomes, router.trained_on)).select(router.pool.names)
        predicted = router.predict(fresh.texts)
        return cls(predicted.quality, predicted.cost, fresh.quality, fresh.cost)

    def pick(self, row: int, pay: float) -> int:
        """Return the candidate's column for one query."""
        return int(best(self.predicted_quality[row : row + 1], self.predicted_cost[row : row + 1], pay)[0])

    def constant(self, calls: Calls, pay: float) -> tuple[float, float]:
        """Return USD and mean quality of a day with a constant willingness to pay."""
        columns = best(self.predicted_quality, self.predicted_cost, pay)[calls.rows]
        spent = (self.cost[calls.rows, columns] * calls.price).sum()
        return float(spent), float(self.quality[calls.rows, columns].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("router")
    parser.add_argument("outcomes", type=Path)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--calls", type=int, default=3000, help="Mean calls per day.")
    parser.add_argument("--processes", type=int, default=64)
    given = parser.parse_args()
    world = World.of(Router.from_pretrained(given.router), priced(read_outcomes(given.outcomes)).complete())
    days = list(draw_days(len(world.quality), given.days, given.calls))
    plain = Calls(np.zeros(0), np.arange(len(world.quality)), np.ones(len(world.quality)))
    low, high = world.constant(plain, PAYS[-1])[0], world.constant(plain, PAYS[0])[0]
    budget = (low + 0.4 * (high - low)) / len(world.quality) * given.calls
    usual = next(
        float(pay)
        for pay in PAYS
        if world.constant(plain, float(pay))[0] * given.calls / len(world.quality) <= budget
    )
    print(f"{given.days} days of about {given.calls:,} calls, a budget of ${budget:.2f} a day.\n")
    hindsight = [find_best_constant(world, calls, budget) for calls in days]
    shape = tuple((HOURS / HOURS.sum()).tolist())
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        state = Path(folder) / "budgets.sqlite3"
        paced = Budget(usd=budget, pace=True, shape=shape, state=state, name="paced")
        unshaped = Budget(usd=budget, pace=True, state=state, name="unshaped")
        stopped = Budget(usd=budget, then="refuse", state=state, name="stopped")
        print("| | within 2 % | spent, 5 to 95 % of days | quality of the best constant dial's | least |")
        print("|---|---|---|---|---|")
        report("paced", [replay(world, calls, paced, usual) for calls in days], budget, hindsight)
        report(
            "paced, no shape told",
            [replay(world, calls, unshaped, usual) for calls in days],
            budget,
            hindsight,
        )
        report("fixed dial", [world.constant(calls, usual) for calls in days], budget, hindsight)
        report(
            "hard stop, quality first",
            [replay(world, calls, stopped, PAYS[0], asked=PAYS[0]) for calls in days],
            budget,
            hindsight,
        )
        print()
        call_concurrently(Path(folder) / "threads.sqlite3", processes=0)
        call_concurrently(Path(folder) / "processes.sqlite3", processes=given.processes)


def draw_days(queries: int, days: int, usual: int) -> Iterator[Calls]:
    """Yield days: plain ones, days with a burst of an hour, and days on which prices double at noon."""
    random = np.random.default_rng(0)
    for day in range(days):
        rate = HOURS / HOURS.sum() * usual * random.lognormal(0, 0.1)
        if day % 3 == 1:
            rate[random.integers(8, 20)] *= 4
        counts = random.poisson(rate)
        within = np.concatenate([3600 * (hour + random.random(count)) for hour, count in enumerate(counts)])
        moments = np.sort(within)
        price = np.where((moments >= DAY / 2) & (day % 3 == 2), 2.0, 1.0)
        yield Calls(FIRST_DAY + day * DAY + moments, random.integers(0, queries, len(moments)), price)


def find_best_constant(world: World, calls: Calls, budget: float) -> float:
    """Return the quality of the best constant dial that keeps the budget, chosen in hindsight."""
    found = [world.constant(calls, float(pay)) for pay in PAYS]
    return max((quality for spent, quality in found if spent <= budget), default=found[-1][1])


def replay(
    world: World, calls: Calls, budget: Budget, usual: float, asked: float | None = None
) -> tuple[float, float]:
    """Return USD and mean quality of a day within a budget; refused calls have quality 0."""
    now = [0.0]
    spending = Spending(budget, clock=lambda: now[0])
    spent = worth = 0.0
    for moment, row, price in zip(
        calls.moments.tolist(), calls.rows.tolist(), calls.price.tolist(), strict=True
    ):
        now[0] = moment

        def route(pay: float | None, row: int = row) -> Decision:
            pay = usual if pay is None else pay
            column = world.pick(row, pay)
            return make_decision(str(column), float(world.predicted_cost[row, column]), pay)

        try:
            decision = spending.decide(route, usual=usual, asked=asked)
            spending.reserve(decision)
        except BudgetSpentError:
            continue
        column = int(decision.candidate)
        cost = float(world.cost[row, column]) * price
        spending.settle(decision, cost)
        spent += cost
        worth += float(world.quality[row, column])
    return spent, worth / len(calls.rows)


def make_decision(candidate: str, cost: float, pay: float) -> Decision:
    """Return a decision with the fields that a budget reads."""
    fields: dict[str, Any] = {"candidate": candidate, "cost": cost, "willingness_to_pay": pay}
    return Decision.model_construct(**fields, reasons=(), budgets=())


def report(name: str, days: list[tuple[float, float]], budget: float, hindsight: list[float]) -> None:
    spent = np.array([each[0] for each in days]) / budget
    worth = np.array([each[1] for each in days]) / np.array(hindsight)
    within = (np.abs(spent - 1) <= 0.02).mean()
    low, high = np.quantile(spent, [0.05, 0.95])
    print(
        f"| {name} | {within:.0%} | {low:.3f} to {high:.3f} | {worth.mean():.1%} | {worth.min():.1%} |",
        flush=True,
    )


def call_concurrently(state: Path, processes: int, calls: int = 10_000) -> None:
    """Make many concurrent calls, with a budget for half of them."""
    began = time.perf_counter()
    budget = Budget(usd=calls / 2 * 0.001, per="total", then="refuse", state=state)
    if processes:
        fork = multiprocessing.get_context("fork")
        with fork.Pool(processes) as pool:
            took = pool.starmap(make_calls, [(budget, calls // processes, seed) for seed in range(processes)])
        in_flight = processes
    else:
        with ThreadPoolExecutor(100) as threads:
            spending = Spending(budget)
            took = list(
                threads.map(lambda seed: make_calls(budget, 100, seed, spending), range(calls // 100))
            )
        in_flight = 100
    spent, answered = sum(each[0] for each in took), sum(each[1] for each in took)
    over = max(0.0, spent - budget.usd) / 0.001
    who = f"{processes} processes" if processes else "100 threads"
    print(
        f"{who}, {calls:,} calls on a budget for {calls // 2:,}: {answered:,} answered, over by {over:.1f} calls, "
        f"{in_flight} in flight, {(time.perf_counter() - began) * 1e6 / calls:.0f} us a call."
    )


def make_calls(budget: Budget, calls: int, seed: int, spending: Spending | None = None) -> tuple[float, int]:
    """Make calls one after the other; return USD and the number of answered calls."""
    random, spending = np.random.default_rng(seed), spending or Spending(budget)
    spent, answered = 0.0, 0
    for _ in range(calls):
        try:
            decision = spending.decide(lambda _: make_decision("a", 0.001, 1.0), usual=1.0)
            spending.reserve(decision)
        except BudgetSpentError:
            continue
        cost = float(0.001 * random.lognormal(-0.02, 0.2))
        spending.settle(decision, cost)
        spent, answered = spent + cost, answered + 1
    return spent, answered


if __name__ == "__main__":
    main()
