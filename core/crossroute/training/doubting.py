"""Fit doubt: where training queries lie, their kinds of work, difficulty and answer lengths.

The distance at which trust in the network ends is set by validation queries, which are near by definition; that it
does not end sooner or later was chosen on whole sets left out (docs/benchmarks.md).
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.model.clusters import assign
from crossroute.model.doubt import BY_WORDS, Doubt
from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.inference import InferenceNetwork
from crossroute.numeric import Floats, logit, means_by, softmax
from crossroute.routing.predictor import Predictor
from crossroute.training.heads import Labelled, Rows, fit_heads, fit_manners
from crossroute.training.run import PreparedSplit

NEAR = 0.999
"""Share of validation queries within reach: as far as these lie, queries are like what the router was trained on."""

GATE_WIDTH = 0.1
"""How gradually trust ends, as a part of what lies between nine tenths of validation queries and a tenth of them."""

OUTLYING = 0.999
"""Share of validation queries that are no further from their nearest class than trust goes."""

LEAST_OF_CLASS = 15
"""Training queries of a task, or of a cluster where there is one task, that make a class of their own."""

READING = 0.5, 0.5, 0.15
"""How much of what is read of a query's kind, difficulty and length counts, where it is neither like those of training
nor an ordinary request; the rest is as of a typical query. Chosen on whole sets left out and ordinary ones held out."""

READING_ALONE = 0.5, 0.7, 0.3
"""The same where no ordinary request is stated: more, since nothing else tells an easy one from a hard one."""

SHRINKAGE = 0.05
"""Of covariances to the variances, in standardized inputs; the fewer the queries, the more."""

FAR_SPREAD = 1.8, 1.3, 2.5
"""Standard deviations of log tokens around what is read of queries that are like nothing known, of ordinary ones and of
agents' runs: as whole sets left out, ordinary requests held out, and validation queries of runs differed from what was
foreseen of them."""

SHRUNK_TO_ALL = 20.0
"""Answers' worth of the spread over all clusters in the spread of each."""

NORMAL_90 = 1.2815515655446004


def fit_doubt(
    predictor: Predictor,
    train: PreparedSplit,
    validation: PreparedSplit,
    *,
    kinds: tuple[str, ...] = ("all",),
    kind: npt.NDArray[np.intp] | None = None,
    weight: Floats | None = None,
    run: npt.NDArray[np.bool_] | None = None,
    labelled: Labelled | None = None,
    near: float = NEAR,
    typical: float | None = None,
) -> Doubt:
    """Fit what tells doubt beside a trained network.

    Args:
        predictor: With the network, what stands beside it, and the pool as profiled; where its profiles state beliefs
            these are kept.
        train: What trained it.
        validation: What sets the reach and the spread of answers' lengths.
        kinds: Names of the K kinds of work.
        kind: Index of each training query's, shape (n,); by default all are of the first.
        weight: Of each training query, shape (n,); by default all weigh alike.
        run: Whether a training query asks for an agent's whole run, shape (n,); by default none does.
        labelled: Further queries for the heads, stated and not observed.
        near: Share of validation queries within reach.
        typical: Log tokens of an answer where nothing tells its length; by default the mean of training.
    """
    rows = _observed(predictor, train, len(kinds), kind=kind, weight=weight, run=run)
    x = rows.x
    space = _space(x, assign_classes(train, x, predictor.network))
    light = heavy = fit_heads(rows, len(kinds))
    for_manner = rows.take(slice(0))
    if labelled is not None:
        stated = labelled.to_rows(predictor.network)
        for_manner = labelled.select_for_manner(stated)
        reframed = rows.reframe(train.outcomes.texts, predictor.query_encoder, predictor.network)
        rows = rows.scale_weights(0.5).concatenate(reframed.scale_weights(0.5))
        light = fit_heads(rows.concatenate(stated), len(kinds))
        weighed = rows.concatenate(stated.scale_weights(labelled.weight))
        heavy = fit_heads(weighed.subtract_word_ease().drop_capitals(), len(kinds))
    told = x @ light[0] + light[1]
    if typical is None:
        typical = float(told[:, -1].mean())
    tensors = {
        **space,
        "gate": np.ones((2, 2)),
        **dict(zip(("heads", "heads_bias"), light, strict=True)),
        **dict(zip(("ordinary_heads", "ordinary_bias"), heavy, strict=True)),
        "typical": np.array([*softmax(told[:, :-2]).mean(axis=0), told[:, -2].mean(), typical]),
        **fit_manners(rows, for_manner, len(kinds)),
        "reading": np.array(READING_ALONE if labelled is None else READING),
        **({} if labelled is None else {BY_WORDS: np.ones(1)}),
        "near_spread": _spread(predictor, validation),
        "far_spread": np.array(FAR_SPREAD),
    }
    ungated = Doubt(kinds, tensors)
    gate = _gate(*ungated.distances(predictor.network.project(validation.encoded.numpy())), near=near)
    if labelled is None:
        gate = _relax_gate(gate, x.shape[1])
    return Doubt(kinds, tensors | {"gate": gate})


def _observed(
    predictor: Predictor,
    train: PreparedSplit,
    kinds: int,
    *,
    kind: npt.NDArray[np.intp] | None,
    weight: Floats | None,
    run: npt.NDArray[np.bool_] | None,
) -> Rows:
    """Return what heads are fitted to: what the network says of training queries, the candidates' own taken off."""
    encoded = train.encoded.numpy()
    x = predictor.network.project(encoded)  # (n, p)
    kind = np.zeros(len(x), dtype=np.intp) if kind is None else kind
    alone = predictor.with_doubt(None).with_ensemble(None)  # members have learned these very outcomes
    foreseen = alone.foresee_encoded(train.queries)
    logits = logit(foreseen.quality, LEAST_CHANCE)
    log_tokens = predictor.network(encoded, predictor.keys).log_tokens.astype(float)
    ability, verbosity = _abilities(predictor.pool, logits, log_tokens, kind, kinds)
    told = np.stack([(logits - ability).mean(axis=1), (log_tokens - verbosity).mean(axis=1)], axis=1)
    run = np.zeros(len(x), dtype=bool) if run is None else run
    made = _measure_runs(train, *(np.broadcast_to(each, logits.shape) for each in (ability, verbosity)))
    told = np.where(run[:, None] & ~np.isnan(made), made, told)
    weight = np.ones(len(x)) if weight is None else weight / weight.mean()
    return Rows(x, kind, told, run, weight, train.word_ease)


def _measure_runs(train: PreparedSplit, ability: Floats, verbosity: Floats) -> Floats:
    """Return ease and log tokens of queries by the runs that were made, shape (n, 2).

    NaN where none was. Of models that made none the network would tell the answers, which are shorter.
    """
    quality, log_tokens = train.quality.numpy().astype(float), train.log_tokens.numpy().astype(float)
    made = np.where(np.isnan(quality) | np.isnan(log_tokens), np.nan, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a query of which no run is known
        quality, length, able = (
            np.nanmean(made * each, axis=1) for each in (quality, log_tokens - verbosity, ability)
        )
    return np.stack([logit(quality, LEAST_CHANCE) - able, length], axis=1)


def assign_classes(prepared: PreparedSplit, x: Floats, network: InferenceNetwork) -> npt.NDArray[np.intp]:
    """Return the class of each query, shape (n,): its task, or its cluster where all are of one task.

    Args:
        prepared: The n queries.
        x: Their principal components and surface features, shape (n, p).
        network: The network that made the clusters.
    """
    tasks = np.unique(prepared.outcomes.tasks, return_inverse=True)[1]
    return tasks if tasks.max(initial=0) > 0 else assign(x, network.weights["centroids"])


def _space(x: Floats, classes: npt.NDArray[np.intp]) -> dict[str, Floats]:
    """Return where queries lie and what whitens them, each class weighing by the root of its size."""
    location, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    z = (x - location) / deviation
    _, at, count = np.unique(classes, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(count[at])
    within = _whitening(z - means_by(classes, z)[at], weight) / deviation[:, None]
    several = (count >= LEAST_OF_CLASS).sum() > 1
    overall = _whitening(z, weight) / deviation[:, None] if several else np.zeros_like(within)
    space = {"location": location, "within": within, "overall": overall}
    familiar = _class_means(classes, _whiten(x, space), LEAST_OF_CLASS if several else 0)
    return space | {"familiar": familiar, "own": np.zeros((0, x.shape[1]))}


def _whitening(z: Floats, weight: Floats) -> Floats:
    """Return what makes queries of unit variance in all directions, shape (p, p)."""
    covariance = (z * weight[:, None]).T @ z / weight.sum()
    shrinkage = SHRINKAGE + z.shape[1] / len(z)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(covariance + shrinkage * np.eye(z.shape[1]))))


def _whiten(x: Floats, space: dict[str, Floats]) -> Floats:
    return np.asarray((x - space["location"]) @ space["within"])


def _class_means(classes: npt.NDArray[np.intp], z: Floats, least: int) -> Floats:
    """Return the means of the classes of at least so many queries, shape (c, p)."""
    count = np.unique(classes, return_counts=True)[1]
    return means_by(classes, z)[count >= least]


def _relax_gate(gate: Floats, size: int) -> Floats:
    """Return where doubt begins for a router of one kind of queries.

    They may be of a few templates, beside which any other wording is strange: trust goes on for half of what chance
    alone spreads a squared distance of as many features by, and to twice the distance of the furthest class.
    """
    spread = np.sqrt(2 * size)
    (reach, width), away = gate
    return np.array([(reach + spread / 2, max(width, spread / 8)), 2 * away])


def _gate(strangeness: Floats, away: Floats, *, near: float) -> Floats:
    """Return where, and how gradually, each distance begins to count, by those of validation queries, (2, 2)."""
    shares = ((strangeness, near), (away, OUTLYING))
    widths = (max(GATE_WIDTH * float(np.subtract(*np.quantile(d, (0.9, 0.1)))), 1e-3) for d, _ in shares)
    return np.array(
        [(np.quantile(d, share), width) for (d, share), width in zip(shares, widths, strict=True)]
    )


def _abilities(
    pool: Pool, logits: Floats, log_tokens: Floats, kind: npt.NDArray[np.intp], kinds: int
) -> tuple[Floats, Floats]:
    """Return ability and verbosity of each candidate at each training query's kind, each of shape (n, m) or (m,)."""
    beliefs = [candidate.profile.belief if candidate.profile else None for candidate in pool]
    stated = [belief for belief in beliefs if belief is not None and len(belief.ability) == kinds]
    if len(stated) == len(beliefs):
        ability, verbosity = (np.array([getattr(b, of) for b in stated]) for of in ("ability", "log_tokens"))
        return ability[:, kind].T, verbosity[:, kind].T
    return logits.mean(axis=0) - logits.mean(), log_tokens.mean(axis=0) - log_tokens.mean()


def _spread(predictor: Predictor, validation: PreparedSplit) -> Floats:
    """Return how far one answer's log tokens lie from what is predicted, cluster by cluster, shape (k,).

    Nine in ten answers are to lie under the prediction's 90 % quantile, were the logarithm normal.
    """
    output = predictor.network(validation.encoded.numpy(), predictor.keys)
    foretold = output.log_tokens + (predictor.weighed.length if predictor.weighed else 0)
    beyond = validation.log_tokens.numpy() - foretold  # (n, m)
    known = ~np.isnan(beyond)
    nearest = output.clusters.argmax(axis=1)
    clusters = predictor.network.config.clusters
    if not known.any():
        return np.ones(clusters)
    overall = max(float(np.quantile(beyond[known], 0.9)) / NORMAL_90, 0.05)
    spread = np.full(clusters, overall)
    for cluster in range(clusters):
        values = beyond[nearest == cluster][known[nearest == cluster]]
        if values.size:
            own = max(float(np.quantile(values, 0.9)) / NORMAL_90, 0.05)
            spread[cluster] = (values.size * own + SHRUNK_TO_ALL * overall) / (values.size + SHRUNK_TO_ALL)
    return spread
