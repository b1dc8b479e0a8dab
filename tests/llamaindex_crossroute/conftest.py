"""A tiny router, a pool of fakes over it, and an ear for events; nothing touches a cache or the network."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.core import Settings
from llama_index.core.callbacks import CallbackManager
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers.base import BaseEventHandler

from crossroute import Router
from llamaindex_crossroute import CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, LetterEmbedding
from tests.support.routers import make_router

NAMES = ("small", "coder", "large")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests, whatever plugins are there."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def run() -> None:
        try:
            await pyfuncitem.obj(**arguments)
        finally:
            for argument in arguments.values():  # clients close in the loop that opened them
                if isinstance(argument, CrossRouteLLM):
                    await close_clients(argument)

    asyncio.run(run())
    return True


async def close_clients(pool: CrossRouteLLM) -> None:
    """Close the asynchronous clients of a pool of real integrations."""
    for llm in pool.llms.values():
        client = getattr(llm, "_aclient", None)
        if client is not None:
            await client.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny router is saved."""
    path = tmp_path_factory.mktemp("saved") / "router"
    make_router().save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def router(folder: Path) -> Router:
    """The tiny router, as it was saved."""
    return Router.from_pretrained(folder)


@pytest.fixture
def members() -> dict[str, ChatFake]:
    """Three members that call tools."""
    return {name: ChatFake(name) for name in NAMES}


@pytest.fixture
def llm(router: Router, members: dict[str, ChatFake]) -> CrossRouteLLM:
    """A pool over them."""
    return CrossRouteLLM(llms=members, router=router)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """LlamaIndex's global settings, as they are before anything was set, with an embedding that needs no model."""
    Settings._llm = None
    Settings._callback_manager = None
    Settings.embed_model = LetterEmbedding()
    Settings.callback_manager = CallbackManager()
    yield
    Settings._llm = None
    Settings._embed_model = None
    Settings._callback_manager = None


class Ear(BaseEventHandler):
    """Keeps every event."""

    heard: list[BaseEvent] = []  # noqa: RUF012 # pydantic copies it

    def handle(self, event: BaseEvent, **_: object) -> None:
        self.heard.append(event)

    def of(self, kind: type[BaseEvent]) -> list[BaseEvent]:
        return [event for event in self.heard if isinstance(event, kind)]


@pytest.fixture
def ear() -> Iterator[Ear]:
    """What instrumentation tells during a test."""
    root = get_dispatcher()
    handler = Ear()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)
