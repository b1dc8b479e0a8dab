"""Train on few outcomes: compare several ways by cross-validation, and choose one.

Three ways are compared: a trained router blended with the outcomes (blending.py), training from nothing, and a
constant, which predicts each candidate's mean quality for any text. Few outcomes cannot distinguish a gain of 0.01 AIQ
from 0, so the measured gain of a way is combined with a prior, its mean gain on other data sets, weighted by their
precisions:

    expected gain = (prior / SPREAD^2 + gain / error^2) / (1 / SPREAD^2 + 1 / error^2)

The way with the highest expected gain over the constant is then fitted on all outcomes, or the constant if no expected
gain is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from crossroute.candidate import Candidate, Pool, Profile
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import priced
from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.metrics.scores import aiq, cost_range, known_outcomes, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.metrics.uncertainty import estimate_more_queries, paired_bootstrap
from crossroute.model import costs
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.routing.router import Router
from crossroute.training.blending import fit_blend
from crossroute.training.config import TrainingConfig
from crossroute.training.fitting import check_splits, fit
from crossroute.training.run import TrainingRun, prepare
from crossroute.training.start import start_fresh

FEW = 600
"""Most train and validation queries for which `crossroute train` compares the ways by cross-validation."""

FOLDS = 3
"""Folds of the cross-validation."""

ENOUGH_FROM_NOTHING = 120
"""Least queries for which training from nothing is tried."""

HELD_BACK = 7
"""One query in this many is a validation query."""

BLEND_GAIN, NOTHING_GAIN, SPREAD = 0.004, 0.002, 0.01
"""Mean gain in AIQ over the constant, on data sets left out of training, of the blend and of training from nothing;
and the standard deviation between data sets."""

HALF_WIDTH = 1.96
"""Half the width of a 95 % interval, in standard errors."""

CONSTANT, FROM_NOTHING = "a constant", "from nothing"

Way = Callable[[Outcomes], Router]


class OutOfFoldResult(NamedTuple):
    """Cross-validated result of a way.

    Attributes:
        aiq: AIQ over all folds.
        interval: Its 95 % interval.
        gain: AIQ minus the constant's.
        gain_interval: Its 95 % interval, paired.
    """

    aiq: float
    interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]

    def expected_gain(self, prior: float) -> float:
        """Return the expected gain, given the prior: the mean gain of this way on other data sets."""
        low, high = self.gain_interval
        error = (high - low) / (2 * HALF_WIDTH)
        weight = SPREAD**2 / (SPREAD**2 + error**2)
        return prior + weight * (self.gain - prior)


@dataclass(frozen=True)
class Choice:
    """The chosen router, with the comparison behind the choice.

    Attributes:
        router: Router fitted on all train and validation queries.
        way: The chosen way: from which router, from nothing, or a constant.
        queries: Number of queries of the comparison.
        standings: Way -> its cross-validated result.
        best: The candidate with the highest mean quality, and this quality.
        enough: The cheapest candidate without a significant difference to the best, and its quality.
        saving: Share of the best candidate's cost that this candidate saves.
    """

    router: Router
    way: str
    queries: int
    standings: Mapping[str, OutOfFoldResult]
    best: tuple[str, float]
    enough: tuple[str, float]
    saving: float

    @property
    def nearest(self) -> OutOfFoldResult:
        """Result of the best way that uses the text: the chosen one, unless that is the constant."""
        reading = [way for way in self.standings if way != CONSTANT]
        return self.standings[self.way if self.way in reading else _choose_best(reading, self.standings)]

    @property
    def needed(self) -> int | None:
        """Approximate number of further queries needed for a significant gain from the text; None if it is decided."""
        standing = self.nearest
        if standing.gain_interval[0] > 0 or standing.gain <= 0:
            return None
        return estimate_more_queries(standing.gain, standing.gain_interval, self.queries)

    def __str__(self) -> str:
        results = "; ".join(
            f"{way} {standing.aiq:.3f} ({standing.interval[0]:.3f} to {standing.interval[1]:.3f})"
            for way, standing in self.standings.items()
        )
        return (
            f"AIQ by {FOLDS}-fold cross-validation over {self.queries} queries: {results}. Chosen: {self.way}. "
            f"{self._explain()}"
        )

    def _explain(self) -> str:
        """Return whether the text helps, in a sentence."""
        standing, name, quality = self.nearest, *self.enough
        gain = f"{standing.gain:+.3f} ({standing.gain_interval[0]:+.3f} to {standing.gain_interval[1]:+.3f})"
        more = f"; about {self.needed:,} more queries would decide it" if self.needed else ""
        if self.way != CONSTANT:
            if standing.gain_interval[0] > 0:
                return f"Reading the text gains {gain} over a constant."
            known = "" if more else f"; on other data sets it gained {_prior(self.way):+.3f}"
            return f"Too few queries to decide whether reading the text pays: {gain}{more}{known}."
        best = f"; the best, {self.best[0]}, has {self.best[1]:.2f}, which is within the noise"
        other = "" if name == self.best[0] else best
        saves = f", and {name} saves {self.saving:.0%} of its cost" if self.saving > 0.005 else ""
        return (
            f"On these queries the text predicts nothing: take {name} (quality {quality:.2f}{other}{saves}). "
            f"Reading the text gained {gain}{more}."
        )


def fit_few(
    outcomes: Outcomes,
    start: Router,
    *,
    name: str = "universal",
    seed: int = 0,
    on_fit: Callable[[int, int], None] = lambda *_: None,
) -> Choice:
    """Train a router on few outcomes, in the way that cross-validation expects to gain most.

    Args:
        outcomes: Outcomes; the train and validation queries are split anew, the test queries are not used.
        start: The trained router to blend with.
        name: Its name, for `Choice.way`.
        seed: Seed of the folds and of training.
        on_fit: Called after each fit with the number of fits done and in total.

    Raises:
        DataError: As `fit`.
    """
    outcomes = priced(outcomes)
    used = outcomes.take(np.array(outcomes.splits) != "test")
    ways: dict[str, Way] = {
        CONSTANT: partial(fit_constant, seed=seed),
        f"from {name}": partial(fit_blend, start=start, seed=seed),
    }
    if len(used) >= ENOUGH_FROM_NOTHING:
        ways[FROM_NOTHING] = lambda outcomes: fit(outcomes, TrainingConfig(seed=seed))
    fold = np.random.default_rng(seed).permutation(len(used)) % FOLDS
    total, done = len(ways) * FOLDS + 1, 0
    predictions: dict[str, Prediction] = {}
    for way, fitted in ways.items():
        parts = []
        for part in range(FOLDS):
            router = fitted(split_randomly(used.take(fold != part), seed))
            parts.append(
                (fold == part, router.predict([used.texts[row] for row in np.flatnonzero(fold == part)]))
            )
            done += 1
            on_fit(done, total)
        predictions[way] = _merge_folds(parts, used)
    standings = compare_ways(predictions, used)
    taken = _choose_best(standings, standings)
    router = ways[taken](split_randomly(used, seed))
    on_fit(total, total)
    return Choice(router, taken, len(used), standings, *find_best_and_enough(used))


def fit_constant(outcomes: Outcomes, seed: int = 0) -> Router:
    """Return a router that predicts each candidate's mean quality and answer length, whatever the text."""
    config = TrainingConfig(seed=seed, members=1, clusters=2)
    encoder = QueryEncoder(load_encoder(config.encoder))
    unit = costs.cost_unit(outcomes)
    train, validation = (prepare(part, encoder, unit, lambda _: None) for part in check_splits(outcomes))
    initial = start_fresh(train, encoder.views_width, config)
    run = TrainingRun(
        initial.network,
        Pool(_flatten(candidate) for candidate in initial.pool),
        query_encoder=encoder,
        cost_unit=unit,
        train=train,
        validation=validation,
        config=config,
    )
    provenance = {"training": config.model_dump(mode="json"), "tasks": initial.shares(train), "way": CONSTANT}
    return Router(
        run.build_predictor(),
        calibration=validation.queries,
        cluster_labels=initial.labels,
        provenance=provenance,
    )


def compare_ways(predictions: Mapping[str, Prediction], outcomes: Outcomes) -> dict[str, OutOfFoldResult]:
    """Return the result of each way, and its gain over the constant on the same queries, with paired intervals.

    Args:
        predictions: Way -> out-of-fold predictions for the n queries.
        outcomes: Outcomes of the n queries.
    """
    usd = sweep_for(outcomes.cost)
    sweeps = [Sweep.of(prediction, outcomes, usd) for prediction in predictions.values()]
    low, high = cost_range(outcomes.quality, outcomes.cost)
    base = list(predictions).index(CONSTANT)

    def statistic(weights: Floats) -> Floats:
        scores = np.array([[aiq(points, low, high) for points in sweep.points(weights)] for sweep in sweeps])
        return np.stack([scores, scores - scores[base]], axis=-1).transpose(1, 0, 2)  # (r, ways, 2)

    ends = paired_bootstrap(statistic, len(sweeps[0].quality), resamples=300)  # (2, ways, 2)
    means = [aiq(sweep.points(), low, high) for sweep in sweeps]
    return {
        way: OutOfFoldResult(
            mean,
            (float(ends[0, row, 0]), float(ends[1, row, 0])),
            mean - means[base],
            (float(ends[0, row, 1]), float(ends[1, row, 1])),
        )
        for row, (way, mean) in enumerate(zip(predictions, means, strict=True))
    }


def find_best_and_enough(outcomes: Outcomes) -> tuple[tuple[str, float], tuple[str, float], float]:
    """Return the best candidate, the cheapest without a significant difference to it, and the latter's saving.

    Args:
        outcomes: Outcomes of the n queries.

    Returns:
        Name and mean quality of the best, the same of the cheapest, and the share of the best's cost that this one
        saves.
    """
    known = known_outcomes(outcomes.quality, outcomes.cost)
    count = np.maximum(known.sum(0), 1)
    quality = np.where(known, outcomes.quality, 0).sum(0) / count
    cost = np.where(known, outcomes.cost, 0).sum(0) / count
    quality = np.where(known.any(0), quality, -1.0)
    best = int(np.lexsort((cost, -quality))[0])
    alike = [
        column
        for column in np.flatnonzero(known.any(0))
        if column == best or _is_within_noise(outcomes.quality[:, best] - outcomes.quality[:, column])
    ]
    taken = min(alike, key=lambda column: float(cost[column]))
    names = outcomes.pool.names
    saving = 1 - cost[taken] / cost[best] if cost[best] else 0.0
    return (names[best], float(quality[best])), (names[taken], float(quality[taken])), float(saving)


def _choose_best(ways: Iterable[str], standings: Mapping[str, OutOfFoldResult]) -> str:
    """Return the way with the highest expected gain over the constant, whose own gain is 0."""
    return max(ways, key=lambda way: 0.0 if way == CONSTANT else standings[way].expected_gain(_prior(way)))


def _prior(way: str) -> float:
    return NOTHING_GAIN if way == FROM_NOTHING else BLEND_GAIN


def _is_within_noise(difference: Floats) -> bool:
    paired = difference[~np.isnan(difference)]
    if len(paired) < 10:
        return False
    return bool(paired.mean() < 1.645 * paired.std(ddof=1) / np.sqrt(len(paired)) and paired.mean() < 0.05)


def split_randomly(outcomes: Outcomes, seed: int) -> Outcomes:
    """Return the queries with new splits: one in HELD_BACK is a validation query, the others are train queries."""
    place = np.random.default_rng(seed).permutation(len(outcomes))
    return replace(outcomes, splits=tuple("validation" if at % HELD_BACK == 0 else "train" for at in place))


def _merge_folds(parts: list[tuple[Floats, Prediction]], outcomes: Outcomes) -> Prediction:
    names = outcomes.pool.names
    quality, cost = np.empty(outcomes.quality.shape), np.empty(outcomes.quality.shape)
    for rows, predicted in parts:
        columns = [predicted.candidates.index(name) for name in names]
        quality[rows], cost[rows] = predicted.quality[:, columns], predicted.cost[:, columns]
    return Prediction(names, quality, cost)


def _flatten(candidate: Candidate) -> Candidate:
    profile = candidate.profile
    if profile is None:
        return candidate
    evidence = np.array(profile.evidence)
    weights = evidence if evidence.sum() else np.ones(len(evidence))
    length = float(np.average(profile.log_tokens, weights=weights))
    size = len(evidence)
    flat = Profile(
        quality=(profile.mean_quality,) * size,
        log_tokens=(length,) * size,
        evidence=profile.evidence,
        learned_price=profile.learned_price,
        made_by=profile.made_by,
    )
    return candidate.model_copy(update={"profile": flat})
