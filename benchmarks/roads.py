"""Compare ways of training by cross-validation on train and validation: python benchmarks/roads.py [--seed 0 ...].

There are four folds per set; each is the test split once, and an eighth of the rest is used to choose the epoch. If
other sets are also trained on, their queries that share a rare sequence of eight words with the fold are left out. The
test split is not used. The figures are AIQ and mean squared error of quality, over the predictions of all folds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
import typer
from sets import find_sets, load
from universal_sets import SETS as ALL
from universal_sets import load_all

from crossroute import Outcomes, Prediction, Router, TrainingConfig, fit
from crossroute.catalogue import Catalogue
from crossroute.evaluation import evaluate

FOLDS = 4
RUN, RARE = 8, 12
"""Words of a sequence, and maximum number of queries with a rare one; task instructions are in more."""

Masks = npt.NDArray[np.bool_]
Road = Callable[[Outcomes, dict[str, Outcomes]], Router]


def train_alone(outcomes: Outcomes, _: dict[str, Outcomes]) -> Router:
    """Train with the default settings."""
    return fit(outcomes)


def train_with_dropout(outcomes: Outcomes, _: dict[str, Outcomes]) -> Router:
    """Train with a random part of the pool in half of the batches."""
    return fit(outcomes, TrainingConfig(candidate_dropout=0.5))


def train_by_likelihood(outcomes: Outcomes, _: dict[str, Outcomes]) -> Router:
    """Choose the epoch by the likelihood of the qualities."""
    return fit(outcomes, TrainingConfig(choose_by="likelihood"))


def train_together(outcomes: Outcomes, others: dict[str, Outcomes]) -> Router:
    """Train a network on all sets."""
    config = TrainingConfig(components=96, clusters=32, choose_by="likelihood")
    return fit(Outcomes.concatenate([outcomes, *others.values()]), config)


def train_tuned(outcomes: Outcomes, others: dict[str, Outcomes]) -> Router:
    """Train a network on the other sets, and fine-tune it on this one."""
    config = TrainingConfig(components=96, clusters=32, choose_by="likelihood", candidate_dropout=0.5)
    return fit(outcomes, start=fit(Outcomes.concatenate(list(others.values())), config))


ROADS: dict[str, Road] = {
    "alone: the default": train_alone,
    "candidate dropout": train_with_dropout,
    "epoch by likelihood": train_by_likelihood,
    "all sets together": train_together,
    "the other sets, then this one": train_tuned,
}


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a set's name.")] = None,
    roads: Annotated[list[str] | None, typer.Option("--road", help="Part of a road's name.")] = None,
    seeds: Annotated[list[int] | None, typer.Option("--seed", help="Random seeds of the folds.")] = None,
) -> None:
    """Print a Markdown row for each set, way and seed."""
    torch.set_num_threads(1)
    everything = load_all()
    print("| set | road | seed | AIQ | error |\n|---|---|---|---|---|")
    for name in find_sets(only):
        outcomes, others = (
            rename_alike(load(name)),
            {key: everything[key] for key in ALL if not name.startswith(key)},
        )
        seen = outcomes.take([split != "test" for split in outcomes.splits])
        for label in (road for road in ROADS if not roads or any(part in road for part in roads)):
            for seed in seeds or [0]:
                prediction = cross_validate(ROADS[label], seen, others, seed)
                error = np.nanmean((prediction.quality - seen.quality) ** 2)
                figures = evaluate(prediction, seen).routers["router"]
                print(f"| {name} | {label} | {seed} | {figures.aiq:.4f} | {error:.4f} |", flush=True)


def rename_alike(outcomes: Outcomes) -> Outcomes:
    """Rename candidates to the catalogue's names, which are common to all sets; prices are unchanged."""
    name = {
        s: entry.name for entry in Catalogue.bundled() for found in entry.recorded_as.values() for s in found
    }
    pool = type(outcomes.pool)(c.model_copy(update={"name": name[c.name]}) for c in outcomes.pool)
    return replace(outcomes, pool=pool)


def cross_validate(road: Road, seen: Outcomes, others: dict[str, Outcomes], seed: int) -> Prediction:
    """Return the predictions for each fold by a router that was not trained on it."""
    fold = np.random.default_rng(seed).permutation(np.arange(len(seen)) % FOLDS)
    chooses = np.random.default_rng(seed + 1).random(len(seen)) < 1 / 8
    quality, cost = np.empty(seen.quality.shape), np.empty(seen.quality.shape)
    for number in range(FOLDS):
        splits = np.where(fold == number, "test", np.where(chooses, "validation", "train"))
        part = replace(seen, splits=tuple(splits.tolist()))
        held = part.split("test")
        kept = {name: other.take(~find_resembling(other.texts, held.texts)) for name, other in others.items()}
        found = road(part, kept).subset(part.pool.names).predict(held.texts)
        quality[fold == number], cost[fold == number] = found.quality, found.cost
    return Prediction(seen.pool.names, quality, cost)


def find_resembling(texts: Iterable[str], held: Iterable[str]) -> Masks:
    """Return which texts share a rare sequence of words with held-out texts."""
    ours, theirs = [list_runs(text) for text in texts], [list_runs(text) for text in held]
    often = Counter(run for found in (*ours, *theirs) for run in found)
    rare = {run for found in theirs for run in found if often[run] <= RARE}
    return np.array([not rare.isdisjoint(found) for found in ours])


def list_runs(text: str) -> set[tuple[str, ...]]:
    """Return the sequences of words in the last 220 words of a text."""
    words = re.findall(r"[a-z0-9]+", text.lower())[-220:]
    return {tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))}


if __name__ == "__main__":
    typer.run(main)
