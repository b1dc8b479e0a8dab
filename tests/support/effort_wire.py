"""A local server that speaks five APIs (OpenAI's both, Anthropic's, Google's, Ollama's): it calls a tool, then answers.

    with EffortServer() as server:
        ChatOllama(base_url=server.url, model="qwen3:8b")
        server.bodies[-1]["think"]

A request with tools and without a tool's result is answered by a call of the first tool, any other by a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from tests.support.local_http import Answering, LocalServer

TEXT = "It is sunny."


class EffortServer(LocalServer):
    """All APIs on one port of this machine."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        super().__init__(_Handler, owner=self)


def said(body: dict[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """Return what a request says under some words; Google's as its reference spells them."""
    body = body | body.get("generationConfig", {})
    found = {word: body.get(word) for word in words}
    if isinstance(config := found.get("thinkingConfig"), dict):
        spelled = {
            re.sub(r"_(.)", lambda letter: letter[1].upper(), key): value for key, value in config.items()
        }
        found["thinkingConfig"] = {
            key: value.upper() if isinstance(value, str) else value
            for key, value in spelled.items()
            if key != "includeThoughts"
        }
    return found


class _Handler(Answering):
    owner: EffortServer

    def respond(self) -> None:
        body = json.loads(self.read()) | {"path": self.path}
        self.owner.bodies.append(body)
        self.answer(200, json.dumps(_answer(self.path, body)) + "\n")


def _answer(path: str, body: dict[str, Any]) -> dict[str, Any]:
    if path.endswith("/chat/completions"):
        return _completion(body, _tool(body, lambda tool: tool["function"]))
    if path.endswith("/responses"):
        return _response(body, _tool(body, lambda tool: tool))
    if path.endswith("/messages"):
        return _message(body, _tool(body, lambda tool: tool))
    if path.endswith(":generateContent"):
        return _content(_tool(body, lambda tool: tool["functionDeclarations"][0]))
    return _chat(body, _tool(body, lambda tool: tool["function"]))


def _tool(body: dict[str, Any], described: Any) -> str | None:
    """Return the tool to call; None where there is none, or its result is there."""
    said = json.dumps([body.get(part) for part in ("messages", "input", "contents")])
    answered = ('"role": "tool"', "tool_result", "function_call_output", "functionResponse")
    if not body.get("tools") or any(mark in said for mark in answered):
        return None
    return str(described(body["tools"][0])["name"])


ARGUMENTS = {"city": "Ulaanbaatar"}


def _completion(body: dict[str, Any], tool: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": TEXT}
    if tool:
        function = {"name": tool, "arguments": json.dumps(ARGUMENTS)}
        message = {"role": "assistant", "content": None}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tool else "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]} | {
        "choices": [choice],
        "usage": usage,
    }


def _response(body: dict[str, Any], tool: str | None) -> dict[str, Any]:
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    item: dict[str, Any] = {
        "type": "message",
        "id": f"msg_{uuid4().hex}",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    if tool:
        item = {
            "type": "function_call",
            "id": f"fc_{uuid4().hex}",
            "call_id": "call_1",
            "name": tool,
            "status": "completed",
        }
        item["arguments"] = json.dumps(ARGUMENTS)
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **details}
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
    } | {
        "output": [item],
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _message(body: dict[str, Any], tool: str | None) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": TEXT}
    if tool:
        block = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": ARGUMENTS}
    return {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "content": [block]} | {
        "stop_reason": "tool_use" if tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }


def _content(tool: str | None) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": tool, "args": ARGUMENTS}} if tool else {"text": TEXT}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    return {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage,
    }


def _chat(body: dict[str, Any], tool: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "" if tool else TEXT}
    if tool:
        message["tool_calls"] = [{"function": {"name": tool, "arguments": ARGUMENTS}}]
    return {
        "model": body["model"],
        "created_at": "2026-11-28T00:00:00Z",
        "message": message,
        "done": True,
    } | {
        "done_reason": "stop",
        "prompt_eval_count": 10,
        "eval_count": 5,
        "total_duration": 1,
    }
