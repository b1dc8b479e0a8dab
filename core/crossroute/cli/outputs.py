"""Check output files and folders before the work begins."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from crossroute.files import OPEN_FILE, explain_missing_file, is_file
from crossroute.routing.storage import CONFIG, find_foreign_file

TRAINING_STATE = "training-state.safetensors"
"""File of an interrupted training run, as in `training.state`, which is not imported because it would load torch."""

PICTURES = (".png", ".svg", ".pdf")


def check_new_folder(folder: Path, overwrite: bool) -> None:
    """Check that a router can be written to a folder. A folder of an interrupted run is valid: the run resumes.

    Raises:
        ValueError: It contains other files, or a finished router and `overwrite` is false.
    """
    held = {path.name for path in folder.glob("[!.]*")}
    other = find_foreign_file(folder) or (
        None if held & {CONFIG, TRAINING_STATE} else min(held, default=None)
    )
    if other is not None:
        raise ValueError(
            f"{folder} contains {other!r}, which is not part of a router. Give --out a new folder, or an empty one."
        )
    whole = (folder / CONFIG).exists() and not (folder / TRAINING_STATE).exists()
    if whole and not overwrite:
        raise ValueError(
            f"{folder} already contains a router. Give --out another folder, or --overwrite to replace it."
        )


def check_output_file(path: Path | None) -> Path | None:
    """Check that an output file can be written, and return its path.

    Raises:
        ValueError: It cannot.
    """
    if path is not None:
        if path.is_dir():
            raise ValueError(f"Cannot write {path}: it is a folder. Give the name of a file in it.")
        written = Path(os.path.realpath(path))
        if written.is_symlink():
            raise ValueError(f"Cannot write {path}: it is a link to itself. Choose another place.")
        if not written.parent.is_dir():
            place = written.parent if path.is_symlink() else path.parent
            raise ValueError(f"Cannot write {path}: there is no folder {place}. Create it first.")
        _check_writable(path, path if path.exists() else path.parent)
        if path.is_fifo() and not OPEN_FILE.match(str(path)):
            _check_reader(path)
    return path


def _check_reader(pipe: Path) -> None:
    """Check that a named pipe has a reader, and keep it open: a reader ends when its last writer closes."""
    try:
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise ValueError(
            f"Cannot write {pipe}: no process reads this pipe. Start its reader first."
        ) from None


def keep_inputs(written: Iterable[Path | None], read: Iterable[Path]) -> None:
    """Check that no output file is also an input.

    Raises:
        ValueError: An output file is also an input.
    """
    sources = [source for source in read if is_file(source)]
    for path in written:
        if path is not None and is_file(path) and any(map(path.samefile, sources)):
            raise ValueError(f"{path} is an input, and writing it would replace it. Name another file.")


def check_picture_file(path: Path | None) -> Path | None:
    """Check that a picture can be written, and return its path.

    Raises:
        ValueError: It cannot, or the extension is not one of PICTURES.
    """
    if path is not None and path.suffix.lower() not in PICTURES:
        raise ValueError(f"Cannot draw {path}: expected a name that ends in {', '.join(PICTURES)}.")
    return check_output_file(path)


def check_output_folder(path: Path | None) -> Path | None:
    """Check that an output folder can be written or created, and return its path.

    Raises:
        ValueError: It cannot.
    """
    if path is not None:
        places = (path.absolute(), *path.absolute().parents)
        nearest = next(place for place in places if os.path.lexists(place))
        if not nearest.is_dir():
            raise ValueError(
                f"Cannot write to {path}: {nearest} {explain_missing_file(nearest) or 'is a file'}. Choose a folder."
            )
        _check_writable(path, nearest)
    return path


def _check_writable(path: Path, place: Path) -> None:
    if not os.access(place, os.W_OK):
        raise ValueError(f"Cannot write {path}: no permission to write to {place}. Choose another place.")
