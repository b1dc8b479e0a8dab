"""A coding agent's turns through `crossroute serve`, in Anthropic's wire format, over models of OpenAI's format.

A real agent is pointed at the server by an environment variable: `ANTHROPIC_BASE_URL=http://127.0.0.1:8080 claude`.
Here two turns are sent as such an agent sends them, with nothing but the standard library, and one local stand-in
answers for all models: first it calls the agent's tool, then it reads the tool's result.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from crossroute.serve import build_app

POOL = """
cost_preference = 0.5

[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"
base_url = "{url}/v1"

[[models]]
name = "gpt-4o-mini"
model = "openai:gpt-4o-mini"
base_url = "{url}/v1"
"""
TOOL = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
}
ASKED = {"role": "user", "content": "Why does mean() in stats.py fail for an empty list?"}
FILE = "def mean(xs):\n    return sum(xs) / len(xs)\n"
SETTINGS = {"model": "crossroute", "max_tokens": 500, "system": "You are a coding agent.", "tools": [TOOL]}


class StandIn(BaseHTTPRequestHandler):
    """A model behind OpenAI's API: it reads a file before it answers."""

    def do_POST(self) -> None:
        """Answer a request."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        call = {"name": "Read", "arguments": '{"path": "stats.py"}'}
        said: dict[str, Any] = {"content": "len(xs) is 0, and nothing divides by 0."}
        finish = "stop"
        if body["messages"][-1]["role"] != "tool":
            said = {"tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
            finish = "tool_calls"
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", **said}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920},
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stand_in() -> Iterator[str]:
    """Yield the address of the stand-in."""
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Yield the address of a server over a pool's file; `crossroute serve` does the same until it is stopped."""
    server = uvicorn.Server(uvicorn.Config(build_app(path), port=0, log_level="error", ws="none"))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started and running.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    running.join()


def ask(url: str, *messages: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Send a turn, and return which model answered and what it said."""
    content = json.dumps({**SETTINGS, "messages": messages}).encode()
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/v1/messages", content, headers)
    answer = connection.getresponse()
    model, said = answer.headers["x-crossroute-candidate"], json.load(answer)["content"]
    connection.close()
    return model, said


def main() -> None:
    """Print both turns."""
    os.environ.setdefault("OPENAI_API_KEY", "none")  # the stand-in asks for none
    with stand_in() as upstream, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crossroute.toml"
        path.write_text(POOL.format(url=upstream), "utf-8")
        with served(path) as url:
            model, said = ask(url, ASKED)
            call = said[-1]
            print(f"{model} calls {call['name']}({call['input']})")
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": FILE}
            turns = {"role": "assistant", "content": said}, {"role": "user", "content": [result]}
            model, said = ask(url, ASKED, *turns)
            print(f"{model} answers: {said[0]['text']}")


if __name__ == "__main__":
    main()
