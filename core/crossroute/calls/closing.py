"""Streams are closed by who opened them, as far as they can be: an iterator need not have a way to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def closing(chunks: T) -> Iterator[T]:
    """Close a stream in the end, where it has `close`.

    >>> with closing(iter("ab")) as chunks:
    ...     next(chunks)
    'a'
    """
    close: Any = getattr(chunks, "close", None)
    try:
        yield chunks
    finally:
        if close is not None:
            close()


@asynccontextmanager
async def aclosing(chunks: T) -> AsyncIterator[T]:
    """Close an asynchronous stream in the end, where it has `aclose`."""
    aclose: Any = getattr(chunks, "aclose", None)
    try:
        yield chunks
    finally:
        if aclose is not None:
            await aclose()
