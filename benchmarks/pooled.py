"""Compare CrossRoute with the baselines over all sets: python benchmarks/pooled.py.

Relative differences of AIQ are averaged over the sets, with intervals from a paired bootstrap of each set's queries.
Reads the predictions of quality.py, and prints the tables of docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from predictions import REFERENCE, load_predictions
from sets import SETS, find_sets, load

from crossroute import Outcomes, Prediction
from crossroute.metrics.scores import WILLINGNESS_TO_PAY, aiq, cost_range, maximum_quality
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.dial import Dial

RESAMPLES = 1000
AS_SHIPPED = ("RouterBench kNN-40", "RouterBench MLP", "RouterBench SVM")
PREFERENCES = (0.0, 0.5, 1.0)
LEAST_SHARE = 0.01


class Compared(NamedTuple):
    """The routers of one set."""

    name: str
    candidates: tuple[str, ...]
    validation_aiq: dict[str, float]
    test_aiq: dict[str, float]
    maximum_quality: dict[str, float]
    draws: dict[str, Floats]  # AIQ on test, each (r,), all routers on the same draws
    shares: Floats  # shares of candidates by CrossRoute, (preferences, m)


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
) -> None:
    """Print three Markdown tables: tuned baselines, RouterBench's own three, shares."""
    torch.set_num_threads(1)
    sets = [compare(name, load(name), folder) for name in find_sets(only)]
    print(format_tuned(sets), format_shipped(sets), format_shares(sets), sep="\n")


def compare(name: str, outcomes: Outcomes, folder: Path) -> Compared:
    """Evaluate the reference, the tuned baselines and RouterBench's three on one set."""
    found = load_predictions(name, outcomes, folder)
    labels = [REFERENCE, *AS_SHIPPED, *(label for label in found["test"] if label.endswith(", tuned"))]
    validation, test = outcomes.split("validation"), outcomes.split("test")
    sweeps = {label: Sweep.of(found["test"][label], test, WILLINGNESS_TO_PAY) for label in labels}
    points = {label: sweep.points() for label, sweep in sweeps.items()}
    low, high = cost_range(test.quality, test.cost)
    return Compared(
        name,
        found["test"][REFERENCE].candidates,
        {label: compute_aiq(found["validation"][label], validation) for label in labels},
        {label: aiq(curve, low, high) for label, curve in points.items()},
        {label: maximum_quality(curve) for label, curve in points.items()},
        resample(sweeps, low, high, seed=[folder for folder, _ in SETS.values()].index(SETS[name][0])),
        compute_shares(found["validation"][REFERENCE], found["test"][REFERENCE]),
    )


def compute_aiq(prediction: Prediction, outcomes: Outcomes) -> float:
    points = Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY).points()
    return aiq(points, *cost_range(outcomes.quality, outcomes.cost))


def resample(sweeps: Mapping[str, Sweep], low: float, high: float, seed: int) -> dict[str, Floats]:
    """Return each router's AIQ on the same draws of the queries; equal seeds draw the same queries."""
    n = len(next(iter(sweeps.values())).cost)
    weights = np.random.default_rng([0, seed]).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n
    return {
        label: np.array([aiq(points, low, high) for points in sweep.points(weights)])
        for label, sweep in sweeps.items()
    }


def compute_shares(validation: Prediction, test: Prediction) -> Floats:
    """Return the share of test queries routed to each candidate, by cost preference."""
    dial = Dial.calibrate(validation.quality, validation.cost)
    chosen = [best(test.quality, test.cost, dial.at(preference)) for preference in PREFERENCES]
    m = len(test.candidates)
    return np.stack([np.bincount(columns, minlength=m) / len(columns) for columns in chosen])


def format_tuned(sets: list[Compared]) -> str:
    """Return the table of relative differences to tuned baselines, with one row per way of choosing the baseline."""
    tuned = [label for label in sets[0].test_aiq if label.endswith(", tuned")]
    by_validation = max(tuned, key=lambda label: np.mean([each.validation_aiq[label] for each in sets]))
    by_test = max(tuned, key=lambda label: np.mean([each.test_aiq[label] for each in sets]))
    rivals = {
        "each set's best on validation": [find_best(tuned, each.validation_aiq) for each in sets],
        f"one family, best on validation: {by_validation.removesuffix(', tuned')}": [by_validation]
        * len(sets),
        f"one family, best on test: {by_test.removesuffix(', tuned')}": [by_test] * len(sets),
        "each set's best on test": [find_best(tuned, each.test_aiq) for each in sets],
    }
    names = [each.name.partition(" candidates")[0] for each in sets]
    lines = [
        f"| CrossRoute against | {' | '.join(names)} | all pools, 95 % interval | the same queries counted once |"
    ]
    lines.append(f"|{'---|' * (len(sets) + 3)}")
    for title, labels in rivals.items():
        cells = []
        for each, label in zip(sets, labels, strict=True):
            gain = 100 * (each.test_aiq[REFERENCE] / each.test_aiq[label] - 1)
            cells.append(f"{gain:+.2f} % ({label.removesuffix(', tuned')})")
        cells += [format_pooled(sets, labels), format_pooled(sets, labels, once=True)]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def find_best(labels: list[str], scores: Mapping[str, float]) -> str:
    return max(labels, key=lambda label: scores[label])


def format_pooled(sets: list[Compared], labels: list[str], *, once: bool = False) -> str:
    """Format the mean relative difference and its interval; `once`: pools with the same queries share a weight."""
    pairs = list(zip(sets, labels, strict=True))
    folders = [SETS[each.name][0] for each in sets]
    weights = [1 / folders.count(folder) if once else 1.0 for folder in folders]
    gains = [each.test_aiq[REFERENCE] / each.test_aiq[label] - 1 for each, label in pairs]
    mean = np.average(gains, weights=weights)
    drawn = [each.draws[REFERENCE] / each.draws[label] - 1 for each, label in pairs]
    draws = np.average(drawn, weights=weights, axis=0)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{100 * mean:+.2f} % ({100 * low:+.2f} to {100 * high:+.2f})"


def format_shipped(sets: list[Compared]) -> str:
    """Return the table of relative differences of AIQ and maximum quality to RouterBench's own routers."""
    lines = [f"| AIQ, maximum quality | {' | '.join(AS_SHIPPED)} |\n|{'---|' * (len(AS_SHIPPED) + 1)}"]
    for each in sets:
        cells = [
            ", ".join(
                f"{100 * (figures[REFERENCE] / figures[label] - 1):+.1f} %"
                for figures in (each.test_aiq, each.maximum_quality)
            )
            for label in AS_SHIPPED
        ]
        lines.append(f"| {each.name} | {' | '.join(cells)} |")
    cells = [format_pooled(sets, [label] * len(sets)) for label in AS_SHIPPED]
    lines.append(f"| AIQ, all sets, 95 % interval | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def format_shares(sets: list[Compared]) -> str:
    """Return the table of shares of candidates with at least 1 % of the queries, largest first."""
    heads = [f"cost preference {preference:g}" for preference in PREFERENCES]
    lines = [f"| share of the queries | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}"]
    for each in sets:
        cells = []
        for row in each.shares:
            order = [column for column in np.argsort(-row) if row[column] >= LEAST_SHARE]
            named = (f"{each.candidates[column].rpartition('/')[2]} {row[column]:.0%}" for column in order)
            cells.append(", ".join(named))
        lines.append(f"| {each.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
