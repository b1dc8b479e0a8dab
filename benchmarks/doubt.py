"""Test whether choices should depend on the uncertainty of predictions: python benchmarks/doubt.py [--set NAME].

Routers are trained on half of a set's candidates; the others are added from a few outcomes, or from outcomes of one
task. Each rule adjusts the predicted quality by its standard error before the choice. The figures, on validation
queries, are changes by the rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from sets import find_sets, load

from crossroute import Outcomes, Pool, Prediction, Router, TrainingConfig, fit
from crossroute.metrics.scores import WILLINGNESS_TO_PAY, aiq, cost_range
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats
from crossroute.profiler.scores import find_benchmark
from crossroute.routing.dial import Dial

HALVES, DRAWS = 2, 4
DIAL = np.linspace(0.05, 0.95, 19)

Rule = Callable[[Prediction, Floats], Floats]
"""Predictions and their standard errors, shape (n, m) -> the quality to choose by, shape (n, m)."""


class Worth(NamedTuple):
    """The value of choices.

    Attributes:
        aiq: AIQ over the sweep.
        reward: Observed quality * exp(-cost / willingness to pay), averaged over the dial.
    """

    aiq: float
    reward: float


def take_lower_bound(k: float, seen: Prediction, error: Floats) -> Floats:
    """Return quality - k * error: a lower confidence bound."""
    return np.clip(seen.quality - k * error, 1e-9, 1)


def discount(k: float, seen: Prediction, error: Floats) -> Floats:
    """Return quality * exp(-k * error), which changes no choice if all errors are equal."""
    return np.asarray(seen.quality * np.exp(-k * error))


def shrink(tau: float, seen: Prediction, error: Floats, *, by_price: bool = False) -> Floats:
    """Return quality + error^2 / (error^2 + tau^2) * (expected - quality).

    `expected` is the pool's mean for the query, weighted by 1 / (error^2 + tau^2), or a linear fit of the pool's
    quality to the log cost.
    """
    weight = 1 / (error**2 + tau**2)
    weight /= weight.sum(1, keepdims=True)
    expected = (weight * seen.quality).sum(1, keepdims=True)
    if by_price:
        cost = np.log(seen.cost.clip(1e-9))
        cost -= (weight * cost).sum(1, keepdims=True)
        slope = (weight * cost * (seen.quality - expected)).sum(1, keepdims=True)
        expected = expected + slope / (weight * cost**2).sum(1, keepdims=True).clip(1e-9) * cost
    return np.asarray(seen.quality + error**2 / (error**2 + tau**2) * (expected - seen.quality)).clip(1e-9, 1)


RULES: dict[str, Rule] = {
    **{f"quality - {k:g} error": partial(take_lower_bound, k) for k in (0.25, 0.5, 1, 2)},
    **{f"quality * exp(-{k:g} error)": partial(discount, k) for k in (0.25, 0.5, 1, 2)},
    **{f"shrunk to the pool's mean, tau {tau:g}": partial(shrink, tau) for tau in (0.1, 0.2, 0.3)},
    **{
        f"shrunk to the line by cost, tau {tau:g}": partial(shrink, tau, by_price=True)
        for tau in (0.1, 0.2, 0.3)
    },
}
LEFT_OUT = "without those known roughly"
Found = dict[str, dict[str, list[dict[str, Worth]]]]
"""Column -> set -> one mapping per draw: rule -> value of its choices."""


def main(
    only: Annotated[
        list[str] | None, typer.Option("--set", help="Part of a set's name, first table.")
    ] = None,
) -> None:
    """Print a Markdown table of the changes of AIQ and mean reward, with their standard errors."""
    torch.set_num_threads(1)
    found: Found = defaultdict(lambda: defaultdict(list))
    for name in find_sets(only):
        judge_new_candidates(load(name), found, name)
    print(format_table(found))


def judge_new_candidates(outcomes: Outcomes, found: Found, name: str) -> None:
    """Evaluate the rules with half of the candidates known from few outcomes, and with all candidates measured well."""
    train, validation = outcomes.split("train"), outcomes.split("validation")
    found["all known"][name].append(
        judge_rules(fit(outcomes, TrainingConfig()), validation, validation.pool.names)
    )
    for half in range(HALVES):
        order = np.random.default_rng(half).permutation(outcomes.pool.names).tolist()
        rough, known = order[: len(order) // 2], order[len(order) // 2 :]
        router = fit(outcomes.select(known), TrainingConfig())
        for draw in range(DRAWS):
            random = np.random.default_rng([half, draw])
            for column, part in draw_evidence(train.select(rough), random):
                wider = router.with_candidates(router.profile(part))
                found[column][name].append(judge_rules(wider, validation, known))


def draw_evidence(train: Outcomes, random: np.random.Generator) -> Iterator[tuple[str, Outcomes]]:
    """Yield the evidence for new candidates: outcomes of a few queries, or of one task each."""
    for count in (20, 50):
        yield f"{count} outcomes", train.take(random.permutation(len(train))[:count])
    tasks = np.array([find_benchmark(task) for task in train.tasks])
    quality = train.quality.copy()
    for column in quality.T:
        column[tasks != random.choice(np.unique(tasks[~np.isnan(column)]))] = np.nan
    yield "one task", replace(train, quality=quality)


def judge_rules(router: Router, validation: Outcomes, sure: Sequence[str]) -> dict[str, Worth]:
    """Return the value of each rule's choices, with "" for the choice without a rule."""
    pool = Pool(router.pool[each] for each in validation.pool.names)
    seen = router.over(pool).predict(validation.texts)
    if seen.quality_error is None:
        raise ValueError("The router states no errors.")
    pays = [Dial.calibrate(seen.quality, seen.cost).at(float(notch)) for notch in DIAL]
    worth = {"": compute_worth(seen, validation, pays)}
    for name, rule in RULES.items():
        worth[name] = compute_worth(replace(seen, quality=rule(seen, seen.quality_error)), validation, pays)
    left = np.isin(seen.candidates, sure)
    worth[LEFT_OUT] = compute_worth(
        replace(seen, quality=np.where(left, seen.quality, 1e-9), cost=np.where(left, seen.cost, 1e3)),
        validation,
        pays,
    )
    return worth


def compute_worth(prediction: Prediction, validation: Outcomes, pays: list[float]) -> Worth:
    """Return the value of the choices by a prediction."""
    sweep = Sweep.of(prediction, validation, WILLINGNESS_TO_PAY)
    area = aiq(sweep.points(), *cost_range(validation.quality, validation.cost))
    by_dial = Sweep.of(prediction, validation, np.array(pays))
    return Worth(area, float((by_dial.quality * np.exp(-by_dial.cost / np.array(pays))).mean()))


def format_table(found: Found) -> str:
    """Return a table of AIQ and reward without a rule, and the changes by rules, averaged over the sets."""
    lines = [f"| quality to choose by | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    plain = [
        np.mean([np.mean([draw[""] for draw in draws], axis=0) for draws in column.values()], axis=0)
        for column in found.values()
    ]
    lines.append(f"| as predicted | {' | '.join(f'{a:.4f}, {reward:.4f}' for a, reward in plain)} |")
    for rule in (*RULES, LEFT_OUT):
        cells = [
            format_change([[np.subtract(d[rule], d[""]) for d in draws] for draws in column.values()])
            for column in found.values()
        ]
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def format_change(differences: list[list[Floats]]) -> str:
    """Format the mean changes of AIQ and reward over sets, with the standard error over draws."""
    mean = np.mean([np.mean(draws, axis=0) for draws in differences], axis=0)
    noise = [np.var(draws, axis=0) / max(len(draws) - 1, 1) for draws in differences]
    error = np.sqrt(np.sum(noise, axis=0)) / len(differences)
    return ", ".join(f"{a:+.4f}" + (f" ± {b:.4f}" if b else "") for a, b in zip(mean, error, strict=True))


if __name__ == "__main__":
    typer.run(main)
