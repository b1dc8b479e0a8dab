"""Updates of the bundled catalogue: one file each, in the user's own folder."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from crossroute.candidate import Profile
from crossroute.catalogue.entry import Entry
from crossroute.errors import DataError, one_line
from crossroute.files import lock_folder, replace_file

FOLDER = "CROSSROUTE_CATALOGUE"
"""The environment variable that names another folder."""


class Layer(BaseModel):
    """One update.

    Attributes:
        source: Source of its facts.
        made_on: The day of the update.
        entries: The complete entries of added or changed models.
        profiles: Model -> its profile over the clusters of the bundled router.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    made_on: date
    entries: tuple[Entry, ...]
    profiles: dict[str, Profile] = {}


def layers_folder() -> Path:
    """Return the user's folder of updates, whether it is there or not."""
    if stated := os.environ.get(FOLDER):
        return Path(stated)
    from platformdirs import user_data_path

    return user_data_path("crossroute") / "catalogue"


def read_layers() -> tuple[Layer, ...]:
    """Return the updates, the oldest first.

    Raises:
        DataError: A file is not an update.
    """
    return tuple(map(_read, _files()))


def add_layer(layer: Layer) -> Path:
    """Lay an update over the others, and return its file."""
    folder = layers_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder):  # two at once would take the same number
        last = max((int(path.stem) for path in _files()), default=0)
        path = folder / f"{last + 1:04}.json"
        replace_file(path, (layer.model_dump_json(exclude_defaults=True) + "\n").encode())
    return path


def undo_layer() -> str | None:
    """Remove the last update, and return its source; None if there is none."""
    files = _files()
    if not files:
        return None
    try:
        source = _read(files[-1]).source
    except DataError:
        source = f"the unreadable {files[-1].name}"
    files[-1].unlink()
    return source


def _files() -> list[Path]:
    try:
        return sorted(path for path in layers_folder().glob("*.json") if path.stem.isdecimal())
    except PermissionError:  # a process in the home of another user
        return []


def _read(path: Path) -> Layer:
    try:
        return Layer.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(
            f"{path} is no update of the catalogue: {one_line(error)}. Take it away: crossroute catalogue undo"
        ) from None
