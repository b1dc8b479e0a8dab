"""The endpoints that take tools; only members that call tools are asked."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseAsyncGen, ChatResponseGen
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.llms.llm import LLM, ToolSelection
from llama_index.core.tools import BaseTool
from typing_extensions import override

from crossroute import Capability
from llamaindex_crossroute.call import Call
from llamaindex_crossroute.prompt_endpoints import PromptEndpoints
from llamaindex_crossroute.reading import Reading, read_messages
from llamaindex_crossroute.tools_apart import apart

Tools = Sequence[BaseTool]
Said = str | ChatMessage | None
History = list[ChatMessage] | None

CALLERS: frozenset[Capability] = frozenset({"tools"})


class ToolEndpoints(PromptEndpoints):
    """Each is the member's own, with its own tool formats; what it answered, it parses."""

    @override
    def chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return self._asked(tools, user_msg, chat_history, kwargs).answer(
            lambda llm: llm.chat_with_tools(
                tools, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    @override
    async def achat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponse:
        return await self._asked(tools, user_msg, chat_history, kwargs).aanswer(
            lambda llm: llm.achat_with_tools(
                tools, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    @override
    def stream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseGen:
        return self._asked(tools, user_msg, chat_history, kwargs).stream(
            lambda llm: llm.stream_chat_with_tools(
                tools, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    @override
    async def astream_chat_with_tools(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> ChatResponseAsyncGen:
        return await self._asked(tools, user_msg, chat_history, kwargs).astream(
            lambda llm: llm.astream_chat_with_tools(
                tools, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    @override
    def predict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        quiet = list(map(apart, tools))
        return self._acting(tools, user_msg, chat_history).answer(
            lambda llm: llm.predict_and_call(
                quiet, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    @override
    async def apredict_and_call(
        self, tools: Tools, user_msg: Said = None, chat_history: History = None, *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        quiet = list(map(apart, tools))
        return await self._acting(tools, user_msg, chat_history).aanswer(
            lambda llm: llm.apredict_and_call(
                quiet, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
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
            lambda llm: llm._prepare_chat_with_tools(
                tools, user_msg, self._history(chat_history, llm), *args, **kwargs
            )
        )

    def _history(self, chat_history: History, llm: LLM) -> History:
        return None if chat_history is None else self._routing.readable(chat_history, llm)

    def _asked(self, tools: Tools, user_msg: Said, chat_history: History, options: Container[str]) -> Call:
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
