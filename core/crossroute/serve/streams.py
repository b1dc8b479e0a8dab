"""Streams: read as they pass, counted once, the decision in the last event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crossroute.calls import tail
from crossroute.calls.ledger import Entry
from crossroute.calls.spend import Usage
from crossroute.serve import events
from crossroute.serve.events import DONE, Event
from crossroute.serve.stamps import FIELD, make_stamp
from crossroute.serve.wire.formats import Wire
from crossroute.serve.wire.neutral import (
    SHOWING,
    Delta,
    Part,
    StreamEnd,
    StreamStart,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageDelta,
)


class Tail(tail.Tail[Any]):
    """Passes on the events of a stream; events that arrive together stay together.

    Events in the client's format are unchanged, except the last one, which gets the decision. From the finish reason on
    they are held back until the cost of the call is known. Events in another format are translated.

    Args:
        entry: The stream's entry in the ledger.
        source: The member's format.
        wire: The client's format.
        asked: The client's request.
        left_out: Descriptions of its omitted arguments.
        remember: Called with the parts of the complete answer, its id and its candidate.
        learn: Called with the candidate and the tokens of the answer.
    """

    def __init__(
        self,
        entry: Entry,
        source: Wire,
        wire: Wire,
        asked: Mapping[str, Any],
        *,
        left_out: list[str],
        remember: Callable[[list[Part], str, str], None],
        learn: Callable[[str, Usage | None], None],
    ) -> None:
        super().__init__(entry, telling=True)
        self._wire, self._asked, self._left_out = wire, asked, left_out
        self._remember, self._learn = remember, learn
        self._reader = source.reader()
        self._writer = None if source is wire else wire.writer(asked)
        self._read: list[list[Delta]] | None = None  # of the events that are looked at
        self._held: list[Event] = []
        self._ended = self._stamped = False
        self._words: list[str] = []
        self._id = ""
        self._calls: dict[int, ToolCall] = {}

    def shows(self, chunk: list[Event]) -> bool:
        """Return whether events have content."""
        self._read = self._said(chunk)
        return any(isinstance(delta, SHOWING) for deltas in self._read for delta in deltas)

    def take(self, chunk: list[Event]) -> Iterator[bytes]:
        """Yield the bytes to pass on."""
        passed = b"".join(self._passed(chunk))
        if passed:
            yield passed

    def end(self) -> Iterator[bytes]:
        """Yield the events that were held back, with the decision."""
        last = b"".join(self._last())
        if last:
            yield last

    def _end(self) -> None:
        self._ended = True
        self.ending.note(telling=True, finished=True, reason=None)

    def _said(self, chunk: list[Event]) -> list[list[Delta]]:
        return [list(self._reader.read(event)) for event in chunk]

    def _passed(self, chunk: list[Event]) -> Iterator[bytes]:
        said, self._read = self._read or self._said(chunk), None
        for event, deltas in zip(chunk, said, strict=True):
            for delta in deltas:
                self._note(delta)
                if self._writer is not None:
                    yield from self._writer.write(delta)
            if self._writer is not None:
                continue
            last = self._wire.is_last(event)
            amid = last and self.ending.is_amid_call
            if self._ended or self._held or amid:
                self._held.append(event)
            else:
                yield event.raw
            if last and not amid:
                self._end()
                yield from self._last()

    def _last(self) -> Iterator[bytes]:
        if self._stamped:
            yield from (event.raw for event in self._held)
            return
        self._stamped = True
        parts: list[Part] = [Text("".join(self._words)), *self._calls.values()]
        self._remember(parts, self._id, self.entry.decision.candidate)
        self._learn(self.entry.decision.candidate, self.entry.usage)
        told = make_stamp(self.entry.count(), self._left_out)
        if self._writer is not None:
            yield from self._writer.end(told)
            return
        held = [
            event for event in self._held if event.data == DONE or self._wire.is_asked(event, self._asked)
        ]
        self._held = []
        last = max((place for place, event in enumerate(held) if event.json), default=None)
        for place, event in enumerate(held):
            yield events.add_field(event, FIELD, told) if place == last else event.raw

    def _note(self, delta: Delta) -> None:
        if isinstance(delta, StreamEnd):
            self._end()
        elif isinstance(delta, StreamStart):
            self._id = delta.id
        elif isinstance(delta, UsageDelta):
            self.entry.usage = delta.usage
            self.ending.count(behind=self.entry.begun)
        elif isinstance(delta, TextDelta) and not delta.thought:
            self._words.append(delta.text)
        elif isinstance(delta, ToolCallDelta):
            known = self._calls.get(delta.index)
            if known is None or delta.id:
                self._calls[delta.index] = ToolCall(delta.id, delta.name, "")
            self.ending.arguments[delta.index].append(delta.arguments)
