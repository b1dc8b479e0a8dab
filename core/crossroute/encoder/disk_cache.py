"""Embeddings cached on disk, by encoder and text."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from crossroute.encoder import Embeddings, Encoder, encode_checked, encoder_name
from crossroute.errors import EncoderError

BATCH = 256
PROBE = "Which candidate should answer this?"
"""A text whose embedding, with the encoder's name, identifies the cache file."""


class DiskCachedEncoder:
    """An encoder with a cache of embeddings on disk, committed after each batch.

    Args:
        encoder: Encoder for texts that are not in the cache.
        folder: Folder of the cache; by default the user's cache folder.
        on_batch: Called after each encoded batch with its number of texts.
    """

    def __init__(
        self, encoder: Encoder, folder: Path | None = None, on_batch: Callable[[int], None] = lambda _: None
    ) -> None:
        self.name = encoder_name(encoder)
        self._encoder = encoder
        self._on_batch = on_batch
        folder = folder or user_cache_path("crossroute") / "embeddings"
        folder.mkdir(parents=True, exist_ok=True)
        probe = encode_checked(encoder, [PROBE]).round(3)
        self._path = folder / f"{_digest(self.name.encode() + probe.tobytes()).hex()[:16]}.sqlite"
        with self._open() as database, database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, embedding BLOB) WITHOUT ROWID"
            )

    def encode(self, texts: list[str]) -> Embeddings:
        """Return one embedding per text, shape (n, d); only texts that are not in the cache are encoded.

        Raises:
            EncoderError: The encoder did not return one finite vector per text, or the cache file cannot be used.
        """
        keys = [_digest(text.encode("utf-8", "surrogatepass")) for text in texts]
        with self._open() as database:
            known = _look_up(database, set(keys))
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            pending = list(missing.items())
            for start in range(0, len(pending), BATCH):
                batch = pending[start : start + BATCH]
                embeddings = encode_checked(self._encoder, [text for _, text in batch])
                encoded = {key: row for (key, _), row in zip(batch, embeddings, strict=True)}
                with database:
                    rows = ((key, row.tobytes()) for key, row in encoded.items())
                    database.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)
                known |= encoded
                self._on_batch(len(batch))
        return np.stack([known[key] for key in keys])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path)) as database:
                yield database
        except sqlite3.Error as error:
            raise EncoderError(
                f"The cache of embeddings {self._path} cannot be used: {error}. Delete it, and run again."
            ) from error


def _look_up(database: sqlite3.Connection, keys: set[bytes]) -> dict[bytes, Embeddings]:
    known = {}
    for key in keys:
        row = database.execute("SELECT embedding FROM embeddings WHERE key = ?", (key,)).fetchone()
        if row:
            known[key] = np.frombuffer(row[0], dtype=np.float32)
    return known


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
