"""What a reader brings along: outcomes, a router, and accounts at OpenAI and Anthropic, which are on this machine."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from crossroute import TrainingConfig, fit, priced, read_outcomes
from tests.support.reader import Reader
from tests.support.wire import WireServer

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported

KINDS = {"Tell a story about": (0.9, 0.95), "What is the sum of": (0.3, 0.9)}
"""How a query begins, and the chances that its two candidates answer it right."""
CANDIDATES = {"outcomes.jsonl": ("small", "large"), "mine.jsonl": ("gpt-4o-mini", "gpt-4o")}
PRICES = ((0.25, 2.0), (5.0, 25.0))
"""USD per million tokens that the two read and write."""


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that each page starts from."""
    folder = tmp_path_factory.mktemp("brought")
    for name, candidates in CANDIDATES.items():
        (folder / name).write_text("".join(_rows(candidates)), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        settings = TrainingConfig(epochs=2, clusters=2, hidden=16, members=1)
        fit(priced(read_outcomes(folder / "outcomes.jsonl")), settings).save_pretrained(folder / "my-router")
        yield folder


def _rows(candidates: tuple[str, str], queries: int = 60) -> Iterator[str]:
    draw = random.Random(0)
    for number in range(queries):
        kind = draw.choice(list(KINDS))
        text = f"{kind} {number} and {draw.randrange(1_000)}"
        for name, chance, (read, written) in zip(candidates, KINDS[kind], PRICES, strict=True):
            row = {
                "text": text,
                "candidate": name,
                "quality": float(draw.random() < chance),
                "input_tokens": 20,
                "output_tokens": 100,
                "cost_usd": (20 * read + 100 * written) / 1e6,
            }
            yield json.dumps(row) + "\n"


@pytest.fixture
def llamaindex_as_it_was() -> Iterator[None]:
    """Take back what a page sets for the whole process."""
    if not find_spec("llama_index"):
        yield
        return
    from llama_index.core import Settings
    from llama_index_instrumentation import get_dispatcher

    handlers = get_dispatcher().event_handlers
    before = list(handlers)
    yield
    handlers[:] = before
    Settings._llm = Settings._embed_model = Settings._callback_manager = None


@pytest.fixture
def reader(
    brought: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    llamaindex_as_it_was: None,
    server: WireServer,
) -> Iterator[Reader]:
    """A reader in a folder of its own that reaches no network."""
    folder = shutil.copytree(brought, tmp_path / "folder")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    accounts = {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": server.openai,
        "OPENAI_API_BASE": server.openai,
        "ANTHROPIC_API_KEY": "dummy",
        "ANTHROPIC_BASE_URL": server.anthropic,
        "LANGSMITH_TRACING": "false",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # where nobody listens
        "NO_PROXY": "127.0.0.1",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "COLUMNS": "80",
        "NO_COLOR": "1",
    }
    for name, value in accounts.items():
        monkeypatch.setenv(name, value)
    yield Reader(monkeypatch)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
