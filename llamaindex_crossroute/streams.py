"""Streams: open a member's stream, count it once, and attach the decision to every chunk."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.program.utils import FlexibleModel
from pydantic import BaseModel

from crossroute.calls import tail
from crossroute.calls.closing import StreamResources
from crossroute.calls.counting import get_field, read_cost, read_usage
from crossroute.calls.ending import find_usages
from crossroute.calls.ledger import Entry
from crossroute.calls.reply import is_said
from llamaindex_crossroute.messages.reading import Reading, find_tool_calls, has_content, is_nameless
from llamaindex_crossroute.messages.reply import (
    RESPONSES,
    finish_reason,
    is_finished,
    stamp,
    states_end,
    usage_of,
)
from llamaindex_crossroute.messages.tool_calls import asks_for_tools
from llamaindex_crossroute.probe import UsageProbe, ahear, hear
from llamaindex_crossroute.routing import Routing


class Tail(tail.Tail[Any]):
    """The tail of a stream. Its chunks share one decision, whose actual cost is set at the end of the stream.

    Chunks are not held back for the cost, so it appears later on chunks that the caller has kept.

    Args:
        routing: The members.
        reading: The facts of the call.
        entry: The stream's entry in the ledger.
        schema: The class into which the answer is parsed.
    """

    def __init__(
        self, routing: Routing, reading: Reading, entry: Entry, schema: type[BaseModel] | None = None
    ) -> None:
        super().__init__(entry)
        self._routing, self._reading, self._schema = routing, reading, schema
        self._parsed: Any = None
        self._stamp = entry.decision.as_json()
        self._message: ChatMessage | None = None

    def __exit__(self, *raised: Any) -> None:
        if self._message is not None:
            self._routing.began(self.entry.decision, self._message, self._reading)
        super().__exit__(*raised)
        self._stamp["actual_cost"] = self.entry.decision.actual_cost

    def shows(self, chunk: Any) -> bool:
        """Return whether a chunk has content."""
        if isinstance(chunk, ChatResponse):
            return is_said(chunk.delta) or has_content(chunk.message)
        if isinstance(chunk, FlexibleModel):
            return bool(chunk.model_dump(exclude_none=True))
        return is_said(chunk.text if isinstance(chunk, CompletionResponse) else chunk)

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield a chunk with the decision."""
        if not isinstance(chunk, RESPONSES):
            self._parsed = chunk
            yield chunk
            return
        reason = finish_reason(chunk)
        self.ending.note(telling=states_end(chunk), finished=is_finished(chunk), reason=reason)
        self.tell(usage := usage_of(chunk), behind=self.entry.begun and not chunk.delta)
        told = self.entry.usage
        if usage and told and reason is not None and isinstance(chunk.raw, dict):
            # LlamaIndex's class keeps only a part of the provider's data
            self.entry.usage = told.whole(map(read_usage, find_usages(self.opened.frames)))
        part = get_field(get_field(chunk.raw, "delta"), "partial_json")
        if isinstance(part, str):  # Anthropic's, of which LlamaIndex's class keeps what it could complete
            self.ending.arguments["raw", get_field(chunk.raw, "index")].append(part)
        nameless = reason is not None and isinstance(chunk, ChatResponse) and is_nameless(chunk.message)
        self.entry.check(reason, said=self.entry.begun, nameless=nameless)
        cost = read_cost(get_field(chunk.raw, "usage"))
        self.entry.cost = self.entry.cost if cost is None else cost
        self.entry.said.append(chunk.delta or "")
        if isinstance(chunk, ChatResponse) and not self._loses_tools(chunk.message):
            self._message = chunk.message
        yield stamp(chunk, self._stamp)

    def check(self, *, empty: bool) -> None:
        """Raise an error for a cut stream, and for an answer that was only parsed in part."""
        for place, call in enumerate(find_tool_calls(self._message) if self._message else ()):
            if isinstance(call.arguments, str):
                self.ending.arguments[place] = [call.arguments]
        super().check(empty=empty)
        if self._schema is not None and isinstance(self._parsed, FlexibleModel):
            self._schema.model_validate(self._parsed.model_dump(exclude_unset=True))

    def _loses_tools(self, message: ChatMessage) -> bool:
        """Return whether a message lacks the tool calls of the one before it."""
        before = self._message
        return before is not None and asks_for_tools(before) and not asks_for_tools(message)


class Source(NamedTuple):
    """A member's stream, or the error at its opening, raised when the stream is read."""

    stream: Any
    entry: Entry
    probe: UsageProbe
    error: Exception | None = None

    def chunks(self) -> Iterator[Any]:
        """Return the chunks."""
        if self.error is not None:
            raise self.error
        return hear(self.stream, self.probe)

    def achunks(self) -> AsyncGenerator[Any, None]:
        """Return the chunks, asynchronously."""
        if self.error is not None:
            raise self.error
        return ahear(self.stream, self.probe)

    def leave(self) -> None:
        """Close it unread. The call counts if there is an HTTP response, which shows that the provider was called."""
        opened = StreamResources()
        opened.look(self.stream)
        if opened.responses:
            self.entry.count(GeneratorExit())
        else:
            self.entry.release()
        opened.close_soon()


class FirstSource:
    """The stream opened by a call's first attempt; it is closed if it is dropped unread."""

    def __init__(self, source: Source) -> None:
        self._source: Source | None = source

    def take(self) -> Source | None:
        """Return the stream once, for reading."""
        source, self._source = self._source, None
        return source

    def __del__(self) -> None:
        if self._source is not None and not sys.is_finalizing():
            self._source.leave()
