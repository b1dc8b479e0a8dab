"""An HTTP server of a test's own on this machine, which logs nothing and ends with its block."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import Self


class Answering(BaseHTTPRequestHandler):
    """What the handlers of all such servers do; each answers a POST in its own `respond`.

    Each connection ends with its answer: clients of the frameworks leave theirs open, and a socket that is found open
    later fails another test.
    """

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.respond()

    def respond(self) -> None:
        raise NotImplementedError

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers["content-length"]))

    def answer(self, status: int, content: Any, kind: str = "application/json", **headers: str) -> None:
        """Send a text as it is, and anything else as JSON."""
        sent = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(sent)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(sent)

    def stream(self, events: Iterable[str | None]) -> None:
        """Send events chunk by chunk; where one is None, the connection is closed in its place."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            if event is None:
                return
            sent = event.encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class LocalServer(ThreadingHTTPServer):
    """Answers on a free port from the first `with` on.

    Args:
        handler: Answers.
        **attributes: Of the handlers.
    """

    daemon_threads = True

    def __init__(self, handler: type[Answering], **attributes: Any) -> None:
        super().__init__(("127.0.0.1", 0), type(handler.__name__, (handler,), attributes))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up, as they do after a timeout."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
