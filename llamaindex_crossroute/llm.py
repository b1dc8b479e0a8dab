"""CrossRouteLLM: a pool of LLMs that is used as one LLM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)
from llama_index.core.llms import LLM
from typing_extensions import Self, override

from llamaindex_crossroute.call import Call
from llamaindex_crossroute.configured import read_arguments
from llamaindex_crossroute.endpoints import ToolEndpoints
from llamaindex_crossroute.messages.reading import read_messages


class CrossRouteLLM(ToolEndpoints):
    """Send each call to the member with the best predicted quality for its cost.

    Use it like any other LLM, in `Settings.llm`, query engines, chat engines, agents, programs and workflows. Each
    endpoint routes once and passes its arguments to the chosen member unchanged. After rate limits, timeouts and
    outages the next best member is called; all other errors are raised unchanged.

    The decision is in `additional_kwargs["crossroute"]` of each response, with the cost of the call. If a
    response does not reach the caller (query engines), it is in the events CrossRouteDecisionEvent and
    CrossRouteAnswerEvent. `spend` adds up tokens and USD by member.

    For other settings, make a copy, which shares members and router:
    `llm.model_copy(update={"cost_preference": 0.9})`.

    Args:
        llms: Name or alias of a candidate -> LLM; or a list of LLMs, named by their models.
        router: A router, or the name or folder of one; `universal` by default.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: The reward's lambda in USD; replaces the dial.
        constraints: Conditions that the chosen member must satisfy.
        default: The member for calls without text; the router need not know it.
        sticky: Finish a tool turn with the member that began it, and subtract the saving by its prompt cache from its
            cost.
        max_attempts: Maximum number of attempts per call, over all members.
        past_filters: After an answer that a content filter withheld, call another member instead of raising the error.
        abilities: Capabilities of members beyond their metadata: `{"a": Ability(capabilities={"vision"})}`.
        prices: Member -> price in USD per million tokens; replaces the router's.
        escalate: Verify each answer, and call another member if that is expected to pay: True for one more call, an
            `Escalation` for other settings. Streamed calls are only escalated with "buffer", which buffers them.
        budgets: Limits in USD over a period; several hold at once. budget_keys: Keys of further budgets that calls
            count for, such as "user:ann"; set it on a copy for each user. traffic: The log of decisions and calls: a
            `TrafficLog`, its URL, or the path of a SQLite file. The decision on an answer has the `decision_id` for
            `TrafficLog.feedback`.
        exploration: Share of the calls that goes to members that may be as good as the best.
        shadow: Always call this member, and log the router's choice (shadow mode).
        shadow_share: In shadow mode, the share of the calls for which the router's choice is also called, in the
            background.
        callback_manager: Callback manager of the pool and all its members.

    Examples:
        `pip install "crossroute[llamaindex]" llama-index-llms-openai llama-index-llms-anthropic`

        ```python
        from llama_index.core import Settings
        from llama_index.llms.anthropic import Anthropic
        from llama_index.llms.openai import OpenAI
        from llamaindex_crossroute import CrossRouteLLM

        Settings.llm = CrossRouteLLM(
            llms={
                "gpt-5-mini": OpenAI(model="gpt-5-mini"),
                "claude-sonnet-4-5": Anthropic(model="claude-sonnet-4-5"),
            },
            router="my-router",  # a folder that `crossroute train` wrote
            cost_preference=0.5,
        )
        response = Settings.llm.complete("What is 17 * 23?")
        print(response, response.additional_kwargs["crossroute"]["candidate"])
        ```
    """

    @classmethod
    def from_config(cls, path: str | Path, **changes: Any) -> Self:
        """Return the pool of a crossroute.toml; other arguments take precedence over the file.

        Raises:
            ConfigError: The file is invalid; the message names the line.
        """
        return cls(**(read_arguments(path) | changes))

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteLLM"

    @override
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._chat("chat", messages, kwargs).answer()

    @override
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return await self._chat("achat", messages, kwargs).aanswer()

    @override
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        return self._chat("stream_chat", messages, kwargs).stream()

    @override
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        return await self._chat("astream_chat", messages, kwargs).astream()

    @override
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return self._complete("complete", prompt, formatted, kwargs).answer()

    @override
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return await self._complete("acomplete", prompt, formatted, kwargs).aanswer()

    @override
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return self._complete("stream_complete", prompt, formatted, kwargs).stream()

    @override
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        return await self._complete("astream_complete", prompt, formatted, kwargs).astream()

    def _chat(self, endpoint: str, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> Call:
        """Return the call of a member's endpoint with messages."""
        routing = self._routing

        def send(llm: LLM) -> Any:
            return getattr(llm, endpoint)(routing.readable(messages, llm), **routing.arguments(llm, kwargs))

        return self._call(read_messages(messages), send, kwargs)

    def _complete(self, endpoint: str, prompt: str, formatted: bool, kwargs: dict[str, Any]) -> Call:
        """Return the call of a member's endpoint with a prompt; `formatted` is passed on if set."""
        routing, form = self._routing, {"formatted": True} if formatted else {}

        def send(llm: LLM) -> Any:
            return getattr(llm, endpoint)(prompt, **form, **routing.arguments(llm, kwargs))

        return self._call(prompt, send, kwargs)
