"""Leave whole sets out of training: python benchmarks/unseen.py [--set NAME] [--seeds N] [--out FOLDER].

For each shared set: train `universal` on all other sets (and without published scores on the set's queries), then route
the set's queries among its models. For comparison: the blind mixture (from each model's mean on the same queries, which
is unknown in practice), list price as a proxy for quality, and the same router without the doubt model. Costs are as
recorded, or from tokens and list prices, or predicted if the set has neither. If not all models have outcomes on all
queries, the largest complete part is used. The last column is the AUC of trust for separating the set's queries from
validation queries of the other sets.

Sets of agents' runs have an additional row in which queries state that they are runs. Each set has an additional row in
which the router was calibrated (`Router.calibrated`) on 100 ungraded queries, or half of them, and evaluated on the
others. Training is shorter than for the bundled router. With several seeds, a row has the means, including the
interval, and the spread of the difference. Rows are stored, so that an interrupted run resumes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
from rich.console import Console
from train_universal import CONFIG, train
from universal_sets import SETS, add_costs, load_one
from word_scores import use_scores, write_scores

from crossroute import Outcomes, Pool, Prediction, Query, Router
from crossroute.metrics import WILLINGNESS_TO_PAY, aiq, cost_range, known_outcomes, paired_bootstrap
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats
from crossroute.reward import best

QUICK = CONFIG.model_copy(update={"epochs": 6, "teacher_weight": 0.0})
DIAL = np.linspace(0, 1, 11)
AGENTS = ("openhands", "mcpmark")
WAYS = {"": "", "said": ", said to be runs", "shown": ", some shown"}
MOST_SHOWN = 100
LEAST_MODELS = 4
NOISE = 0.02
"""Increase of spend along the dial that counts as noise, as a share of the spend at 0."""

NUMBERS = ("blind", "plain", "price", "factor", "under", "told_apart")

progress = Console(stderr=True)
Row = dict[str, Any]


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="A set's name.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of routers for each set.")] = 1,
    folder: Annotated[Path, typer.Option("--out", help="Folder of stored rows.")] = Path("figures/unseen"),
) -> None:
    """Print a Markdown table with one row per left-out set."""
    torch.set_num_threads(1)
    print(
        "| set left out | models | queries | blind mixture | CrossRoute less it, 95 % | seeds, spread | without doubt |"
        " list price | cost factor | under the 90 % quantile | dial | told apart |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for name in only or SETS:
        for way in WAYS:
            if way != "said" or name in AGENTS:
                print(format_row([load_row(name, seed, folder, way) for seed in range(seeds)]), flush=True)


def load_row(name: str, seed: int, folder: Path, way: str = "") -> Row:
    """Return a row of one seed, from disk if it is stored."""
    path = folder / f"{make_title(name, seed)}{way and '-'}{way}.json"
    if not path.exists():
        found = compute_row(name, train_without(name, seed, folder), way)
        path.write_text(json.dumps(found, indent=1) + "\n")
        progress.print(path.read_text())
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def train_without(name: str, seed: int, folder: Path) -> Router:
    """Return the router of one seed trained on all sets but one, from disk if it is stored."""
    scores = folder / "word_scores" / f"{name}.json"
    held_out = scores.with_suffix(".requests.json")
    if not scores.exists():
        scores.parent.mkdir(parents=True, exist_ok=True)
        write_scores(scores, held_out, (name,))
    use_scores(scores, held_out)
    trained = folder / "routers" / make_title(name, seed)
    if (trained / "config.json").exists():
        return Router.from_pretrained(trained)
    trained.parent.mkdir(parents=True, exist_ok=True)
    return train(trained, (name,), QUICK.model_copy(update={"seed": QUICK.seed + seed}))


def make_title(name: str, seed: int) -> str:
    """Return the file name of a set's router and rows for one seed."""
    return f"{name}-{seed}" if seed else name


def compute_row(name: str, router: Router, way: str) -> Row:
    """Evaluate a router on the set's queries, in one of `WAYS`."""
    outcomes = select_dense(load_one(name))
    pool = Pool(router.pool[each.name] for each in outcomes.pool)
    router = router.over(pool)
    if way == "shown":
        drawn = np.random.default_rng(0).permutation(len(outcomes))[: min(MOST_SHOWN, len(outcomes) // 2)]
        shown = np.isin(np.arange(len(outcomes)), drawn)
        router, outcomes = router.calibrated(outcomes.take(shown).texts), outcomes.take(~shown)
    asked = [Query(text, one_call=False if way == "said" else None) for text in outcomes.texts]
    prediction = router.predict(asked)
    outcomes, counted = fill_costs(outcomes, prediction)
    plain = Router(
        router.predictor.with_doubt(None),
        calibration=router.calibration,
        cluster_labels=router.cluster_labels,
    ).predict(asked)
    price = np.array([each.price.output if each.price else 0.0 for each in pool])
    shape = outcomes.quality.shape
    by_price = Prediction(
        pool.names,
        np.broadcast_to(predict_by_price(price), shape),
        np.broadcast_to(price * 1e-4 + 1e-9, shape),
    )
    blind = predict_in_hindsight(outcomes)
    rows = np.asarray(known_outcomes(outcomes.quality, outcomes.cost).any(axis=1))
    answered = outcomes.take(rows)
    predictions = {"ours": prediction, "plain": plain, "price": by_price, "blind": blind}
    each_area = make_area_function([select_rows(each, rows) for each in predictions.values()], answered)

    def areas(weights: Floats) -> Floats:
        found = each_area(weights)
        return np.concatenate([found, found[:, :1] - found[:, 3:]], axis=1)

    n = len(answered)
    point, ends = areas(np.full((1, n), 1 / n))[0], paired_bootstrap(areas, n)
    known = known_outcomes(outcomes.quality, outcomes.cost) & (outcomes.cost > 0)
    ratio = np.log(prediction.cost[known] / outcomes.cost[known])
    high_cost = np.zeros(shape) if prediction.cost_high is None else prediction.cost_high
    spend = [float(compute_spend(router, prediction, outcomes, preference)) for preference in DIAL]
    rises = np.diff(spend).max() / max(spend[0], 1e-12)
    return {
        "set": name + WAYS[way],
        "models": len(pool),
        "queries": n,
        **dict(zip(predictions, point[:4].tolist(), strict=True)),
        "difference": [float(point[4]), *ends[:, 4].tolist()],
        "counted": counted,
        "factor": float(np.exp(np.median(np.abs(ratio)))),
        "under": float((outcomes.cost[known] <= high_cost[known]).mean()),
        "spend": spend,
        "monotone": bool(rises <= NOISE),
        "told_apart": compute_strangeness_auc(name, router),
    }


def compute_strangeness_auc(name: str, router: Router) -> float:
    """Return the AUC of trust for separating the set's queries from validation queries of the other sets."""
    from sklearn.metrics import roc_auc_score

    known = [text for other in SETS if other != name for text in load_one(other).split("validation").texts]
    predictor = router.predictor
    if predictor.doubt is None:
        raise ValueError("The router has no doubt model.")
    strangeness = [
        predictor.doubt.distances(
            predictor.network.project(predictor.query_encoder.encode([Query(text) for text in texts]))
        )[0]
        for texts in (known, load_one(name).texts)
    ]
    return float(roc_auc_score(np.repeat([0, 1], [len(s) for s in strangeness]), np.concatenate(strangeness)))


def select_dense(outcomes: Outcomes) -> Outcomes:
    """Return the largest part with outcomes of all models, since means over different queries are not comparable."""
    known = ~np.isnan(outcomes.quality)
    if not np.isnan(outcomes.output_tokens).all():
        known &= ~np.isnan(outcomes.output_tokens)
    order = np.argsort(-known.sum(axis=0), kind="stable")
    answered = np.logical_and.accumulate(
        known[:, order], axis=1
    )  # answered by the first, the first two, ... models
    size = answered.sum(axis=0) * np.arange(1, len(order) + 1)
    count = LEAST_MODELS + int(np.argmax(size[LEAST_MODELS - 1 :]))
    names = [outcomes.pool.names[j] for j in sorted(order[:count])]
    return outcomes.take(answered[:, count - 1]).select(names)


def fill_costs(outcomes: Outcomes, prediction: Prediction) -> tuple[Outcomes, bool]:
    """Return the outcomes with recorded, computed or predicted costs, and whether any cost was known."""
    outcomes = add_costs(outcomes) if np.isnan(outcomes.cost).all() else outcomes
    if not np.isnan(outcomes.cost).all():
        return outcomes, True
    return replace(outcomes, cost=np.where(np.isnan(outcomes.quality), np.nan, prediction.cost)), False


def make_area_function(predictions: Sequence[Prediction], outcomes: Outcomes) -> Callable[[Floats], Floats]:
    """Return a function: weights of the queries, shape (draws, n) -> AIQ of each of p predictions, shape (draws, p)."""
    sweeps = [Sweep.of(each, outcomes, WILLINGNESS_TO_PAY) for each in predictions]
    low, high = cost_range(outcomes.quality, outcomes.cost)

    def areas(weights: Floats) -> Floats:
        return np.array([[aiq(points, low, high) for points in sweep.points(weights)] for sweep in sweeps]).T

    return areas


def predict_in_hindsight(outcomes: Outcomes) -> Prediction:
    """Return the predictions of a router that knows each model's means on the evaluated queries."""
    known = known_outcomes(outcomes.quality, outcomes.cost)
    shape = outcomes.quality.shape
    quality, cost = (
        np.broadcast_to(np.nanmean(np.where(known, values, np.nan), axis=0), shape)
        for values in (outcomes.quality, outcomes.cost)
    )
    return Prediction(outcomes.pool.names, np.nan_to_num(quality), np.nan_to_num(cost, nan=1e3))


def predict_by_price(price: Floats) -> Floats:
    """Return quality from the list price: log-odds that increase with its logarithm, shape (m,)."""
    logs = np.log(price + 0.01)
    return np.asarray(1 / (1 + np.exp(-0.5 * (logs - logs.mean()))))


def select_rows(prediction: Prediction, rows: npt.NDArray[np.bool_]) -> Prediction:
    """Return the predictions for a subset of the queries."""
    return Prediction(prediction.candidates, prediction.quality[rows], prediction.cost[rows])


def compute_spend(router: Router, prediction: Prediction, outcomes: Outcomes, preference: float) -> float:
    """Return the mean observed cost at a cost preference, over choices with known costs."""
    picks = best(prediction.quality, prediction.cost, router.dial.at(preference), router.reward)
    return float(np.nanmean(outcomes.cost[np.arange(len(picks)), picks]))


def format_row(rows: list[Row]) -> str:
    """Format a row of the table: the mean over seeds."""
    told = {key: np.mean([row[key] for row in rows], axis=0) for key in (*NUMBERS, "difference")}
    difference, low, high = told["difference"]
    each = [row["difference"][0] for row in rows]
    counted = rows[0]["counted"]
    cost, under = (f"{told['factor']:.2f}", f"{told['under']:.0%}") if counted else ("–", "–")
    dial = "monotone" if all(row["monotone"] for row in rows) else "rises"
    others = " | ".join(f"{told[other] - told['blind']:+.4f}" for other in ("plain", "price"))
    return (
        f"| {rows[0]['set']} | {rows[0]['models']} | {rows[0]['queries']} | {told['blind']:.4f} | {difference:+.4f} "
        f"({low:+.4f} to {high:+.4f}) | {len(rows)}, {max(each) - min(each):.4f} | {others} | {cost} | {under} | "
        f"{dial} | {told['told_apart']:.2f} |"
    )


if __name__ == "__main__":
    typer.run(main)
