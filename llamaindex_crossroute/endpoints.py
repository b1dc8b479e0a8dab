"""The endpoints of CrossRouteLLM that take a prompt template or tools."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseAsyncGen, ChatResponseGen
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.llms.llm import LLM, ToolSelection
from llama_index.core.program.utils import FlexibleModel
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.tools import AsyncBaseTool, BaseTool, ToolMetadata, ToolOutput
from llama_index.core.types import Model, TokenAsyncGen, TokenGen
from typing_extensions import override

from crossroute import Capability
from llamaindex_crossroute.call import Call
from llamaindex_crossroute.messages.reading import Reading, read_messages, read_prompt
from llamaindex_crossroute.pool import MemberPool
from llamaindex_crossroute.probe import hide_from_probe
from llamaindex_crossroute.prompts import render_once

Options = dict[str, Any] | None
Tools = Sequence[BaseTool]
Said = str | ChatMessage | None
History = list[ChatMessage] | None

CALLERS: frozenset[Capability] = frozenset({"tools"})


class PromptEndpoints(MemberPool):
    """Endpoints with a prompt template, run by the member with its own system prompt, parser and structured output."""

    @override
    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        return self._call_with_prompt("predict", prompt, prompt_args).answer()

    @override
    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        return await self._call_with_prompt("apredict", prompt, prompt_args).aanswer()

    @override
    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        return self._call_with_prompt("stream", prompt, prompt_args).stream()

    @override
    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        return await self._call_with_prompt("astream", prompt, prompt_args).astream()

    @override
    def structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        return self._call_with_prompt(
            "structured_predict", prompt, prompt_args, output_cls, llm_kwargs
        ).answer()

    @override
    async def astructured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        call = self._call_with_prompt("astructured_predict", prompt, prompt_args, output_cls, llm_kwargs)
        return await call.aanswer()

    @override
    def stream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Generator[Model | FlexibleModel, None, None]:
        call = self._call_with_prompt(
            "stream_structured_predict", prompt, prompt_args, output_cls, llm_kwargs
        )
        return call.stream()

    @override
    async def astream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        call = self._call_with_prompt(
            "astream_structured_predict", prompt, prompt_args, output_cls, llm_kwargs
        )
        return await call.astream()

    def _call_with_prompt(
        self,
        endpoint: str,
        prompt: BasePromptTemplate,
        prompt_args: dict[str, Any],
        output_cls: type[Model] | None = None,
        options: Options = None,
    ) -> Call:
        """Return the call of a member's endpoint with a prompt template, and a class to parse the answer into."""
        prompt = render_once(prompt)
        given = (prompt,) if output_cls is None else (output_cls, prompt)

        def send(llm: LLM) -> Any:
            # a copy of the options, since OpenAI's class modifies them
            further = {} if options is None else {"llm_kwargs": dict(options)}
            return getattr(llm, endpoint)(*given, **further, **prompt_args)

        return self._call(read_prompt(prompt, prompt_args), send, options, schema=output_cls)


class ToolEndpoints(PromptEndpoints):
    """Endpoints with tools, run by the member with its own tool formats; it also parses its answers."""

    @override
    def chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return self._call_with_tools(
            "chat_with_tools", (tools, user_msg, chat_history, *args), kwargs
        ).answer()

    @override
    async def achat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return await self._call_with_tools(
            "achat_with_tools", (tools, user_msg, chat_history, *args), kwargs
        ).aanswer()

    @override
    def stream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseGen:
        return self._call_with_tools(
            "stream_chat_with_tools", (tools, user_msg, chat_history, *args), kwargs
        ).stream()

    @override
    async def astream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseAsyncGen:
        return await self._call_with_tools(
            "astream_chat_with_tools", (tools, user_msg, chat_history, *args), kwargs
        ).astream()

    @override
    def predict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        return self._call_and_run_tools(
            "predict_and_call", (tools, user_msg, chat_history, *args), kwargs
        ).answer()

    @override
    async def apredict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        return await self._call_and_run_tools(
            "apredict_and_call", (tools, user_msg, chat_history, *args), kwargs
        ).aanswer()

    @override
    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        author = self._routing.author(response)
        if author is not None:
            return author.get_tool_calls_from_response(
                response, error_on_no_tool_call=error_on_no_tool_call, **kwargs
            )
        if error_on_no_tool_call:
            raise ValueError("Expected at least one tool call, but no member of the pool calls tools.")
        return []

    @override
    def _prepare_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Return the arguments as prepared by the chosen member."""
        given = (tools, user_msg, chat_history, *args)
        return self._call_with_tools("_prepare_chat_with_tools", given, kwargs).prepare()

    def _call_with_tools(self, endpoint: str, given: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Return the call of an endpoint with tools, for members that call tools.

        Args:
            endpoint: Name of the member's method.
            given: Tools, the user's message, the history, and further positional arguments.
            kwargs: Keyword arguments.
        """
        reading = _read(*given[:3])
        reading = reading._replace(needs=reading.needs | CALLERS)
        return self._call(reading, self._make_sender(endpoint, given, kwargs), kwargs, tools=given[0])

    def _call_and_run_tools(self, endpoint: str, given: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Return a call that runs tools. It is not escalated, since another answer would run them again.

        Failures of a member, but not of a tool, still lead to the next member. If no member calls tools, any member may
        be called, which uses the tools by its text (ReAct).
        """
        tools, *others = given
        reading = _read(*given[:3])
        needs = reading.needs | CALLERS if self._routing.calls_tools else reading.needs - CALLERS
        send = self._make_sender(endpoint, (list(map(_separate_tool, tools)), *others), kwargs)
        return self._call(reading._replace(needs=needs), send, unescalated="the call runs tools")

    def _make_sender(
        self, endpoint: str, given: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[[LLM], Any]:
        """Return a function that calls a member's endpoint with exactly the given arguments."""
        routing = self._routing
        tools, user_msg, history, *args = given

        def send(llm: LLM) -> Any:
            ask, arguments = getattr(llm, endpoint), routing.arguments(llm, kwargs)
            read = None if history is None else routing.readable(history, llm)
            if args:
                return ask(tools, user_msg, read, *args, **arguments)
            said = {"user_msg": user_msg, "chat_history": read}
            return ask(tools, **{name: one for name, one in said.items() if one is not None}, **arguments)

        return send


def _read(tools: Tools, user_msg: Said, chat_history: History) -> Reading:
    if isinstance(user_msg, str):
        user_msg = ChatMessage(content=user_msg)
    return read_messages([*(chat_history or []), *([user_msg] if user_msg else [])], tools)


def _separate_tool(tool: BaseTool) -> AsyncBaseTool:
    """Copy a tool so that its LLM calls are not counted by the call's probe."""
    if not isinstance(tool, AsyncBaseTool):
        return _UncountedTool(tool)
    quiet, call, acall = copy.copy(tool), tool.call, tool.acall

    def called(*args: Any, **kwargs: Any) -> ToolOutput:
        with hide_from_probe():
            return call(*args, **kwargs)

    async def acalled(*args: Any, **kwargs: Any) -> ToolOutput:
        with hide_from_probe():
            return await acall(*args, **kwargs)

    # set on the object, since an object of another class would not be a FunctionTool
    object.__setattr__(quiet, "call", called)
    object.__setattr__(quiet, "acall", acalled)
    return quiet


class _UncountedTool(AsyncBaseTool):
    """A tool with only `__call__`, whose LLM calls are not counted by the call's probe."""

    def __init__(self, tool: BaseTool) -> None:
        self._tool = tool

    @property
    @override
    def metadata(self) -> ToolMetadata:
        return self._tool.metadata

    @override
    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        with hide_from_probe():
            return self._tool(*args, **kwargs)

    @override
    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        return await asyncio.to_thread(self.call, *args, **kwargs)
