"""One call: decide, ask the member with the caller's own config, stamp the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from crossroute import Capability, Decision
from langchain_crossroute.member import Change
from langchain_crossroute.routing import Routing
from langchain_crossroute.settings import Settings
from langchain_crossroute.stamp import KEY, UsageProbe, traced, usage_of
from langchain_crossroute.tail import Tail


class Asked(NamedTuple):
    """A member, ready to be asked."""

    runnable: Runnable[Any, Any]
    messages: list[BaseMessage]
    config: RunnableConfig
    probe: UsageProbe

    @property
    def keywords(self) -> dict[str, Any]:
        """The config as `generate` takes it."""
        keys = ("callbacks", "tags", "metadata", "run_name", "run_id")
        return {key: self.config.get(key) for key in keys}


class Call:
    """A call to the pool; each way to make it decides once and lets attempts do the rest.

    Args:
        routing: The members and who chooses.
        messages: The conversation.
        config: The caller's, complete; the member runs under it, so that its run takes the router's place.
        settings: How to decide.
        kwargs: For the member, unchanged.
        change: What becomes of a member's chat model before it is called.
        tools: The tools that the change binds.
        needs: What else the call needs.
    """

    def __init__(
        self,
        routing: Routing,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
        settings: Settings,
        *,
        kwargs: dict[str, Any],
        change: Change | None = None,
        tools: Sequence[Any] = (),
        needs: Iterable[Capability] = (),
    ) -> None:
        self.routing, self.messages, self.config, self.settings = routing, messages, config, settings
        self.kwargs, self.change, self.tools, self.needs = kwargs, change, tools, needs

    def decide(self) -> Decision:
        """Choose the member."""
        return self.routing.decide(self.messages, self.settings, tools=self.tools, needs=self.needs)

    def invoke(self) -> Any:
        """Return the answer."""

        def do(decision: Decision) -> Any:
            asked = self.asked(decision)
            answer = asked.runnable.invoke(asked.messages, asked.config, **self.kwargs)
            return self._answered(decision, answer, asked.probe)

        return self.routing.attempts(self.decide()).call(do)

    async def ainvoke(self) -> Any:
        """Return the answer; encoding runs beside the event loop."""

        async def do(decision: Decision) -> Any:
            asked = self.asked(decision)
            answer = await asked.runnable.ainvoke(asked.messages, asked.config, **self.kwargs)
            return self._answered(decision, answer, asked.probe)

        return await self.routing.attempts(await asyncio.to_thread(self.decide)).acall(do)

    def stream(self) -> Iterator[Any]:
        """Yield the chunks; the last one carries the decision."""

        def do(decision: Decision) -> Iterator[Any]:
            asked, tail = self.asked(decision), Tail(self.routing, decision)
            for chunk in asked.runnable.stream(asked.messages, asked.config, **self.kwargs):
                yield from tail.take(chunk)
            yield from tail.end(asked.probe)

        return self.routing.attempts(self.decide()).stream(do)

    async def astream(self) -> AsyncGenerator[Any, None]:
        """Yield the chunks, asynchronously."""

        async def do(decision: Decision) -> AsyncIterator[Any]:
            asked, tail = self.asked(decision), Tail(self.routing, decision)
            async for chunk in asked.runnable.astream(asked.messages, asked.config, **self.kwargs):
                for held in tail.take(chunk):
                    yield held
            for held in tail.end(asked.probe):
                yield held

        attempts = self.routing.attempts(await asyncio.to_thread(self.decide))
        async with aclosing(attempts.astream(do)) as chunks:
            async for chunk in chunks:
                yield chunk

    def generate(self) -> LLMResult:
        """Return all generations that the member gives; a wrapped member gives one."""

        def do(decision: Decision) -> LLMResult:
            asked = self.asked(decision)
            if not isinstance(asked.runnable, BaseChatModel):
                answer = asked.runnable.invoke(asked.messages, asked.config, **self.kwargs)
                return _result(self._answered(decision, answer, asked.probe))
            found = asked.runnable.generate([asked.messages], **asked.keywords, **self.kwargs)
            return self._generated(decision, found)

        return self.routing.attempts(self.decide()).call(do)

    async def agenerate(self) -> LLMResult:
        """Return all generations that the member gives."""

        async def do(decision: Decision) -> LLMResult:
            asked = self.asked(decision)
            if not isinstance(asked.runnable, BaseChatModel):
                answer = await asked.runnable.ainvoke(asked.messages, asked.config, **self.kwargs)
                return _result(self._answered(decision, answer, asked.probe))
            found = await asked.runnable.agenerate([asked.messages], **asked.keywords, **self.kwargs)
            return self._generated(decision, found)

        return await self.routing.attempts(await asyncio.to_thread(self.decide)).acall(do)

    def asked(self, decision: Decision) -> Asked:
        """Return the chosen member, the messages as it reads them, and the config for its run."""
        config, probe = dict(self.config), UsageProbe()
        if decision.failures:
            config.pop("run_id", None)  # the failed attempt's run has it
        traces: RunnableConfig = {
            "metadata": {KEY: traced(decision)},
            "tags": [f"{KEY}:{decision.candidate}"],
            "callbacks": [probe],
        }
        return Asked(
            self.routing.members[decision.candidate].asked(self.change),
            self.routing.messages_for(decision.candidate, self.messages),
            merge_configs(config, traces),  # type: ignore[arg-type]
            probe,
        )

    def _answered(self, decision: Decision, answer: Any, probe: UsageProbe) -> Any:
        if isinstance(answer, AIMessage):
            return self.routing.answered(decision, answer)
        raw = answer.get("raw") if isinstance(answer, dict) else None
        if isinstance(raw, AIMessage):
            return {**answer, "raw": self.routing.answered(decision, raw)}
        self.routing.dispatcher.answered(decision, usage_of(probe.usage))
        return answer

    def _generated(self, decision: Decision, result: LLMResult) -> LLMResult:
        """Return a result whose first generation carries the decision; its tokens are those of all."""
        first, *others = result.generations[0]
        if not isinstance(first, ChatGeneration) or not isinstance(first.message, AIMessage):
            return result
        message = self.routing.answered(decision, first.message)
        return result.model_copy(
            update={"generations": [[first.model_copy(update={"message": message}), *others]]}
        )


def _result(message: AIMessage) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=message)]])
