"""LLMs that answer without a network, each with what LlamaIndex asks of an integration."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, ClassVar

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
    ToolCallBlock,
)
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from pydantic import Field, PrivateAttr, SecretStr

Answer = str | ChatMessage | Exception
Script = Callable[[Sequence[ChatMessage], dict[str, Any]], Answer]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


class RateLimitError(Exception):
    """What a provider's client raises; another member may make it good."""

    status_code = 429


class BadRequestError(Exception):
    """What no other member can make good."""

    status_code = 400


def said(name: str, messages: Sequence[ChatMessage]) -> str:
    """What a fake says: its name and what it was last told."""
    return f"{name}: {messages[-1].content}"


def tool_call(tool: str, call_id: str = "", **kwargs: Any) -> ChatMessage:
    return ChatMessage(
        role="assistant",
        blocks=[ToolCallBlock(tool_call_id=call_id, tool_name=tool, tool_kwargs=kwargs)],
        additional_kwargs={"tool_calls": [{"id": call_id}]},  # what streamed programs look for
    )


def by_large(_query: str, answer: str) -> float:
    """A check that only what the large member says passes."""
    return float("large" in answer)


class ChatFake(FunctionCallingLLM):
    """Says its name, or what its script says; remembers what it was asked."""

    name: str
    tools: bool = True
    chat_model: bool = True
    window: int = 100_000
    api_key: SecretStr | str = "sk-very-secret-key"
    asked: list[tuple[list[ChatMessage], dict[str, Any]]] = Field(default_factory=list, exclude=True)
    _script: Script | None = PrivateAttr(default=None)

    def __init__(self, name: str, script: Script | None = None, **data: Any) -> None:
        super().__init__(name=name, **data)
        self._script = script

    @classmethod
    def class_name(cls) -> str:
        return "ChatFake"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.window,
            is_chat_model=self.chat_model,
            is_function_calling_model=self.tools,
            model_name=self.name,
        )

    def _said(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatMessage:
        self.asked.append((list(messages), kwargs))
        answer = self._script(messages, kwargs) if self._script else said(self.name, messages)
        if isinstance(answer, Exception):
            raise answer
        return ChatMessage(role="assistant", content=answer) if isinstance(answer, str) else answer

    def _response(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        message = self._said(messages, kwargs)
        return ChatResponse(message=message, raw={"usage": USAGE, "by": self.name})

    def _parts(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> list[ChatResponse]:
        message = self._said(messages, kwargs)
        words = re.findall(r"\S+\s*", message.content or "")
        parts = [
            ChatResponse(
                message=ChatMessage(role="assistant", content="".join(words[: place + 1])), delta=word, raw={}
            )
            for place, word in enumerate(words[:-1])
        ]
        delta = words[-1] if words else ""
        return [*parts, ChatResponse(message=message, delta=delta, raw={"usage": USAGE, "by": self.name})]

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._response(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        await asyncio.sleep(0)
        return self._response(messages, kwargs)

    @llm_chat_callback()
    def stream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> Generator[ChatResponse, None, None]:
        def chunks() -> Generator[ChatResponse, None, None]:
            yield from self._parts(messages, kwargs)

        return chunks()

    @llm_chat_callback()
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> AsyncGenerator[ChatResponse, None]:
        async def chunks() -> AsyncGenerator[ChatResponse, None]:
            for part in self._parts(messages, kwargs):
                await asyncio.sleep(0)
                yield part

        return chunks()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(self._response([ChatMessage(content=prompt)], kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(self._response([ChatMessage(content=prompt)], kwargs))

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        def chunks() -> Generator[CompletionResponse, None, None]:
            yield from map(_completion, self._parts([ChatMessage(content=prompt)], kwargs))

        return chunks()

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        async def chunks() -> AsyncGenerator[CompletionResponse, None]:
            for part in self._parts([ChatMessage(content=prompt)], kwargs):
                yield _completion(part)

        return chunks()

    def _prepare_chat_with_tools(
        self, tools: Any, user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        messages = chat_history if chat_history is not None else []
        if user_msg is not None:  # in place, as OpenAI's
            messages.append(ChatMessage(content=user_msg) if isinstance(user_msg, str) else user_msg)
        return {"messages": messages, "tools": [tool.metadata.name for tool in tools]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        if not calls and error_on_no_tool_call:
            raise ValueError(f"{self.name} expected a tool call")
        return [
            ToolSelection(
                tool_id=call.tool_call_id or "",
                tool_name=call.tool_name,
                tool_kwargs=json.loads(call.tool_kwargs)
                if isinstance(call.tool_kwargs, str)
                else call.tool_kwargs,
            )
            for call in calls
        ]


class TextFake(CustomLLM):
    """A completion model without tools, as CustomLLM makes them; says what it was told, or `said`."""

    name: str
    said: ClassVar[str] = ""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.name)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=f"{self.name}: {self.said or prompt}")

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        def chunks() -> Generator[CompletionResponse, None, None]:
            text = ""
            for word in (f"{self.name}: ", self.said or prompt):
                text += word
                yield CompletionResponse(text=text, delta=word)

        return chunks()


class LetterEmbedding(BaseEmbedding):
    """Counts letters: near texts have near embeddings, without a model."""

    def _vector(self, text: str) -> list[float]:
        return [1.0 + text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vector(text)


def _completion(response: ChatResponse) -> CompletionResponse:
    return CompletionResponse(text=response.message.content or "", delta=response.delta, raw=response.raw)


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def text_of(response: Any) -> Any:
    return response.text if hasattr(response, "text") else response.message.content
