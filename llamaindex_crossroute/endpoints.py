"""The endpoints that take a prompt template or tools; the plain ones are CrossRouteLLM's."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Sequence
from typing import Any, TypeVar

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
from llamaindex_crossroute.probe import unprobed
from llamaindex_crossroute.prompts import once

T = TypeVar("T")
Options = dict[str, Any] | None
Tools = Sequence[BaseTool]
Said = str | ChatMessage | None
History = list[ChatMessage] | None

CALLERS: frozenset[Capability] = frozenset({"tools"})


class PromptEndpoints(MemberPool):
    """Each is the member's own: its system prompt, output parser, adapters and native structured output."""

    @override
    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return call.answer(lambda llm: llm.predict(prompt, **prompt_args))

    @override
    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return await call.aanswer(lambda llm: llm.apredict(prompt, **prompt_args))

    @override
    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return call.stream(lambda llm: llm.stream(prompt, **prompt_args))

    @override
    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        prompt = once(prompt)
        call = self._call(read_prompt(prompt, prompt_args))
        return await call.astream(lambda llm: llm.astream(prompt, **prompt_args))

    @override
    def structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        prompt = once(prompt)
        predicted: Model = self._call(read_prompt(prompt, prompt_args), llm_kwargs).answer(
            lambda llm: llm.structured_predict(output_cls, prompt, **_options(llm_kwargs), **prompt_args)
        )
        return predicted

    @override
    async def astructured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Model:
        prompt = once(prompt)
        return await self._call(read_prompt(prompt, prompt_args), llm_kwargs).aanswer(
            lambda llm: llm.astructured_predict(output_cls, prompt, **_options(llm_kwargs), **prompt_args)
        )

    @override
    def stream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> Generator[Model | FlexibleModel, None, None]:
        prompt = once(prompt)
        return self._call(read_prompt(prompt, prompt_args), llm_kwargs, schema=output_cls).stream(
            lambda llm: llm.stream_structured_predict(
                output_cls, prompt, **_options(llm_kwargs), **prompt_args
            )
        )

    @override
    async def astream_structured_predict(
        self, output_cls: type[Model], prompt: PromptTemplate, llm_kwargs: Options = None, **prompt_args: Any
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        prompt = once(prompt)
        return await self._call(read_prompt(prompt, prompt_args), llm_kwargs, schema=output_cls).astream(
            lambda llm: llm.astream_structured_predict(
                output_cls, prompt, **_options(llm_kwargs), **prompt_args
            )
        )


class ToolEndpoints(PromptEndpoints):
    """Each is the member's own, with its own tool formats; what it answered, it parses."""

    @override
    def chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return self._asked(tools, user_msg, chat_history, kwargs).answer(
            lambda llm: self._hand(llm, llm.chat_with_tools, (tools, user_msg, chat_history, *args), kwargs)
        )

    @override
    async def achat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return await self._asked(tools, user_msg, chat_history, kwargs).aanswer(
            lambda llm: self._hand(llm, llm.achat_with_tools, (tools, user_msg, chat_history, *args), kwargs)
        )

    @override
    def stream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseGen:
        return self._asked(tools, user_msg, chat_history, kwargs).stream(
            lambda llm: self._hand(
                llm, llm.stream_chat_with_tools, (tools, user_msg, chat_history, *args), kwargs
            )
        )

    @override
    async def astream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseAsyncGen:
        return await self._asked(tools, user_msg, chat_history, kwargs).astream(
            lambda llm: self._hand(
                llm, llm.astream_chat_with_tools, (tools, user_msg, chat_history, *args), kwargs
            )
        )

    @override
    def predict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        quiet = list(map(_apart, tools))
        return self._acting(tools, user_msg, chat_history).answer(
            lambda llm: self._hand(llm, llm.predict_and_call, (quiet, user_msg, chat_history, *args), kwargs)
        )

    @override
    async def apredict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        quiet = list(map(_apart, tools))
        return await self._acting(tools, user_msg, chat_history).aanswer(
            lambda llm: self._hand(llm, llm.apredict_and_call, (quiet, user_msg, chat_history, *args), kwargs)
        )

    @override
    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        author = self._routing.author(response)
        if author is not None:
            return author.get_tool_calls_from_response(  # type: ignore[no-any-return]
                response, error_on_no_tool_call=error_on_no_tool_call, **kwargs
            )
        if error_on_no_tool_call:
            raise ValueError("Expected at least one tool call, but no member of the pool calls tools.")
        return []

    @override
    def _prepare_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Return the arguments as the member that the call routes to would have them."""
        return self._asked(tools, user_msg, chat_history, kwargs).prepare(
            lambda llm: self._hand(
                llm, llm._prepare_chat_with_tools, (tools, user_msg, chat_history, *args), kwargs
            )
        )

    def _hand(self, llm: LLM, ask: Callable[..., T], given: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Hand a call with tools on to a member's method: what was given, and no more.

        Args:
            llm: The member.
            ask: Its method.
            given: Tools, the user's message, the history, and what else was given in order.
            kwargs: What was given by name.
        """
        tools, user_msg, history, *args = given
        history = None if history is None else self._routing.readable(history, llm)
        arguments = self._routing.arguments(llm, kwargs)
        if args:
            return ask(tools, user_msg, history, *args, **arguments)
        said = {"user_msg": user_msg, "chat_history": history}
        return ask(tools, **{name: one for name, one in said.items() if one is not None}, **arguments)

    def _asked(self, tools: Tools, user_msg: Said, chat_history: History, options: Collection[str]) -> Call:
        """Return the call, for members that call tools."""
        reading = _read(tools, user_msg, chat_history)
        return self._call(reading._replace(needs=reading.needs | CALLERS), options, tools=tools)

    def _acting(self, tools: Tools, user_msg: Said, chat_history: History) -> Call:
        """Return the call within which tools are run: it is not escalated, since another answer would run them again.

        A failure that is none of theirs (they catch their own) goes on to the next member all the same. Where no
        member calls tools, any may be asked: it is by its text (ReAct).
        """
        reading = _read(tools, user_msg, chat_history)
        needs = reading.needs | CALLERS if self._routing.calls_tools else reading.needs - CALLERS
        return self._call(reading._replace(needs=needs), unescalated="the call runs tools")


def _read(tools: Tools, user_msg: Said, chat_history: History) -> Reading:
    if isinstance(user_msg, str):
        user_msg = ChatMessage(content=user_msg)
    return read_messages([*(chat_history or []), *([user_msg] if user_msg else [])], tools)


def _options(options: Options) -> dict[str, Any]:
    """Return options as a keyword, where they are given: a copy that a member may alter, as OpenAI's does."""
    return {} if options is None else {"llm_kwargs": dict(options)}


def _apart(tool: BaseTool) -> AsyncBaseTool:
    """Return a copy of a tool whose own calls to LLMs the call's probe does not hear."""
    if not isinstance(tool, AsyncBaseTool):
        return _Apart(tool)
    quiet, call, acall = copy.copy(tool), tool.call, tool.acall

    def called(*args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return call(*args, **kwargs)

    async def acalled(*args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return await acall(*args, **kwargs)

    # on the object: of another class it would be no FunctionTool
    object.__setattr__(quiet, "call", called)
    object.__setattr__(quiet, "acall", acalled)
    return quiet


class _Apart(AsyncBaseTool):
    """A tool that has nothing but `__call__`."""

    def __init__(self, tool: BaseTool) -> None:
        self._tool = tool

    @property
    @override
    def metadata(self) -> ToolMetadata:
        return self._tool.metadata

    @override
    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return self._tool(*args, **kwargs)

    @override
    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        return await asyncio.to_thread(self.call, *args, **kwargs)
