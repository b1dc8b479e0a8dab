"""Outcomes of four candidates, and the settings of a router that learns them in a moment, for the tests of the core."""

from __future__ import annotations

import numpy as np

from crossroute import Candidate, Outcomes, Pool, Price, TrainingConfig
from crossroute.tokens import estimate_tokens

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
