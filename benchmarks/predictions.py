"""What every router and baseline predicts of a set's validation and test queries, kept on disk.

Training and tuning take an hour; what the tables need of it is in these files. Give another folder, or delete
it, to train anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sets import CONFIGURATIONS, slug

from crossroute import Outcomes, Prediction, Query, Router, TrainingConfig, fit
from crossroute.data.outcomes import Split
from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.contenders import blind_baselines, learned_baselines

SPLITS: tuple[Split, ...] = ("validation", "test")
REFERENCE = "CrossRoute, static"

Predictions = dict[tuple[Split, str], Prediction]
progress = Console(stderr=True)


def predictions_of(name: str, outcomes: Outcomes, folder: Path) -> dict[Split, dict[str, Prediction]]:
    """Return split -> router -> prediction for a set, training and tuning what is not on disk."""
    into = folder / "predictions" / slug(name)
    found: Predictions = {}
    for label, config in CONFIGURATIONS.items():
        found |= kept(into / f"{slug(label)}.npz", partial(_trained, label, config, outcomes))
    if name.startswith("routerbench"):  # trained on both RouterBench train splits, see train_bundled.py
        found |= kept(into / "bundled.npz", partial(_bundled, outcomes))
    return _by_split(found | _baselines(name, outcomes, folder))


def baselines_of(name: str, outcomes: Outcomes, folder: Path) -> dict[Split, dict[str, Prediction]]:
    """Return what the baselines alone predict."""
    return _by_split(_baselines(name, outcomes, folder))


def _baselines(name: str, outcomes: Outcomes, folder: Path) -> Predictions:
    return kept(folder / "predictions" / slug(name) / "baselines.npz", partial(_of_baselines, outcomes))


def _by_split(found: Predictions) -> dict[Split, dict[str, Prediction]]:
    return {
        split: {label: prediction for (of, label), prediction in found.items() if of == split}
        for split in SPLITS
    }


def kept(path: Path, compute: Callable[[], Predictions]) -> Predictions:
    """Return what a file holds; where it does not exist, compute and write it first."""
    if not path.exists():
        progress.print(f"{path.parent.name}: {path.stem}")
        arrays: dict[str, Any] = {}
        for (split, label), prediction in compute().items():
            arrays[f"{split}|{label}"] = np.stack([prediction.quality, prediction.cost]).astype(np.float32)
            arrays["candidates"] = np.array(prediction.candidates)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path.with_suffix(".part.npz"), **arrays)
        path.with_suffix(".part.npz").rename(path)
    with np.load(path) as file:
        candidates = tuple(file["candidates"].tolist())
        return {
            (split, label): Prediction(candidates, *file[f"{split}|{label}"].astype(float))
            for split, _, label in (key.partition("|") for key in file.files if key != "candidates")
        }


def _trained(label: str, config: TrainingConfig, outcomes: Outcomes) -> Predictions:
    router = fit(outcomes, config)
    return {(split, label): router.predict(outcomes.split(split).texts) for split in SPLITS}


def _bundled(outcomes: Outcomes) -> Predictions:
    router = Router.from_pretrained("routerbench").subset(outcomes.pool.names)
    return {
        (split, "CrossRoute, as bundled"): router.predict(outcomes.split(split).texts) for split in SPLITS
    }


def _of_baselines(outcomes: Outcomes) -> Predictions:
    encoder, targets = (
        QueryEncoder(load_encoder("static")),
        {split: outcomes.split(split) for split in SPLITS},
    )
    found: Predictions = {}
    embedded = {}
    for split, target in targets.items():
        embedded[split] = encoder.embed([Query(text) for text in target.texts])
        blind = blind_baselines(outcomes.split("train"), target)
        found |= {(split, label): prediction for label, prediction in blind.items()}
    for label, fitted in learned_baselines(outcomes, encoder, on_baseline=progress.print):
        found |= {(split, label): fitted.predict(embedded[split]) for split in SPLITS}
    return found
