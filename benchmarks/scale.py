"""Measure the scaling of routing with the pool and the number of queries: python benchmarks/scale.py [TURNS].

The figures are ratios of median CPU times in one process, with the quartiles of the ratios of single turns. Actions are
timed alternately, so that other load affects both sides.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from model2vec import StaticModel
from speed import make_text

from crossroute import Pool, Router, load_encoder
from crossroute.encoder.static_files import BUNDLED
from crossroute.escalation.cascade import Forecast
from crossroute.escalation.verifier import Verifier

TURNS = 60
SELDOM = 4
"""Slow actions are timed once in this many turns."""

BATCH = 256


def main() -> None:
    """Print the ratios."""
    torch.set_num_threads(1)
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    plain, universal = Router.from_pretrained("routerbench"), Router.from_pretrained("universal")
    routers = {
        "11 candidates": plain,
        "173 candidates": universal.subset(universal.pool.names[:173]),
        "10 candidates": resize(plain, 10),
        "1,000 candidates": resize(plain, 1_000),
    }
    wide = {"173 candidates": routers["173 candidates"], "1,000 candidates": resize(universal, 1_000)}
    minilm, static = load_encoder("minilm"), StaticModel.from_pretrained(BUNDLED)
    known, seeds = make_text(0), iter(range(1, 10**9))
    for router in routers.values():  # warm up
        router.route_columns(make_text(next(seeds)) for _ in range(BATCH))
        router.route(known)
    times: dict[str, list[float]] = {}

    def timed(name: str, act: Callable[[], object], calls: int = 1) -> None:
        start = time.process_time()
        act()
        times.setdefault(name, []).append((time.process_time() - start) / calls)

    for turn in range(turns):
        timed("MiniLM", lambda: minilm.encode([make_text(next(seeds))]))
        for name, router in routers.items():
            fresh = [make_text(next(seeds)) for _ in range(5)]
            timed(name, partial(route_each, router, fresh), 5)
            timed(f"{name}, again", partial(route_again, router, known, 5), 5)
        if turn % SELDOM == 0:
            for name, router in wide.items():
                timed(f"first of two, {name}", make_first_of_two(router, make_text(next(seeds))))
            for words in (8, 120):
                texts = [" ".join(make_text(next(seeds)).split()[:words]) for _ in range(BATCH)]
                timed(f"encoder, {words}", partial(static.encode, texts))
                for name in ("11 candidates", "173 candidates"):
                    router = routers[name]
                    timed(f"{name}, {words}", partial(router.route_columns, texts))
    print("| measure | ratio | quartiles |\n|---|---|---|")
    for name, above, below in list_measures():
        over, under = np.array(times[above]), np.array(times[below])
        under = under if len(under) == len(over) else under[::SELDOM]  # of the same turns
        quartiles, ratio = np.quantile(over / under, [0.25, 0.75]), np.median(over) / np.median(under)
        print(f"| {name} | {ratio:.4f} | {quartiles[0]:.4f} to {quartiles[1]:.4f} |")
    act = make_first_of_two(wide["1,000 candidates"], make_text(next(seeds)))
    tracemalloc.start()
    act()
    print(
        f"\nThe first of two, 1,000 candidates: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at the peak."
    )


def make_first_of_two(router: Router, query: str) -> Callable[[], object]:
    """Return an action that chooses the first of two possible calls for a query, over all candidates."""
    prediction = router.predict([query])
    signals = Verifier.general().signals(tuple(router.pool))
    pay = router.dial.at(0.5)
    return lambda: Forecast(prediction.quality, prediction.cost, signals).first(pay)


def route_each(router: Router, queries: Sequence[str]) -> None:
    """Route queries one by one."""
    for query in queries:
        router.route(query)


def route_again(router: Router, query: str, times: int) -> None:
    """Route a query several times."""
    for _ in range(times):
        router.route(query)


def list_measures() -> list[tuple[str, str, str]]:
    """Return name, numerator and denominator of each ratio."""
    decisions = [(f"a decision, {m} candidates, of MiniLM in torch", f"{m} candidates") for m in (11, 173)]
    return [
        *((name, above, "MiniLM") for name, above in decisions),
        ("a pool of 1,000 against 10", "1,000 candidates", "10 candidates"),
        ("a repeated query against a fresh one, 11 candidates", "11 candidates, again", "11 candidates"),
        *(
            (
                f"the first of two calls, {m} candidates, of MiniLM in torch",
                f"first of two, {m} candidates",
                "MiniLM",
            )
            for m in ("173", "1,000")
        ),
        *(
            (
                f"model2vec's encoding against a batch routed, {words} words, {m} candidates",
                f"encoder, {words}",
                f"{m} candidates, {words}",
            )
            for words in (8, 120)
            for m in (11, 173)
        ),
    ]


def resize(router: Router, size: int) -> Router:
    """Return a router over a number of candidates, which are copies of its own under other names."""
    known = list(router.pool)
    copies = (
        known[number % len(known)].model_copy(update={"name": f"copy {number}", "aliases": ()})
        for number in range(size)
    )
    return router.over(Pool(copies))


if __name__ == "__main__":
    main()
