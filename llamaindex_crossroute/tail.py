"""The end of a stream, where it is known what the stream took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse

from crossroute import Decision
from crossroute.calls.spend import Usage
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.reading import Reading
from llamaindex_crossroute.routing import Routing
from llamaindex_crossroute.stamp import as_json, stamped, usage_of
from llamaindex_crossroute.tool_faults import asks_for_tools


class Tail:
    """What a stream's chunks share: one stamp, which learns the actual cost when the stream has ended.

    No chunk is held back for it: who kept the last chunk finds the cost there.
    """

    def __init__(self, routing: Routing, decision: Decision, reading: Reading) -> None:
        self._routing, self._decision, self._reading = routing, decision, reading
        self._stamp = as_json(decision)
        self._usage: Usage | None = None
        self._message: ChatMessage | None = None
        self._begun = False

    def stamped(self, chunk: Any) -> Any:
        """Return a chunk with the stamp."""
        self._begun = True
        if not isinstance(chunk, (ChatResponse, CompletionResponse)):
            return chunk
        self._usage = usage_of(chunk) or self._usage
        if isinstance(chunk, ChatResponse) and (
            self._message is None or not _loses_tools(chunk, self._message)
        ):
            self._message = chunk.message
        return stamped(chunk, self._stamp)

    @contextmanager
    def ending(self, probe: UsageProbe) -> Iterator[None]:
        """Count the stream at its end, also where it breaks or its reader breaks off: what was sent is paid for."""
        try:
            yield
        except BaseException as error:
            if self._begun or probe.responses:
                self._end(probe, final=not isinstance(error, Exception))
            raise
        self._end(probe)

    def _end(self, probe: UsageProbe, *, final: bool = True) -> None:
        usage = probe.took(self._usage)
        answered = self._routing.answered(
            self._decision, usage, self._message, self._reading, cost=probe.cost, final=final
        )
        self._stamp["actual_cost"] = answered.actual_cost


def _loses_tools(chunk: ChatResponse, message: ChatMessage) -> bool:
    """Return whether a chunk no longer holds the tool calls of the message before it."""
    return asks_for_tools(message) and not asks_for_tools(chunk.message)
