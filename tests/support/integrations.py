"""Both integrations behind one face, over fakes that share a provider."""

from __future__ import annotations

from typing import Any

from pydantic import PrivateAttr

from crossroute import Decision, Escalation, Router
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM
from tests.langchain_crossroute import fakes as langchain_fakes
from tests.llamaindex_crossroute import fakes as llamaindex_fakes
from tests.support.routers import STORY

NAMES = ("small", "large")
DOUBTING = Escalation(check=lambda query, answer: float("large" in answer))


class StatusError(Exception):
    """What a provider's client raises."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status


class Provider:
    """What both integrations' fakes stand for: it notes requests, and refuses them as told."""

    def __init__(
        self, error: Exception | None = None, *, only_logprobs: bool = False, times: int = 99
    ) -> None:
        self.error, self.only_logprobs, self.times = error, only_logprobs, times
        self.requests: list[tuple[str, bool]] = []

    def receive(self, model: str, logprobs: bool | None) -> None:
        """Note a request, and raise its error if it has one."""
        self.requests.append((model, bool(logprobs)))
        if self.error is not None and self.times and (logprobs or not self.only_logprobs):
            self.times -= 1
            raise self.error


class LangChainFake(langchain_fakes.ChatFake):
    logprobs: bool | None = None
    _provider: Any = PrivateAttr(default=None)

    def _answer(self, messages: Any, kwargs: Any) -> Any:
        self._provider.receive(self.model_name, self.logprobs)
        return super()._answer(messages, kwargs)


class LlamaIndexFake(llamaindex_fakes.ChatFake):
    logprobs: bool | None = None
    top_logprobs: int | None = None
    _provider: Any = PrivateAttr(default=None)

    def _said(self, messages: Any, kwargs: Any) -> Any:
        self._provider.receive(self.name, self.logprobs)
        return super()._said(messages, kwargs)


class LangChain:
    def __init__(self, router: Router, provider: Provider, **settings: Any) -> None:
        members = {name: LangChainFake(model_name=name) for name in NAMES}
        for member in members.values():
            member._provider = provider
        self.pool = ChatCrossRoute(models=members, router=router, **settings)

    def ask(self, **arguments: Any) -> Decision:
        return self._decision(self.pool.invoke(STORY, **arguments))

    async def aask(self) -> Decision:
        return self._decision(await self.pool.ainvoke(STORY))

    def begin(self) -> Any:
        return self.pool.stream(STORY)

    async def abegin(self) -> Any:
        return self.pool.astream(STORY)

    async def astreamed(self) -> Decision:
        chunks = [chunk async for chunk in await self.abegin()]
        return self._decision(next(c for c in chunks if "crossroute" in c.response_metadata))

    @staticmethod
    def _decision(message: Any) -> Decision:
        return Decision.model_validate(message.response_metadata["crossroute"])


class LlamaIndex:
    def __init__(self, router: Router, provider: Provider, **settings: Any) -> None:
        members = {name: LlamaIndexFake(name) for name in NAMES}
        for member in members.values():
            member._provider = provider
        self.pool = CrossRouteLLM(members, router, **settings)

    def ask(self, **arguments: Any) -> Decision:
        return self._decision(self.pool.chat([llamaindex_fakes.user(STORY)], **arguments))

    async def aask(self) -> Decision:
        return self._decision(await self.pool.achat([llamaindex_fakes.user(STORY)]))

    def begin(self) -> Any:
        return self.pool.stream_chat([llamaindex_fakes.user(STORY)])

    async def abegin(self) -> Any:
        return await self.pool.astream_chat([llamaindex_fakes.user(STORY)])

    async def astreamed(self) -> Decision:
        chunks = [chunk async for chunk in await self.abegin()]
        return self._decision(chunks[-1])

    @staticmethod
    def _decision(response: Any) -> Decision:
        return Decision.model_validate(response.additional_kwargs["crossroute"])
