"""A member, ready to be asked: whole or as generations, with the caller's own config."""

from __future__ import annotations

from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_crossroute.stamp import UsageProbe

CONFIG = ("callbacks", "tags", "metadata", "run_name", "run_id")
"""The parts of a config that `generate` takes as keywords."""


class Asked(NamedTuple):
    """What to ask, how, and with what.

    Attributes:
        runnable: The member; what became of it where it has tools or a schema.
        messages: The conversation, as the member's provider reads it.
        config: For its run.
        kwargs: For the member.
        probe: Notes the tokens, also of an answer that comes parsed.
    """

    runnable: Runnable[Any, Any]
    messages: list[BaseMessage]
    config: RunnableConfig
    kwargs: dict[str, Any]
    probe: UsageProbe

    def invoke(self) -> Any:
        """Return the answer."""
        return self.runnable.invoke(self.messages, self.config, **self.kwargs)

    async def ainvoke(self) -> Any:
        """Return the answer."""
        return await self.runnable.ainvoke(self.messages, self.config, **self.kwargs)

    def generate(self) -> LLMResult:
        """Return all generations that the member gives; a wrapped member gives one."""
        if not isinstance(self.runnable, BaseChatModel):
            return LLMResult(generations=[[ChatGeneration(message=self.invoke())]])
        return self.runnable.generate([self.messages], **self._keywords, **self.kwargs)

    async def agenerate(self) -> LLMResult:
        """Return all generations that the member gives; a wrapped member gives one."""
        if not isinstance(self.runnable, BaseChatModel):
            return LLMResult(generations=[[ChatGeneration(message=await self.ainvoke())]])
        return await self.runnable.agenerate([self.messages], **self._keywords, **self.kwargs)

    @property
    def _keywords(self) -> dict[str, Any]:
        """The config as `generate` takes it."""
        return {key: self.config.get(key) for key in CONFIG}
