"""Streams: count a stream once, and attach the decision to one chunk or event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables.utils import AddableDict

from crossroute.calls import tail
from crossroute.calls.ledger import Entry
from crossroute.calls.memory import Memory
from langchain_crossroute.messages.reading import has_content
from langchain_crossroute.messages.reply import (
    KEY,
    find_message,
    is_done,
    is_torn,
    read_finish_reason,
    read_message_usage,
    replace_message,
    stamp,
    states_end,
)
from langchain_crossroute.probe import UsageProbe

LAST = "last"
FINISH, BLOCK_FINISH = "message-finish", "content-block-finish"
DELTA = "content-block-delta"
SHOWING = frozenset({DELTA, BLOCK_FINISH})
"""Events with content."""


class Tail(tail.Tail[Any]):
    """The tail of a stream of chunks. The decision is on the last chunk, or on an additional one at the end.

    A chunk is a message, a parsed object, or a dict with either (`include_raw`). The decision must be on a single
    chunk, since merging chunks adds integers and joins strings.

    Args:
        entry: The stream's entry in the ledger.
        memory: Remembers the authors of tool calls.
        probe: Counts the stream's tokens.
        parse: Raises an error if the complete answer does not fit its schema.
        telling: See `Ending`.
    """

    def __init__(
        self,
        entry: Entry,
        memory: Memory,
        probe: UsageProbe,
        parse: Callable[[AIMessage], None],
        *,
        telling: bool = False,
    ) -> None:
        super().__init__(entry, telling=telling)
        self._parse = parse
        self._memory, self._probe, self._stamped = memory, probe, False
        self._named: dict[object, bool] = {}  # place of a tool call -> whether its tool was named
        self._last: Any = None

    def shows(self, chunk: Any) -> bool:
        """Return whether a chunk has content."""
        message = find_message(chunk)
        return has_content(message) if message is not None else chunk is not None

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the chunk, with the decision if it is marked as the last message."""
        message = find_message(chunk)
        if message is None:
            yield chunk
            return
        chunk = message if isinstance(chunk, BaseMessage) else chunk  # an answer with any role
        reason = read_finish_reason(message)
        self._note_end(message, reason)
        calls = message.tool_call_chunks if isinstance(message, AIMessageChunk) else message.tool_calls
        self._remember_author(call["id"] for call in calls)
        self._note_calls(calls)
        nameless = bool(reason) and not all(self._named.values())
        self.entry.check(reason, said=self.entry.begun, nameless=nameless)
        self._last = chunk
        self.entry.said.append(str(message.text))
        if self._stamped or (isinstance(message, AIMessageChunk) and message.chunk_position != LAST):
            yield chunk
        else:
            self.check(empty=False)
            yield self._add_decision(message)

    def check(self, *, empty: bool) -> None:
        """Raise an error for a cut stream, and for an answer that was only parsed in part."""
        message = self._probe.message if self._last is None else None
        if message is not None:
            reason = read_finish_reason(message)
            parsed = self.entry.begun and not self.opened.responses  # the complete answer
            finished = parsed or not is_torn(message, amid=self._probe.is_amid_call)
            self.ending.note(telling=states_end(message), finished=finished, reason=reason)
            self.ending.arguments.update(self._probe.arguments)
        super().check(empty=empty)
        if message is not None:
            self._parse(message)

    def end(self) -> Iterator[Any]:
        """Yield an additional chunk with the decision if no chunk was marked as the last."""
        message = find_message(self._last)
        if message is not None and not self._stamped:
            yield self._add_decision(AIMessageChunk(content="", id=message.id, chunk_position=LAST))

    def _note_end(self, message: AIMessage, reason: str | None) -> None:
        finished = bool(reason) or is_done(message)
        self.ending.note(telling=states_end(message), finished=finished, reason=reason)
        usage = read_message_usage(message.usage_metadata)
        self.tell(usage, behind=usage is not None and self.entry.begun and not has_content(message))

    def _note_calls(self, calls: Sequence[Mapping[str, Any]]) -> None:
        """Note which tool calls have named their tool, and arguments; one without a place continues the only one."""
        for call in calls:
            place = call.get("index")
            place = call["id"] if place is None and call["id"] and self._named else place
            self._named[place] = self._named.get(place, False) or bool(call["name"])
            if isinstance(part := call["args"], str):
                self.ending.arguments[place].append(part)

    def _add_decision(self, message: AIMessage) -> Any:
        """Count the call, and return the last chunk with a message that carries the decision."""
        self._stamped = True
        chunk = replace_message(self._last, stamp(message, self.entry.count()))
        return AddableDict(chunk) if isinstance(chunk, dict) else chunk

    def _remember_author(self, calls: Iterator[str | None]) -> None:
        self._memory.began((call or "" for call in calls), self.entry.decision.candidate)


class EventTail(Tail):
    """The tail of a stream of events: the last event of a message carries the decision in its metadata."""

    def shows(self, chunk: Any) -> bool:
        """Return whether an event has content."""
        return chunk.get("event") in SHOWING

    def take(self, chunk: Any) -> Iterator[Any]:
        """Yield the event."""
        self._last = chunk
        block = chunk.get("content") if chunk.get("event") == BLOCK_FINISH else None
        if block and block.get("type") == "tool_call":
            self._remember_author(iter([block.get("id")]))
        elif block and block.get("type") == "invalid_tool_call":
            self.ending.arguments[chunk.get("index")].append(block.get("args") or "")
        if chunk.get("event") == DELTA and isinstance(text := chunk.get("delta", {}).get("text"), str):
            self.entry.said.append(text)
        if chunk.get("event") == FINISH:
            self.entry.usage = None  # the event states the total
            told = AIMessage(
                "", response_metadata=chunk.get("metadata") or {}, usage_metadata=chunk.get("usage")
            )
            self._note_end(told, read_finish_reason(told))
            self.check(empty=False)
            stamp = {KEY: self.entry.count().as_json()}
            chunk = {**chunk, "metadata": {**(chunk.get("metadata") or {}), **stamp}}
        yield chunk


def to_chunk(answer: Any) -> Any:
    """Return an answer as the only chunk of a stream."""
    if not isinstance(answer, AIMessage):
        return answer
    fields = {name: getattr(answer, name) for name in AIMessage.model_fields if name != "type"}
    return AIMessageChunk(**fields, chunk_position=LAST)
