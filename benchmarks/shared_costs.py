"""Tuned baselines given CrossRoute's predicted costs: python benchmarks/shared_costs.py [--set NAME].

A baseline with good predictions of quality may lose AIQ by its predictions of cost. With the same costs for all
routers, only the predictions of quality differ. Reads the predictions of quality.py, and prints the table of
docs/benchmarks.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from predictions import REFERENCE, load_predictions
from sets import find_sets, load

from crossroute import Prediction
from crossroute.evaluation import compare


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
) -> None:
    """Print a Markdown row for each set and baseline."""
    torch.set_num_threads(1)
    print("| set | router | AIQ | less CrossRoute, 95 % interval |\n|---|---|---|---|")
    for name in find_sets(only):
        outcomes = load(name)
        found = load_predictions(name, outcomes, folder)["test"]
        ours = found[REFERENCE]
        shared = {
            label: Prediction(ours.candidates, each.quality, ours.cost)
            for label, each in found.items()
            if label == REFERENCE or label.endswith(", tuned")
        }
        report = compare(shared, outcomes.split("test"), reference=REFERENCE)
        for label, figures in sorted(report.routers.items(), key=lambda item: -item[1].aiq):
            low, high = figures.difference_interval or (0.0, 0.0)
            interval = f"{low:+.4f} to {high:+.4f}" if figures.difference_interval else ""
            print(f"| {name} | {label} | {figures.aiq:.4f} | {interval} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
