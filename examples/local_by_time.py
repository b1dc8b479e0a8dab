"""Two models on this machine, routed between by the time that they take: no key, no price list.

    python examples/local_by_time.py               asks both 16 questions, some minutes on two cores
    python examples/local_by_time.py --questions 8

A second of this machine is what is paid, USD_PER_SECOND. Each answer's seconds are its cost; what is asked and graded
trains a router, and the dial trades right answers for seconds. Needs the packages that local_models.py names.
"""

from __future__ import annotations

import warnings
from argparse import ArgumentParser
from dataclasses import replace

import local_models
import numpy as np

from crossroute import Candidate, Outcomes, Pool, Price, Router
from crossroute.collection import Prompt, asked_model, collect

USD_PER_SECOND = 0.0001
CAPITALS = {"France": "Paris", "Japan": "Tokyo", "Italy": "Rome", "Egypt": "Cairo"} | {
    "Peru": "Lima",
    "Spain": "Madrid",
    "Norway": "Oslo",
    "Germany": "Berlin",
}
PROMPTS = tuple(
    prompt
    for (land, city), n in zip(CAPITALS.items(), range(2, 10), strict=True)
    for prompt in (
        Prompt(f"What is the capital of {land}?", "capital", city),
        Prompt(f"What is {n} plus {n + 3}? Answer with the number.", "sum", str(2 * n + 3)),
    )
)


def main() -> None:
    """Ask both models, say what they took, and route between them."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=len(PROMPTS))
    prompts = PROMPTS[: parser.parse_args().questions]
    local_models.require()
    models = {"smollm2": local_models.smollm2, "gemma3": local_models.gemma3}
    for model in models.values():
        model("Hello")  # loads it, which is no part of an answer's time
    asked = [asked_model(name, model=ask, usd_per_second=USD_PER_SECOND) for name, ask in models.items()]
    outcomes = collect(prompts, asked, grade="contains").outcomes
    for column, name in enumerate(outcomes.pool.names):
        right, seconds = outcomes.quality[:, column].mean(), outcomes.latency[:, column].mean()
        print(f"{name}: {right:.0%} right, {seconds:.2f} s an answer")
    router = by_time(outcomes)
    for prompt in (PROMPTS[0], PROMPTS[1]):
        told = ", ".join(
            f"{dial:g} {router.route(prompt.text, cost_preference=dial).candidate}"
            for dial in (0.0, 0.5, 1.0)
        )
        print(f"{prompt.text} By cost preference: {told}.")


def by_time(outcomes: Outcomes) -> Router:
    """Return `universal` over the two, each at the price of its seconds at the speed that was measured."""
    speeds = np.nansum(outcomes.output_tokens, 0) / np.nansum(outcomes.latency, 0)
    candidates = [
        Candidate(name=name, price=Price.by_second(USD_PER_SECOND, tokens_per_second=float(speed)))
        for name, speed in zip(outcomes.pool.names, speeds, strict=True)
    ]
    universal = Router.from_pretrained("universal")
    return universal.over(universal.profile(replace(outcomes, pool=Pool(candidates))))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
