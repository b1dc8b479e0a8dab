"""A stand-in for a provider: it echoes the request immediately, in OpenAI's format.

    python -m uvicorn echo_server:app --app-dir benchmarks

Under `/hangs` the first model never answers, under `/falls-silent` it stops within a stream, and under `/all-hang` no
model answers. A stream pauses `seed` milliseconds between words.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

MODELS = ("gpt-5-mini", "gpt-5")
WORDS = 20
USAGE = {"prompt_tokens": 9, "completion_tokens": WORDS, "total_tokens": 9 + WORDS}
FOREVER_S = 3_600


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request."""
    if scope["type"] != "http":
        return
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body")
    if not content:
        await _answer(send, b"")
        return
    asked, path = json.loads(content), scope["path"]
    if path.startswith("/all-hang") or (path.startswith("/hangs") and asked["model"] == MODELS[0]):
        await asyncio.sleep(FOREVER_S)
    head = {"id": "c", "created": 1, "model": asked["model"]}
    if asked.get("stream"):
        silent = path.startswith("/falls-silent") and asked["model"] == MODELS[0]
        await _stream(send, head, asked, silent_after=WORDS // 2 if silent else None)
        return
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": _extract_text(asked)},
        "finish_reason": "stop",
    }
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    await _answer(send, json.dumps(body).encode())


async def _answer(send: Any, body: bytes) -> None:
    await _begin(send, b"application/json")
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Any, head: dict[str, Any], asked: Any, *, silent_after: int | None) -> None:
    head["object"] = "chat.completion.chunk"
    await _begin(send, b"text/event-stream")
    for number in range(WORDS):
        if number == silent_after:
            await asyncio.sleep(FOREVER_S)
        choice = {
            "index": 0,
            "delta": {"content": f"{_extract_text(asked)}#{number} "},
            "finish_reason": None,
        }
        event = f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
        await send({"type": "http.response.body", "body": event, "more_body": True})
        if asked.get("seed"):
            await asyncio.sleep(asked["seed"] / 1000)
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    told = {**head, "choices": [], "usage": USAGE}
    end = f"data: {json.dumps(last)}\n\ndata: {json.dumps(told)}\n\ndata: [DONE]\n\n"
    await send({"type": "http.response.body", "body": end.encode()})


async def _begin(send: Any, kind: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})


def _extract_text(asked: Any) -> str:
    return str(asked["messages"][-1]["content"])
