"""Ids of tool calls, as every provider can read them."""

from __future__ import annotations

import hashlib
import re

READABLE = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def readable_id(name: str | None, place: str = "") -> str:
    """Return an id that every provider takes: as it is, or a digest of it; of its place, where it is empty.

    >>> readable_id("call_1"), readable_id("functions.look:0")
    ('call_1', 'call_ec0002042636dd8aa1e59e55')
    """
    if name and READABLE.fullmatch(name):
        return name
    return f"call_{hashlib.sha256((name or place).encode()).hexdigest()[:24]}"
