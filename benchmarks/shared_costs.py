"""Tuned baselines given CrossRoute's predicted costs: python benchmarks/shared_costs.py [--set NAME].

A baseline that predicts quality well and cost badly loses AIQ for the cost alone. With the same costs for all,
what is left is who predicts quality better. Prints the table of docs/benchmarks.md.
"""

from __future__ import annotations

from typing import Annotated

import torch
import typer
from sets import SETS, load

from crossroute import Prediction, Query, Router, TrainingConfig, fit, load_encoder
from crossroute.baselines import FAMILIES, tune
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation import compare

QUICK = ("kNN", "ridge", "logistic regression", "random forest", "k-means", "matrix factorization")


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
) -> None:
    """Print a Markdown row for each set and baseline."""
    torch.set_num_threads(1)
    encoder = QueryEncoder(load_encoder("static"))
    print("| set | router | AIQ | less CrossRoute, 95 % interval |\n|---|---|---|---|")
    for name in SETS:
        if only and not any(part in name for part in only):
            continue
        outcomes = load(name)
        train, validation, test = (outcomes.split(split) for split in ("train", "validation", "test"))
        x, v, t = (encoder.embed([Query(text) for text in part.texts]) for part in (train, validation, test))
        router: Router = fit(outcomes, TrainingConfig())
        ours = router.predict(test.texts)
        predictions = {"CrossRoute": ours}
        for family in QUICK:
            found = tune(FAMILIES[family], x, train, v, validation)[1].predict(t)
            predictions[f"{family}, tuned"] = Prediction(ours.candidates, found.quality, ours.cost)
        report = compare(predictions, test, reference="CrossRoute")
        for label, figures in sorted(report.routers.items(), key=lambda item: -item[1].aiq):
            low, high = figures.difference_interval or (0.0, 0.0)
            interval = f"{low:+.4f} to {high:+.4f}" if figures.difference_interval else ""
            print(f"| {name} | {label} | {figures.aiq:.4f} | {interval} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
