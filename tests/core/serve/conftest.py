"""A server over three models: two that speak OpenAI's API, one that speaks Anthropic's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.langchain_suite import benchmark, pytest_pyfunc_call, snapshot, vcr  # noqa: F401
from tests.support.routers import make_router
from tests.support.wire import WireServer

KEY = "sk-upstream-0123456789abcdef"
ENVIRONMENT = {"STAND_IN_KEY": KEY}


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a router."""
    folder = tmp_path_factory.mktemp("served")
    make_router().save_pretrained(folder / "router")
    return folder


@pytest.fixture
def upstream() -> Iterator[WireServer]:
    """OpenAI and Anthropic, on this machine."""
    with WireServer() as running:
        yield running


@pytest.fixture
def served(folder: Path, upstream: WireServer) -> Iterator[Any]:
    """The server."""
    from tests.support import serving

    models = {
        "small": f"openai {upstream.openai}",
        "coder": f"openai {upstream.openai}",
        "large": f"anthropic {upstream.anthropic}",
    }
    path = serving.write_pool(folder, models)
    with serving.served(path, ENVIRONMENT) as running:
        yield running


@pytest.fixture
def client(served: Any) -> Iterator[Any]:
    """OpenAI's client of the server."""
    import openai

    with openai.OpenAI(base_url=served.openai, api_key="none", max_retries=0) as opened:
        yield opened
