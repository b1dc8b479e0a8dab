"""Measure the effect of the dial on requests of known difficulty: python benchmarks/dial.py.

The first table has trivial and hard requests that are in no training or calibration data, each as a single call, for
six pairs of a cheap and an expensive model: the shares of hard and of trivial requests routed to the expensive model.
The second has the same for ordinary requests, on which the dial is calibrated, by level of difficulty. The third has
pairs of sibling models: the share of ordinary requests for which the stronger one is predicted to be no worse.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from train_universal import ORDINARY, read_ordinary_queries, read_rows

from crossroute import Query, Router
from crossroute.catalogue import find_candidate

TRIVIAL = (
    "hey",
    "ok thank you so much",
    "What is the largest ocean?",
    "How do you say 'thank you' in French?",
    "7 times 8?",
    "Write 'Happy birthday' in capital letters.",
    "Which month comes before March?",
    "Is ice cold?",
    "Give me the plural of mouse.",
    "What is the opposite of tall?",
    "Answer yes or no: is a dog an animal?",
    "Wie heißt die Hauptstadt von Italien?",
    "Merci beaucoup !",
    "List the first three letters of the alphabet.",
    "Fix the typo: 'recieve'.",
    "What colour is grass?",
)
HARD = (
    "Prove that a group of order p squared is abelian for every prime p, and classify such groups up to isomorphism.",
    "How many 5-digit numbers with distinct digits are divisible by 11 and have digit sum 25? Justify each step.",
    "Derive the renormalization group flow of the two-dimensional O(3) nonlinear sigma model at one loop.",
    "Implement a wait-free single-producer multi-consumer ring buffer in C++20, and prove that it is linearizable.",
    "Design a multi-region database that stays serializable under partitions; state what you give up and why.",
    "Show that the halting problem for two-counter machines is undecidable, with a complete reduction.",
    "A patient on lithium and an ACE inhibitor presents with ataxia, polyuria and a QT of 520 ms. Give a full "
    "differential with the order of tests, and say what would change it.",
    "Find all functions f from the reals to the reals with f(x + f(y)) = f(x) + y and f continuous at one point.",
    "Find the race in this code and prove your fix: two goroutines share a map guarded by a channel of capacity two, "
    "and a third closes it on cancellation.",
    "Evaluate the integral from 0 to 1 of (ln(1 + x))^2 / x dx in closed form, with full derivation.",
    "Draft an arbitration clause for a joint venture over four jurisdictions with conflicting mandatory consumer law.",
    "Rewrite this correlated subquery over a 4 TB event table as a streaming join with bounded state and late data.",
    "Beweise, dass jede stetige Abbildung der abgeschlossenen Kreisscheibe in sich einen Fixpunkt hat.",
    "Prove a lower bound of n log n for element distinctness in the algebraic decision tree model.",
    "Construct an adversary for online k-server with k = 3 on a path and compute the competitive ratio exactly.",
    "Explain and fix a use-after-free that shows only with link-time optimization on ARM, given this disassembly.",
)
PAIRS = (
    ("gpt-5-mini", "claude-opus-4-5"),
    ("gpt-4.1-mini", "gpt-5"),
    ("gpt-4o-mini", "claude-sonnet-4-5"),
    ("gpt-4o-mini", "gpt-4o-2024-08-06"),
    ("claude-haiku-4-5", "claude-opus-4-5"),
    ("gpt-6-luna", "claude-opus-5-5"),
)
DIAL = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9)
SIBLINGS = (
    ("gpt-5-nano", "gpt-5-mini", "gpt-5"),
    ("gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1"),
    ("gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro"),
    ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"),
    ("gpt-4o-mini", "gpt-4o-2024-08-06"),
    ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"),
    ("llama-3.2-1b-instruct", "llama-3.2-3b-instruct", "llama-3.1-8b-instruct", "llama-3.1-70b-instruct"),
    ("qwen2.5-7b-instruct", "qwen2.5-14b-instruct", "qwen2.5-32b-instruct", "qwen2.5-72b-instruct"),
)


def main() -> None:
    """Print three Markdown tables."""
    universal = Router.from_pretrained("universal")
    print(f"| cheap, dear | {' | '.join(f'{preference:g}' for preference in DIAL)} | saving at 0.5 |")
    print(f"|---{'|---' * len(DIAL)}|---|")
    ordinary = read_ordinary_queries()
    for pair in PAIRS:
        router = universal.subset(match_names(universal, pair))
        hard, trivial = (list(map(Query.of_call, texts)) for texts in (HARD, TRIVIAL))
        cells = [
            f"{choose_dear(router, hard, p).mean():.0%}, {choose_dear(router, trivial, p).mean():.0%}"
            for p in DIAL
        ]
        spent = sum(each.cost for each in router.route_many(ordinary, cost_preference=0.5))
        always = router.predict(ordinary).cost[:, 1].sum()
        print(f"| {', '.join(pair)} | {' | '.join(cells)} | {1 - spent / always:.0%} |")
    levels = np.array([row["level"] for row in read_rows(ORDINARY)])
    print(f"\n| cheap, dear; by level | {' | '.join(f'{preference:g}' for preference in DIAL)} |")
    print(f"|---{'|---' * len(DIAL)}|")
    for pair in PAIRS:
        router = universal.subset(match_names(universal, pair))
        cells = [share_by_level(choose_dear(router, ordinary, preference), levels) for preference in DIAL]
        print(f"| {', '.join(pair)} | {' | '.join(cells)} |")
    print("\n| weaker, stronger | mean predicted quality | stronger predicted no worse on |\n|---|---|---|")
    for line in SIBLINGS:
        for pair in pairwise(line):
            quality = universal.subset(match_names(universal, pair)).predict(ordinary).quality
            mean = " / ".join(f"{value:.3f}" for value in quality.mean(axis=0))
            print(f"| {', '.join(pair)} | {mean} | {np.mean(quality[:, 1] >= quality[:, 0]):.0%} |")


def match_names(router: Router, names: tuple[str, ...]) -> list[str]:
    """Return the router's names for models."""
    found = [find_candidate(router.pool, name) for name in names]
    return [candidate.name for candidate in found if candidate is not None]


def choose_dear(router: Router, queries: list[Query], preference: float) -> npt.NDArray[np.bool_]:
    """Return whether each query is routed to the second, expensive, model, shape (n,)."""
    dear = router.pool.names[1]
    return np.array(
        [each.candidate == dear for each in router.route_many(queries, cost_preference=preference)]
    )


def share_by_level(chosen: npt.NDArray[np.bool_], level: npt.NDArray[np.intp]) -> str:
    """Format the share of queries routed to the expensive model by level; queries are the last axis of `chosen`."""
    return ", ".join(f"{chosen[..., level == each].mean():.0%}" for each in range(4))


if __name__ == "__main__":
    main()
