"""Cache routers by name and by pool in memory, and dials on disk.

A dial is stored in the user's cache folder under a digest of everything that determines it (the package's version,
weights, calibration queries, profiles, prices, reward). Disk errors are ignored, and the disk is not used within an
event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from crossroute.cache import LRUCache
from crossroute.candidate import Pool
from crossroute.catalogue import read_layers
from crossroute.files import as_path, is_folder, replace_entry
from crossroute.routing.dial import Dial
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, WIDEST_ROUTER, Router
from crossroute.routing.storage import BUNDLED, CONFIG, WEIGHTS, bundled_routers

LOADED, POOLS = 2, 16
"""Number of cached routers by name, and by pool for each router."""

MOST_KEPT = 1_000
"""Maximum number of dials on disk; above it, the oldest half is deleted."""

_LOADED = LRUCache[tuple[object, ...], Router](LOADED)
_MADE: WeakKeyDictionary[Router, LRUCache[Pool, Router]] = WeakKeyDictionary()
_DIGESTS: WeakKeyDictionary[Router, bytes] = WeakKeyDictionary()


class KeptDial(BaseModel):
    """A cached dial.

    Attributes:
        dial: The dial.
        sole: Column of the candidate for all calibration queries at the default cost preference; None if there are
            several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dial: Dial
    sole: int | None = Field(default=None, ge=0)


def load_router(name: Router | str | Path) -> Router:
    """Load a router by name or folder, cached until its files or the user's catalogue updates change.

    Args:
        name: A router, which is returned unchanged, or its name, folder or hub id.

    Raises:
        CheckpointError: As `Router.from_pretrained`.
    """
    if isinstance(name, Router):
        return name
    folder = BUNDLED / name if name in bundled_routers() else as_path(name)
    if not is_folder(folder):  # the hub's
        return Router.from_pretrained(name)
    files = [(folder / file).stat() for file in (CONFIG, WEIGHTS) if (folder / file).exists()]
    updates = [layer.model_dump_json() for layer in read_layers()] if name == WIDEST_ROUTER else []
    key = (str(name), folder.resolve(), *((file.st_mtime_ns, file.st_size) for file in files), *updates)
    router = _LOADED.get(key)
    if router is None:
        router = Router.from_pretrained(name)
        _LOADED.put(key, router)
    return router


def over(router: Router, pool: Pool) -> Router:
    """Return a router over a pool as `Router.over` does, cached by pool, with its dial cached on disk."""
    made = _MADE.setdefault(router, LRUCache(POOLS))
    found = made.get(pool)
    if found is None:
        found = _build_router(router, pool)
        made.put(pool, found)
    return found


def _build_router(router: Router, pool: Pool) -> Router:
    if _in_event_loop():  # disk access blocks it, and some agent hosts raise on that
        return router.over(pool)
    path = dials_folder() / f"{_hash_dial_inputs(router, pool)}.json"
    kept = _read(path, len(pool))
    found = router.over(pool, dial=None if kept is None else kept.dial)
    pay = found.dial.at(DEFAULT_COST_PREFERENCE)
    if kept is None:
        _write(path, KeptDial(dial=found.dial, sole=found.sole_choice(pay)))
    else:
        found.sole_choices[pay] = kept.sole
    return found


def _in_event_loop() -> bool:
    with suppress(RuntimeError):
        return asyncio.get_running_loop() is not None
    return False


def dials_folder() -> Path:
    """Return the folder of cached dials, which need not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("crossroute") / "dials"


def _read(path: Path, candidates: int) -> KeptDial | None:
    with suppress(OSError, ValueError):
        kept = KeptDial.model_validate_json(path.read_bytes())
        return kept if kept.sole is None or kept.sole < candidates else None
    return None


def _write(path: Path, kept: KeptDial) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_entry(path, kept.model_dump_json().encode())
        for left in path.parent.glob(f".{path.name}.*"):  # from a killed process
            left.unlink(missing_ok=True)
        files = list(path.parent.glob("*.json"))
        if len(files) > MOST_KEPT:
            for old in sorted(files, key=lambda file: file.stat().st_mtime)[: len(files) // 2]:
                old.unlink(missing_ok=True)


def _hash_dial_inputs(router: Router, pool: Pool) -> str:
    """Return a digest of everything that determines a dial over a pool."""
    if router not in _DIGESTS:
        _DIGESTS[router] = _hash_router(router)
    told = hashlib.sha256(_DIGESTS[router])
    for candidate in pool:
        told.update(candidate.model_dump_json().encode())
    return told.hexdigest()[:32]


def _hash_router(router: Router) -> bytes:
    """Return a digest of a router's part in its dials: megabytes of tensors, hashed once."""
    predictor, told = router.predictor, hashlib.sha256()
    with suppress(PackageNotFoundError):
        told.update(version("crossroute").encode())
    kinds = predictor.doubt.kinds if predictor.doubt else ()
    shape = predictor.network.config.model_dump_json()
    told.update(repr((router.reward, predictor.cost_unit, kinds, shape)).encode())
    for name, tensor in _tensors(router):
        told.update(f"|{name} {tensor.dtype} {tensor.shape}|".encode())
        told.update(np.ascontiguousarray(tensor).data)
    return told.digest()


def _tensors(router: Router) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    predictor = router.predictor
    parts: list[Mapping[str, npt.NDArray[np.generic]]] = [predictor.network.weights]
    parts += [part.tensors for part in (predictor.doubt, predictor.ensemble) if part is not None]
    parts += [predictor.context._asdict(), router.calibration._asdict()]
    for number, part in enumerate(parts):
        yield from ((f"{number} {name}", tensor) for name, tensor in part.items())
