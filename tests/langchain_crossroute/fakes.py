"""A chat model without a provider: it says its name, and makes tools' arguments from their schemas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import Field, PrivateAttr


def example(schema: dict[str, Any], text: str, root: dict[str, Any] | None = None) -> Any:
    """Make a value that a JSON schema allows, its strings all alike."""
    root = root or schema
    if "$ref" in schema:
        return example(root["$defs"][schema["$ref"].rpartition("/")[2]], text, root)
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return example(schema[union][0], text, root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example(part, text, root) for name, part in schema.get("properties", {}).items()}
    return {
        "array": [example(schema.get("items", {"type": "string"}), text, root)] if kind == "array" else None,
        "integer": 3,
        "number": 3.0,
        "boolean": True,
        "null": None,
    }.get(kind, text)


def asked(messages: list[BaseMessage]) -> str:
    """Return the last thing that a human said."""
    return next((str(message.text) for message in reversed(messages) if message.type == "human"), "fake")


class ChatFake(BaseChatModel):
    """Says its name; counts its calls; fails as told."""

    model_name: str = "fake"
    kind: str = "fake"
    errors: list[Exception] = Field(default_factory=list)
    fail: Callable[[], Exception | None] | None = None
    break_after: int | None = None
    wait: float = 0.0
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _kwargs: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _schemas: list[tuple[Any, dict[str, Any]]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return self.kind

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    def _answer(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self._seen.append(messages)
        self._kwargs.append(kwargs)
        error = self.errors.pop(0) if self.errors else self.fail() if self.fail else None
        if error:
            raise error
        name = kwargs.get("model", self.model_name)
        details = {"cache_read": 2, "cache_creation": 1, "audio": 1}
        outputs = {"reasoning": 1, "audio": 1}
        usage = {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": details,
            "output_token_details": outputs,
        }
        metadata = {"model_name": name, "model_provider": self.kind}
        native = (kwargs.get("response_format") or {}).get("json_schema", {}).get("schema")
        if schema := kwargs.get("schema") or native:
            text = json.dumps(example(schema, asked(messages)))
            return AIMessage(text, usage_metadata=usage, response_metadata=metadata)
        calls = self._tool_calls(messages, kwargs)
        return AIMessage(f"I am {name}", tool_calls=calls, usage_metadata=usage, response_metadata=metadata)

    def _tool_calls(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> list[dict[str, Any]]:
        tools = [convert_to_openai_tool(tool)["function"] for tool in kwargs.get("tools", ())]
        choice = kwargs.get("tool_choice")
        if not tools or (isinstance(messages[-1], ToolMessage) and not choice):
            return []
        chosen = next((tool for tool in tools if tool["name"] == choice), tools[0])
        args = example(chosen.get("parameters") or {"type": "object"}, asked(messages))
        return [{"name": chosen["name"], "args": args, "id": f"call_{self.model_name}_{len(self._seen)}"}]

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(
            generations=[ChatGeneration(message=self._answer(messages, kwargs | {"stop": stop}))]
        )

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        await asyncio.sleep(self.wait)
        return self._generate(messages, stop, **kwargs)

    def _chunks(self, answer: AIMessage) -> Iterator[ChatGenerationChunk]:
        words = str(answer.content).split(" ")
        for i, word in enumerate(words):
            if self.break_after == i:
                raise RateLimitError("cut")
            yield ChatGenerationChunk(message=AIMessageChunk(word if i == 0 else f" {word}"))
        for i, call in enumerate(answer.tool_calls):
            args = {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": i + 1}
            yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=[args]))
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                "",
                usage_metadata=answer.usage_metadata,
                response_metadata=answer.response_metadata,
                chunk_position="last",
            )
        )

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield from self._chunks(self._answer(messages, kwargs | {"stop": stop}))

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.wait)
        for chunk in self._stream(messages, stop, **kwargs):
            yield chunk

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools), tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[Any, Any]:
        self._schemas.append((schema, dict(kwargs)))
        if kwargs.pop("method", "function_calling") == "function_calling":
            kwargs.pop("strict", None)
            return super().with_structured_output(schema, include_raw=include_raw)
        native = self.bind(
            schema=convert_to_json_schema(schema),
            ls_structured_output_format={
                "kwargs": {"method": "json_schema"},
                "schema": convert_to_json_schema(schema),
            },
        )

        def parse(message: AIMessage) -> Any:
            value = json.loads(str(message.content))
            return schema(**value) if isinstance(schema, type) and is_basemodel_subclass(schema) else value

        return native | RunnableLambda(parse)


class RateLimitError(Exception):
    """A transient error, as providers' clients name it."""

    status_code = 429


class BadRequestError(Exception):
    """A permanent error."""

    status_code = 400


class Untold(ChatFake):
    """Tells no tokens."""

    def _answer(self, messages: Any, kwargs: Any) -> Any:
        return super()._answer(messages, kwargs).model_copy(update={"usage_metadata": None})
