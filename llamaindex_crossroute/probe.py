"""Count the tokens of a call from its LLM events, since its answer may be only a text or an object."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from typing import Any

from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
)
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers.base import BaseEventHandler
from typing_extensions import Self, override

from crossroute.calls.closing import OwnedStream, closing
from crossroute.calls.faults import note
from crossroute.calls.handlers import find_handler_arguments, is_of_handler
from crossroute.calls.spend import Usage
from llamaindex_crossroute.messages.reply import RESPONSES, Response, usage_of

LLM_EVENTS = "llama_index.core.llms.callbacks"
"""The dispatcher used by the decorators of LLM endpoints."""

END = object()

_current: ContextVar[UsageProbe | None] = ContextVar("crossroute_usage_probe", default=None)


class UsageProbe:
    """Sums the tokens of the LLM events within its `with` blocks, in the current context only.

    A nested endpoint (a completion that calls chat) emits the same raw response twice; it counts once. A
    nested pool reports its own tokens and cost; its members' answers are also received here.

    Args:
        keep_chunks: Whether to keep a stream's chunks.

    Attributes:
        cost: USD reported by a nested pool; None without one, or if unknown.
        responses: The answers; for a stream its last chunk.
        chunks: A stream's chunks, if they are kept.
    """

    def __init__(self, *, keep_chunks: bool = False) -> None:
        _listen()
        self.cost: float | None = None
        self.responses: list[Response] = []
        self.chunks: list[Response] = []
        self._usage: Usage | None = None
        self._unread: list[Response] = []  # their tokens have not been read yet
        self._keep_chunks = keep_chunks
        self._token: Token[UsageProbe | None] | None = None
        self._outer: UsageProbe | None = None
        self._has_pool = False

    def __enter__(self) -> Self:
        self._outer = _current.get()
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)

    @property
    def usage(self) -> Usage | None:
        """Tokens, if the provider states them."""
        while self._unread:
            self._add(usage_of(self._unread.pop()))
        return self._usage

    begun = False  # members do not build answers from streams

    @property
    def answered(self) -> bool:
        """Whether an LLM answered."""
        return bool(self.responses)

    def raised(self, error: BaseException) -> None:
        """Record the answer that was passed to a handler when it raised, before its events."""
        held = [value for value in find_handler_arguments(error, LLM_EVENTS) if isinstance(value, RESPONSES)]
        for response in [] if self.answered else held[-1:]:
            self._hear(response)
            self._unread.append(response)
        if self.responses and is_of_handler(error):
            note(error, answer=self.responses[-1])

    def take(self, event: LLMChatEndEvent | LLMCompletionEndEvent) -> None:
        """Add the tokens of an event."""
        response = event.response
        if response is None or _is_among(response, self.responses):
            return
        self._hear(response)
        self._unread.append(response)

    def take_chunk(self, event: LLMChatInProgressEvent | LLMCompletionInProgressEvent) -> None:
        """Keep the chunk of an event, if chunks are kept."""
        if self._keep_chunks and not _is_among(event.response, self.chunks[-1:]):
            self.chunks.append(event.response)
        if self._outer is not None:
            self._outer.take_chunk(event)

    def take_call(self, usage: Usage | None, cost: float | None) -> None:
        """Add the tokens and cost that a nested pool reports."""
        self._has_pool = True
        self._add(usage)
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost

    def took(self, told: Usage | None) -> Usage | None:
        """Return the tokens of a call, given those of its answer: for a nested pool, these are only one member's."""
        return self.usage if told is None or self._has_pool else told

    def _hear(self, response: Response) -> None:
        self.responses.append(response)
        if self._outer is not None:
            self._outer._hear(response)

    def _add(self, usage: Usage | None) -> None:
        if usage is not None:
            self._usage = usage if self._usage is None else self._usage + usage


def tell_outer(usage: Usage | None, cost: float | None) -> None:
    """Report a call's tokens and cost to the probe of the outer pool, if this pool is a member of one."""
    outer = _current.get()
    if outer is not None:
        outer.take_call(usage, cost)


@contextmanager
def hide_from_probe() -> Iterator[None]:
    """Hide LLM events within the block from the surrounding probe."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def hear(chunks: Any, probe: UsageProbe) -> Iterator[Any]:
    """Yield the chunks of a stream, read and closed within a probe; the consumer's code runs outside of it."""
    iterator = iter(chunks)
    try:
        while True:
            with probe:
                chunk = next(iterator, END)
            if chunk is END:
                return
            yield chunk
    finally:
        with probe, closing(chunks):
            pass


async def ahear(chunks: Any, probe: UsageProbe) -> AsyncGenerator[Any, None]:
    """Yield the chunks as `hear` does, asynchronously."""
    owned = OwnedStream(aiter(chunks))
    try:
        while True:
            with probe:
                chunk = await anext(owned, END)
            if chunk is END:
                return
            yield chunk
    finally:
        with probe:
            await owned.aclose()


def _is_among(response: Response, others: list[Response]) -> bool:
    raw: Any = response.raw
    return raw is not None and any(raw is other.raw for other in others)


class _Listener(BaseEventHandler):
    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteUsageListener"

    @override
    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        probe = _current.get()
        if probe is None:
            return
        if isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent)):
            probe.take(event)
        elif isinstance(event, (LLMChatInProgressEvent, LLMCompletionInProgressEvent)):
            probe.take_chunk(event)


@cache
def _listen() -> None:
    """Attach the listener, on the first call."""
    get_dispatcher(LLM_EVENTS).add_event_handler(_Listener())
