"""Streams that are left or fail before their end: the HTTP responses that they read are closed at once.

The streams of some clients (openai's, anthropic's) and their generators hold each other, and some integrations drop
them unclosed. Then Python's garbage collector closes them: at any time, and so also while the same thread holds the
lock of httpcore's connection pool, which closing asks for again and never gets. Until then the connection is taken.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from types import AsyncGeneratorType, CellType, CoroutineType, FrameType, GeneratorType
from typing import Any, TypeVar

from crossroute.calls.steps import aclosing, closing

T = TypeVar("T")

HOLDERS = (GeneratorType, AsyncGeneratorType, CoroutineType, FrameType, CellType)
"""What a suspended stream keeps its sources in."""

YOUNG = 1
"""The garbage collector's generations of what was made lately: collected in a millisecond, all in up to a second."""

TURNS = 3
"""Of the event loop, in which it closes the asynchronous generators that were dropped."""


def released(chunks: Iterator[T]) -> Generator[T, None, None]:
    """Yield a stream's chunks, and close it and its HTTP responses in the end."""
    opened: list[Any] | None = None
    try:
        with closing(chunks):
            for chunk in chunks:
                opened = responses(chunks) if opened is None else opened
                yield chunk
    except Exception:
        if opened is None:
            gc.collect(YOUNG)
        raise
    finally:
        for response in opened or ():
            if hasattr(response.stream, "close"):
                response.close()


async def areleased(chunks: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Do the same, asynchronously."""
    opened: list[Any] | None = None
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                opened = responses(chunks) if opened is None else opened
                yield chunk
    except Exception:
        if opened is None:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            gc.collect(YOUNG)
        raise
    finally:
        for response in opened or ():
            if hasattr(response.stream, "aclose"):
                await response.aclose()


def responses(stream: object) -> list[Any]:
    """Return the HTTP responses, of httpx or alike, that a suspended stream reads.

    >>> class Response:
    ...     def iter_raw(self): ...
    >>> def stream(response):
    ...     yield "chunk"
    >>> begun = stream(Response())
    >>> next(begun), len(responses(begun))
    ('chunk', 1)
    """
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [stream]
    while waiting:
        held = waiting.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        if isinstance(held, HOLDERS):
            waiting += gc.get_referents(held)
        elif (response := _response(held)) is not None:
            found[id(response)] = response
    return list(found.values())


def _response(held: object) -> Any:
    """Return what is an HTTP response, or a client's stream that has one."""
    places = (held, getattr(held, "__dict__", {}).get("response"))
    return next((place for place in places if hasattr(type(place), "iter_raw")), None)
