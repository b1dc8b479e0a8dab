"""The end of a stream, where its decision stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage

from crossroute import Decision
from langchain_crossroute.routing import Routing
from langchain_crossroute.stamp import UsageProbe, stamped, usage_of

LAST = "last"


class Tail:
    """The end of a stream, held back until it is known to be the end, so that one chunk alone is stamped.

    What merges chunks adds integers and joins strings: a decision on two chunks would be garbled.
    """

    def __init__(self, routing: Routing, decision: Decision) -> None:
        self._routing, self._decision = routing, decision
        self._held: AIMessage | None = None
        self._usage: UsageMetadata | None = None
        self._tool_calls: list[str] = []
        self._messages = False
        self._id: str | None = None

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the chunk, or hold it back where it says that it is the last one."""
        if self._held is not None:
            yield self._held
            self._held = None
        if not isinstance(chunk, AIMessage):
            yield chunk
            return
        self._messages, self._id = True, chunk.id
        self._usage = add_usage(self._usage, chunk.usage_metadata) if chunk.usage_metadata else self._usage
        calls = chunk.tool_call_chunks if isinstance(chunk, AIMessageChunk) else chunk.tool_calls
        self._tool_calls.extend(call["id"] for call in calls if call["id"])
        if isinstance(chunk, AIMessageChunk) and chunk.chunk_position != LAST:
            yield chunk
        else:
            self._held = chunk

    def end(self, probe: UsageProbe) -> Iterator[Any]:
        """Yield what was held back, stamped; where nothing was, a chunk of its own carries the decision."""
        dispatcher = self._routing.dispatcher
        dispatcher.began(self._tool_calls, self._decision.candidate)
        decision = dispatcher.answered(self._decision, usage_of(self._usage or probe.usage))
        if self._messages:
            yield stamped(
                self._held or AIMessageChunk(content="", id=self._id, chunk_position=LAST), decision
            )


def whole(answer: Any) -> Any:
    """Return an answer as the only chunk of a stream."""
    if not isinstance(answer, AIMessage):
        return answer
    fields = {name: getattr(answer, name) for name in AIMessage.model_fields if name != "type"}
    return AIMessageChunk(**fields, chunk_position=LAST)
