"""A router on disk: config.json and model.safetensors, read and written; never pickle.

config.json states the format's version and the digest of model.safetensors, so that a truncated, altered or
foreign checkpoint is refused with the reason.

Saved over a router, the new weights wait under a name with their digest until config.json states it. So a reader
finds one whole router at any time, and so it does after a crash: the weights that are stated are there under one
of the two names. No other file has such a name, so what a crash left is deleted, and nothing else is.

Where a folder holds links (to a hub's cache, say), saving replaces these: what they point to stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crossroute.errors import CheckpointError, one_line
from crossroute.errors.names import meant
from crossroute.files import held, is_folder, read_whole, replace_entry

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"
WAITING = f".crossroute-{'[0-9a-f]' * 16}.safetensors"
"""Which files are weights that wait, as `glob` and the hub know patterns."""

SCRATCH = (f".{CONFIG}.*", f".{WAITING}.*")
"""What `replace_entry` calls a config, and weights, that are not whole yet."""

TRIES = 3
"""Looks at a folder after which a reader waits for the process that saves into it."""

BUNDLED = Path(__file__).parents[1] / "weights"
ENCODER = "static-minilm"
NUMBERS = re.compile(r"\[\n[-+.\deE,\n ]+\]")
"""A list of numbers, one a line: written on one line instead. No string holds a line break in JSON."""
DIGEST = re.compile("[0-9a-f]{64}")
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")

Tensors = dict[str, npt.NDArray[Any]]


def write_checkpoint(folder: str | Path, config: dict[str, Any], tensors: Tensors) -> None:
    """Write a checkpoint; a reader finds the former one, whole, until it finds this one.

    Another that saves into the same folder waits.

    Args:
        folder: Made where it is missing.
        config: Plain JSON data.
        tensors: NumPy arrays by name.

    Raises:
        CheckpointError: The folder holds a file of one of its names that is none of a router.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if (foreign := foreign_file(folder)) is not None:
        raise CheckpointError(
            f"{folder / foreign} is not of a router, and saving one would replace it. Choose another folder."
        )
    weights = save({name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())})
    digest = hashlib.sha256(weights).hexdigest()
    header = {"format": FORMAT, "weights_sha256": digest}
    text = json.dumps(header | config, indent=1, ensure_ascii=False) + "\n"
    text = NUMBERS.sub(lambda found: re.sub(r"\n *", "", found[0]), text)
    waiting = _waiting(folder, digest)
    with held(folder):
        replace_entry(waiting, weights)
        replace_entry(folder / CONFIG, text.encode())
        waiting.replace(folder / WEIGHTS)
        for left in {left for names in (WAITING, *SCRATCH) for left in folder.glob(names)}:  # by a crash
            left.unlink(missing_ok=True)


def read_checkpoint(folder: str | Path) -> tuple[dict[str, Any], Tensors]:
    """Read a checkpoint that `write_checkpoint` wrote.

    Raises:
        CheckpointError: It is missing, truncated, altered, of another format or filled with NaN.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = Path(folder)
    config, weights = _read_files(folder)
    try:
        tensors = load(weights)
    except (SafetensorError, KeyError) as error:  # KeyError: a number type that NumPy lacks
        raise CheckpointError(f"{folder / WEIGHTS} cannot be read as safetensors: {error}.") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise CheckpointError(
                f"{folder / WEIGHTS}: tensor {name!r} holds NaN or infinity. Train the router again."
            )
    return config, tensors


def foreign_file(folder: Path) -> str | None:
    """Return the name of a file that saving a router would replace, and that is none of a router."""
    found = [name for name in (CONFIG, WEIGHTS) if os.path.lexists(folder / name)]
    if not found:
        return None
    with suppress(OSError, ValueError, RecursionError):
        config = json.loads(read_whole(folder / CONFIG))
        if isinstance(config, dict) and {"format", "weights_sha256"} <= config.keys():
            return None
    return found[0]


def _waiting(folder: Path, digest: str) -> Path:
    """Return where weights wait for their config.json."""
    return folder / f".crossroute-{digest[:16]}.safetensors"


def _content(path: Path) -> bytes:
    """Return what a file of a checkpoint holds.

    Raises:
        CheckpointError: It cannot be read, other than by not being there.
    """
    try:
        return read_whole(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}). Copy or train the router again."
        ) from error


def _read_files(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return the config and the weights that it was written with, though another router be saved meanwhile."""
    for _ in range(TRIES):
        found = _look(folder)
        if found is not None:
            return found
    with held(folder):  # against one that saves without a pause
        found = _look(folder)
    if found is not None:
        return found
    if not (folder / WEIGHTS).exists():
        raise CheckpointError(f"{folder} has no {WEIGHTS}; the checkpoint is incomplete. Save it again.")
    raise CheckpointError(
        f"{folder / WEIGHTS} ({(folder / WEIGHTS).stat().st_size:,} bytes) is not the file that {CONFIG} was "
        "written with: it was truncated or altered. Copy or train the router again."
    )


def _look(folder: Path) -> tuple[dict[str, Any], bytes] | None:
    """Return the config and its weights as they are now; None where they are not of one router."""
    config = _read_config(folder)
    digest = str(config.get("weights_sha256"))
    if not DIGEST.fullmatch(digest):
        return None
    for path in (folder / WEIGHTS, _waiting(folder, digest)):
        with suppress(FileNotFoundError):
            weights = _content(path)
            if hashlib.sha256(weights).hexdigest() == digest:
                return config, weights
    return None


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        config = json.loads(_content(path).decode("utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} holds no router: there is no {CONFIG}. Expected a folder that `save_pretrained` or "
            "`crossroute train` wrote."
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not valid JSON: {error}. Copy or train the router again."
        ) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        found = config.get("format") if isinstance(config, dict) else None
        raise CheckpointError(
            f"{path} is of format {found!r}; this version of crossroute reads format {FORMAT}. "
            "Install the crossroute that wrote it, or train the router again."
        )
    return config


def locate(name: str | Path) -> Path:
    """Return the folder of a bundled router, of a folder, or of a hub repository (then downloaded).

    Raises:
        CheckpointError: The name is none of these, or the hub cannot be reached.
    """
    if name in bundled_routers():
        return BUNDLED / name
    if is_folder(name):
        return Path(name)
    if isinstance(name, Path) or not HUB_ID.fullmatch(name):
        is_pool = str(name).lower().endswith(".toml")
        pool = " A pool's file is given as --config, or to from_config." if is_pool else ""
        raise CheckpointError(
            f"There is no router {str(name)!r}.{meant(str(name), bundled_routers())} "
            f"Expected a bundled name ({', '.join(bundled_routers())}), a "
            f"folder that `save_pretrained` or `crossroute train` wrote, or a hub id (owner/name).{pool}"
        )
    return _download(name)


def bundled_routers() -> tuple[str, ...]:
    """Return the names of the routers that come with this package."""
    return tuple(
        sorted(path.parent.name for path in BUNDLED.glob(f"*/{WEIGHTS}") if path.parent.name != ENCODER)
    )


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=[CONFIG, WEIGHTS, WAITING]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = error.__cause__ if isinstance(error, LocalEntryNotFoundError) and error.__cause__ else error
        raise CheckpointError(
            f"There is no folder {hub_id!r}, and no router of this name comes from the hub ({one_line(reason)}). "
            "Check the name and, if it is one of the hub, the network; the bundled routers need neither: "
            f"{', '.join(bundled_routers())}."
        ) from error
