"""The interface of a wire format: read requests, answers and streams to the neutral form, and write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from crossroute.serve.events import Event
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire.neutral import Answer, Delta, Request


class StreamReader(Protocol):
    """Reads one stream of a format."""

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield the neutral form of an event."""
        ...


class StreamWriter(Protocol):
    """Writes one stream in a format."""

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for parts in the neutral form."""
        ...

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with the decision's data."""
        ...


class Wire(Protocol):
    """A wire format.

    Attributes:
        name: Its own.
        path: Of its endpoint under a provider's address.
    """

    name: str
    path: str

    def read_request(self, body: RawObject) -> Request:
        """Read a client's request.

        Raises:
            RequestError: It does not conform to the format.
        """
        ...

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Read a model's answer; a body that is not an answer raises KeyError or TypeError."""
        ...

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        ...

    def reader(self) -> StreamReader:
        """Return a reader for one stream."""
        ...

    def writer(self, asked: Mapping[str, Any]) -> StreamWriter:
        """Return a writer for one stream, given the client's request."""
        ...

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        ...

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return whether a client requested an event."""
        ...

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        ...


class WrittenWire(Wire, Protocol):
    """A wire format that can also be written for members."""

    def write_request(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request, without its model; the arguments are in the format's own words."""
        ...
