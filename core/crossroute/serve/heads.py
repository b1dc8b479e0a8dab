"""Heads of requests: one that is too slow or too long is refused before it is read."""

from __future__ import annotations

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 15.0
"""Seconds for the head of a request, from the connection or from its first byte."""
MOST_HEAD = 65_536
"""Bytes of a head."""


class LimitedHead(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits on the time and size of a request's head."""

    _late: asyncio.TimerHandle | None = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in bytes; those of a head that has not ended are counted."""
        super().data_received(data)
        if self._late is not None:
            self._size += len(data)
            if self._size > MOST_HEAD:
                self._cut(431, f"The head of the request has more than {MOST_HEAD:,} bytes.")

    def on_message_begin(self) -> None:
        """Wait for a head to end."""
        super().on_message_begin()
        self._begin()

    def on_headers_complete(self) -> None:
        """Stop the watch over a head."""
        self._end()
        super().on_headers_complete()

    def _begin(self) -> None:
        if self._late is None:
            self._size = 0
            self._late = self.loop.call_later(
                HEAD_S, self._cut, 408, f"The head of the request did not come within {HEAD_S:g} s."
            )

    def _end(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self, status: int, message: str) -> None:
        self._end()
        if self.cycle is not None and not self.cycle.response_complete:
            return  # the next request came early, and its time begins when it is its turn
        told = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        content = json.dumps({"error": told}).encode()
        head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + content)
        self.transport.close()
