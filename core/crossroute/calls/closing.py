"""Streams that end early: their HTTP responses are closed at once.

The streams of some clients (openai's, anthropic's) and their generators hold each other, and some integrations drop
them unclosed. Then Python's garbage collector closes them: at any time, and so also while the same thread holds the
lock of httpcore's connection pool, which closing needs again and never gets. Until then the connection is in use.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator, Iterator
from contextlib import contextmanager
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
    NoneType,
)
from typing import Any, Generic, TypeVar

from typing_extensions import Self

T = TypeVar("T")

HOLDERS = frozenset({GeneratorType, AsyncGeneratorType, CoroutineType, FrameType, CellType})
"""Types of objects in which a suspended stream keeps its sources."""

PLAIN = frozenset({dict, list, tuple, str, int, float, bool, NoneType, CodeType, FunctionType, ModuleType})
"""Types of its other objects, which are not responses."""

YOUNG = 1
"""The garbage collector's young generations, collected in a millisecond; all take up to a second."""

TURNS = 3
"""Method with which the event loop closes dropped asynchronous generators."""

CLOSING: set[asyncio.Future[None]] = set()
"""Tasks that close responses; the event loop itself keeps no reference to them."""


@contextmanager
def closing(chunks: T) -> Iterator[T]:
    """Close a stream in the end, if it has `close`.

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


class OwnedStream(Generic[T]):
    """An asynchronous stream that is closed by its owner, without the event loop's knowledge.

    When a loop ends, it closes all asynchronous generators that it knows. One that is being closed by its owner would
    then be closed twice at once, and Python would refuse that with a warning.

    Args:
        chunks: The stream.
    """

    __slots__ = ("_begun", "_chunks")

    def __init__(self, chunks: AsyncIterator[T]) -> None:
        self._chunks, self._begun = chunks, False

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[T]:
        if self._begun:
            return self._chunks.__anext__()
        self._begun, told = True, sys.get_asyncgen_hooks().firstiter
        sys.set_asyncgen_hooks(firstiter=None)
        try:
            return self._chunks.__anext__()
        finally:
            sys.set_asyncgen_hooks(firstiter=told)

    async def aclose(self) -> None:
        """Close it, if it can be closed."""
        if (aclose := getattr(self._chunks, "aclose", None)) is not None:
            await aclose()


def aclosing(chunks: AsyncIterator[T]) -> contextlib.aclosing[OwnedStream[T]]:
    """Own an asynchronous stream, and close it in the end."""
    return contextlib.aclosing(OwnedStream(chunks))


class StreamResources:
    """The responses that a stream opened to read its provider's answer, known from its first chunk on.

    Attributes:
        responses: HTTP responses, of httpx or similar clients.
        frames: Stack frames of the generators that read them; their variables remain after the end.

    >>> class Response:
    ...     def iter_raw(self): ...
    >>> def stream(response):
    ...     last = "chunk"
    ...     yield last
    >>> begun, opened = stream(Response()), StreamResources()
    >>> next(begun), opened.look(begun), len(opened.responses), opened.frames[0].f_locals["last"]
    ('chunk', None, 1, 'chunk')
    """

    def __init__(self) -> None:
        self.looked = False
        self.responses: list[Any] = []
        self.frames: list[FrameType] = []
        self._closing: asyncio.Future[None] | None = None

    def look(self, stream: object) -> None:
        """Find the responses of a suspended stream, once."""
        if self.looked:
            return
        self.looked = True
        found: dict[int, Any] = {}
        for held in _held(stream):
            if type(held) in HOLDERS:
                if (frame := _frame(held)) is not None:
                    self.frames.append(frame)
            elif (response := _response(held)) is not None:
                found[id(response)] = response
        self.responses = list(found.values())

    def close(self) -> None:
        """Close the responses."""
        for response in self.responses:
            if hasattr(response.stream, "close"):
                response.close()

    def close_soon(self) -> None:
        """Close the responses: asynchronous ones in a task, if an event loop runs."""
        self.close()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.begin_closing()

    def begin_closing(self) -> None:
        """Begin to close those that are open, in a task of its own: whatever becomes of the one that leaves them."""
        if self._closing is None and not all(getattr(one, "is_closed", False) for one in self.responses):
            self._closing = asyncio.ensure_future(self._aclose())
            CLOSING.add(self._closing)
            self._closing.add_done_callback(CLOSING.discard)

    async def aclose(self) -> None:
        """Close the responses, or wait until they are closed."""
        self.begin_closing()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def _aclose(self) -> None:
        for response in self.responses:
            if hasattr(response.stream, "aclose"):
                await response.aclose()


def read_and_close(chunks: Iterator[T], opened: StreamResources) -> Generator[T, None, None]:
    """Yield a stream's chunks, and close it and its HTTP responses in the end."""
    try:
        with closing(chunks):
            for chunk in chunks:
                opened.look(chunks)
                yield chunk
    except Exception:
        if not opened.looked:
            gc.collect(YOUNG)
        raise
    finally:
        opened.close()


async def aread_and_close(chunks: AsyncIterator[T], opened: StreamResources) -> AsyncGenerator[T, None]:
    """Do the same, asynchronously; an event loop that ends waits until the responses are closed.

    A loop waits for asynchronous generators that it still knows, and not for those that were left right before: their
    closing may stop at any `await`, so that nothing is awaited behind one that may be stopped.
    """
    if (tell := sys.get_asyncgen_hooks().firstiter) is not None:
        tell(opened)  # type: ignore[arg-type]
    owned = OwnedStream(chunks)
    try:
        async for chunk in owned:
            opened.look(chunks)
            yield chunk
    except Exception:
        if not opened.looked:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            gc.collect(YOUNG)
        raise
    finally:
        opened.begin_closing()
        await owned.aclose()
        await opened.aclose()


def _held(stream: object) -> Iterator[object]:
    """Yield the objects held by a suspended stream's generators."""
    seen: set[int] = set()
    waiting = [stream]
    while waiting:
        held = waiting.pop()
        if type(held) in PLAIN or id(held) in seen:
            continue
        seen.add(id(held))
        yield held
        if type(held) in HOLDERS:
            waiting += gc.get_referents(held)


def _frame(held: object) -> FrameType | None:
    """Return the frame of a generator, synchronous or not."""
    if isinstance(held, GeneratorType):
        return held.gi_frame
    return held.ag_frame if isinstance(held, AsyncGeneratorType) else None


def _response(held: object) -> Any:
    """Return an object if it is an HTTP response, or the response of a client's stream, or None."""
    if hasattr(type(held), "iter_raw"):
        return held
    place = getattr(held, "__dict__", {}).get("response")
    return place if hasattr(type(place), "iter_raw") else None
