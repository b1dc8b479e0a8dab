"""A few hundred outcomes of one's own: python benchmarks/fine_tuning.py [--out FOLDER].

A router is trained as `universal` is, on all sets but gpt4o-llama-qwen. Then some train queries of that set are what a
user has, with all candidates graded: the router goes on from there, or only profiles them, or one is trained from
nothing. AIQ on the test split: of all nine candidates, and of the six that the start knew.
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
    folder: Annotated[Path, typer.Option("--out", help="Where the start is kept.")] = Path("figures"),
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    sets = load_all()
    start = started(folder / f"without-{SET}", [part for name, part in sets.items() if name != SET])
    test, train = sets[SET].split("test"), sets[SET].split("train")
    known = [name for name in test.pool.names if name in start.pool]
    print("| queries | seed | from nothing | profiled only | tuned | known: the start | known: tuned |")
    print("|---|---|---|---|---|---|---|")
    for queries in QUERIES:
        for seed in SEEDS:
            own = sample(train, queries, seed)
            tuned = fit(own, start=start)
            profiled = start.with_candidates(start.profile(own))
            cells = [measured(router, test) for router in (fit(own), profiled, tuned)]
            cells += [measured(router, test.select(known)) for router in (start, tuned)]
            print(f"| {queries} | {seed} | {' | '.join(f'{cell:.4f}' for cell in cells)} |", flush=True)


def started(folder: Path, others: list[Outcomes]) -> Router:
    """Return the router that never saw the set, trained once."""
    if not (folder / "config.json").exists():
        fit(Outcomes.concatenate(others), CONFIG, on_epoch=progress.print).save_pretrained(folder)
    return Router.from_pretrained(folder)


def sample(outcomes: Outcomes, queries: int, seed: int) -> Outcomes:
    """Return some queries, a fifth of them to choose by."""
    part = outcomes.take(np.random.default_rng(seed).permutation(len(outcomes))[:queries])
    return replace(part, splits=tuple("validation" if i % 5 == 0 else "train" for i in range(queries)))


def measured(router: Router, test: Outcomes) -> float:
    return evaluate(router.subset(test.pool.names).predict(test.texts), test, name="a").routers["a"].aiq


if __name__ == "__main__":
    typer.run(main)
