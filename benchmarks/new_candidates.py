"""Add a candidate by its profile, without retraining: python benchmarks/new_candidates.py [--set NAME].

For each set and candidate: train on the other candidates, profile the left-out one on a few training queries, and
compare the AIQ on test queries with that of a router trained with it. A second table uses a profile from scores: the
candidate's means on all or two tasks of the training split, as if they were published scores. Rows are stored, so that
an interrupted run resumes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations, islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from sets import find_sets, load, to_slug

from crossroute import Outcomes, Pool, Prediction, Price, Query, TrainingConfig, fit
from crossroute.metrics.scores import WILLINGNESS_TO_PAY, aiq, cost_range
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats
from crossroute.profiler.scores import find_benchmark, profile_from_scores
from crossroute.routing.predictor import Predictor

COUNTS = (25, 50, 100, 200, 500)
DRAWS = 5
"""Number of draws of the profiled queries, or of the tasks with known scores; results are averaged."""

SCORED = {"two tasks": 2, "all tasks": None}
"""Column -> number of tasks with known scores; None for all."""

Row = dict[str, float | str]
progress = Console(stderr=True)


class Test:
    """The test queries, encoded once."""

    def __init__(self, outcomes: Outcomes, predictor: Predictor) -> None:
        queries = [Query(text) for text in outcomes.texts]
        self.outcomes = outcomes
        self.queries = predictor.query_encoder.read(queries)

    def aiq(self, predictor: Predictor) -> float:
        """Return the AIQ; candidates that the predictor does not know are never chosen."""
        prediction = predictor.predict_encoded(self.queries)
        shape, names = self.outcomes.quality.shape, self.outcomes.pool.names
        quality, cost = np.zeros(shape), np.full(shape, 1e6)
        columns = [self.outcomes.pool.position(name) for name in predictor.pool.names]
        quality[:, columns], cost[:, columns] = prediction.quality, prediction.cost
        sweep = Sweep.of(Prediction(names, quality, cost), self.outcomes, WILLINGNESS_TO_PAY)
        return aiq(sweep.points(), *cost_range(self.outcomes.quality, self.outcomes.cost))


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of stored rows.")] = Path("figures"),
) -> None:
    """Print two Markdown tables: AIQ relative to the router trained with the candidate, in percent."""
    torch.set_num_threads(1)
    found = {}
    for name in find_sets(only):
        outcomes, into = load(name), folder / "new-candidates" / to_slug(name)
        found[name] = [load_row(outcomes, each, into) for each in outcomes.pool.names]
    counts = [*map(str, COUNTS), "all"]
    print(
        format_table(found, counts, near="200"),
        format_table(found, [*SCORED, "25"], near="all tasks"),
        sep="\n",
    )


def load_row(outcomes: Outcomes, left_out: str, folder: Path) -> Row:
    """Return a row, from disk if it is stored."""
    path = folder / f"{to_slug(left_out)}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found = compute_row(outcomes, left_out, load_reference(outcomes, folder / "all.json"))
        path.write_text(json.dumps(found, indent=1) + "\n")
        progress.print(f"{folder.name}: {found}")
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def load_reference(outcomes: Outcomes, path: Path) -> float:
    """Return the AIQ of a router trained with all candidates, from disk if it is stored."""
    if not path.exists():
        predictor = fit(outcomes, TrainingConfig()).predictor
        path.write_text(json.dumps(Test(outcomes.split("test"), predictor).aiq(predictor)))
    return float(json.loads(path.read_text()))


def compute_row(outcomes: Outcomes, left_out: str, trained_with: float) -> Row:
    """Train without a candidate, add it by profiles of increasing size and by scores, and return the AIQs."""
    others = [name for name in outcomes.pool.names if name != left_out]
    router = fit(outcomes.select(others), TrainingConfig())
    predictor, test = router.predictor, Test(outcomes.split("test"), router.predictor)
    train = outcomes.split("train").select([left_out])

    def with_it(pools: Iterable[Pool]) -> float:
        return float(np.mean([test.aiq(add_profiled(predictor, outcomes, pool)) for pool in pools]))

    found: Row = {"candidate": left_out, "trained with": trained_with, "without": test.aiq(predictor)}
    for count in (*COUNTS, len(train)):
        draws = draw_rows(len(train), min(count, len(train)))
        pools = (predictor.profile(train.take(some)) for some in draws)
        found["all" if count == len(train) else str(count)] = with_it(pools)
    for column, tasks in SCORED.items():
        price = outcomes.pool[left_out].price or Price(input=0, output=0)
        known = choose_scores(compute_task_means(train), tasks)
        found[column] = with_it(
            Pool([profile_from_scores(router, left_out, scores, price)]) for scores in known
        )
    return found


def compute_task_means(train: Outcomes) -> dict[str, float]:
    """Return the mean quality of one candidate on each benchmark, an average over its tasks."""
    quality: dict[str, list[float]] = defaultdict(list)
    for task, value in zip(train.tasks, train.quality[:, 0], strict=True):
        quality[find_benchmark(task)].append(value)
    return {benchmark: float(np.mean(values)) for benchmark, values in sorted(quality.items())}


def choose_scores(scores: dict[str, float], tasks: int | None) -> list[dict[str, float]]:
    """Return several random choices of scores, or all scores."""
    if tasks is None:
        return [scores]
    every = list(combinations(scores, tasks))
    order = np.random.default_rng(0).permutation(len(every))
    return [{task: scores[task] for task in every[place]} for place in islice(order, DRAWS)]


def draw_rows(queries: int, count: int) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the rows of several draws; a single draw if it contains all rows."""
    draws = DRAWS if count < queries else 1
    return [np.random.default_rng(seed).permutation(queries)[:count] for seed in range(draws)]


def add_profiled(predictor: Predictor, outcomes: Outcomes, profiled: Pool) -> Predictor:
    """Return the predictor over all candidates, with the profiled one at its original position."""
    known = {candidate.name: candidate for candidate in (*predictor.pool, *profiled)}
    return predictor.with_pool(Pool(known[name] for name in outcomes.pool.names))


def format_table(found: dict[str, list[Row]], columns: list[str], near: str) -> str:
    """Return a table of the mean (and worst) change of AIQ in percent, and the number of candidates within 1 %."""
    head = ["set", "candidates", "without it", *columns, f"within 1 % at {near}"]
    lines = [f"| {' | '.join(head)} |\n|{'---|' * len(head)}"]
    for name, rows in found.items():
        changes = {column: compute_change(rows, column) for column in ("without", *columns)}
        cells = [f"{values.mean():+.2f} ({values.min():+.2f})" for values in changes.values()]
        ok = f"{(changes[near] >= -1).sum()} of {len(rows)}"
        lines.append(f"| {' | '.join([name.partition(' candidates')[0], str(len(rows)), *cells, ok])} |")
    return "\n".join(lines) + "\n"


def compute_change(rows: list[Row], column: str) -> Floats:
    """Return the change of AIQ relative to the router trained with each candidate, in percent, shape (candidates,)."""
    against = np.array([float(each["trained with"]) for each in rows])
    return np.asarray(100 * (np.array([float(each[column]) for each in rows]) / against - 1))


if __name__ == "__main__":
    typer.run(main)
