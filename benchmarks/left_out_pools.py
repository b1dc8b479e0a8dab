"""Route among models without outcomes: python benchmarks/left_out_pools.py.

Each maker's last generation is left out, as in `priors.py --folds maker`, and its mean qualities are predicted from
other makers' models and the maker's earlier ones. Then each set's queries are routed among its left-out models without
reading the query: by the predicted means, by these shifted towards the more expensive models as in `universal`, and by
list price as a proxy for quality. All use the true mean costs, so that they differ only in quality. They are compared
with the blind mixture, which uses the true mean qualities.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import typer
from priors import FactorModel, Key, Seen, load_quality, split_parts
from train_universal import LEAN
from universal_sets import SETS, add_costs, load_one, read_prices
from unseen import make_area_function, predict_by_price, predict_in_hindsight, select_dense

from crossroute import Outcomes, Prediction
from crossroute.metrics import paired_bootstrap
from crossroute.numeric import Floats, logit, sigmoid

LEAST_MODELS = 4


def main() -> None:
    """Print a Markdown table with one row per set."""
    torch.set_num_threads(1)
    prediction = predict_left_out()
    print(
        "| set | models left out | queries | blind mixture | predicted less it | leaning to the dearer |"
        " list price | leaning less list price, 95 % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        row = format_row(name, prediction.get(name, {}))
        if row:
            print(row, flush=True)


def predict_left_out() -> dict[str, dict[str, float]]:
    """Return set -> model -> mean quality, predicted without its maker's last generation."""
    seen = load_quality()
    found: dict[str, dict[str, float]] = {}
    for _, part in split_parts(seen, "maker"):
        fitted = FactorModel([each for each in seen if each not in part], rounds=8)
        for (name, model), logits in predict_means(fitted, part).items():
            found.setdefault(name, {})[model] = float(sigmoid(np.array(logits)).mean())
    return found


def predict_means(fitted: FactorModel, part: set[Seen]) -> dict[tuple[str, str], list[float]]:
    """Return (set, model) -> predicted logit in each column of the set that has data of other models."""
    keys: list[Key] = sorted({each.key for each in part})
    ability, _ = fitted.predict(keys)
    found: dict[tuple[str, str], list[float]] = {}
    for each in sorted(part):
        if each.source in SETS and each.column in fitted.columns:
            column = fitted.columns.index(each.column)
            told = fitted.offset[column] + fitted.slope[column] * ability[keys.index(each.key), each.kind]
            found.setdefault((each.source, each.key[0]), []).append(float(told))
    return found


def format_row(name: str, prediction: dict[str, float]) -> str | None:
    """Format a row of the table; None if too few models were left out, or no cost is known."""
    outcomes = load_one(name)
    names = [each for each in outcomes.pool.names if each in prediction]
    if len(names) < LEAST_MODELS:
        return None
    outcomes = select_dense(add_costs(outcomes.select(names)))
    names = list(outcomes.pool.names)
    if np.isnan(outcomes.cost).all():
        return None
    price = np.array([read_prices()[each].output for each in names])
    believed = logit(np.array([prediction[each] for each in names]), 1e-3)
    leaning = sigmoid(believed + LEAN * (np.log(price + 0.03) - np.log(price + 0.03).mean()))
    qualities = (sigmoid(believed), leaning, predict_by_price(price))
    areas = make_area_function(
        (predict_in_hindsight(outcomes), *(predict_constant(outcomes, quality) for quality in qualities)),
        outcomes,
    )

    def apart(weights: Floats) -> Floats:
        blind, *others = areas(weights).T
        return np.stack([*(each - blind for each in others), others[1] - others[2]], axis=1)

    n = len(outcomes)
    whole = np.full((1, n), 1 / n)
    less, ends = apart(whole)[0], paired_bootstrap(apart, n)[:, -1]
    cells = (name, len(names), n, f"{areas(whole)[0, 0]:.4f}", *(f"{each:+.4f}" for each in less[:-1]))
    return f"| {' | '.join(map(str, cells))} | {less[-1]:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f}) |"


def predict_constant(outcomes: Outcomes, quality: Floats) -> Prediction:
    """Return a prediction that is the same for every query, with the mean costs."""
    return replace(predict_in_hindsight(outcomes), quality=np.broadcast_to(quality, outcomes.quality.shape))


if __name__ == "__main__":
    typer.run(main)
