"""Pools of models that nobody measured: python benchmarks/left_out_pools.py.

Each maker's last generation is left out whole, as in `priors.py --folds maker`, and its means are foreseen from the
other makers' models and its own earlier ones. Then each set's queries are routed among those of its models that were
left out, as a router does that reads no query: by the means that are foreseen, by these leaning to the dearer model, as
`universal` believes, and by list price as a proxy for quality. All know the mean costs, so that they differ in what
they hold for good alone. Beside them the blind mixture, which knows the mean qualities, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import typer
from priors import FactorModel, Key, Seen, observed_quality, parts
from train_universal import LEAN
from universal_sets import SETS, costed, load_one, price_table
from unseen import areas_of, dense, hindsight, proxy

from crossroute import Outcomes, Prediction
from crossroute.metrics import paired_bootstrap
from crossroute.numeric import Floats, logit, sigmoid

LEAST_MODELS = 4


def main() -> None:
    """Print a Markdown table, one row a set."""
    torch.set_num_threads(1)
    foreseen = left_out()
    print(
        "| set | models left out | queries | blind mixture | predicted less it | leaning to the dearer |"
        " list price | leaning less list price, 95 % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        row = line(name, foreseen.get(name, {}))
        if row:
            print(row, flush=True)


def left_out() -> dict[str, dict[str, float]]:
    """Return set -> model -> mean quality foreseen of it without its maker's last generation."""
    seen = observed_quality()
    found: dict[str, dict[str, float]] = {}
    for _, part in parts(seen, "maker"):
        fitted = FactorModel([each for each in seen if each not in part], rounds=8)
        for (name, model), logits in means(fitted, part).items():
            found.setdefault(name, {})[model] = float(sigmoid(np.array(logits)).mean())
    return found


def means(fitted: FactorModel, part: set[Seen]) -> dict[tuple[str, str], list[float]]:
    """Return (set, model) -> the logit that is foreseen of it in each column of the set that others tell of."""
    keys: list[Key] = sorted({each.key for each in part})
    ability, _ = fitted.predict(keys)
    found: dict[tuple[str, str], list[float]] = {}
    for each in sorted(part):
        if each.source in SETS and each.column in fitted.columns:
            column = fitted.columns.index(each.column)
            told = fitted.offset[column] + fitted.slope[column] * ability[keys.index(each.key), each.kind]
            found.setdefault((each.source, each.key[0]), []).append(float(told))
    return found


def line(name: str, foreseen: dict[str, float]) -> str | None:
    """Return a row of the table; None where too few models were left out, or no cost is known."""
    outcomes = load_one(name)
    names = [each for each in outcomes.pool.names if each in foreseen]
    if len(names) < LEAST_MODELS:
        return None
    outcomes = dense(costed(outcomes.select(names)))
    names = list(outcomes.pool.names)
    if np.isnan(outcomes.cost).all():
        return None
    price = np.array([price_table()[each].output for each in names])
    believed = logit(np.array([foreseen[each] for each in names]), 1e-3)
    leaning = sigmoid(believed + LEAN * (np.log(price + 0.03) - np.log(price + 0.03).mean()))
    qualities = (sigmoid(believed), leaning, proxy(price))
    areas = areas_of((hindsight(outcomes), *(flat(outcomes, quality) for quality in qualities)), outcomes)

    def apart(weights: Floats) -> Floats:
        blind, *others = areas(weights).T
        return np.stack([*(each - blind for each in others), others[1] - others[2]], axis=1)

    n = len(outcomes)
    whole = np.full((1, n), 1 / n)
    less, ends = apart(whole)[0], paired_bootstrap(apart, n)[:, -1]
    cells = (name, len(names), n, f"{areas(whole)[0, 0]:.4f}", *(f"{each:+.4f}" for each in less[:-1]))
    return f"| {' | '.join(map(str, cells))} | {less[-1]:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f}) |"


def flat(outcomes: Outcomes, quality: Floats) -> Prediction:
    """Return the same prediction for every query, at the mean costs."""
    return replace(hindsight(outcomes), quality=np.broadcast_to(quality, outcomes.quality.shape))


if __name__ == "__main__":
    typer.run(main)
