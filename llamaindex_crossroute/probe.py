"""The tokens of a call whose answer reaches the caller as text or an object, without its response."""

from __future__ import annotations

from contextvars import ContextVar, Token
from functools import cache
from typing import Any

from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers.base import BaseEventHandler
from typing_extensions import Self, override

from crossroute.spend import Usage
from llamaindex_crossroute.stamp import usage_of

LLM_EVENTS = "llama_index.core.llms.callbacks"
"""The dispatcher of the decorators that integrations put on their endpoints."""

_current: ContextVar[UsageProbe | None] = ContextVar("crossroute_usage_probe", default=None)


class UsageProbe:
    """Sums the tokens of the LLM events within its `with` blocks, in this context alone.

    An endpoint within another (a completion by way of a chat) tells of the same raw response twice; it counts
    once.
    """

    def __init__(self) -> None:
        _listen()
        self.usage: Usage | None = None
        self._raws: list[Any] = []
        self._token: Token[UsageProbe | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)

    def take(self, event: LLMChatEndEvent | LLMCompletionEndEvent) -> None:
        """Add the tokens that an event tells."""
        response = event.response
        if response is None or any(response.raw is raw for raw in self._raws if raw is not None):
            return
        self._raws.append(response.raw)
        usage = usage_of(response)
        if usage is not None:
            self.usage = usage if self.usage is None else self.usage + usage


class _Listener(BaseEventHandler):
    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteUsageListener"

    @override
    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        probe = _current.get()
        if probe is not None and isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent)):
            probe.take(event)


@cache
def _listen() -> None:
    """Listen from the first call on; importing attaches nothing."""
    get_dispatcher(LLM_EVENTS).add_event_handler(_Listener())
