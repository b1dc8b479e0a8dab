"""Atomic writes: a file is written under another name, then renamed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OPEN_FILE = re.compile(r"/dev/(stdout|stderr|fd/)|/proc/")
"""Linux's names of a process's open terminals, pipes and files."""

NO_SUCH = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
"""Error numbers for names without a file, and for impossible names."""


def as_path(name: str | Path) -> Path:
    """Return the path of a name; an empty one, which Python takes for the current folder, names nothing.

    Raises:
        ValueError: The name is empty.
    """
    if name == "":
        raise ValueError("The path is empty. Name a file or a folder; the current one is '.'.")
    return Path(name)


def place_beside(folder: Path, place: str) -> str:
    """Return the full path of a file that is named relative to a folder; a URL is returned as it is."""
    return place if "://" in place else str(folder / place)


def is_folder(path: str | Path) -> bool:
    """Return whether there is a folder of a name, which may be invalid or empty."""
    with suppress(OSError, ValueError):  # too long; with a NUL
        return path != "" and Path(path).is_dir()
    return False


def is_file(path: str | Path) -> bool:
    """Return whether there is a file of a name, which may be invalid."""
    with suppress(OSError, ValueError):
        return Path(path).is_file()
    return False


def explain_missing_file(path: str | Path) -> str | None:
    """Return why a name is not that of a readable file, or None if it is."""
    path = Path(path) if isinstance(path, str) else path  # an address has a file system of its own
    try:
        mode = path.stat().st_mode
    except ValueError:  # with a NUL
        return "does not exist"
    except OSError as error:
        if error.errno not in NO_SUCH:
            return f"cannot be read ({error.strerror})"
        return "is a link to what does not exist" if _is_link(path) else "does not exist"
    if stat.S_ISDIR(mode):
        return "is a folder"
    return None if stat.S_ISREG(mode) else "is a pipe or a device, and no file"


def _is_link(path: Path) -> bool:
    with suppress(OSError):  # too long
        return path.is_symlink()
    return False


def read_whole(path: Path) -> bytes:
    """Return the content of a file, also of an open one under Linux's name for it.

    Raises:
        OSError: It cannot be read, or is a pipe or a device, which may never end.
    """
    if not OPEN_FILE.match(str(path)) and not stat.S_ISREG(mode := path.stat().st_mode):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        told = os.strerror(number) if number == errno.EISDIR else "It is a pipe or a device, and no file"
        raise OSError(number, told, str(path))
    return path.read_bytes()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, so that it is never seen half-written.

    A link is kept, and its target is written. A name that is not a regular file (a pipe, /dev/stdout) is written to
    directly.
    """
    if OPEN_FILE.match(str(path)) or (path.exists() and not path.is_file()):
        with path.open("ab") as stream:
            stream.write(content)
        return
    replace_entry(Path(os.path.realpath(path)), content)


def replace_entry(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it; a link of its name is replaced."""
    scratch = path.with_name(
        f".{path.name}.{secrets.token_hex(4)}"
    )  # known before the file is there: see below
    try:
        with scratch.open("xb") as file:
            file.write(content)
        scratch.chmod(0o644)
        scratch.replace(path)
    except BaseException:  # Ctrl-C comes at any point, even once the file has its last name
        scratch.unlink(missing_ok=True)
        raise


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder for other threads and processes, if the system supports it."""
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
