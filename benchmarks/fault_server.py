"""A local server of OpenAI's chat API with random faults.

    python benchmarks/fault_server.py 0 0.3 429,500,timeout 8

It prints its port, and echoes the question's id: "answer to QID-7 by NAME", where NAME is the first part of the path.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from typing import Any

KINDS = ("429", "500", "timeout", "reset", "malformed", "html", "cut", "error")
"""Faults that allow failover; "late", which breaks a stream after its beginning, does not."""

INPUT_TOKENS, OUTPUT_TOKENS = 11, 7
CLOSE, KEEP = b"connection: close\r\n", b""


class Server:
    """A server that answers or fails at random.

    Args:
        share: Share of requests that fail, in [0, 1].
        kinds: Kinds of faults.
        sleep: Duration of a timeout in seconds, longer than any client waits.
    """

    def __init__(self, share: float, kinds: tuple[str, ...], sleep: float) -> None:
        self.sleep = sleep
        self.share, self.kinds, self.chance = share, kinds, random.Random(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until one side closes it."""
        try:
            while await self._answer(reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
        body = json.loads(await reader.readexactly(length))
        name = head.split(" ", 2)[1].split("/")[1]
        asked = re.findall(r"QID-(\d+)", json.dumps(body["messages"]))[-1]
        fault = self.chance.choice(self.kinds) if self.chance.random() < self.share else None
        if fault == "timeout":
            await asyncio.sleep(self.sleep)
        if fault in {"timeout", "reset"}:
            writer.transport.abort()
            return False
        if fault in {"429", "500"}:
            error = {
                "error": {
                    "message": "slow down",
                    "type": "rate_limit_error" if fault == "429" else "server_error",
                }
            }
            _send(writer, json.dumps(error), int(fault), b"retry-after-ms: 50\r\n" if fault == "429" else b"")
        elif fault == "html":
            _send(writer, "<html>gateway</html>", 200, kind=b"text/html")
        elif body.get("stream"):
            return await _stream(writer, name, f"answer to QID-{asked} by {name}", fault)
        elif fault == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{")
            writer.transport.abort()
            return False
        else:
            _send(writer, _render_answer(name, f"answer to QID-{asked} by {name}", fault), 200)
        return True


def _send(
    writer: asyncio.StreamWriter, text: str, status: int, more: bytes = b"", kind: bytes = b"application/json"
) -> None:
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(text)}\r\ncontent-type: ".encode() + kind
    writer.write(head + b"\r\n" + more + b"\r\n" + text.encode())


def _render_answer(name: str, answer: str, fault: str | None) -> str:
    if fault == "malformed":
        return '{"id": "x", "choices": [{"index": 0, "message": {"role": "assi'
    if fault == "error":
        return json.dumps({"error": {"message": "overloaded", "type": "overloaded_error", "code": 529}})
    message = {"role": "assistant", "content": answer}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {**_make_head(name), "object": "chat.completion", "choices": [choice], "usage": _make_usage()}
    )


async def _stream(writer: asyncio.StreamWriter, name: str, answer: str, fault: str | None) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    _send_event(writer, _make_chunk(name, {"role": "assistant", "content": ""}))
    if fault == "malformed":
        _send_event(writer, '{"id": "x", "choi')
    elif fault == "error":
        _send_event(writer, json.dumps({"error": {"message": "overloaded", "type": "overloaded_error"}}))
    if fault == "cut":
        await writer.drain()
        writer.transport.abort()
        return False
    if fault is None or fault == "late":
        for place, word in enumerate(answer.split(" ")):
            _send_event(writer, _make_chunk(name, {"content": f" {word}" if place else word}))
            if fault == "late" and place == 2:
                break
    if fault is None:
        _send_event(writer, _make_chunk(name, {}, "stop"))
        _send_event(
            writer,
            json.dumps(
                {**_make_head(name), "object": "chat.completion.chunk", "choices": [], "usage": _make_usage()}
            ),
        )
        _send_event(writer, "[DONE]")
    writer.write(b"0\r\n\r\n")
    return True


def _send_event(writer: asyncio.StreamWriter, data: str) -> None:
    line = f"data: {data}\n\n".encode()
    writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")


def _make_chunk(name: str, delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({**_make_head(name), "object": "chat.completion.chunk", "choices": [choice]})


def _make_head(name: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1, "model": name}


def _make_usage() -> dict[str, int]:
    both = INPUT_TOKENS + OUTPUT_TOKENS
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": both}


async def main(port: int, share: float, kinds: tuple[str, ...], sleep: float) -> None:
    server = await asyncio.start_server(Server(share, kinds, sleep).serve, "127.0.0.1", port, backlog=16384)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), tuple(sys.argv[3].split(",")), float(sys.argv[4])))
