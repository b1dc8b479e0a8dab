"""The end of a stream, where its decision stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import add_usage
from langchain_core.runnables.utils import AddableDict

from langchain_crossroute.sent import Sent
from langchain_crossroute.stamp import message_of, stamped, with_message

LAST = "last"


class Tail:
    """The end of a stream, held back until it is known to be the end, so that one chunk alone is stamped.

    A chunk is a message, what was parsed of one, or a dict with either (`include_raw`).

    What merges chunks adds integers and joins strings: a decision on two chunks would be garbled.
    """

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._held: Any = None
        self._last: Any = None

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the chunk, or hold it back where it says that it is the last one with a message."""
        message = message_of(chunk)
        if message is None:
            self._sent.begin()
            yield chunk
            return
        calls = message.tool_call_chunks if isinstance(message, AIMessageChunk) else message.tool_calls
        self._sent.begin(call["id"] or "" for call in calls)
        if message.usage_metadata:
            self._sent.usage = add_usage(self._sent.usage, message.usage_metadata)
        if self._held is not None:
            yield self._held
            self._held = None
        self._last = chunk
        if isinstance(message, AIMessageChunk) and message.chunk_position != LAST:
            yield chunk
        else:
            self._held = chunk

    def end(self) -> Iterator[Any]:
        """Yield what was held back, stamped; where nothing was, a chunk of its own carries the decision."""
        message = message_of(self._last)
        if message is None:
            return
        if self._held is None:
            message = AIMessageChunk(content="", id=message.id, chunk_position=LAST)
        chunk = with_message(self._last, stamped(message, self._sent.count()))
        yield AddableDict(chunk) if isinstance(chunk, dict) else chunk


def whole(answer: Any) -> Any:
    """Return an answer as the only chunk of a stream."""
    if not isinstance(answer, AIMessage):
        return answer
    fields = {name: getattr(answer, name) for name in AIMessage.model_fields if name != "type"}
    return AIMessageChunk(**fields, chunk_position=LAST)
