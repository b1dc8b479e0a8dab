"""Compare adaptive selection of calls (a design) with all calls, and with half of them at random.

    python benchmarks/design.py "$CROSSROUTE_DATA" [--draws 3] [--prompts 600] [--share 0.5]

Recorded outcomes are replayed as the candidates' answers. Two simple routers, means by cluster and nearest neighbours,
are trained on the selected pairs; AIQ is on the set's test queries. "Random" calls all candidates with a random part of
the prompts.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsRegressor

from crossroute import Outcomes, Query, priced, read_outcomes
from crossroute.collection.design import Design
from crossroute.data.outcomes import MEASURES
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.baselines.clusters import ClusterMeans
from crossroute.evaluation.baselines.regression import PerCandidate
from crossroute.evaluation.baselines.tuning import Baseline
from crossroute.metrics.scores import aiq, cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats

SETS = ("routerbench-5shot", "routerbench-0shot", "gpt4o-llama-qwen", "paretobandit", "openhands")
ROUTERS: dict[str, Baseline] = {
    "clusters": ClusterMeans(),
    "neighbours": PerCandidate(KNeighborsRegressor(30), KNeighborsRegressor(30)),
}


def select_complete(folder: Path) -> Outcomes:
    """Return a set's queries with outcomes of all common candidates that have a price."""
    outcomes = priced(read_outcomes(folder))
    common = np.flatnonzero(outcomes.observed.mean(0) > 0.9)
    names = [outcomes.pool.names[column] for column in common if tuple(outcomes.pool)[column].price]
    return outcomes.select(names).complete()


class Split:
    """A set's queries: the test queries for evaluation, the others for training.

    Args:
        outcomes: The set.
        encoder: Encoder of its texts.

    Attributes:
        others: Rows of the training queries.
    """

    def __init__(self, outcomes: Outcomes, encoder: QueryEncoder) -> None:
        is_test = np.array(outcomes.splits) == "test"
        self.others, self._test = np.flatnonzero(~is_test), outcomes.take(is_test)
        self._far = encoder.embed([Query(text) for text in self._test.texts])
        self._usd = sweep_for(self._test.cost)
        self._range = cost_range(self._test.quality, self._test.cost)

    def score(self, family: Baseline, near: Floats, taught: Outcomes) -> float:
        """Return the AIQ on the test queries of a router trained on outcomes of encoded queries."""
        predicted = family.fit(near, taught).predict(self._far)
        return aiq(Sweep.of(predicted, self._test, self._usd).points(), *self._range)


def choose_pairs(prompts: Outcomes, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Return which pairs of prompt and candidate a design calls, shape (n, m)."""
    names, ids = prompts.pool.names, list(prompts.query_ids)
    prices = {candidate.name: candidate.price for candidate in prompts.pool if candidate.price}
    planner = Design(share=share, seed=seed).planner(dict(zip(ids, prompts.texts, strict=True)), prices)
    line = {name: row for row, name in enumerate(ids)}
    asked = np.zeros(prompts.quality.shape, dtype=bool)
    answered: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    while chosen := planner.next(answered):
        for name, wanted in chosen.items():
            column = prompts.pool.position(name)
            for query in wanted:
                row = line[query]
                asked[row, column] = True
                answered[name].append(
                    {
                        "query_id": query,
                        "quality": prompts.quality[row, column],
                        "cost_usd": prompts.cost[row, column],
                    }
                )
    return asked


def keep_only(prompts: Outcomes, asked: npt.NDArray[np.bool_]) -> Outcomes:
    """Return outcomes with the other pairs removed."""
    known: dict[str, Any] = {name: np.where(asked, getattr(prompts, name), np.nan) for name in MEASURES}
    return replace(prompts, **known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=600)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--sets", default=",".join(SETS))
    given = parser.parse_args()
    encoder = QueryEncoder("static")
    print(f"{'set':<18} {'router':<11}  all     design  random  calls  USD of all", flush=True)
    for name in given.sets.split(","):
        outcomes = select_complete(given.data / name)
        split = Split(outcomes, encoder)
        found: dict[str, list[list[float]]] = {router: [] for router in ROUTERS}
        spent = []
        for seed in range(given.draws):
            draw = np.random.default_rng(seed)
            prompts = outcomes.take(draw.permutation(split.others)[: given.prompts])
            near = encoder.embed([Query(text) for text in prompts.texts])
            asked = choose_pairs(prompts, given.share, seed)
            rows = draw.permutation(len(prompts)) < given.share * len(prompts)
            ways = (np.ones_like(asked), asked, np.broadcast_to(rows[:, None], asked.shape))
            spent.append((asked.mean(), prompts.cost[asked].sum() / prompts.cost.sum()))
            for router, family in ROUTERS.items():
                found[router].append([split.score(family, near, keep_only(prompts, way)) for way in ways])
        share, dollars = np.mean(spent, axis=0)
        for router, scores_of in found.items():
            cells = "  ".join(f"{score:.4f}" for score in np.mean(scores_of, axis=0))
            print(f"{name:<18} {router:<11}  {cells}  {share:.0%}    {dollars:.0%}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
