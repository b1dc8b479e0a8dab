"""Fixtures that several tests share."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.wire import WireServer

# a deadline fails by chance on shared cores
settings.register_profile("quick", deadline=None, max_examples=10)
settings.register_profile("thorough", deadline=None, max_examples=100)  # `make test`
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported, which a test module may do

EXAMPLES = Path(__file__).parents[1] / "examples"
SHARED = Path(os.environ.get("CROSSROUTE_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep embeddings, exported models and dials in a folder of the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real outcomes, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"the shared outcome data is not at {SHARED}")
    return SHARED.resolve()


@pytest.fixture
def run_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., str]]:
    """Run an example, by its name and its arguments, as a script that finds the others; what it prints comes back."""
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    yield run
    for example in EXAMPLES.glob("*.py"):
        sys.modules.pop(example.stem, None)


@pytest.fixture
def server() -> Iterator[WireServer]:
    """OpenAI and Anthropic, on this machine."""
    from tests.support.wire import WireServer

    with WireServer() as running:
        yield running
