"""Fine-tune a router on a few hundred outcomes: python benchmarks/fine_tuning.py [--out FOLDER].

A router is trained like `universal`, on all sets except gpt4o-llama-qwen. Some training queries of that set, with
outcomes of all candidates, stand for a user's own data: the router is fine-tuned on them, or it only profiles the
candidates, or a new router is trained. The figures are AIQ on the test split for all nine candidates, and for the six
that the starting router knows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from train_universal import CONFIG
from universal_sets import load_all

from crossroute import Outcomes, Router, fit
from crossroute.evaluation import evaluate

SET = "gpt4o-llama-qwen"
QUERIES, SEEDS = (30, 100, 300), (0, 1, 2)
progress = Console(stderr=True)


def main(
    folder: Annotated[Path, typer.Option("--out", help="Folder of the starting router.")] = Path("figures"),
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    sets = load_all()
    start = load_start(folder / f"without-{SET}", [part for name, part in sets.items() if name != SET])
    test, train = sets[SET].split("test"), sets[SET].split("train")
    known = [name for name in test.pool.names if name in start.pool]
    print("| queries | seed | from nothing | profiled only | tuned | known: the start | known: tuned |")
    print("|---|---|---|---|---|---|---|")
    for queries in QUERIES:
        for seed in SEEDS:
            own = sample(train, queries, seed)
            tuned = fit(own, start=start)
            profiled = start.with_candidates(start.profile(own))
            cells = [compute_aiq(router, test) for router in (fit(own), profiled, tuned)]
            cells += [compute_aiq(router, test.select(known)) for router in (start, tuned)]
            print(f"| {queries} | {seed} | {' | '.join(f'{cell:.4f}' for cell in cells)} |", flush=True)


def load_start(folder: Path, others: list[Outcomes]) -> Router:
    """Return the router trained without the set, from disk if it is stored."""
    if not (folder / "config.json").exists():
        fit(Outcomes.concatenate(others), CONFIG, on_epoch=progress.print).save_pretrained(folder)
    return Router.from_pretrained(folder)


def sample(outcomes: Outcomes, queries: int, seed: int) -> Outcomes:
    """Return random queries, a fifth of them as validation."""
    part = outcomes.take(np.random.default_rng(seed).permutation(len(outcomes))[:queries])
    return replace(part, splits=tuple("validation" if i % 5 == 0 else "train" for i in range(queries)))


def compute_aiq(router: Router, test: Outcomes) -> float:
    return evaluate(router.subset(test.pool.names).predict(test.texts), test, name="a").routers["a"].aiq


if __name__ == "__main__":
    typer.run(main)
