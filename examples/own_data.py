"""Your own outcomes: graded answers of two models become a router, and its worth is measured on queries it never saw.

The outcomes are made up: "small" is good at haiku and poor at sums, "large" is good at both and costs twelve times as
much. With yours, `priced(read_outcomes("mine.jsonl"))` takes the place of `made_up()`; docs/own-data.md has commands.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crossroute import Outcomes, TrainingConfig, fit, priced, read_outcomes
from crossroute.evaluation import evaluate

CHANCES = {"small": {"sums": 0.2, "haiku": 0.9}, "large": {"sums": 0.95, "haiku": 0.95}}
PRICES = {"small": (0.25, 2.0), "large": (5.0, 25.0)}
"""USD per million tokens read and written."""
QUERIES = 600


def rows() -> Iterator[dict[str, object]]:
    """Yield an outcome for each query and model."""
    draw = random.Random(0)
    for number in range(QUERIES):
        task = draw.choice(["sums", "haiku"])
        text = (
            f"What is {number} * {number + 7}?" if task == "sums" else f"Write a haiku about {number} herons."
        )
        for name, chances in CHANCES.items():
            written, (read_price, write_price) = draw.randint(20, 60), PRICES[name]
            yield {
                "text": text,
                "task": task,
                "candidate": name,
                "quality": float(draw.random() < chances[task]),
                "cost_usd": (10 * read_price + written * write_price) / 1e6,
                "input_tokens": 10,
                "output_tokens": written,
            }


def made_up() -> Outcomes:
    """Return the outcomes, read from a file as yours would be."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "mine.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
        return priced(read_outcomes(path))


def main() -> None:
    """Train, evaluate on the test queries, and route two new ones."""
    outcomes = made_up()
    router = fit(outcomes, TrainingConfig(epochs=20, clusters=4, hidden=16, members=1))
    tested = outcomes.split("test")
    report = evaluate(router.predict(tested.texts), tested)
    share = report.routers["router"].share_of_best_single_cost
    if share is not None:
        print(f"{len(tested)} new queries: the quality of {report.best_single} for {share:.0%} of its cost")
    chosen: Counter[tuple[str, str]] = Counter()
    for text, task in zip(tested.texts, tested.tasks, strict=True):
        chosen[task, router.route(text, cost_preference=0.5).candidate] += 1
    for (task, name), count in sorted(chosen.items()):
        print(f"{task}: {name} {count}")


if __name__ == "__main__":
    main()
