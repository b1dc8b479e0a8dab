"""Routing quality on the test splits: python benchmarks/quality.py [--set NAME] [--out FOLDER].

Trains each configuration and tunes each baseline on train and validation, compares them on test by paired bootstrap,
and prints the tables of docs/benchmarks.md. Predictions and reports are stored, so that an interrupted run resumes;
pooled.py and shared_costs.py read the same predictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from predictions import REFERENCE, load_predictions
from sets import find_sets, load, to_slug

from crossroute.evaluation import compare
from crossroute.evaluation.plots import draw_curves
from crossroute.evaluation.report import Report, RouterFigures

DRAWN = (REFERENCE, "kNN, tuned", "RouterBench MLP")


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
) -> None:
    """Evaluate on every set and print a Markdown table for each."""
    torch.set_num_threads(1)
    for name in find_sets(only):
        outcomes = load(name)
        predictions = load_predictions(name, outcomes, folder)["test"]
        path = folder / f"{to_slug(name)}.json"
        if path.exists():
            report = Report.model_validate_json(path.read_text())
        else:
            report = compare(predictions, outcomes.split("test"), reference=REFERENCE)
            path.write_text(report.model_dump_json(indent=1) + "\n")
        draw_curves(report, path.with_suffix(".png"), routers=DRAWN)
        print(format_table(name, report), flush=True)


def format_table(name: str, report: Report) -> str:
    """Return the table of a set; differences are to the static encoder, with the paired 95 % interval."""
    head = (
        f"### {name}\n\n{report.queries} test queries; AIQ over {report.low_cost * 1000:.3g} to "
        f"{report.high_cost * 1000:.3g} USD per 1,000 calls; zero router {report.zero.aiq:.4f}, oracle "
        f"{report.oracle.aiq:.4f}.\n\n"
        "| router | AIQ | less CrossRoute, static | maximum quality | gap closed | ECE | "
        "cost factor | cost at best single |\n|---|---|---|---|---|---|---|---|\n"
    )
    ranked = sorted(report.routers.items(), key=lambda item: -item[1].aiq)
    return head + "".join(map(format_row, ranked))


def format_row(item: tuple[str, RouterFigures]) -> str:
    name, figures = item
    difference = "" if figures.difference is None else f"{figures.difference:+.4f}"
    if figures.difference_interval:
        difference += " ({:+.4f} to {:+.4f})".format(*figures.difference_interval)
    share = figures.share_of_best_single_cost
    cells = (
        f"**{name}**" if name.startswith("CrossRoute") else name,
        f"{figures.aiq:.4f}",
        difference,
        f"{figures.maximum_quality:.3f}",
        "" if figures.gap_closed is None else f"{figures.gap_closed:.1%}",
        f"{figures.calibration_error:.3f}",
        "" if figures.cost_factor is None else f"{figures.cost_factor:.2f}",
        "not reached" if share is None else f"{share:.0%}",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    typer.run(main)
