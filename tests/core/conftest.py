"""A tiny router and what it is made from; nothing touches the user's cache or the network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool, Price, Router, TrainingConfig, fit
from crossroute.query import estimate_tokens

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported, which a test module may do

KINDS = {
    "arithmetic": "What is {a} plus {b}, and what is their product minus {a}?",
    "code": "def f_{a}(xs):\n    return [x * {b} for x in xs]\n\nWhat does this function return for [{a}]?",
    "chat": "Tell me a short story about {a} foxes and {b} friendly owls in a quiet forest.",
}
CANDIDATES = (
    Candidate(name="small", aliases=("lab/small",), price=Price(input=0.1, output=0.2), context_window=2_000),
    Candidate(name="coder", price=Price(input=1, output=2), capabilities={"structured_output"}),
    Candidate(
        name="large",
        price=Price(input=10, output=30),
        context_window=200_000,
        capabilities={"tools", "vision", "structured_output"},
    ),
    Candidate(name="free", price=Price(input=0, output=0)),
)
QUALITY = {  # chance of a right answer
    "arithmetic": (0.3, 0.6, 0.95, 0.2),
    "code": (0.2, 0.9, 0.9, 0.1),
    "chat": (0.9, 0.5, 0.95, 0.4),
}
TINY = TrainingConfig(clusters=4, epochs=3, batch_size=32, hidden=16)


def make_outcomes(queries: int = 120) -> Outcomes:
    """Outcomes of four candidates on short texts of three kinds: a quarter validation, a quarter test."""
    random = np.random.default_rng(0)
    tasks = [list(KINDS)[row % len(KINDS)] for row in range(queries)]
    texts = [KINDS[task].format(a=row + 2, b=7 * row + 3) for row, task in enumerate(tasks)]
    splits = [("train", "train", "validation", "test")[row // len(KINDS) % 4] for row in range(queries)]
    input_tokens = np.array([[estimate_tokens(text)] * len(CANDIDATES) for text in texts], dtype=float)
    output_tokens = random.integers(20, 200, input_tokens.shape).astype(float)
    price = np.array([[candidate.price.input, candidate.price.output] for candidate in CANDIDATES])
    unknown = np.full(input_tokens.shape, np.nan)
    return Outcomes(
        query_ids=tuple(f"q{row}" for row in range(queries)),
        texts=tuple(texts),
        tasks=tuple(tasks),
        splits=tuple(splits),
        pool=Pool(CANDIDATES),
        quality=(random.random(input_tokens.shape) < [QUALITY[task] for task in tasks]).astype(float),
        cost=(input_tokens * price[:, 0] + output_tokens * price[:, 1]) / 1e6,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        latency=unknown,
        answer_logprob=unknown,
    )


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep embeddings and exported models in a folder of the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """Outcomes of four candidates on 120 texts of three kinds."""
    return make_outcomes()


@pytest.fixture(scope="session")
def router(outcomes: Outcomes) -> Router:
    """A router trained on them for three epochs."""
    return fit(outcomes, TINY)


@pytest.fixture(scope="session")
def saved(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the router was saved to; tests that alter it copy it first."""
    folder = tmp_path_factory.mktemp("saved") / "router"
    router.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def jsonl(outcomes: Outcomes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same outcomes as plain rows."""
    path = tmp_path_factory.mktemp("data") / "outcomes.jsonl"
    with path.open("w") as file:
        for row, column in np.ndindex(outcomes.quality.shape):
            fields = {
                "text": outcomes.texts[row],
                "task": outcomes.tasks[row],
                "split": outcomes.splits[row],
                "candidate": outcomes.pool.names[column],
                "quality": outcomes.quality[row, column],
                "cost_usd": outcomes.cost[row, column],
                "input_tokens": outcomes.input_tokens[row, column],
                "output_tokens": outcomes.output_tokens[row, column],
            }
            file.write(json.dumps(fields) + "\n")
    return path
