"""Repeated cross-validation: python benchmarks/crossval.py [--set NAME] [--folds 5] [--seeds 3] [--minutes 11].

Each query of a pool is predicted by a router that was trained without it and without queries of the same text: each
fold is the test split once per seed, and an eighth of the others is the validation split. A seed determines the folds
and the start of training. Predictions are stored per fold, so that the next run resumes; complete results are printed.
Intervals are from resampling the texts, for all routers, seeds and pools together.

`--same-folds` trains all seeds on the folds of the first seed, and prints the spread due to training alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import typer
from predictions import progress
from sets import POOLS, find_sets, load, to_slug

from crossroute import Prediction, TrainingConfig
from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.baselines import FAMILIES, candidate_mean, tune
from crossroute.metrics.scores import aiq, cost_range, sweep_for, zero_router_points
from crossroute.metrics.sweep import Sweep
from crossroute.model import costs
from crossroute.numeric import Floats
from crossroute.training.fitting import fit_prepared
from crossroute.training.run import PreparedSplit, prepare

OURS, ALONE = "CrossRoute", "network alone"
BLIND = "blind"
RIVALS = ("kNN", "ridge", "logistic regression", "MLP")
VALIDATION = 8
"""One in this many queries outside a fold is used to choose the epoch or a baseline's parameters."""
RESAMPLES = 400

Parts = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]


class Figures(NamedTuple):
    """Cross-validated AIQ of each router on a pool: by seed, and by bootstrap draw averaged over seeds."""

    seeds: dict[str, Floats]  # router -> (seeds,)
    draws: dict[str, Floats]  # router -> (r,)
    zero: float
    queries: int

    def mean(self, router: str) -> float:
        """Return a router's AIQ, averaged over the seeds."""
        return float(self.seeds[router].mean())

    @property
    def rival(self) -> str:
        """The tuned baseline with the highest AIQ on this pool, chosen in hindsight."""
        return max((name for name in self.seeds if name in RIVALS), key=self.mean)


def main(
    *,
    only: Annotated[list[str] | None, typer.Option("--set", help="Part of a pool's name.")] = None,
    folds: Annotated[int, typer.Option(min=2)] = 5,
    seeds: Annotated[int, typer.Option(min=1)] = 3,
    minutes: Annotated[float, typer.Option(help="Time limit for starting a fold.")] = 11.0,
    routers: Annotated[list[str] | None, typer.Option("--router", help="Compute only these.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of predictions.")] = Path("figures"),
    same_folds: Annotated[
        bool, typer.Option("--same-folds", help="Use the same folds for all seeds.")
    ] = False,
) -> None:
    """Compute missing predictions within the time limit, and print the tables."""
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * minutes
    pools = {
        name: Pool(name, folder / "crossval" / to_slug(name), folds, same_folds=same_folds)
        for name in find_sets(only, POOLS)
    }
    for pool in pools.values():
        for seed in range(seeds):
            for fold in range(folds):
                for router in routers or ((OURS,) if same_folds else (BLIND, OURS, *RIVALS)):
                    if time.monotonic() < until:
                        pool.predict(router, seed, fold)
    if same_folds:
        print(format_spreads(pools, seeds))
        return
    figures = {name: pool.figures(seeds) for name, pool in pools.items()}
    found = {name: each for name, each in figures.items() if each is not None}
    print(format_table(found), format_pooled(found), sep="\n")


class Pool:
    """A pool: its outcomes, encoded once, and the stored predictions of routers by fold."""

    def __init__(self, name: str, folder: Path, folds: int, *, same_folds: bool = False) -> None:
        self.outcomes, self._folder, self.folds, self._same = load(name), folder, folds, same_folds
        self.encoder = QueryEncoder(load_encoder("static"))
        self.text = np.unique(np.array(self.outcomes.texts), return_inverse=True)[1]  # (n,)

    @cached_property
    def prepared(self) -> PreparedSplit:
        """All queries prepared for a network; their encodings are stored next to the predictions."""
        path, unit = self._folder / "read.npz", costs.cost_unit(self.outcomes)
        if not path.exists():
            found = prepare(self.outcomes, self.encoder, unit, lambda _: None)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(
                path, encoded=found.encoded.numpy(), tokens=found.query_tokens, word_scores=found.word_scores
            )
            return found
        with np.load(path) as file:
            encoded, tokens, word_scores = (file[name] for name in ("encoded", "tokens", "word_scores"))
        log_tokens = costs.log_tokens(self.outcomes, tokens, unit)
        quality, written = (torch.from_numpy(each).float() for each in (self.outcomes.quality, log_tokens))
        return PreparedSplit(self.outcomes, torch.from_numpy(encoded), tokens, quality, written, word_scores)

    def parts(self, seed: int, fold: int) -> Parts:
        """Return the rows of train, validation and test; equal texts are in the same part."""
        drawn_by = 0 if self._same else seed
        place = np.random.default_rng(drawn_by).permutation(self.text.max() + 1)[self.text]
        outside = place % self.folds != fold
        chooses = (place // self.folds) % VALIDATION == 0
        return np.flatnonzero(outside & ~chooses), np.flatnonzero(outside & chooses), np.flatnonzero(~outside)

    def predict(self, router: str, seed: int, fold: int) -> None:
        """Predict the queries of a fold, unless the predictions are stored."""
        if self.path(router, seed, fold).exists():
            return
        began = time.monotonic()
        for name, found in BY_ROUTER[router](self, self.parts(seed, fold), seed).items():
            self.keep(name, seed, fold, {"quality": found.quality, "cost": found.cost})
        progress.print(f"{self._folder.name}: {router}, {seed}, {fold}, {time.monotonic() - began:.0f} s")

    def keep(self, router: str, seed: int, fold: int, arrays: Mapping[str, Floats]) -> None:
        """Store the arrays of a fold atomically."""
        path = self.path(router, seed, fold)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        single: dict[str, Any] = {name: array.astype(np.float32) for name, array in arrays.items()}
        np.savez_compressed(part, **single)
        part.rename(path)

    def figures(self, seeds: int) -> Figures | None:
        """Evaluate the routers with all folds, over the seeds that all of them have."""
        low, high = cost_range(self.outcomes.quality, self.outcomes.cost)
        complete = {name: self.sweeps(name, seeds) for name in (OURS, ALONE, *RIVALS, BLIND)}
        sweeps = {name: known for name, known in complete.items() if known}
        if OURS not in sweeps or not sweeps.keys() & set(RIVALS):
            return None
        weights = draw_weights(self.text)
        by_seed = {name: self.areas(known) for name, known in sweeps.items()}
        draws = {
            name: np.mean(
                [[aiq(points, low, high) for points in each.points(weights)] for each in known], axis=0
            )
            for name, known in sweeps.items()
        }
        zero = aiq(zero_router_points(self.outcomes.quality, self.outcomes.cost), low, high)
        return Figures(by_seed, draws, zero, int(self.text.max()) + 1)

    def sweep(self, router: str, seed: int) -> Sweep | None:
        """Return the choices of a router over all folds; None if a fold is missing."""
        quality, cost = (np.empty(self.outcomes.quality.shape) for _ in range(2))
        for fold in range(self.folds):
            path = self.path(router, seed, fold)
            if not path.exists():
                return None
            test = self.parts(seed, fold)[2]
            with np.load(path) as file:
                quality[test], cost[test] = file["quality"], file["cost"]
        prediction = Prediction(self.outcomes.pool.names, quality, cost)
        return Sweep.of(prediction, self.outcomes, sweep_for(self.outcomes.cost))

    def path(self, router: str, seed: int, fold: int) -> Path:
        """Return the file of a router's predictions of a fold."""
        folds = f"{self.folds}-same" if self._same and seed else self.folds
        return self._folder / f"{to_slug(router)}-{folds}-{seed}-{fold}.npz"

    def sweeps(self, router: str, seeds: int) -> list[Sweep]:
        """Return the choices of a router for each seed with all folds."""
        found = (self.sweep(router, seed) for seed in range(seeds))
        return [each for each in found if each is not None]

    def areas(self, sweeps: Sequence[Sweep]) -> Floats:
        """Return the AIQ of each sweep, shape (sweeps,)."""
        low, high = cost_range(self.outcomes.quality, self.outcomes.cost)
        return np.array([aiq(each.points(), low, high) for each in sweeps])


def predict_ours(pool: Pool, rows: Parts, seed: int) -> dict[str, Prediction]:
    """Train as `fit` does, and predict the fold with and without the members beside the network."""
    train, validation, test = (pool.prepared.take(each) for each in rows)
    config = TrainingConfig(seed=seed)
    router = fit_prepared(train, validation, pool.encoder, costs.cost_unit(pool.outcomes), config)
    whole = router.predictor
    found = {
        name: predictor.predict_encoded(test.queries)
        for name, predictor in ((ALONE, whole.with_ensemble(None)), (OURS, whole))
    }
    return {name: Prediction(router.pool.names, each.quality, each.cost) for name, each in found.items()}


def predict_tuned(family: str, pool: Pool, rows: Parts, _: int) -> dict[str, Prediction]:
    """Tune a family of baselines on the validation queries, and predict the fold."""
    views = pool.prepared.encoded.numpy()[:, : pool.encoder.views_width]
    x, v, test = (views[each] for each in rows)
    train, validation = (pool.outcomes.take(each) for each in rows[:2])
    return {family: tune(FAMILIES[family], x, train, v, validation)[1].predict(test)}


def predict_blind(pool: Pool, rows: Parts, _: int) -> dict[str, Prediction]:
    """Predict each candidate's mean for every query."""
    train, validation, test = rows
    seen = pool.outcomes.take(np.concatenate([train, validation]))
    return {BLIND: candidate_mean(seen, pool.outcomes.take(test))}


BY_ROUTER: dict[str, Callable[[Pool, Parts, int], dict[str, Prediction]]] = {
    OURS: predict_ours,
    **{family: partial(predict_tuned, family) for family in RIVALS},
    BLIND: predict_blind,
}


def format_spreads(pools: Mapping[str, Pool], seeds: int) -> str:
    """Return a table of the spread of AIQ over seeds with the same folds, one row per pool."""
    lines = [f"| pool | {OURS} | seeds | spread | {ALONE}, spread |", f"|{'---|' * 5}"]
    for name, pool in pools.items():
        whole, alone = (pool.areas(pool.sweeps(router, seeds)) for router in (OURS, ALONE))
        if len(whole) > 1:
            lines.append(
                f"| {name} | {whole.mean():.4f} | {len(whole)} | {np.ptp(whole):.4f} "
                f"| {alone.mean():.4f}, {np.ptp(alone):.4f} |"
            )
    return "\n".join(lines)


def draw_weights(text: npt.NDArray[np.intp]) -> Floats:
    """Return the weight of each query in each bootstrap draw of the texts, shape (r, n); rows sum to 1."""
    texts = int(text.max()) + 1
    counts = np.random.default_rng(0).multinomial(texts, np.full(texts, 1 / texts), size=RESAMPLES)
    weights = counts[:, text].astype(float)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def format_table(found: Mapping[str, Figures]) -> str:
    """Return a table of AIQ, its spread over seeds, and differences with 95 % intervals, one row per pool."""
    others = (ALONE, *RIVALS)
    lines = [
        f"| pool | texts | blind mixture | {OURS} | seeds, spread | {' | '.join(others)} | less the best of these |",
        f"|{'---|' * (len(others) + 6)}",
    ]
    for name, each in found.items():
        ours = each.seeds[OURS]
        cells = [f"{each.mean(other):.4f}" if other in each.seeds else "" for other in others]
        spread = f"{len(ours)}, {np.ptp(ours):.4f}" if len(ours) > 1 else "1, not known"
        lines.append(
            f"| {name} | {each.queries} | {each.zero:.4f} | **{each.mean(OURS):.4f}** | {spread} | "
            f"{' | '.join(cells)} | {format_difference(each)} |"
        )
    return "\n".join(lines) + "\n"


def format_difference(each: Figures) -> str:
    """Format the difference of the AIQ from that of the best tuned baseline, with its 95 % interval."""
    low, high = np.percentile(each.draws[OURS] - each.draws[each.rival], [2.5, 97.5])
    return f"{each.mean(OURS) - each.mean(each.rival):+.4f} ({low:+.4f} to {high:+.4f}), {each.rival}"


def format_pooled(found: Mapping[str, Figures]) -> str:
    """Return a table of the mean relative difference to each pool's best baseline; shared queries count once."""
    if not found:
        return ""
    folders = [POOLS[name][0] for name in found]
    weights = [1 / folders.count(folder) for folder in folders]
    lines = [f"| over {len(found)} pools, the same queries counted once | mean | 95 % |", "|---|---|---|"]
    against = {"the best tuned baseline of each": [each.rival for each in found.values()]}
    if all(ALONE in each.seeds for each in found.values()):
        against["the network alone"] = [ALONE] * len(found)
    for other, rivals in against.items():
        pairs = list(zip(found.values(), rivals, strict=True))
        mean = np.average([each.mean(OURS) / each.mean(rival) - 1 for each, rival in pairs], weights=weights)
        draws = [each.draws[OURS] / each.draws[rival] - 1 for each, rival in pairs]
        low, high = np.percentile(np.average(draws, weights=weights, axis=0), [2.5, 97.5])
        lines.append(f"| against {other} | {mean:+.2%} | {low:+.2%} to {high:+.2%} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
