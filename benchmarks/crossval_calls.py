"""Cross-validate escalation with two calls: python benchmarks/crossval_calls.py [--folds 5] [--seeds 3] [--minutes 11].

Uses the predictions of crossval.py for gpt4o-llama-qwen, the set with log-probabilities, fits a verifier outside each
fold as `fit` does, and replays route-and-cascade on the fold. The cost includes all calls. Results are stored, so that
an interrupted run resumes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from crossval import OURS, RIVALS, Pool, draw_weights
from predictions import progress
from sets import POOLS, find_sets, to_slug

from crossroute import Prediction
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.evaluation.baselines import oracle
from crossroute.evaluation.cascade_report import NEVER_REACHED
from crossroute.metrics.cascades import play
from crossroute.metrics.scores import (
    aiq,
    best_single,
    candidate_points,
    cost_at_quality,
    cost_range,
    sweep_for,
    zero_router_points,
)
from crossroute.metrics.sweep import Sweep
from crossroute.model.clusters import fit_projection, project
from crossroute.numeric import Floats
from crossroute.training.forest import predict_out_of_bag

SET = "gpt4o-llama-qwen"
CALLS = 2

Curves = dict[str, Floats]  # router -> quality and cost, (2, n, p)


def main(
    folds: Annotated[int, typer.Option(min=2)] = 5,
    seeds: Annotated[int, typer.Option(min=1)] = 3,
    minutes: Annotated[float, typer.Option(help="Time limit for starting a fold.")] = 11.0,
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
) -> None:
    """Replay missing folds within the time limit, and print the table."""
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * minutes
    (name,) = find_sets([SET], POOLS)
    pool = Pool(name, folder / "crossval" / to_slug(name), folds)
    found = [curve for seed in range(seeds) if (curve := load_curves(pool, seed, until)) is not None]
    print(format_table(pool, found))


def load_curves(pool: Pool, seed: int, until: float) -> Curves | None:
    """Return each router's quality and cost at each willingness to pay, for one seed; None if some are missing."""
    sweeps = {router: pool.sweep(router, seed) for router in (OURS, *RIVALS)}
    known = {router: sweep for router, sweep in sweeps.items() if sweep is not None}
    if OURS not in known or len(known) == 1:
        return None
    played = np.empty((2, *known[OURS].quality.shape))
    for fold in range(pool.folds):
        path = pool.path(f"{CALLS} calls", seed, fold)
        if not path.exists():
            if time.monotonic() > until:
                return None
            play_fold(pool, known[OURS], seed, fold)
        with np.load(path) as file:
            played[:, pool.parts(seed, fold)[2]] = file["quality"], file["cost"]
    found = {router: np.stack([sweep.quality, sweep.cost]) for router, sweep in known.items()}
    return found | {f"{OURS}, {CALLS} calls": played}


def play_fold(pool: Pool, sweep: Sweep, seed: int, fold: int) -> None:
    """Fit a verifier outside a fold, replay two calls on the fold, and store the result."""
    began = time.monotonic()
    train, validation, test = pool.parts(seed, fold)
    seen = np.concatenate([train, validation])
    encoded = pool.prepared.encoded.numpy()[seen]
    x = project(encoded, *fit_projection(encoded, pool.encoder.views_width, 64))
    outcomes = pool.outcomes.take(seen)
    expected = predict_out_of_bag(x, outcomes.quality, seed)
    verifier = fit_verifier(expected, outcomes.answer_logprob, outcomes.quality)
    if verifier is None:
        raise SystemExit("Too few answers carry log-probabilities.")
    pays = sweep_for(pool.outcomes.cost)
    prediction = Prediction(
        pool.outcomes.pool.names, sweep.predicted_quality[test], sweep.predicted_cost[test]
    )
    played = play(prediction, pool.outcomes.take(test), verifier, pays, max_calls=CALLS)
    pool.keep(f"{CALLS} calls", seed, fold, {"quality": played.quality, "cost": played.cost})
    progress.print(f"{CALLS} calls, {seed}, {fold}, {time.monotonic() - began:.0f} s")


def format_table(pool: Pool, found: list[Curves]) -> str:
    """Return a table of each router's figures, averaged over seeds, with intervals from resampling the texts."""
    if not found:
        return "No seed is complete yet; run crossval.py, then this script again.\n"
    quality, cost = pool.outcomes.quality, pool.outcomes.cost
    low, high = cost_range(quality, cost)
    zero = aiq(zero_router_points(quality, cost), low, high)
    best = aiq(Sweep.of(oracle(pool.outcomes), pool.outcomes, sweep_for(cost)).points(), low, high)
    single = candidate_points(quality, cost)
    dearest, aimed = single[best_single(single[:, 1], single[:, 0])]

    def figures(weights: Floats, router: str) -> Floats:
        """Return AIQ, and the cost at the best single candidate's quality as a share of its cost, shape (r, 2)."""
        rows = []
        for curve in found:
            points = np.stack([weights @ curve[router][1], weights @ curve[router][0]], axis=-1)
            shares = [
                min(np.nan_to_num(cost_at_quality(each, aimed) / dearest, nan=NEVER_REACHED), NEVER_REACHED)
                for each in points
            ]
            rows.append(np.stack([[aiq(each, low, high) for each in points], shares], axis=1))
        return np.asarray(np.mean(rows, axis=0))

    n = len(pool.outcomes)
    whole, draws = np.full((1, n), 1 / n), draw_weights(pool.text)
    routers = [router for router in found[0] if all(router in curve for curve in found)]
    told = {router: (figures(whole, router)[0], figures(draws, router)) for router in routers}
    rival = max((router for router in told if router in RIVALS), key=lambda router: told[router][0][0])
    lines = [
        f"{n} queries, {len(found)} seed(s); zero router {zero:.4f}, oracle {best:.4f}.\n",
        f"| router | AIQ | against {rival} | gap closed | times its share | cost at best single |",
        "|---|---|---|---|---|---|",
    ]
    for router, (mean, draw) in told.items():
        gain = draw[:, 0] / told[rival][1][:, 0] - 1
        times = (draw[:, 0] - zero) / (told[rival][1][:, 0] - zero)
        cells = (
            f"{mean[0]:.4f}",
            f"{mean[0] / told[rival][0][0] - 1:+.2%} ({format_interval(gain, '+.2%')})",
            f"{(mean[0] - zero) / (best - zero):.1%}",
            f"{(mean[0] - zero) / (told[rival][0][0] - zero):.2f} ({format_interval(times, '.2f')})",
            f"{mean[1]:.0%} ({format_interval(draw[:, 1], '.0%')})",
        )
        lines.append(f"| {router} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def format_interval(values: Floats, form: str) -> str:
    """Format the 95 % interval of bootstrap draws."""
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{low:{form}} to {high:{form}}"


if __name__ == "__main__":
    typer.run(main)
