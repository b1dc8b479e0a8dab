"""Server-sent events: found in the bytes of a stream, and written.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from crossroute.serve.raw_json import RawObject

END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
LINE = re.compile(rb"\r\n|\n|\r")
DONE = "[DONE]"
LONGEST = 16_000_000
"""Maximum size of an event, bytes."""


class Event(NamedTuple):
    """An event of a stream.

    Attributes:
        raw: Its unchanged bytes, including the blank line at its end.
        name: Its type; may be empty.
        data: Its data; empty for a comment.
    """

    raw: bytes
    name: str
    data: str

    @property
    def json(self) -> dict[str, Any]:
        """Its data as an object; empty without data, and for the end of the stream.

        Raises:
            ValueError: It is not a JSON object.
        """
        if not self.data or self.data == DONE:
            return {}
        said = json.loads(self.data)
        if not isinstance(said, dict):
            raise ValueError("expected an object in an event")
        return said


class EventReader:
    r"""Finds events in bytes as they come.

    >>> reader = EventReader()
    >>> [event.data for part in (b"data: {}\n", b"\ndata: [DO", b"NE]\n\n") for event in reader.feed(part)]
    ['{}', '[DONE]']
    """

    def __init__(self) -> None:
        self._held = b""
        self._looked = 0  # up to where no event ends

    def feed(self, content: bytes) -> Iterator[Event]:
        """Yield the events that end within the next bytes.

        Raises:
            ValueError: An event is too long.
        """
        self._held += content
        begin = 0
        for end in END.finditer(self._held, max(0, self._looked - 3)):
            yield _parse_event(self._held[begin : end.end()])
            begin = end.end()
        self._held = self._held[begin:]
        self._looked = len(self._held)
        if len(self._held) > LONGEST:
            raise ValueError(f"an event of more than {LONGEST:,} bytes")

    def rest(self) -> Iterator[Event]:
        """Yield the last event if the stream ended without a blank line."""
        if self._held.strip():
            held, self._held = self._held, b""
            yield _parse_event(held + b"\n\n")


def write_event(data: Any, name: str = "") -> bytes:
    r"""Return an event.

    >>> write_event({"type": "ping"}, "ping")
    b'event: ping\ndata: {"type":"ping"}\n\n'
    """
    said = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (f"event: {name}\n" if name else "").encode() + b"data: " + said.encode() + b"\n\n"


def add_field(event: Event, name: str, told: Mapping[str, Any]) -> bytes:
    r"""Return an event's bytes with one more field in its object and no other change.

    >>> [event] = EventReader().feed(b'event: ping\ndata: {"n": 1.0}\n\n')
    >>> add_field(event, "crossroute", {"candidate": "small"})
    b'event: ping\ndata: {"n": 1.0, "crossroute": {"candidate": "small"}}\n\n'
    """
    said = RawObject(event.data).replaced({name: told})
    return event.raw.replace(event.data.encode(), said.encode(), 1)


def _parse_event(raw: bytes) -> Event:
    name, data = "", []
    for line in LINE.split(raw):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Event(raw, name, b"\n".join(data).decode("utf-8", "replace"))
