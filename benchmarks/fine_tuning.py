"""Fine-tune a router on a few hundred outcomes: python benchmarks/fine_tuning.py [--out FOLDER].

The starting router is `universal` without gpt4o-llama-qwen, as in unseen.py. Some training queries of that set, with
outcomes of all candidates, stand for a user's own data: the router is fine-tuned on them, or it only profiles the
candidates, or a new router is trained. The figures are AIQ on the test split for all nine candidates, and for those
with outcomes in other sets ("measured").
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from universal_sets import load_one
from unseen import train_without

from crossroute import Outcomes, Router, fit
from crossroute.evaluation import evaluate

SET = "gpt4o-llama-qwen"
QUERIES, SEEDS = (30, 100, 300), (0, 1, 2)


def main(
    folder: Annotated[Path, typer.Option("--out", help="Folder of unseen.py's routers.")] = Path(
        "figures/unseen"
    ),
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    outcomes, start = load_one(SET), train_without(SET, 0, folder)
    test, train = outcomes.split("test"), outcomes.split("train")
    measured = [name for name in test.pool.names if is_measured(start, name)]
    print(f"Measured: {', '.join(measured)}.\n")
    print(
        "| queries | seed | from nothing | the start | profiled only | tuned | measured: the start | measured: tuned |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for queries in QUERIES:
        for seed in SEEDS:
            own = sample(train, queries, seed)
            tuned = fit(own, start=start)
            profiled = start.with_candidates(start.profile(own))
            cells = [compute_aiq(router, test) for router in (fit(own), start, profiled, tuned)]
            cells += [compute_aiq(router, test.select(measured)) for router in (start, tuned)]
            print(f"| {queries} | {seed} | {' | '.join(f'{cell:.4f}' for cell in cells)} |", flush=True)


def is_measured(router: Router, name: str) -> bool:
    """Return whether the router was trained on outcomes of a candidate."""
    profile = router.pool[name].profile
    return profile is not None and sum(profile.evidence) > 0


def sample(outcomes: Outcomes, queries: int, seed: int) -> Outcomes:
    """Return random queries, a fifth of them as validation."""
    part = outcomes.take(np.random.default_rng(seed).permutation(len(outcomes))[:queries])
    return replace(part, splits=tuple("validation" if i % 5 == 0 else "train" for i in range(queries)))


def compute_aiq(router: Router, test: Outcomes) -> float:
    return evaluate(router.subset(test.pool.names).predict(test.texts), test, name="a").routers["a"].aiq


if __name__ == "__main__":
    typer.run(main)
