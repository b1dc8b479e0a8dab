"""Read and write checkpoints: config.json and model.safetensors, never pickle.

config.json records the format version and the digest of model.safetensors, so that a truncated, altered or foreign
checkpoint is rejected with the reason.

Saving over an existing router is atomic for readers: the new weights are first written to a staging file named by
their digest, then config.json is replaced, then the staging file is renamed. A reader looks for the weights of the
recorded digest under both names. Staging files that a crash leaves are deleted by the next save.

If the folder contains links (to a hub's cache, say), saving replaces the links, not their targets.
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
from crossroute.errors.names import suggest_name
from crossroute.files import as_path, is_folder, lock_folder, read_whole, replace_entry

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"
WAITING = f".crossroute-{'[0-9a-f]' * 16}.safetensors"
"""Glob pattern of staged weights."""

SCRATCH = (f".{CONFIG}.*", f".{WAITING}.*")
"""Glob patterns of the temporary files of `replace_entry`."""

TRIES = 3
"""Attempts to read a folder before a reader waits for the process that saves into it."""

BUNDLED = Path(__file__).parents[1] / "weights"
ENCODER = "static-minilm"
NUMBERS = re.compile(r"\[\n[-+.\deE,\n ]+\]")
"""A JSON list of numbers, one per line, which is joined to one line; JSON strings contain no line breaks."""
DIGEST = re.compile("[0-9a-f]{64}")
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")

Tensors = dict[str, npt.NDArray[Any]]


def write_checkpoint(folder: str | Path, config: dict[str, Any], tensors: Tensors) -> None:
    """Write a checkpoint atomically: readers see either the previous or the new one.

    Concurrent writers to the same folder take turns.

    Args:
        folder: Created if missing.
        config: Plain JSON data.
        tensors: NumPy arrays by name.

    Raises:
        CheckpointError: The folder holds a config.json or model.safetensors that is not a router's.
    """
    from safetensors.numpy import save

    folder = as_path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if (foreign := find_foreign_file(folder)) is not None:
        raise CheckpointError(
            f"{folder / foreign} is not a router's file, and saving would replace it. Choose another folder."
        )
    weights = save({name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())})
    digest = hashlib.sha256(weights).hexdigest()
    header = {"format": FORMAT, "weights_sha256": digest}
    text = json.dumps(header | config, indent=1, ensure_ascii=False) + "\n"
    text = NUMBERS.sub(lambda found: re.sub(r"\n *", "", found[0]), text)
    waiting = _staging_path(folder, digest)
    with lock_folder(folder):
        replace_entry(waiting, weights)
        replace_entry(folder / CONFIG, text.encode())
        waiting.replace(folder / WEIGHTS)
        for left in {left for names in (WAITING, *SCRATCH) for left in folder.glob(names)}:  # from a crash
            left.unlink(missing_ok=True)


def read_checkpoint(folder: str | Path) -> tuple[dict[str, Any], Tensors]:
    """Read a checkpoint that `write_checkpoint` wrote.

    Raises:
        CheckpointError: It is missing, truncated, altered, of another format or filled with NaN.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = as_path(folder)
    config, weights = _read_files(folder)
    try:
        tensors = load(weights)
    except (SafetensorError, KeyError) as error:  # KeyError: a dtype that NumPy lacks
        raise CheckpointError(f"{folder / WEIGHTS} cannot be read as safetensors: {error}.") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise CheckpointError(
                f"{folder / WEIGHTS}: tensor {name!r} holds NaN or infinity. Train the router again."
            )
    return config, tensors


def find_foreign_file(folder: Path) -> str | None:
    """Return the name of a file that is not a router's and that saving would replace; None without one."""
    found = [name for name in (CONFIG, WEIGHTS) if os.path.lexists(folder / name)]
    if not found:
        return None
    with suppress(OSError, ValueError, RecursionError):
        config = json.loads(read_whole(folder / CONFIG))
        if isinstance(config, dict) and {"format", "weights_sha256"} <= config.keys():
            return None
    return found[0]


def _staging_path(folder: Path, digest: str) -> Path:
    """Return the path of staged weights."""
    return folder / f".crossroute-{digest[:16]}.safetensors"


def _read_file(path: Path) -> bytes:
    """Read a file of a checkpoint.

    Raises:
        CheckpointError: It exists and cannot be read.
        FileNotFoundError: It is missing.
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
    """Return a consistent pair of config and weights, even while another process saves."""
    for _ in range(TRIES):
        found = _try_read(folder)
        if found is not None:
            return found
    with lock_folder(folder):  # another process keeps saving: wait for the lock
        found = _try_read(folder)
    if found is not None:
        return found
    if not (folder / WEIGHTS).exists():
        raise CheckpointError(f"{folder} has no {WEIGHTS}; the checkpoint is incomplete. Save it again.")
    raise CheckpointError(
        f"{folder / WEIGHTS} ({(folder / WEIGHTS).stat().st_size:,} bytes) is not the file that {CONFIG} was "
        "written with: it was truncated or altered. Copy or train the router again."
    )


def _try_read(folder: Path) -> tuple[dict[str, Any], bytes] | None:
    """Return the current config and weights; None if they do not belong together."""
    config = _read_config(folder)
    digest = str(config.get("weights_sha256"))
    if not DIGEST.fullmatch(digest):
        return None
    for path in (folder / WEIGHTS, _staging_path(folder, digest)):
        with suppress(FileNotFoundError):
            weights = _read_file(path)
            if hashlib.sha256(weights).hexdigest() == digest:
                return config, weights
    return None


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        config = json.loads(_read_file(path).decode("utf-8"))
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
            f"{path} has the format {found!r}; this version of crossroute reads format {FORMAT}. "
            "Install the crossroute that wrote it, or train the router again."
        )
    return config


def locate(name: str | Path) -> Path:
    """Return the folder of a router: bundled, a folder itself, or downloaded from the hub.

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
            f"There is no router {str(name)!r}.{suggest_name(str(name), bundled_routers())} "
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
            f"There is no folder {hub_id!r}, and the hub returned no such router ({one_line(reason)}). "
            "Check the name and the network connection; the bundled routers need no network: "
            f"{', '.join(bundled_routers())}."
        ) from error
