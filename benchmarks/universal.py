"""Compare the bundled universal router with specialised ones, set by set: python benchmarks/universal.py [--split ...].

Each set's candidates are a subset of universal's pool, with the set's own prices. The specialised router is trained on
the set only; its predictions are shared with quality.py.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, cast

import torch
import typer
from predictions import REFERENCE, SPLITS, Predictions, load_or_compute
from sets import CONFIGURATIONS, SETS, find_sets, load, to_slug

from crossroute import Outcomes, Pool, Prediction, Router, fit
from crossroute.catalogue import Catalogue
from crossroute.data.outcomes import Split
from crossroute.evaluation import compare
from crossroute.evaluation.report import Report

COLUMNS = (
    "set",
    "queries",
    "universal, AIQ",
    "specialised, AIQ",
    "difference, 95 % interval",
    "zero",
    "oracle",
    "ECE",
    "cost factor",
)


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    split: Annotated[str, typer.Option(help="validation or test.")] = "test",
    name_or_folder: Annotated[str, typer.Option("--router", help="Router to compare.")] = "universal",
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
) -> None:
    """Compare on every set and print a Markdown table."""
    torch.set_num_threads(1)
    universal = Router.from_pretrained(name_or_folder)
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name in find_sets(only):
        outcomes = load(name)
        part = outcomes.split(cast("Split", split))
        into = folder / "predictions" / to_slug(name) / f"{to_slug(REFERENCE)}.npz"
        special = load_or_compute(into, partial(predict_specialised, outcomes))[
            cast("Split", split), REFERENCE
        ]
        predictions = {"universal": predict_universal(universal, name, part), REFERENCE: special}
        print(format_row(name, compare(predictions, part, reference=REFERENCE)), flush=True)


def predict_specialised(outcomes: Outcomes) -> Predictions:
    router = fit(outcomes, CONFIGURATIONS[REFERENCE])
    return {(split, REFERENCE): router.predict(outcomes.split(split).texts) for split in SPLITS}


def predict_universal(universal: Router, name: str, part: Outcomes) -> Prediction:
    """Return universal's predictions for the set's candidates, with the set's prices."""
    spelling = {
        spelling: entry.name
        for entry in Catalogue.bundled()
        for spelling in entry.recorded_as.get(SETS[name][0], ())
    }
    pool = Pool(universal.pool[spelling[c.name]].model_copy(update={"price": c.price}) for c in part.pool)
    return replace(universal.over(pool).predict(part.texts), candidates=part.pool.names)


def format_row(name: str, report: Report) -> str:
    ours, special = report.routers["universal"], report.routers[REFERENCE]
    low, high = ours.difference_interval or (float("nan"),) * 2
    return (
        f"| {name} | {report.queries} | {ours.aiq:.4f} | {special.aiq:.4f} | {ours.difference or 0:+.4f} "
        f"({low:+.4f} to {high:+.4f}) | {report.zero.aiq:.4f} | {report.oracle.aiq:.4f} | "
        f"{ours.calibration_error:.3f} | {ours.cost_factor:.2f} |"
    )


if __name__ == "__main__":
    typer.run(main)
