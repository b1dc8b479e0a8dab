"""Compare routers of other projects with CrossRoute on recorded answers: python benchmarks/beside.py [--learn 1500].

    pip install litellm==1.110.0 paretobandit==0.1.1 semantic-router==1.1.1
    LITELLM_LOCAL_MODEL_COST_MAP=True python benchmarks/beside.py

Each router runs as packaged; none is a dependency of the project.

- litellm's complexity router: both heuristics. Its four tiers are four candidates on the hull of mean quality by cost
on
  the learning queries (the "ladder"), from the cheapest to the best.
- litellm's adaptive router: its request types, Beta cells and scores, with all candidates in the middle tier at first.
- ParetoBandit: without prior, on 25 whitened principal components of the static encoding, instead of MiniLM's.
- semantic-router: a route for each model of the ladder. Its utterances are at most 100 learning queries for which the
  model is the cheapest that answers correctly, or the best one if none does. It uses the static encoding.
- CrossRoute: the bundled `universal`, at 21 settings of the dial. It was trained on other queries of these sets.

litellm's adaptive router and ParetoBandit learn online from the learning queries, from the grade of the model that they
chose. All routers are evaluated on the test queries. The table also shows the quality of CrossRoute at the same cost;
the interval of the difference is from a paired bootstrap with 1,000 draws.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import typer
from demo_savings import select_common
from sklearn.decomposition import PCA
from universal_sets import load_one, read_prices

from crossroute import Outcomes, Query, Router
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.metrics import non_decreasing_convex_hull
from crossroute.numeric import Floats
from crossroute.reward import best

SETS = ("paretobandit", "gpt4o-llama-qwen")
DIAL = np.linspace(0, 1, 21)
DRAWS, SEED, COMPONENTS = 1_000, 3, 25
RIGHT, UTTERANCES = 0.5, 100
PENALTIES = (0.0, 0.3, 0.6)
"""ParetoBandit's cost penalties; 0.3 is its default."""

Chosen = npt.NDArray[np.intp]


def choose_ladder(outcomes: Outcomes) -> list[str]:
    """Return four candidates on the hull, from the cheapest to the best."""
    means = np.stack([outcomes.cost.mean(0), outcomes.quality.mean(0)], axis=1)
    hull = [int(np.flatnonzero((means == corner).all(1))[0]) for corner in non_decreasing_convex_hull(means)]
    steps = np.linspace(0, len(hull) - 1, 4).round().astype(int)
    return [outcomes.pool.names[hull[step]] for step in steps]


def run_complexity(learned: Outcomes, tested: Outcomes) -> Iterator[tuple[str, Chosen]]:
    """Yield the choices of litellm's heuristics."""
    from litellm import Router as LiteLLM
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    tiers = dict(zip(("SIMPLE", "MEDIUM", "COMPLEX", "REASONING"), choose_ladder(learned), strict=True))
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_key": "none"}}
        for name in set(tiers.values())
    ]
    for kind in ("heuristic", "heuristic_v2"):
        router = ComplexityRouter("it", LiteLLM(model_list=models), {"tiers": tiers, "classifier_type": kind})
        classify: Callable[[str], Any] = (
            router.classify if kind == "heuristic" else router._classify_with_heuristic_v2
        )
        told = [classify(text) for text in tested.texts]
        tier = [each[0] if isinstance(each, tuple) else each for each in told]
        names = [tiers[str(getattr(each, "value", each))] for each in tier]
        yield f"litellm {kind}", np.array([tested.pool.position(name) for name in names])


def run_adaptive(learned: Outcomes, tested: Outcomes) -> Iterator[tuple[str, Chosen]]:
    """Yield the choices of litellm's adaptive router after learning."""
    from litellm.router_strategy.adaptive_router.bandit import apply_delta, initial_cell, pick_best
    from litellm.router_strategy.adaptive_router.classifier import classify_prompt
    from litellm.types.router import AdaptiveRouterPreferences

    costs = {name: read_prices()[name].output / 1000 for name in learned.pool.names}
    middle = AdaptiveRouterPreferences(quality_tier=2, strengths=[])
    cells: dict[Any, dict[str, Any]] = {}
    draw = random.Random(SEED)

    def choose(text: str) -> tuple[Any, str]:
        kind = classify_prompt(text)
        own = cells.setdefault(kind, {name: initial_cell(middle, kind) for name in costs})
        return own, pick_best(own, costs, rng=draw)

    for row, text in enumerate(learned.texts):
        own, name = choose(text)
        grade = float(learned.quality[row, learned.pool.position(name)])
        own[name] = apply_delta(own[name], grade, 1 - grade)
    yield "litellm adaptive", np.array([tested.pool.position(choose(text)[1]) for text in tested.texts])


def run_pareto(learned: Outcomes, tested: Outcomes) -> Iterator[tuple[str, Chosen]]:
    """Yield the choices of ParetoBandit at each cost penalty after learning."""
    from pareto_bandit import BanditRouter
    from pareto_bandit.feature_service import FeatureService

    encoder = QueryEncoder("static")
    near, far = (encoder.embed([Query(text) for text in part.texts]) for part in (learned, tested))
    space = PCA(COMPONENTS, whiten=True, random_state=SEED).fit(near)
    near, far = space.transform(near), space.transform(far)
    registry = {
        name: {"input_cost_per_m": read_prices()[name].input, "output_cost_per_m": read_prices()[name].output}
        for name in learned.pool.names
    }
    for penalty in PENALTIES:
        router = BanditRouter.create(
            registry,
            priors="none",
            feature_service=FeatureService.for_precomputed(dimension=COMPONENTS),
            cost_penalty=penalty,
            bandit_seed=SEED,
        )
        for row, features in enumerate(near):
            name, log = router.route(features)
            router.process_feedback(log.request_id, float(learned.quality[row, learned.pool.position(name)]))
        with router.exploit():
            chosen = [tested.pool.position(router.route(features)[0]) for features in far]
        yield f"ParetoBandit, penalty {penalty:g}", np.array(chosen)


def run_semantic(learned: Outcomes, tested: Outcomes) -> Iterator[tuple[str, Chosen]]:
    """Yield the choices of semantic-router, with learning queries as utterances."""
    from semantic_router import IndexedRouter, Route
    from semantic_router.encoders import DenseEncoder

    static = QueryEncoder("static")

    class Static(DenseEncoder):  # type: ignore[misc]
        def __call__(self, docs: list[str]) -> list[list[float]]:
            found: list[list[float]] = static.embed([Query(text) for text in docs]).tolist()
            return found

        async def acall(self, docs: list[str]) -> list[list[float]]:
            return self(docs)

    names = choose_ladder(learned)
    columns = [learned.pool.position(name) for name in names]
    right = learned.quality[:, columns] >= RIGHT
    fits = np.where(right.any(axis=1), right.argmax(axis=1), len(names) - 1)
    routes = [
        Route(
            name=name, utterances=[learned.texts[row] for row in np.flatnonzero(fits == place)[:UTTERANCES]]
        )
        for place, name in enumerate(names)
    ]
    router = IndexedRouter(Static(name="static"), [route for route in routes if route.utterances])
    chosen = [tested.pool.position(router(text).name) for text in tested.texts]
    yield "semantic-router", np.array(chosen)


def compare(tested: Outcomes, chosen: Chosen, dialled: list[Chosen]) -> tuple[float, float, float, Floats]:
    """Return quality and USD of choices, CrossRoute's quality at the same cost, and the interval of the difference."""
    rows = np.arange(len(tested))
    ways = [chosen, *dialled]
    quality = np.stack([tested.quality[rows, each] for each in ways])  # (ways, n)
    cost = np.stack([tested.cost[rows, each] for each in ways])

    def compared(picked: npt.NDArray[np.intp]) -> tuple[float, float, float]:
        q, c = quality[:, picked].mean(1), cost[:, picked].mean(1)
        hull = non_decreasing_convex_hull(np.stack([c[1:], q[1:]], axis=1))
        return float(q[0]), float(c[0]), float(np.interp(c[0], hull[:, 0], hull[:, 1]))

    draws = np.random.default_rng(SEED).integers(len(tested), size=(DRAWS, len(tested)))
    differences = [ours - theirs for theirs, _, ours in map(compared, draws)]
    return (*compared(rows), np.quantile(differences, (0.025, 0.975)))


def main(learn: int = 1_500, sets: str = ",".join(SETS)) -> None:
    """Print the table for some sets: a,b."""
    universal = Router.from_pretrained("universal")
    print("| set | router | quality | USD per 1,000 | CrossRoute at that cost | difference, 95 % |")
    print("|---|---|---|---|---|---|")
    for name in sets.split(","):
        outcomes = select_common(load_one(name))
        is_test = np.array(outcomes.splits) == "test"
        order = np.random.default_rng(SEED).permutation(np.flatnonzero(~is_test))[:learn]
        learned, tested = outcomes.take(order), outcomes.take(is_test)
        router = universal.subset(outcomes.pool.names)
        predicted = router.predict(tested.texts)
        columns = np.array([tested.pool.position(candidate) for candidate in predicted.candidates])
        dialled = [
            columns[best(predicted.quality, predicted.cost, router.dial.at(float(preference)), router.reward)]
            for preference in DIAL
        ]
        for way in (run_complexity, run_adaptive, run_pareto, run_semantic):
            for told, chosen in way(learned, tested):
                theirs, usd, ours, (low, high) = compare(tested, chosen, dialled)
                print(
                    f"| {name} | {told} | {theirs:.3f} | {1000 * usd:.3g} | {ours:.3f} "
                    f"| {ours - theirs:+.3f} ({low:+.3f} to {high:+.3f}) |",
                    flush=True,
                )


if __name__ == "__main__":
    typer.run(main)
