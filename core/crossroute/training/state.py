"""The state of a training run on disk, so that an interrupted run can resume.

A safetensors file with the scalars in its header, replaced after each epoch. It needs no state of the random number
generator, since each epoch sets its own seed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from crossroute.errors import CheckpointError
from crossroute.files import replace_file

STATE = "training-state.safetensors"

SCALARS = ("epoch", "best_epoch", "best_score", "best_aiq")

Weights = dict[str, torch.Tensor]


class TrainingState(NamedTuple):
    """The state after an epoch, from which the next continues."""

    network: Weights
    best: Weights
    optimizer: Weights
    epoch: int
    best_epoch: int
    best_score: float
    best_aiq: float


def fingerprint(*parts: object) -> str:
    """Return a digest of a run's settings, data and start."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def write_state(folder: Path, state: TrainingState, run: str) -> None:
    """Write the state; `run` is the run's fingerprint."""
    groups = {"network": state.network, "best": state.best, "optimizer": state.optimizer}
    tensors = {
        f"{group}|{name}": t.contiguous() for group, named in groups.items() for name, t in named.items()
    }
    scalars = {name: getattr(state, name) for name in SCALARS} | {"run": run}
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / STATE, save(tensors, {"state": json.dumps(scalars)}))


def read_state(folder: Path, run: str) -> TrainingState | None:
    """Return the state; None if there is none.

    Raises:
        CheckpointError: It belongs to a run with other data, settings or another start, or cannot be read.
    """
    path = folder / STATE
    if not path.exists():
        return None
    tensors: dict[str, Weights] = {"network": {}, "best": {}, "optimizer": {}}
    try:
        with safe_open(path, framework="pt") as file:
            scalars = json.loads(file.metadata()["state"])
            for key in file.keys():  # noqa: SIM118 - not a dict
                group, _, name = key.partition("|")
                tensors[group][name] = file.get_tensor(key)
        numbers = (scalars[name] for name in SCALARS)
        state = TrainingState(tensors["network"], tensors["best"], tensors["optimizer"], *numbers)
        other_run = scalars["run"] != run
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}. Delete it to train from the start."
        ) from error
    if other_run:
        raise CheckpointError(
            f"{path} belongs to a run of other data, other settings or another start. Delete it, or train into "
            "another folder."
        )
    return state


def forget_state(folder: Path) -> None:
    """Delete the state of a run whose router is built."""
    (folder / STATE).unlink(missing_ok=True)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Weights:
    """Return the moments of an AdamW, by "parameter number|name"."""
    state = optimizer.state_dict()["state"]
    return {f"{number}|{name}": tensor for number, named in state.items() for name, tensor in named.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Weights) -> None:
    """Load the moments into an AdamW."""
    state: dict[int, Weights] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition("|")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
