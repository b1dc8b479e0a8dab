"""A local server that speaks the OpenAI and the Anthropic API, and fails in the ways that they do.

    with WireServer() as server:
        server.behave("gpt-a", 429, "ok")  # the next calls to this model: a rate limit, then an answer
        ChatOpenAI(base_url=server.openai, api_key="test", model="gpt-a", max_retries=0)
        ChatAnthropic(base_url=server.anthropic, api_key="test", model="claude-b", max_retries=0)
        server.requests[-1].body["messages"]

It answers "I am MODEL", or, where tools come with the call and the last message is no tool result, calls
the first of them. A behaviour is "ok", a status (400, 401, 429, 500, 529, ...), "hang" (no answer until the
server closes), "drop" (the connection is closed without a word), "cut" (a stream that breaks after its
first words), "cut-early" (one that breaks before) or "no-logprobs" (400 where OpenAI's `logprobs` come with
the call, else an answer).

    server.say("gpt-a", "Paris", logprobs=(-0.2, -1.5), finish="length")  # what the next call is answered
    server.say("gpt-a", tool="weather")  # it calls a tool, also after a tool's result

Where the call asks for log-probabilities, each word of a text has one: what `say` says, or -0.1.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any

from tests.support.local_http import Answering, LocalServer

INPUT_TOKENS, OUTPUT_TOKENS, CACHED_TOKENS = 100, 20, 40
OPENAI_ERRORS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
ANTHROPIC_ERRORS = {**OPENAI_ERRORS, 529: "overloaded_error"}


@dataclass
class Received:
    """A request as it came over the wire."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(repr=False)
    raw: bytes = field(default=b"", repr=False)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body["model"])


@dataclass(frozen=True)
class Said:
    """What an answer holds in place of what the server makes up."""

    text: str | None = None
    logprobs: tuple[float, ...] = ()
    finish: str | None = None
    arguments: str | None = None
    tool: str | None = None


class WireServer(LocalServer):
    """Both APIs on one port of this machine."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.closing = threading.Event()
        self._behaviours: dict[str, deque[int | str]] = defaultdict(deque)
        self._said: dict[str, deque[Said]] = defaultdict(deque)
        self._unknown: dict[str, str] = {}
        super().__init__(_Handler, wire=self)

    @property
    def openai(self) -> str:
        """Base URL for OpenAI's clients."""
        return f"{self.url}/v1"

    @property
    def anthropic(self) -> str:
        """Base URL for Anthropic's clients."""
        return self.url

    def behave(self, model: str, *behaviours: int | str) -> None:
        """Set what the next calls to a model meet; after these, they are answered."""
        self._behaviours[model] = deque(behaviours)

    def behaviour(self, model: str) -> int | str:
        """Take the next behaviour of a model."""
        return self._behaviours[model].popleft() if self._behaviours[model] else "ok"

    def refuse(self, model: str, argument: str) -> None:
        """Have a model's API refuse an argument."""
        self._unknown[model] = argument

    def unknown_in(self, body: dict[str, Any]) -> str | None:
        """Return the argument of a request that the model's API refuses."""
        name = self._unknown.get(body["model"])
        return name if name in body else None

    def say(
        self,
        model: str,
        text: str | None = None,
        *,
        logprobs: tuple[float, ...] = (),
        finish: str | None = None,
        arguments: str | None = None,
        tool: str | None = None,
    ) -> None:
        """Add what a later call to a model is answered, one call each: a text, or a tool call's arguments."""
        self._said[model].append(Said(text, logprobs, finish, arguments, tool))

    def said(self, model: str) -> Said:
        """Take what the next answer of a model holds."""
        return self._said[model].popleft() if self._said[model] else Said()

    def asked(self, model: str) -> list[Received]:
        """Return the requests for a model."""
        return [request for request in self.requests if request.model == model]

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        super().__exit__(*error)


class _Handler(Answering):
    wire: WireServer

    def respond(self) -> None:
        raw = self.read()
        body = json.loads(raw)
        self.wire.requests.append(Received(self.path, body, dict(self.headers), raw))
        unknown = self.wire.unknown_in(body)
        if unknown is not None:
            told = {"message": f"Unsupported parameter: {unknown}", "code": "unsupported_parameter"}
            self.answer(400, {"error": {**told, "type": "invalid_request_error", "param": unknown}})
            return
        behaviour = self.wire.behaviour(body["model"])
        if behaviour == "drop":
            self.close_connection = True
            return
        if behaviour == "no-logprobs":
            behaviour = 400 if "logprobs" in body else "ok"
        said = self.wire.said(body["model"]) if isinstance(behaviour, str) else Said()
        path = self.path.partition("?")[0]
        api = _Anthropic(body, said) if path.endswith("/messages") else _OpenAI(body, said)
        if behaviour == "hang":
            self.wire.closing.wait()
            self.close_connection = True
        elif isinstance(behaviour, int):
            headers = {"retry-after": "1"} if behaviour == 429 else {}
            self.answer(behaviour, api.error(behaviour), **headers)
        elif body.get("stream"):
            # without its last chunk, the client sees a broken connection
            sent = {"cut-early": 0, "cut": 3}.get(behaviour)
            self.stream([*islice(api.events(), sent), *([] if sent is None else [None])])
        else:
            self.answer(200, api.answer())


class _OpenAI:
    def __init__(self, body: dict[str, Any], said: Said) -> None:
        self.body, self.said = body, said
        self.head = {"id": "chatcmpl-1", "created": int(time.time()), "model": body["model"]}
        answered = (body["messages"][-1]["role"] == "tool" and said.tool is None) or said.text is not None
        tools = [] if answered else body.get("tools", [])
        self.call = (
            _call(tools[0]["function"]["name"], tools[0]["function"].get("parameters", {})) if tools else None
        )
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        self.text = _text(body, schema) if said.text is None else said.text
        self.usage = {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
            "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
        }

    def error(self, status: int) -> dict[str, Any]:
        kind = OPENAI_ERRORS.get(status, "server_error")
        return {"error": {"message": f"refused with {status}", "type": kind, "code": None, "param": None}}

    def answer(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None if self.call else self.text}
        if self.call:
            message["tool_calls"] = [self._tool_call()]
        choice = {"index": 0, "message": message, "finish_reason": self._finish()}
        if self.body.get("logprobs"):
            choice["logprobs"] = self._logprobs() if message["content"] else None
        return {**self.head, "object": "chat.completion", "choices": [choice], "usage": self.usage}

    def events(self) -> Iterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        if self.call:
            yield self._chunk({"tool_calls": [{"index": 0, **self._tool_call()}]})
        else:
            tokens = self._logprobs()["content"] if self.body.get("logprobs") else []
            for word, token in zip_longest(self.text.split(" "), tokens):
                logprobs = {"content": [token]} if token else None
                yield self._chunk({"content": f"{word} "} if word else {}, logprobs=logprobs)
        yield self._chunk({}, self._finish())
        if (self.body.get("stream_options") or {}).get("include_usage"):
            last = {**self.head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}
            yield f"data: {json.dumps(last)}\n\n"
        yield "data: [DONE]\n\n"

    def _chunk(
        self, delta: dict[str, Any], finish: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
        return (
            f"data: {json.dumps({**self.head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
        )

    def _tool_call(self) -> dict[str, Any]:
        name, args = self.call or ("", {})
        arguments = json.dumps(args) if self.said.arguments is None else self.said.arguments
        function = {"name": self.said.tool or name, "arguments": arguments}
        return {"id": f"call_{len(self.body['messages'])}", "type": "function", "function": function}

    def _finish(self) -> str:
        return self.said.finish or ("tool_calls" if self.call else "stop")

    def _logprobs(self) -> dict[str, Any]:
        words = self.text.split(" ")
        values = self.said.logprobs or [-0.1] * len(words)
        tokens = [
            {"token": word, "logprob": value, "bytes": None, "top_logprobs": []}
            for word, value in zip_longest(words[: len(values)], values, fillvalue="")
        ]
        return {"content": tokens, "refusal": None}


class _Anthropic:
    def __init__(self, body: dict[str, Any], said: Said) -> None:
        self.body, self.said = body, said
        last = body["messages"][-1]["content"]
        answered = isinstance(last, list) and any(block.get("type") == "tool_result" for block in last)
        answered = answered and said.tool is None
        tools = [] if answered or said.text is not None else body.get("tools", [])
        self.call = _call(tools[0]["name"], tools[0].get("input_schema", {})) if tools else None
        schema = (body.get("output_config") or {}).get("format", {}).get("schema")
        self.text = _text(body, schema) if said.text is None else said.text
        self.usage = {
            "input_tokens": INPUT_TOKENS - CACHED_TOKENS,
            "output_tokens": OUTPUT_TOKENS,
            "cache_read_input_tokens": CACHED_TOKENS,
            "cache_creation_input_tokens": 0,
        }

    def error(self, status: int) -> dict[str, Any]:
        kind = ANTHROPIC_ERRORS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": f"refused with {status}"}}

    def answer(self) -> dict[str, Any]:
        return {**self._head(), "content": [self._block()], "stop_reason": self._stop(), "usage": self.usage}

    def events(self) -> Iterator[str]:
        usage = {**self.usage, "output_tokens": 1}
        yield _event(
            "message_start", message={**self._head(), "content": [], "stop_reason": None, "usage": usage}
        )
        block = self._block()
        if self.call:
            yield _event("content_block_start", index=0, content_block={**block, "input": {}})
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            yield _event("content_block_delta", index=0, delta=delta)
        else:
            yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            for word in self.text.split(" "):
                yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"{word} "})
        yield _event("content_block_stop", index=0)
        delta = {"stop_reason": self._stop(), "stop_sequence": None}
        yield _event("message_delta", delta=delta, usage=self.usage)
        yield _event("message_stop")

    def _head(self) -> dict[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.body["model"],
            "stop_sequence": None,
        }

    def _block(self) -> dict[str, Any]:
        if self.call is None:
            return {"type": "text", "text": self.text}
        return {
            "type": "tool_use",
            "id": f"toolu_{len(self.body['messages'])}",
            "name": self.said.tool or self.call[0],
            "input": self.call[1] if self.said.arguments is None else json.loads(self.said.arguments),
        }

    def _stop(self) -> str:
        return self.said.finish or ("tool_use" if self.call else "end_turn")


def _event(kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def _text(body: dict[str, Any], schema: dict[str, Any] | None) -> str:
    return json.dumps(_example(schema, schema)) if schema else f"I am {body['model']}"


def _call(name: str, schema: dict[str, Any]) -> tuple[str, Any]:
    return name, _example({"type": "object", **schema}, schema)


def _example(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """Make a value that a JSON schema allows."""
    if "$ref" in schema:
        return _example(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: _example(part, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {"type": "string"}), root)]
    return {"integer": 3, "number": 3.0, "boolean": True, "null": None}.get(kind, "words")
