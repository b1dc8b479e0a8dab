"""Files written whole: under another name first, so that none is ever seen half-written."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OPEN_FILE = re.compile(r"/dev/(stdout|stderr|fd/)|/proc/")
"""The names that Linux gives to what a process has open, be it a terminal, a pipe or a file."""


def is_folder(path: str | Path) -> bool:
    """Return whether there is a folder of a name, which may be one that no system takes."""
    with suppress(OSError, ValueError):  # too long; with a NUL
        return Path(path).is_dir()
    return False


def is_file(path: str | Path) -> bool:
    """Return whether there is a file of a name, which may be one that no system takes."""
    with suppress(OSError, ValueError):
        return Path(path).is_file()
    return False


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that it is never seen half-written.

    A link stays one, and what it points to is written. What is no file of its own (a pipe, /dev/stdout) has no
    other name: there the content is written on.
    """
    if OPEN_FILE.match(str(path)) or (path.exists() and not path.is_file()):
        with path.open("ab") as stream:
            stream.write(content)
        return
    replace_entry(path.resolve(), content)


def replace_entry(path: Path, content: bytes) -> None:
    """Write a file under another name first; a link of its name is replaced."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        scratch = Path(file.name)
        try:
            file.write(content)
            file.close()
            scratch.chmod(0o644)
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)  # Ctrl-C may come when it has its name already
            raise


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder against others that hold it, in any thread or process, where the system has such locks."""
    try:
        from fcntl import LOCK_EX, flock
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no locks
            flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)
