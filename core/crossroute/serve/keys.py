"""Keys of callers, stored as hashes in a separate file.

A key has 256 random bits, so its SHA-256 reveals nothing, and a slow hash as for passwords is not needed.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossroute.cache import Lock
from crossroute.errors import ConfigError
from crossroute.files import lock_folder, replace_file

PREFIX = "cr-"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LOOK_S = 1.0
"""Between two looks at whether the file has changed."""


class Key(BaseModel):
    """A key that allows calls.

    Attributes:
        name: Identifies the key in logs, metrics and budgets.
        digest: SHA-256 of the key.
        allow: The permitted models; None for the whole pool.
        usd: Most USD of its calls in each period; None without a limit.
        per: The period.
        requests_a_minute: Most requests per minute; None without a limit.
        tokens_a_minute: Most tokens per minute, read and written; None without a limit.
        admin: Whether it may see the spending of all keys, and the metrics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    digest: str = Field(min_length=64, max_length=64, repr=False)
    allow: frozenset[str] | None = None
    usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per: Literal["day", "month", "total"] = "month"
    requests_a_minute: int | None = Field(default=None, gt=0)
    tokens_a_minute: int | None = Field(default=None, gt=0)
    admin: bool = False

    @property
    def label(self) -> str:
        """The label of its calls in counts."""
        return f"key:{self.name}"


class Keys:
    """The keys of a file, which is read again after changes; safe to share between threads.

    Args:
        path: The file; if it does not exist, there are no keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._looked, self._changed = 0.0, -1.0
        self._by_digest: dict[str, Key] = {}
        self._all: tuple[Key, ...] = ()

    def __len__(self) -> int:
        return len(self._known())

    @property
    def all(self) -> tuple[Key, ...]:
        """All keys, by name."""
        self._known()
        return self._all

    def find(self, secret: str) -> Key | None:
        """Return the key with a secret, or None."""
        return self._known().get(hash_secret(secret))

    def add(self, key: Key) -> None:
        """Add a key.

        Raises:
            ValueError: The name is taken, or no name.
        """
        if not NAME.fullmatch(key.name):
            raise ValueError(
                f"A key's name is of letters, digits, dots, _ and -, 64 at most, a letter or digit first; got "
                f"{key.name!r}."
            )
        with lock_folder(self.path.parent):
            keys = self._read()
            if any(other.name == key.name for other in keys):
                raise ValueError(
                    f"There is a key {key.name!r} already. Revoke it first, or choose another name."
                )
            self._write([*keys, key])

    def revoke(self, name: str) -> None:
        """Remove a key.

        Raises:
            ValueError: There is no key with this name.
        """
        with lock_folder(self.path.parent):
            keys = self._read()
            left = [key for key in keys if key.name != name]
            if len(left) == len(keys):
                names = ", ".join(repr(key.name) for key in keys) or "none"
                raise ValueError(f"There is no key {name!r}; there is {names}.")
            self._write(left)

    def _known(self) -> dict[str, Key]:
        with self._lock:
            now = time.monotonic()
            if now - self._looked >= LOOK_S or not self._looked:
                self._looked = now
                changed = self.path.stat().st_mtime if self.path.exists() else 0.0
                if changed != self._changed:
                    keys = self._read()
                    self._by_digest = {key.digest: key for key in keys}
                    self._all = tuple(sorted(keys, key=lambda key: key.name))
                    self._changed = changed
            return self._by_digest

    def _read(self) -> list[Key]:
        if not self.path.exists():
            return []
        try:
            return [Key.model_validate(one) for one in json.loads(self.path.read_text("utf-8"))["keys"]]
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ConfigError(
                f"{self.path} is no file of keys that `crossroute keys add` wrote. Restore it; or move it away, and "
                "add the keys anew."
            ) from error

    def _write(self, keys: list[Key]) -> None:
        rows = [key.model_dump(mode="json", exclude_none=True) for key in keys]
        replace_file(self.path, json.dumps({"keys": rows}, indent=2).encode() + b"\n")
        self.path.chmod(0o600)
        self._looked = 0.0


def new_secret() -> str:
    """Return a new secret, which is shown once and not stored."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the stored hash of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
