"""A provider on this machine that answers as a test says, over HTTP, and pools of two of its models."""

from __future__ import annotations

import json
from typing import Any

import httpx
from langchain_openai import ChatOpenAI
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from crossroute import Router
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM
from tests.support.local_http import Answering, LocalServer
from tests.support.routers import STORY

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
CUT = None
"""In a stream: the connection is closed."""
PAGE = "<html>gateway</html>"


def whole(**changes: Any) -> str:
    message = {"role": "assistant", "content": "I am well"}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE}
    return json.dumps(
        {**body, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **changes}
    )


def event(data: dict[str, Any] | str) -> str:
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def typed(kind: str, **data: Any) -> str:
    """Return an event of Anthropic's."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, written: int | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told = {"prompt_tokens": 11, "completion_tokens": written, "total_tokens": 11 + (written or 0)}
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": [choice]} | ({} if written is None else {"usage": told}))


OPENING = chunk({"role": "assistant", "content": ""})
WORDS = [chunk({"content": "I am "}), chunk({"content": "well"})]
STREAM = [OPENING, *WORDS, chunk({}, "stop"), event("[DONE]")]
MESSAGE = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 11, "output_tokens": 1},
}
"""Anthropic's message as its first event states it."""
OVERLOADED = {"error": {"message": "Overloaded", "type": "overloaded_error", "code": 529}}


def bad(message: str, code: str | None = None) -> str:
    return json.dumps(
        {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}
    )


class Provider(LocalServer):
    """Answers `good`, and every other model as a test says."""

    def __init__(self) -> None:
        self.answer: tuple[int, str, str] | list[str | None] | None = None
        self.asked: list[str] = []
        super().__init__(_Handler, provider=self)


class _Handler(Answering):
    provider: Provider

    def respond(self) -> None:
        body = json.loads(self.read())
        model = body.get("model", "bad")  # Google's clients name it in the path
        self.provider.asked.append(model)
        told = None if model == "good" else self.provider.answer
        if told is None:
            told = STREAM if body.get("stream") else (200, "application/json", whole())
        if isinstance(told, list):
            self.stream(told)
        else:
            status, kind, text = told
            self.answer(status, text, kind)


class LangChain:
    """A pool of ChatOpenAI."""

    def __init__(self, router: Router, url: str, client: httpx.Client, **limits: Any) -> None:
        self.awaited = httpx.AsyncClient(**limits)
        models = {
            name: ChatOpenAI(
                model=model,
                base_url=url,
                api_key="none",
                max_retries=0,
                http_client=client,
                http_async_client=self.awaited,
            )
            for name, model in (("small", "bad"), ("large", "good"))
        }
        self.router = router
        self.pool = ChatCrossRoute(models=models, router=router, cost_preference=1.0)

    def ask(self) -> tuple[str, Any]:
        message = self.pool.invoke(STORY)
        return str(message.text), message.response_metadata["crossroute"]

    def begin(self) -> Any:
        return self.pool.stream(STORY)

    async def abegin(self) -> Any:
        return self.pool.astream(STORY)

    def stream(self) -> str:
        return "".join(str(chunk.text) for chunk in self.begin())

    async def astream(self) -> str:
        async with self.awaited:
            return "".join([str(chunk.text) async for chunk in self.pool.astream(STORY)])


class LlamaIndex:
    """A pool of OpenAILike."""

    def __init__(self, router: Router, url: str, client: httpx.Client, **limits: Any) -> None:
        self.awaited = httpx.AsyncClient(**limits)
        llms = {
            name: OpenAILike(
                model=model,
                api_base=url,
                api_key="none",
                max_retries=0,
                is_chat_model=True,
                http_client=client,
                async_http_client=self.awaited,
            )
            for name, model in (("small", "bad"), ("large", "good"))
        }
        self.router = router
        self.pool = CrossRouteLLM(llms, router, cost_preference=1.0)
        self.said = [ChatMessage(content=STORY)]

    def ask(self) -> tuple[str, Any]:
        response = self.pool.chat(self.said)
        return str(response.message.content), response.additional_kwargs["crossroute"]

    def begin(self) -> Any:
        return self.pool.stream_chat(self.said)

    async def abegin(self) -> Any:
        return await self.pool.astream_chat(self.said)

    def stream(self) -> str:
        return str([chunk.message.content for chunk in self.begin()][-1])

    async def astream(self) -> str:
        async with self.awaited:
            chunks = await self.pool.astream_chat(self.said)
            return str([chunk.message.content async for chunk in chunks][-1])
