"""A tiny router over four candidates, for the tests of both integrations."""

from __future__ import annotations

import numpy as np

from crossroute import Candidate, Outcomes, Pool, Price, Router, TrainingConfig, fit
from crossroute.data.outcomes import MEASURES
from crossroute.tokens import estimate_tokens

KINDS = {
    "arithmetic": "What is {a} plus {b}, and what is their product minus {a}?",
    "code": "def f_{a}(xs):\n    return [x * {b} for x in xs]\n\nWhat does this function return for [{a}]?",
    "chat": "Tell me a short story about {a} foxes and {b} friendly owls in a quiet forest.",
}
CANDIDATES = (
    Candidate(name="small", aliases=("lab/small",), price=Price(input=0.1, output=0.2, cached_input=0.01)),
    Candidate(name="coder", price=Price(input=1, output=2, cached_input=0.1)),
    Candidate(name="large", price=Price(input=10, output=30, cached_input=1)),
    Candidate(name="free", price=Price(input=0, output=0)),
)
QUALITY = {  # chance of a right answer: at 0.5, small tells stories, coder codes, large reckons
    "arithmetic": (0.1, 0.2, 0.95, 0.05),
    "code": (0.1, 0.9, 0.9, 0.05),
    "chat": (0.9, 0.3, 0.9, 0.1),
}
ARITHMETIC = KINDS["arithmetic"].format(a=12, b=30)
CODE = KINDS["code"].format(a=12, b=30)
STORY = KINDS["chat"].format(a=12, b=30)


def make_outcomes(queries: int = 120) -> Outcomes:
    """Outcomes on short texts of three kinds: half train, a quarter validation, a quarter test."""
    random = np.random.default_rng(0)
    tasks = [list(KINDS)[row % len(KINDS)] for row in range(queries)]
    texts = [KINDS[task].format(a=row + 2, b=7 * row + 3) for row, task in enumerate(tasks)]
    read = np.array([[estimate_tokens(text)] * len(CANDIDATES) for text in texts], dtype=float)
    written = random.integers(80, 120, read.shape).astype(float)
    price = np.array([[candidate.price.input, candidate.price.output] for candidate in CANDIDATES])
    unknown = dict.fromkeys(MEASURES, np.full(read.shape, np.nan))
    known = {
        "quality": (random.random(read.shape) < [QUALITY[task] for task in tasks]).astype(float),
        "cost": (read * price[:, 0] + written * price[:, 1]) / 1e6,
        "input_tokens": read,
        "output_tokens": written,
    }
    return Outcomes(
        query_ids=tuple(f"q{row}" for row in range(queries)),
        texts=tuple(texts),
        tasks=tuple(tasks),
        splits=tuple(
            ("train", "train", "validation", "test")[row // len(KINDS) % 4] for row in range(queries)
        ),
        pool=Pool(CANDIDATES),
        **(unknown | known),
    )


def make_router() -> Router:
    """A router trained on these outcomes for two epochs."""
    return fit(make_outcomes(), TrainingConfig(epochs=2, clusters=4, hidden=16, members=1, batch_size=32))
