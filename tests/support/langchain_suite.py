"""What langchain-tests' suites need of plugins that are not loaded: a conftest imports it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests, ours and those of langchain-tests, whatever plugins are there."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


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
