"""Whole sets left out: python benchmarks/unseen.py [--set NAME] [--seeds N] [--out FOLDER].

For each shared set: train `universal` on all others (and without published scores on its own queries), then route the
set's queries among its models. Beside it: the blind mixture (each model's mean on these very queries, which nobody
knows beforehand), list price as a proxy for quality, and the same router without doubt. What it costs is as recorded,
or, where a set counts tokens alone, those at list prices; sets that count neither are priced at what is foreseen of
their models' answers. Of a set in which not all models answered all queries, the largest complete part counts. The last
column is how well strangeness alone tells the set's queries from validation queries of the others. Sets of agents' runs
have a row in which queries say that they are runs, and each set one in which the router was shown 100 of its queries,
or half, ungraded (`Router.calibrated`): the others count. Training is shorter than that of the bundled router. With
several seeds a row is their mean, interval included, and the spread of the difference stands beside it. Rows are kept:
a run that was cut goes on.
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
from universal_sets import SETS, costed, load_one

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
"""Part of the spend at 0 by which spend may rise along the dial and count as noise."""

NUMBERS = ("blind", "plain", "price", "factor", "under", "told_apart")

progress = Console(stderr=True)
Row = dict[str, Any]


def main(
    only: Annotated[list[str] | None, typer.Option("--set", help="A set's name.")] = None,
    seeds: Annotated[int, typer.Option(help="Routers trained for each set.")] = 1,
    folder: Annotated[Path, typer.Option("--out", help="Where rows are kept.")] = Path("figures/unseen"),
) -> None:
    """Print a Markdown table, one row a set left out."""
    torch.set_num_threads(1)
    print(
        "| set left out | models | queries | blind mixture | CrossRoute less it, 95 % | seeds, spread | without doubt |"
        " list price | cost factor | under the 90 % quantile | dial | told apart |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for name in only or SETS:
        for way in WAYS:
            if way != "said" or name in AGENTS:
                print(line([kept(name, seed, folder, way) for seed in range(seeds)]), flush=True)


def kept(name: str, seed: int, folder: Path, way: str = "") -> Row:
    """Return a row of one seed, from disk where it is known."""
    path = folder / f"{titled(name, seed)}{way and '-'}{way}.json"
    if not path.exists():
        found = row(name, trained_without(name, seed, folder), way)
        path.write_text(json.dumps(found, indent=1) + "\n")
        progress.print(path.read_text())
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def trained_without(name: str, seed: int, folder: Path) -> Router:
    """Return the router of one seed that was trained on all sets but one, from disk where it is known."""
    trained = folder / "routers" / titled(name, seed)
    if (trained / "config.json").exists():
        return Router.from_pretrained(trained)
    trained.parent.mkdir(parents=True, exist_ok=True)
    return train(trained, (name,), QUICK.model_copy(update={"seed": QUICK.seed + seed}))


def titled(name: str, seed: int) -> str:
    """Return what a set's router and rows of one seed are kept by."""
    return f"{name}-{seed}" if seed else name


def row(name: str, router: Router, way: str) -> Row:
    """Return what came of the set's queries, in one of the ways."""
    outcomes = dense(load_one(name))
    pool = Pool(router.pool[each.name] for each in outcomes.pool)
    router = router.over(pool)
    if way == "shown":
        drawn = np.random.default_rng(0).permutation(len(outcomes))[: min(MOST_SHOWN, len(outcomes) // 2)]
        shown = np.isin(np.arange(len(outcomes)), drawn)
        router, outcomes = router.calibrated(outcomes.take(shown).texts), outcomes.take(~shown)
    asked = [Query(text, one_call=False if way == "said" else None) for text in outcomes.texts]
    foreseen = router.predict(asked)
    outcomes, counted = with_costs(outcomes, foreseen)
    plain = Router(
        router.predictor.with_doubt(None),
        calibration=router.calibration,
        cluster_labels=router.cluster_labels,
    ).predict(asked)
    price = np.array([each.price.output if each.price else 0.0 for each in pool])
    shape = outcomes.quality.shape
    by_price = Prediction(
        pool.names, np.broadcast_to(proxy(price), shape), np.broadcast_to(price * 1e-4 + 1e-9, shape)
    )
    blind = hindsight(outcomes)
    rows = np.asarray(known_outcomes(outcomes.quality, outcomes.cost).any(axis=1))
    answered = outcomes.take(rows)
    predictions = {"ours": foreseen, "plain": plain, "price": by_price, "blind": blind}
    each_area = areas_of([at(each, rows) for each in predictions.values()], answered)

    def areas(weights: Floats) -> Floats:
        found = each_area(weights)
        return np.concatenate([found, found[:, :1] - found[:, 3:]], axis=1)

    n = len(answered)
    point, ends = areas(np.full((1, n), 1 / n))[0], paired_bootstrap(areas, n)
    known = known_outcomes(outcomes.quality, outcomes.cost) & (outcomes.cost > 0)
    ratio = np.log(foreseen.cost[known] / outcomes.cost[known])
    high_cost = np.zeros(shape) if foreseen.cost_high is None else foreseen.cost_high
    spend = [float(spent(router, foreseen, outcomes, preference)) for preference in DIAL]
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
        "told_apart": told_apart(name, router),
    }


def told_apart(name: str, router: Router) -> float:
    """Return how well strangeness tells the set's queries from validation queries of the others, an AUC."""
    from sklearn.metrics import roc_auc_score

    known = [text for other in SETS if other != name for text in load_one(other).split("validation").texts]
    predictor = router.predictor
    if predictor.doubt is None:
        raise ValueError("The router knows no doubt.")
    strangeness = [
        predictor.doubt.distances(
            predictor.network.project(predictor.query_encoder.encode([Query(text) for text in texts]))
        )[0]
        for texts in (known, load_one(name).texts)
    ]
    return float(roc_auc_score(np.repeat([0, 1], [len(s) for s in strangeness]), np.concatenate(strangeness)))


def dense(outcomes: Outcomes) -> Outcomes:
    """Return the largest part in which each model answered each query: means over other queries do not compare."""
    known = ~np.isnan(outcomes.quality)
    if not np.isnan(outcomes.output_tokens).all():
        known &= ~np.isnan(outcomes.output_tokens)
    order = np.argsort(-known.sum(axis=0), kind="stable")
    answered = np.logical_and.accumulate(known[:, order], axis=1)  # by the first, the first two, ... models
    size = answered.sum(axis=0) * np.arange(1, len(order) + 1)
    count = LEAST_MODELS + int(np.argmax(size[LEAST_MODELS - 1 :]))
    names = [outcomes.pool.names[j] for j in sorted(order[:count])]
    return outcomes.take(answered[:, count - 1]).select(names)


def with_costs(outcomes: Outcomes, foreseen: Prediction) -> tuple[Outcomes, bool]:
    """Return the set with what answers cost, as recorded or by tokens, and whether any cost was known."""
    outcomes = costed(outcomes) if np.isnan(outcomes.cost).all() else outcomes
    if not np.isnan(outcomes.cost).all():
        return outcomes, True
    return replace(outcomes, cost=np.where(np.isnan(outcomes.quality), np.nan, foreseen.cost)), False


def areas_of(predictions: Sequence[Prediction], outcomes: Outcomes) -> Callable[[Floats], Floats]:
    """Return what gives the area of each of p predictions, shape (draws, p), by the queries' weights, (draws, n)."""
    sweeps = [Sweep.of(each, outcomes, WILLINGNESS_TO_PAY) for each in predictions]
    low, high = cost_range(outcomes.quality, outcomes.cost)

    def areas(weights: Floats) -> Floats:
        return np.array([[aiq(points, low, high) for points in sweep.points(weights)] for sweep in sweeps]).T

    return areas


def hindsight(outcomes: Outcomes) -> Prediction:
    """Return the predictions of a router that knows each model's means on these queries."""
    known = known_outcomes(outcomes.quality, outcomes.cost)
    shape = outcomes.quality.shape
    quality, cost = (
        np.broadcast_to(np.nanmean(np.where(known, values, np.nan), axis=0), shape)
        for values in (outcomes.quality, outcomes.cost)
    )
    return Prediction(outcomes.pool.names, np.nan_to_num(quality), np.nan_to_num(cost, nan=1e3))


def proxy(price: Floats) -> Floats:
    """Return list price as quality: log-odds that rise with its logarithm, shape (m,)."""
    logs = np.log(price + 0.01)
    return np.asarray(1 / (1 + np.exp(-0.5 * (logs - logs.mean()))))


def at(prediction: Prediction, rows: npt.NDArray[np.bool_]) -> Prediction:
    """Return the predictions of some queries."""
    return Prediction(prediction.candidates, prediction.quality[rows], prediction.cost[rows])


def spent(router: Router, foreseen: Prediction, outcomes: Outcomes, preference: float) -> float:
    """Return the mean observed cost at a cost preference, where the chosen model's cost is known."""
    picks = best(foreseen.quality, foreseen.cost, router.dial.at(preference), router.reward)
    return float(np.nanmean(outcomes.cost[np.arange(len(picks)), picks]))


def line(rows: list[Row]) -> str:
    """Return a row of the table: the mean over seeds."""
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
