"""What the tables of calls share: a small router, and each integration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crossroute import Router
from tests.support.integrations import LangChain, LlamaIndex
from tests.support.routers import make_router


@pytest.fixture(scope="module")
def router() -> Router:
    return make_router()


@pytest.fixture(params=[LangChain, LlamaIndex])
def integration(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    import httpx

    with httpx.Client() as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from tests.support.faulty import Provider

    with Provider() as provider:
        yield provider


@pytest.fixture(params=["LangChain", "LlamaIndex"])
def pool(request: pytest.FixtureRequest, router: Router, server: Any, client: Any) -> Any:
    """One integration's pool over the models "bad", which answers as a test says, and "good"."""
    from tests.support import faulty

    server.asked.clear()
    return getattr(faulty, request.param)(router, f"{server.url}/v1", client)
