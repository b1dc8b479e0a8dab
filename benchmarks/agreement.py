"""Compare agreement of answers with log-probabilities as evidence: python benchmarks/agreement.py [--folds 5].

Recorded outcomes of gpt4o-llama-qwen are replayed. The set has no texts of answers, so agreement is simulated: two
right answers agree, a right and a wrong one do not, and two wrong ones agree with a given probability. The policy
(escalation/panel.py) gets the default probability for choices, or the estimate of `Escalation.calibrated` from 50
graded queries. Priors are out-of-fold predictions of the members beside the network (training/stacking.py). The
verifier for log-probabilities is fitted outside each fold, on the same priors. The cost includes all calls.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
import typer
from crossval import Pool, draw_weights
from predictions import progress
from sets import POOLS, find_sets, to_slug

from crossroute import Outcomes, Prediction, TrainingConfig
from crossroute.escalation.agreement import SAME_WRONG
from crossroute.escalation.cascade import STOP
from crossroute.escalation.correlation import Correlation
from crossroute.escalation.panel import Panel
from crossroute.escalation.settings import STATED_PAIRS
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.metrics.cascades import play
from crossroute.metrics.scores import aiq, cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.model.clusters import fit_projection, project
from crossroute.model.ensemble import HELD
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.training.forest import grow_forest
from crossroute.training.stacking import fit_ridge, weigh_members

SET = "gpt4o-llama-qwen"
IN_TRUTH = (0.1, 0.33, 0.6, 0.8)
"""Probabilities that two wrong answers agree: rarely, as four choices by chance, as measured on models, more often."""
COUNTED = 50
"""Number of graded queries for the estimate."""
ALIKE = (0.2, 0.35, 0.5, 0.65, 0.8)
EVERY = 4
"""Step through the points of the sweep."""

Curves = dict[str, list[Floats]]  # way -> (2, n, p) of each fold


def main(
    folds: Annotated[int, typer.Option(min=2)] = 5,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    folder: Annotated[Path, typer.Option("--out", help="Folder of cached encodings.")] = Path("figures"),
) -> None:
    """Replay all folds and print the table."""
    torch.set_num_threads(1)
    (name,) = find_sets([SET], POOLS)
    pool = Pool(name, folder / "crossval" / to_slug(name), folds)
    pays = sweep_for(pool.outcomes.cost)[::EVERY]
    order: list[npt.NDArray[np.intp]] = []
    found: Curves = {}
    for fold in range(folds):
        _, _, test = parts = pool.parts(seed, fold)
        order.append(test)
        for way, curve in compute_fold(pool, parts, pays, seed).items():
            found.setdefault(way, []).append(curve)
        progress.print(f"fold {fold} of {folds}")
    rows = np.concatenate(order)
    curves = {way: np.concatenate(parts, axis=1) for way, parts in found.items()}
    ends = cost_range(pool.outcomes.quality, pool.outcomes.cost)
    print(format_table(curves, ends, draw_weights(pool.text)[:, rows]))


def compute_fold(
    pool: Pool, parts: tuple[npt.NDArray[np.intp], ...], pays: Floats, seed: int
) -> dict[str, Floats]:
    """Return policy -> quality and cost of a fold's n queries at p settings of the dial, shape (2, n, p)."""
    train, validation, test = parts
    seen = np.concatenate([train, validation])
    known, outcomes = pool.outcomes.take(seen), pool.outcomes.take(test)
    expected, prior, cost = predict_out_of_fold(pool, seen, test, seed)
    prediction = Prediction(outcomes.pool.names, prior, cost)
    verifier = fit_verifier(expected, known.answer_logprob, known.quality)
    if verifier is None:
        raise SystemExit("Too few answers carry log-probabilities.")
    alone = Sweep.of(prediction, outcomes, pays)
    played = play(prediction, outcomes, verifier, pays, max_calls=2)
    found = {
        "one call": np.stack([alone.quality, alone.cost]),
        "two calls, log-probabilities": np.stack([played.quality, played.cost]),
    }
    correlation = Correlation(between=fit_correlation(expected, known.quality))
    for share in IN_TRUTH:
        same = draw_agreement(outcomes.quality, share, seed)
        told = {"60% stated": SAME_WRONG["choice"], "counted": count_agreement(known.quality, share, seed)}
        for way, value in told.items():
            panel = Panel(prior, cost, value, correlation)
            found[f"three calls, agreement, {share:.0%} in truth, {way}"] = play_panel(
                outcomes, panel, same, pays
            )
    return found


def predict_out_of_fold(
    pool: Pool, seen: npt.NDArray[np.intp], test: npt.NDArray[np.intp], seed: int
) -> tuple[Floats, Floats, Floats]:
    """Return out-of-sample quality of the training queries, and quality and cost of the test queries, each (n, m)."""
    encoded = pool.prepared.encoded.numpy()
    quality, cost = pool.outcomes.quality[seen], pool.outcomes.cost[seen]
    weights, bias, straight = fit_ridge(encoded[seen], quality)
    centre, projection = fit_projection(encoded[seen], pool.encoder.views_width, 64)
    forest = grow_forest(project(encoded[seen], centre, projection), quality, TrainingConfig(seed=seed))
    x = project(encoded[test], centre, projection).astype(np.float32)
    at, row = np.repeat(forest.root[None], len(x), axis=0), np.arange(len(x))[:, None]
    for _ in range(forest.depth):
        right = x[row, forest.feature[at]] > forest.threshold[at]
        at = forest.children[at, right.astype(int)]
    unseen = logit(np.stack([straight, forest.unseen]), HELD)
    told = logit(np.stack([encoded[test] @ weights + bias, forest.value[at].mean(axis=1)]), HELD)
    shares = weigh_members(unseen, quality)
    by_cost = fit_ridge(encoded[seen], np.log(np.maximum(cost, 1e-9)))
    return sigmoid(shares(unseen)), sigmoid(shares(told)), np.exp(encoded[test] @ by_cost[0] + by_cost[1])


def fit_correlation(prior: Floats, quality: Floats) -> float:
    """Return the correlation of merits in `ALIKE` with the highest likelihood of pairs of outcomes."""
    rows = np.arange(0, len(prior), max(1, len(prior) // 800))
    right, free = quality[rows] > 0.5, np.ones((len(rows), prior.shape[1]))
    both = right[:, :, None] & right[:, None, :]
    neither = ~right[:, :, None] & ~right[:, None, :]
    upper = np.triu_indices(prior.shape[1], 1)

    def likelihood(between: float) -> float:
        panel = Panel(prior[rows], free, 0.0, Correlation(between=between))
        wrong = Panel(1 - prior[rows], free, 0.0, Correlation(between=between)).same
        one = np.maximum((1 - panel.same - wrong) / 2, 1e-9)
        chance = np.where(both, panel.same, np.where(neither, wrong, one))
        return float(np.log(np.maximum(chance[:, upper[0], upper[1]], 1e-9)).mean())

    return max(ALIKE, key=likelihood)


def draw_agreement(quality: Floats, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Return which answers agree, shape (n, m, m).

    Args:
        quality: Quality of the answers, shape (n, m).
        share: Probability that two wrong answers agree.
        seed: Random seed.
    """
    right = quality > 0.5
    n, m = quality.shape
    chance = np.random.default_rng(seed).random((n, m, m))
    chance = np.minimum(
        chance, chance.swapaxes(1, 2)
    )  # the minimum of two is below 1 - sqrt(1 - w) with probability w
    wrong = ~right[:, :, None] & ~right[:, None, :]
    same = (right[:, :, None] & right[:, None, :]) | (wrong & (chance < 1 - np.sqrt(1 - share)))
    return np.asarray(same | np.eye(m, dtype=bool))


def count_agreement(quality: Floats, share: float, seed: int) -> float:
    """Estimate the probability that two wrong answers agree from `COUNTED` queries; arguments as above."""
    rows = np.random.default_rng(seed).permutation(len(quality))[:COUNTED]
    same, wrong = draw_agreement(quality[rows], share, seed + 1), quality[rows] <= 0.5
    pairs = np.triu(wrong[:, :, None] & wrong[:, None, :], 1)
    stated = STATED_PAIRS * SAME_WRONG["choice"]
    return float((same[pairs].sum() + stated) / (pairs.sum() + STATED_PAIRS))


def play_panel(
    outcomes: Outcomes, panel: Panel, same: npt.NDArray[np.bool_], pays: Floats, shifts: Floats | None = None
) -> Floats:
    """Return quality and cost of at most three calls, shape (2, n, p).

    Args:
        outcomes: The n queries.
        panel: Predictions for the queries.
        same: Which answers agree, shape (n, m, m).
        pays: Willingness to pay, USD, shape (p,).
        shifts: Shift of each answer's log-odds by its form, shape (n, m); None ignores the form.
    """
    quality, cost = outcomes.quality, outcomes.cost
    shifts = np.zeros_like(quality) if shifts is None else shifts
    rows, curves = np.arange(len(quality)), []
    for pay in pays:
        first = panel.calls(float(pay)).first
        second = add_form(panel, first[:, None], shifts).second(first, float(pay))
        two = second != STOP
        taken = np.where(two, second, first)
        pair = np.stack([first, taken], axis=1)
        third = add_form(panel, pair, shifts).third(first, taken, same[rows, first, taken], float(pay))
        called = np.stack([first, second, np.where(two, third, STOP)], axis=1)
        made = called != STOP
        kept = first.copy()
        for calls in (2, 3):
            of = np.flatnonzero(made.sum(axis=1) == calls)
            if of.size:
                told = called[of, :calls]
                pairs = same[of[:, None, None], told[:, :, None], told[:, None, :]]
                best = (
                    add_form(select_queries(panel, of), told, shifts[of])
                    .posterior(told, pairs)
                    .argmax(axis=1)
                )
                kept[of] = told[np.arange(of.size), best]
        paid = np.where(made, cost[rows[:, None], np.where(made, called, 0)], 0).sum(axis=1)
        curves.append([quality[rows, kept], paid])
    return np.asarray(curves).transpose(1, 2, 0)


def add_form(panel: Panel, called: npt.NDArray[np.intp], shifts: Floats) -> Panel:
    """Return the panel updated by the form of the given answers, shape (n, r)."""
    if not shifts.any():
        return panel
    log_odds, rows = logit(panel.prior, HELD), np.arange(len(called))[:, None]
    log_odds[rows, called] += shifts[rows, called]
    return Panel(sigmoid(log_odds), panel.cost, panel.same_wrong, panel.correlation)


def select_queries(panel: Panel, rows: npt.NDArray[np.intp]) -> Panel:
    """Return the panel for a subset of the queries."""
    return Panel(panel.prior[rows], panel.cost[rows], panel.same_wrong, panel.correlation)


def format_table(found: dict[str, Floats], ends: tuple[float, float], weights: Floats) -> str:
    """Return a table of the AIQ of each policy, and its gain over one call, with 95 % intervals.

    Args:
        found: Policy -> quality and cost of n queries at p settings of the willingness to pay, shape (2, n, p).
        ends: Range of costs for the area, USD.
        weights: Weight of each query in each bootstrap draw, shape (r, n); rows sum to 1.
    """
    base = found["one call"]
    whole = np.full((1, base.shape[1]), 1 / base.shape[1])

    def scores(curve: Floats, of: Floats) -> Floats:
        points = np.stack([of @ curve[1], of @ curve[0]], axis=-1)
        return np.array([aiq(each, *ends) for each in points])

    lines = ["| way | AIQ | gain over one call | USD per 1,000, at most |", "|---|---|---|---|"]
    single = scores(base, whole)[0], scores(base, weights)
    for way, curve in found.items():
        mean, draws = scores(curve, whole)[0], scores(curve, weights) - single[1]
        low, high = np.percentile(draws, [2.5, 97.5])
        gain = f"{mean - single[0]:+.4f} ({low:+.4f} to {high:+.4f})" if way != "one call" else ""
        lines.append(f"| {way} | {mean:.4f} | {gain} | {curve[1].mean(axis=0).max() * 1000:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
