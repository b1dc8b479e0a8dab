"""The end of a stream, where it is known what the stream took."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse

from crossroute import Decision
from crossroute.calls.spend import Usage
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.reading import Reading
from llamaindex_crossroute.routing import Routing
from llamaindex_crossroute.stamp import as_json, stamped, usage_of


class Tail:
    """What a stream's chunks share: one stamp, which learns the actual cost when the stream has ended.

    No chunk is held back for it: who kept the last chunk finds the cost there.
    """

    def __init__(self, routing: Routing, decision: Decision, reading: Reading) -> None:
        self._routing, self._decision, self._reading = routing, decision, reading
        self._stamp = as_json(decision)
        self._usage: Usage | None = None
        self._message: ChatMessage | None = None

    def stamped(self, chunk: Any) -> Any:
        """Return a chunk with the stamp."""
        if not isinstance(chunk, (ChatResponse, CompletionResponse)):
            return chunk
        self._usage = usage_of(chunk) or self._usage
        self._message = chunk.message if isinstance(chunk, ChatResponse) else None
        return stamped(chunk, self._stamp)

    def end(self, probe: UsageProbe) -> None:
        """Count the stream."""
        usage = self._usage or probe.usage
        answered = self._routing.answered(self._decision, usage, self._message, self._reading)
        self._stamp["actual_cost"] = answered.actual_cost
