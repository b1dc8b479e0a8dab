"""Streams: one chunk, or event, carries the decision, and the stream is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables.utils import AddableDict

from crossroute.calls import attempts
from crossroute.calls.ledger import Entry
from crossroute.calls.memory import Memory
from langchain_crossroute.messages.stamp import KEY, as_json, message_of, stamped, usage_of, with_message

LAST = "last"
FINISH, BLOCK_FINISH = "message-finish", "content-block-finish"


class Tail(attempts.Tail[Any]):
    """The end of a stream, held back until it is known to be the end, so that one chunk alone is stamped.

    A chunk is a message, what was parsed of one, or a dict with either (`include_raw`). What merges chunks adds
    integers and joins strings: a decision on two chunks would be garbled.

    Args:
        entry: The stream's, in the ledger.
        memory: Remembers which candidate began which tool calls.
    """

    def __init__(self, entry: Entry, memory: Memory) -> None:
        super().__init__(entry)
        self._memory = memory
        self._usage: UsageMetadata | None = None
        self._held: Any = None
        self._last: Any = None

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the chunk, or hold it back if it says that it is the last one with a message."""
        self.entry.begun = True
        message = message_of(chunk)
        if message is None:
            yield chunk
            return
        calls = message.tool_call_chunks if isinstance(message, AIMessageChunk) else message.tool_calls
        self._began(call["id"] for call in calls)
        if message.usage_metadata:
            self._usage = add_usage(self._usage, message.usage_metadata)
            self.entry.usage = usage_of(self._usage)
        if self._held is not None:
            yield self._held
            self._held = None
        self._last = chunk
        if isinstance(message, AIMessageChunk) and message.chunk_position != LAST:
            yield chunk
        else:
            self._held = chunk

    def end(self) -> Iterator[Any]:
        """Yield what was held back, stamped; if nothing was, a chunk of its own carries the decision."""
        message = message_of(self._last)
        if message is None:
            return
        if self._held is None:
            message = AIMessageChunk(content="", id=message.id, chunk_position=LAST)
        chunk = with_message(self._last, stamped(message, self.entry.decision))
        yield AddableDict(chunk) if isinstance(chunk, dict) else chunk

    def _began(self, calls: Iterator[str | None]) -> None:
        self._memory.began((call or "" for call in calls), self.entry.decision.candidate)


class EventTail(Tail):
    """The end of a stream of events: the last event of a message carries the decision in its metadata."""

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the event."""
        self.entry.begun = True
        block = chunk.get("content") if chunk.get("event") == BLOCK_FINISH else None
        if block and block.get("type") == "tool_call":
            self._began(iter([block.get("id")]))
        if chunk.get("usage"):
            self.entry.usage = usage_of(chunk["usage"])
        if chunk.get("event") == FINISH:
            stamp = {KEY: as_json(self.entry.count())}
            chunk = {**chunk, "metadata": {**(chunk.get("metadata") or {}), **stamp}}
        yield chunk


def whole(answer: Any) -> Any:
    """Return an answer as the only chunk of a stream."""
    if not isinstance(answer, AIMessage):
        return answer
    fields = {name: getattr(answer, name) for name in AIMessage.model_fields if name != "type"}
    return AIMessageChunk(**fields, chunk_position=LAST)
