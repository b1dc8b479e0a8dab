"""Train the bundled router: python benchmarks/train_bundled.py [FOLDER].

Trains on both RouterBench train splits together, with 11 candidates; the model card has figures for both test splits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from sets import load, separate

from crossroute import Outcomes, Router, TrainingConfig, fit
from crossroute.evaluation import evaluate

SETS = ("routerbench-5shot, 11 candidates", "routerbench-0shot, 11 candidates, some missing")
FOLDER = Path(__file__).parents[1] / "core" / "crossroute" / "weights" / "routerbench"

FITTED = ("centre", "projection", "centroids", "temperature", "quality_effects", "tokens_effects")
"""Tensors that are computed from the training queries, not trained."""

CARD = """# routerbench

A CrossRoute router over the 11 candidates of RouterBench (arXiv 2403.12031), bundled with the package.

- **Data**: the train splits of RouterBench 5-shot (ARC-Challenge, Winogrande, MBPP) and 0-shot (MMLU, HellaSwag,
  GSM8K, ARC-Challenge, Winogrande, MBPP): {train} queries; {validation} more chose the epoch and set the dial.
  On the 0-shot queries six of the candidates are known for about a quarter. No query is stored.
- **Encoder**: static, token vectors distilled from all-MiniLM-L6-v2 (Apache-2.0) with model2vec.
- **Training**: `python benchmarks/train_bundled.py`, seed {seed}; {parameters:,} parameters.

| test split | queries | AIQ | 95 % interval | zero router | oracle | maximum quality | ECE | cost factor |
|---|---|---|---|---|---|---|---|---|
{rows}
## Limits

The candidates are models of 2023 and their prices of March 2024. The queries are English benchmark questions, most
of them multiple choice: for other traffic the order of the candidates is a fair guess and the numbers are not.
Predicted costs hold for texts like those of the benchmark. For your own models and queries train your own router:
`crossroute train outcomes.jsonl --out my-router`.
"""


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    parts = {name: separate(name, load(name)) for name in SETS}
    outcomes = Outcomes.concatenate(list(parts.values()))
    config = TrainingConfig()
    router = fit(outcomes, config, on_epoch=print)
    router.save_pretrained(folder)
    card = CARD.format(
        train=len(outcomes.split("train")),
        validation=len(outcomes.split("validation")),
        seed=config.seed,
        parameters=sum(
            tensor.size for name, tensor in router.predictor.network.weights.items() if name not in FITTED
        ),
        rows="".join(format_row(router, name, part.split("test")) for name, part in parts.items()),
    )
    (folder / "README.md").write_text(card)
    print(card)


def format_row(router: Router, name: str, test: Outcomes) -> str:
    report = evaluate(router.subset(test.pool.names).predict(test.texts), test)
    figures = report.routers["router"]
    low, high = figures.aiq_interval
    return (
        f"| {name} | {report.queries} | {figures.aiq:.4f} | {low:.4f} to {high:.4f} | {report.zero.aiq:.4f} | "
        f"{report.oracle.aiq:.4f} | {figures.maximum_quality:.3f} | {figures.calibration_error:.3f} | "
        f"{figures.cost_factor:.2f} |\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
