"""Fixtures that several tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.wire import WireServer

settings.register_profile("crossroute", deadline=None)  # shared cores make any time of one example a chance
settings.load_profile("crossroute")

SHARED = Path(os.environ.get("CROSSROUTE_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real outcomes, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared outcome data is not at {SHARED}")
    return SHARED.resolve()


@pytest.fixture
def server() -> Iterator[WireServer]:
    """OpenAI and Anthropic, on this machine."""
    with WireServer() as running:
        yield running
