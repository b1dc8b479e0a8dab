"""Evaluate on a task without training queries: python benchmarks/new_domains.py [--set NAME].

For each set and task: train without the task's queries, and evaluate on its test queries. The zero router uses each
candidate's mean on the evaluated queries, which is unknown in practice; the candidate means are those on the other
tasks. Rows are stored, so that an interrupted run resumes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from sets import find_sets, load, to_slug

from crossroute import Outcomes, Prediction, Query, TrainingConfig, fit, load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.baselines import FAMILIES, candidate_mean, tune
from crossroute.metrics.scores import WILLINGNESS_TO_PAY, aiq, candidate_points, cost_range, known_outcomes
from crossroute.metrics.sweep import Sweep
from crossroute.metrics.uncertainty import paired_bootstrap
from crossroute.numeric import Floats
from crossroute.profiler.scores import find_benchmark
from crossroute.reward import Reward

ROUTERS = ("CrossRoute", "kNN, tuned", "candidate means")
OTHERS = ("zero router", "candidate means", "kNN, tuned")
Row = dict[str, Any]
progress = Console(stderr=True)


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of stored rows.")] = Path("figures"),
) -> None:
    """Print a Markdown table with one row per set and task."""
    torch.set_num_threads(1)
    print(
        "| set | new task | test queries | zero router | CrossRoute | less zero router | less candidate means | "
        "less kNN, tuned |\n|---|---|---|---|---|---|---|---|"
    )
    found = []
    for name in find_sets(only):
        outcomes = load(name)
        for task in sorted(set(map(find_benchmark, outcomes.tasks))):
            found.append(load_row(outcomes, task, folder / "new-domains" / to_slug(name)))
            print(format_row(name, found[-1]), flush=True)
    print(format_mean(found))


def load_row(outcomes: Outcomes, task: str, folder: Path) -> Row:
    """Return a row, from disk if it is stored."""
    path = folder / f"{to_slug(task)}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(compute_row(outcomes, task), indent=1) + "\n")
        progress.print(path.read_text())
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def compute_row(outcomes: Outcomes, task: str) -> Row:
    """Train without a task, and compare routers on its test queries."""
    of_task = np.array([find_benchmark(each) == task for each in outcomes.tasks])
    others, test = outcomes.take(~of_task), outcomes.take(of_task).split("test")
    return {"task": task, "queries": len(test), **compare(predict(others, test), test)}


def predict(others: Outcomes, test: Outcomes) -> dict[str, Prediction]:
    """Train on other tasks and predict the new one's queries."""
    train, validation = others.split("train"), others.split("validation")
    encoder = QueryEncoder(load_encoder("static"))
    x, v, t = (encoder.embed([Query(text) for text in part.texts]) for part in (train, validation, test))
    neighbours = tune(FAMILIES["kNN"], x, train, v, validation)[1].predict(t)
    ours = fit(others, TrainingConfig()).predict(test.texts)
    return dict(zip(ROUTERS, (ours, neighbours, candidate_mean(train, test)), strict=True))


def compare(predictions: dict[str, Prediction], test: Outcomes) -> Row:
    """Return AIQs, and CrossRoute's minus each other's with 95 % intervals."""
    low, high = cost_range(test.quality, test.cost)
    sweeps = {name: Sweep.of(each, test, WILLINGNESS_TO_PAY) for name, each in predictions.items()}
    answered = test.take(known_outcomes(test.quality, test.cost).any(axis=1))
    blind = choose_in_hindsight(answered, "linear")

    def aiqs(weights: Floats) -> Floats:
        curves = [sweep.points(weights) for sweep in sweeps.values()]  # each (r, p, 2)
        curves.append(np.concatenate([blind.points(weights), list_known_points(answered, weights)], axis=1))
        found = np.array([[aiq(points, low, high) for points in curve] for curve in curves]).T
        return np.concatenate([found, found[:, :1] - found[:, 1:]], axis=1)  # (r, 7)

    n = len(answered)
    point, ends = aiqs(np.full((1, n), 1 / n))[0], paired_bootstrap(aiqs, n)
    names = [*ROUTERS, "zero router"]
    return dict(zip(names, point[:4].tolist(), strict=True)) | {
        f"less {name}": [point[column], *ends[:, column].tolist()]
        for column, name in enumerate(names[1:], start=4)
    }


def choose_in_hindsight(test: Outcomes, reward: Reward) -> Sweep:
    """Return the choices of a router that knows each candidate's mean on the evaluated queries."""
    cost, quality = candidate_points(test.quality, test.cost).T
    shape = test.quality.shape
    known = Prediction(test.pool.names, np.broadcast_to(quality, shape), np.broadcast_to(cost, shape))
    return Sweep.of(known, test, WILLINGNESS_TO_PAY, reward)


def list_known_points(test: Outcomes, weights: Floats) -> Floats:
    """Return the points of candidates with outcomes on all queries, shape (r, candidates, 2)."""
    always = known_outcomes(test.quality, test.cost).all(axis=0)
    return np.stack([weights @ test.cost[:, always], weights @ test.quality[:, always]], axis=-1)


def format_row(name: str, found: Row) -> str:
    """Format a row of the table."""
    differences = []
    for other in OTHERS:
        difference, low, high = found[f"less {other}"]
        differences.append(f"{difference:+.4f} ({low:+.4f} to {high:+.4f})")
    cells = [name.partition(" candidates")[0], found["task"], found["queries"]]
    cells += [f"{found[column]:.4f}" for column in ("zero router", "CrossRoute")]
    return f"| {' | '.join(map(str, [*cells, *differences]))} |"


def format_mean(rows: list[Row]) -> str:
    """Format the mean of all rows, and the numbers of rows with intervals above and below 0."""
    cells = []
    for other in OTHERS:
        differences = np.array([each[f"less {other}"] for each in rows])  # (rows, 3)
        above, below = (differences[:, 1] > 0).sum(), (differences[:, 2] < 0).sum()
        cells.append(f"{differences[:, 0].mean():+.4f} ({above} above, {below} below)")
    return f"| mean | {len(rows)} | | | | {' | '.join(cells)} |"


if __name__ == "__main__":
    typer.run(main)
