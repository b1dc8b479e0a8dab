"""What the tables of calls share: a small router, and each integration."""

from __future__ import annotations

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
