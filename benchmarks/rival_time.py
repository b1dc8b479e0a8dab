"""Compare the CPU time of a decision of CrossRoute with that of the scoring of litellm's Auto Router.

    pip install litellm==1.109.1
    LITELLM_LOCAL_MODEL_COST_MAP=True python benchmarks/rival_time.py

litellm is not a dependency of the project. Only its choice of a tier is timed, by its two heuristics, which make no
calls; for CrossRoute, the whole decision is timed, including the encoder.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from crossroute import Router

WORDS = """
time year people way day man thing woman life child world school state family student group country problem hand part
place case week company system program question work government number night point home water room
"""
LENGTHS, QUERIES, WARM_UP = (30, 120, 400), 500, 20
TIERS = {"SIMPLE": "small", "MEDIUM": "small", "COMPLEX": "large", "REASONING": "large"}


def main() -> None:
    deciders = {
        "CrossRoute, whole decision": Router.from_pretrained("routerbench").route,
        **load_heuristics(),
    }
    for length in LENGTHS:
        for name, decide in deciders.items():
            texts = [make_query(seed, length) for seed in range(WARM_UP + QUERIES)]
            print(f"{length:3} words  {name:35} {measure_ms(decide, texts):.2f} ms")


def load_heuristics() -> dict[str, Callable[[str], object]]:
    from litellm import Router as LiteLLMRouter
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_key": "none"}}
        for name in ("small", "large")
    ]
    pool = LiteLLMRouter(model_list=models)
    first = ComplexityRouter("first", pool, {"tiers": TIERS})
    second = ComplexityRouter("second", pool, {"tiers": TIERS, "classifier_type": "heuristic_v2"})
    return {
        "litellm heuristic, scoring alone": first.classify,
        "litellm heuristic_v2, scoring alone": second._classify_with_heuristic_v2,
    }


def make_query(seed: int, length: int) -> str:
    chosen, words = random.Random(seed), WORDS.split()
    return " ".join(chosen.choice(words) for _ in range(length))


def measure_ms(decide: Callable[[str], object], texts: list[str]) -> float:
    for text in texts[:WARM_UP]:
        decide(text)
    taken = []
    for text in texts[WARM_UP:]:
        begun = time.thread_time()
        decide(text)
        taken.append(1000 * (time.thread_time() - begun))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
