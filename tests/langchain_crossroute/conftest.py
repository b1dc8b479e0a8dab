"""A pool of schema-synthesizing fakes behind a tiny router; nothing reaches the network."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossroute import Router
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import ChatFake
from tests.support.routers import make_router

CAN = {"tool_calling": True, "structured_output": True, "image_inputs": True, "max_input_tokens": 100_000}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests, ours and those of langchain-tests, whatever plugins are there."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.fixture(scope="session", autouse=True)
def _off_the_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
            patch.setenv(name, "false")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture
def benchmark() -> Callable[[Callable[[], None]], None]:
    """Call what langchain-tests would time with pytest-benchmark."""
    return lambda function: function()


@pytest.fixture
def snapshot() -> None:
    """Stand for syrupy's fixture, of which langchain-tests makes no use with this model."""


@pytest.fixture
def vcr() -> None:
    """Stand for pytest-recording's fixture: nothing reaches the network here."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny router was saved."""
    folder = tmp_path_factory.mktemp("router")
    make_router().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def router(folder: Path) -> Router:
    """The tiny router."""
    return Router.from_pretrained(folder)


@pytest.fixture
def fakes() -> dict[str, ChatFake]:
    """A fake for each candidate."""
    return {name: ChatFake(model_name=name, profile=dict(CAN)) for name in ("small", "coder", "large")}


@pytest.fixture
def model(fakes: dict[str, ChatFake], router: Router) -> ChatCrossRoute:
    """The pool behind one face."""
    return ChatCrossRoute(models=fakes, router=router)
