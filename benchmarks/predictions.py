"""Store the predictions of all routers and baselines for a set's validation and test queries on disk.

Training and tuning take an hour, but the tables only need these files. Delete the folder to train again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sets import CONFIGURATIONS, to_slug

from crossroute import Outcomes, Prediction, Query, Router, TrainingConfig, fit
from crossroute.data.outcomes import Split
from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.contenders import blind_baselines, learned_baselines

SPLITS: tuple[Split, ...] = ("validation", "test")
REFERENCE = "CrossRoute, static"

Predictions = dict[tuple[Split, str], Prediction]
progress = Console(stderr=True)


def load_predictions(name: str, outcomes: Outcomes, folder: Path) -> dict[Split, dict[str, Prediction]]:
    """Return split -> router -> prediction for a set; train and tune routers without stored predictions."""
    into = folder / "predictions" / to_slug(name)
    found: Predictions = {}
    for label, config in CONFIGURATIONS.items():
        found |= load_or_compute(
            into / f"{to_slug(label)}.npz", partial(_predict_trained, label, config, outcomes)
        )
    if name.startswith("routerbench"):  # trained on both RouterBench train splits, see train_bundled.py
        found |= load_or_compute(into / "bundled.npz", partial(_predict_bundled, outcomes))
    return _group_by_split(found | _load_baselines(name, outcomes, folder))


def load_baselines(name: str, outcomes: Outcomes, folder: Path) -> dict[Split, dict[str, Prediction]]:
    """Return the predictions of the baselines only."""
    return _group_by_split(_load_baselines(name, outcomes, folder))


def _load_baselines(name: str, outcomes: Outcomes, folder: Path) -> Predictions:
    return load_or_compute(
        folder / "predictions" / to_slug(name) / "baselines.npz", partial(_predict_baselines, outcomes)
    )


def _group_by_split(found: Predictions) -> dict[Split, dict[str, Prediction]]:
    return {
        split: {label: prediction for (of, label), prediction in found.items() if of == split}
        for split in SPLITS
    }


def load_or_compute(path: Path, compute: Callable[[], Predictions]) -> Predictions:
    """Return the content of a file, which is computed and written first if it does not exist."""
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


def _predict_trained(label: str, config: TrainingConfig, outcomes: Outcomes) -> Predictions:
    router = fit(outcomes, config)
    return {(split, label): router.predict(outcomes.split(split).texts) for split in SPLITS}


def _predict_bundled(outcomes: Outcomes) -> Predictions:
    router = Router.from_pretrained("routerbench").subset(outcomes.pool.names)
    return {
        (split, "CrossRoute, as bundled"): router.predict(outcomes.split(split).texts) for split in SPLITS
    }


def _predict_baselines(outcomes: Outcomes) -> Predictions:
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
