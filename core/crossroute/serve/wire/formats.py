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
        """Yield what an event says."""
        ...


class StreamWriter(Protocol):
    """Writes one stream in a format."""

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for what a stream says."""
        ...

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with what is told of the decision."""
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
        """Return what a client asks.

        Raises:
            RequestError: Something of it is not as the format has it.
        """
        ...

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Return what a model answered; a body that is no answer raises KeyError or TypeError."""
        ...

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        ...

    def reader(self) -> StreamReader:
        """Return what reads one stream."""
        ...

    def writer(self, asked: Mapping[str, Any]) -> StreamWriter:
        """Return what writes one stream, for a client that asked so."""
        ...

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        ...

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return whether a client asked for an event."""
        ...

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        ...


class WrittenWire(Wire, Protocol):
    """A wire format in which members of other clients' are asked."""

    def write_request(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request, without its model; the arguments are in the format's own words."""
        ...
