"""A router of made-up weights, the same on every machine, and queries of all shapes: what is recorded of it stays."""

import numpy as np

from crossroute import (
    Candidate,
    Constraints,
    Decision,
    NoEligibleCandidateError,
    Pool,
    Price,
    Profile,
    Query,
    Router,
)
from crossroute.candidate import Belief
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.model.config import NetworkConfig
from crossroute.model.doubt import Doubt
from crossroute.model.inference import InferenceNetwork
from crossroute.routing.predictor import Predictor

WIDTH, K, P, KINDS = 271, 6, 12, ("code", "math", "talk")
CODE = "def f(x):\n    return x + 1\n"
TEXTS = [
    "Hi",
    "What is 17 * 23, and is it prime?",
    "Explain the difference between TCP and UDP, and say when you would use each of them.",
    "EXPLAIN THE DIFFERENCE BETWEEN TCP AND UDP!!",
    f"What does this do?\n\n```python\n{CODE * 40}```",
    "Context: Refunds take 5 days.\n\nQuestion: How long does a refund take?\nAnswer:",
    "Which is prime?\nA. 4\nB. 5\nC. 6\nAnswer:",
    "Was ist die Hauptstadt von Österreich, und wie viele Menschen leben dort?",
    "法国的首都是哪里?",
    "no " * 40,
    "Use the strongest model for this. Why is the sky blue?",
    "Sort 3.5, 1,000 and -2 (ascending); then e.g. print them as [a, b]?",
    "probability mississippi bookkeeper hahahahahaha aaaaaa",
    "Summarize. " + "The lease ends in May, and the tenant pays for all repairs of the roof. " * 60,
]
QUERIES = [
    *(Query(text, one_call=number % 3 > 0) for number, text in enumerate(TEXTS)),
    Query("go on", context="Prove that there are infinitely many primes."),
    Query("Fix the test.", step="I run it.\nError: no module named x", input_tokens=5_000),
    Query(TEXTS[2], "You are a patient teacher of networks. " * 5, 9_000),
    Query(TEXTS[1], input_tokens=3),
]
DIALS = (0, 0.3, 0.5, 1)
CONSTRAINTS = [
    Constraints(max_cost=0.002),
    Constraints(min_quality=0.6, max_cost=0.05, max_cost_confidence=0.5),
    Constraints(deny={"b"}, capabilities={"tools"}),
    Constraints(allow={"a", "c", "the-fourth"}),
    Constraints(min_quality=1),
]


def made_router(*, unit: str = "output_tokens", doubts: bool = True, apart: bool = True) -> Router:
    """Return a router of made-up weights.

    Args:
        unit: What its cost head predicts.
        doubts: Whether it measures how far queries lie from training.
        apart: Whether queries attend to another pool than the one to choose from.
    """
    random = np.random.default_rng(7)
    config = NetworkConfig(width=WIDTH, components=P, clusters=K, hidden=8, members=2, heads=2)
    weights = {name: random.normal(0, 0.4, shape) for name, shape in config.shapes().items()}
    weights["projection"] = random.normal(0, 0.15, (WIDTH, P))
    weights["temperature"] = np.array([8.0])
    network = InferenceNetwork(config, weights)
    pool = Pool(_candidate(name, random) for name in "abcde")
    doubt = _doubt(random) if doubts else None
    query_encoder = QueryEncoder("static")
    whole = Predictor(network, pool, query_encoder, unit, doubt=doubt)
    cut = pool.subset([*"abcd"]).with_prices({"c": Price(input=3, output=9, cached_input=0.3)})
    predictor = whole.with_pool(cut) if apart else whole
    calibration = query_encoder.read(QUERIES[:8])
    return Router(predictor, calibration=calibration, cluster_labels=[f"cluster {i}" for i in range(K)])


def decisions(name: str) -> list[list[object]]:
    """Return what a kind of router decides on the queries, at several dials and under constraints, as plain data."""
    router = made_router(**KINDS_OF_ROUTERS[name])
    if name != "told apart":
        return [_told(router.route(query)) for query in QUERIES]
    found = [router.route(query, cost_preference=dial) for query in QUERIES for dial in DIALS]
    found += [router.route(query, willingness_to_pay=0.01, current="c") for query in QUERIES]
    return [
        *map(_told, found),
        *(_constrained(router, query, limits) for query in QUERIES for limits in CONSTRAINTS),
    ]


def predictions(name: str) -> list[list[float]]:
    """Return the qualities and costs that a kind of router predicts of texts which may be runs."""
    found = made_router(**KINDS_OF_ROUTERS[name]).predict(TEXTS)
    return [
        [_short(value) for value in (*quality, *cost)]
        for quality, cost in zip(found.quality, found.cost, strict=True)
    ]


def _short(value: float) -> float:
    return float(f"{value:.9g}")


def _constrained(router: Router, query: Query, constraints: Constraints) -> list[object]:
    try:
        return _told(router.route(query, constraints=constraints))
    except NoEligibleCandidateError as error:
        return [str(error)]


def _told(decision: Decision) -> list[object]:
    alternatives = [
        [a.candidate, *map(_short, (a.quality, a.cost, a.reward, a.attention, a.quality_error)), a.excluded]
        for a in decision.alternatives
    ]
    clusters = [[cluster.index, _short(cluster.weight)] for cluster in decision.clusters]
    return [decision.candidate, _short(decision.willingness_to_pay), clusters, *alternatives]


def _candidate(name: str, random: np.random.Generator) -> Candidate:
    def numbers(low: float, high: float, size: int) -> tuple[float, ...]:
        return tuple(random.uniform(low, high, size).tolist())

    belief = Belief(
        ability=numbers(-1, 3, 3),
        ability_error=numbers(0.2, 1, 3),
        log_tokens=numbers(-0.5, 0.5, 3),
        log_tokens_error=numbers(0.2, 1, 3),
    )
    profile = Profile(
        quality=numbers(0.2, 0.95, K),
        log_tokens=numbers(3, 7, K),
        evidence=numbers(0, 90, K),
        belief=None if name == "e" else belief,
    )
    price = random.uniform(0.1, 5)
    return Candidate(
        name=name,
        aliases=("the-fourth",) if name == "d" else (),
        price=Price(input=price, output=4 * price),
        context_window={"a": 2_000, "d": 8_000}.get(name),
        capabilities=frozenset({"tools"} if name in "bc" else ()),
        profile=profile,
    )


def _doubt(random: np.random.Generator) -> Doubt:
    outputs = len(KINDS) + 2
    levels = np.array([0.0, 0.5, -0.5, 1.5, 4.5])
    spaces = {name: np.eye(P) + random.normal(0, 0.1, (P, P)) for name in ("within", "overall")}
    classes = {name: random.normal(size=(count, P)) for name, count in (("familiar", 30), ("own", 10))}
    heads = {name: random.normal(0, 0.2, (P, outputs)) for name in ("heads", "ordinary_heads")}
    return Doubt(
        KINDS,
        {
            **spaces,
            **classes,
            **heads,
            "location": random.normal(0, 0.1, P),
            "gate": np.array([[2.0, 4.0], [20.0, 4.0]]),
            "heads_bias": levels,
            "ordinary_bias": levels + 0.5,
            "typical": np.array([0.5, 0.3, 0.2, 1.5, 5.0]),
            "manner": random.normal(0, 0.3, (P, 3)),
            "manner_bias": np.array([1.0, 0.0, -1.0]),
            "run": np.array([1.0, 0.0, 0.0, 0.5, 9.0]),
            "reading": np.array([0.5, 0.5, 0.15]),
            "near_spread": random.uniform(0.2, 1, K),
            "far_spread": np.array([1.4, 0.9, 2.0]),
        },
    )


KINDS_OF_ROUTERS = {
    "told apart": {},
    "of one pool": {"apart": False},
    "of ratios": {"unit": "input_ratio"},
    "without doubt": {"doubts": False},
}


if __name__ == "__main__":  # records anew: python -m tests.support.made FILE
    import json
    import sys
    from pathlib import Path

    found = {
        name: {"decisions": decisions(name), "predictions": predictions(name)} for name in KINDS_OF_ROUTERS
    }
    Path(sys.argv[1]).write_text(json.dumps(found, separators=(",", ":")).replace("]],[", "]],\n[") + "\n")
