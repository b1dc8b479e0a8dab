"""A pool of schema-synthesizing fakes behind a tiny router; nothing reaches the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossroute import Router
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import ChatFake
from tests.support.langchain_suite import benchmark, pytest_pyfunc_call, snapshot, vcr  # noqa: F401
from tests.support.routers import make_router

CAN = {"tool_calling": True, "structured_output": True, "image_inputs": True, "max_input_tokens": 100_000}


@pytest.fixture(scope="session", autouse=True)
def _untraced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
            patch.setenv(name, "false")
        yield


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
def pair(fakes: dict[str, ChatFake]) -> dict[str, ChatFake]:
    """Two of them."""
    return {name: fakes[name] for name in ("small", "large")}


@pytest.fixture
def model(fakes: dict[str, ChatFake], router: Router) -> ChatCrossRoute:
    """The pool behind one face."""
    return ChatCrossRoute(models=fakes, router=router)
