"""Fit the doubt model: where training queries lie, and the heads for kinds of work, ease, answer length and manner.

The distance at which trust in the network ends is set by validation queries, which are near training by definition.
The margin was chosen on data sets left out of training (docs/benchmarks.md).
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
from crossroute.training.heads import Labelled, Rows, fit_heads, fit_hidden_layer, fit_manners
from crossroute.training.run import PreparedSplit

NEAR = 0.999
"""Share of validation queries within the threshold of strangeness."""

GATE_WIDTH = 0.1
"""Width of the transition of trust, relative to the spread between the 10 % and 90 % quantiles of validation
queries."""

OUTLYING = 0.999
"""Share of validation queries within the threshold of the distance to the nearest class."""

LEAST_OF_CLASS = 15
"""Training queries of a task, or of a cluster if there is one task, that are needed for a class of its own."""

READING = 0.5, 0.5, 0.15
"""Weights of the predicted kinds, ease and length, against those of a typical query, for queries that are neither like
training nor ordinary requests. Chosen on data sets left out of training and on ordinary requests held out."""

READING_ALONE = 0.5, 0.7, 0.3
"""The same if no ordinary requests were stated: higher, since nothing else distinguishes easy from hard queries."""

SHRINKAGE = 0.05
"""Shrinkage of the covariance towards the identity, for standardized inputs; p / n is added to it."""

FAR_SPREAD = 1.8, 1.3, 2.5
"""Standard deviations of log tokens around the prediction, for queries of the manner of training, ordinary requests
and agents' runs. Measured on data sets left out of training, on ordinary requests held out, and on validation queries
of runs."""

SHRUNK_TO_ALL = 20.0
"""Weight of the spread over all clusters in the spread of each cluster, in answers."""

NORMAL_90 = 1.2815515655446004
"""90 % quantile of the standard normal distribution."""


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
    """Fit the doubt model of a trained network.

    Args:
        predictor: The network, its ensemble, and the profiled pool. Beliefs that the profiles state are kept.
        train: The split that the network was trained on.
        validation: The split that sets the thresholds and the spread of answers' lengths.
        kinds: Names of the K kinds of work.
        kind: Index of each training query's kind, shape (n,); by default all are of the first.
        weight: Weight of each training query, shape (n,); by default equal.
        run: Whether a training query asks for an agent's whole run, shape (n,); by default none does.
        labelled: Further queries for the heads, with stated kinds, ease and length.
        near: Share of validation queries within the threshold of strangeness.
        typical: Log tokens of an answer whose length is not predicted; by default the mean of training.
    """
    rows = _make_rows(predictor, train, len(kinds), kind=kind, weight=weight, run=run)
    x = rows.x
    space = _fit_space(x, assign_classes(train, x, predictor.network))
    light = heavy = fit_heads(rows, len(kinds))
    layer: dict[str, Floats] = {}
    for_manner = rows.take(slice(0))
    if labelled is not None:
        stated = labelled.to_rows(predictor.network)
        for_manner = labelled.select_for_manner(stated)
        reframed = rows.reframe(train.outcomes.texts, predictor.query_encoder, predictor.network)
        rows = rows.scale_weights(0.5).concatenate(reframed.scale_weights(0.5))
        light = fit_heads(rows.concatenate(stated), len(kinds))
        ours = stated.scale_weights(labelled.weight)
        heavy = fit_heads(rows.concatenate(ours).subtract_word_ease().drop_capitals(), len(kinds))
        asked = ours.take((~ours.run).nonzero()[0]).subtract_word_ease().drop_capitals()
        layer = fit_hidden_layer(asked, heavy)
    read = x @ light[0] + light[1]  # (n, K + 2)
    if typical is None:
        typical = float(read[:, -1].mean())
    tensors = {
        **space,
        "gate": np.ones((2, 2)),
        **dict(zip(("heads", "heads_bias"), light, strict=True)),
        **dict(zip(("ordinary_heads", "ordinary_bias"), heavy, strict=True)),
        "typical": np.array([*softmax(read[:, :-2]).mean(axis=0), read[:, -2].mean(), typical]),
        **fit_manners(rows, for_manner, len(kinds)),
        "reading": np.array(READING_ALONE if labelled is None else READING),
        **({} if labelled is None else {BY_WORDS: np.ones(1)}),
        **layer,
        "near_spread": _measure_spread(predictor, validation),
        "far_spread": np.array(FAR_SPREAD),
    }
    ungated = Doubt(kinds, tensors)
    gate = _fit_gate(*ungated.distances(predictor.network.project(validation.encoded.numpy())), near=near)
    if labelled is None:
        gate = _relax_gate(gate, x.shape[1])
    return Doubt(kinds, tensors | {"gate": gate})


def _make_rows(
    predictor: Predictor,
    train: PreparedSplit,
    kinds: int,
    *,
    kind: npt.NDArray[np.intp] | None,
    weight: Floats | None,
    run: npt.NDArray[np.bool_] | None,
) -> Rows:
    """Return the training queries as rows for the heads.

    The targets are the network's predictions, averaged over candidates after subtracting their ability and verbosity;
    for runs, the observed values.
    """
    encoded = train.encoded.numpy()
    x = predictor.network.project(encoded)  # (n, p)
    kind = np.zeros(len(x), dtype=np.intp) if kind is None else kind
    alone = predictor.with_doubt(None).with_ensemble(None)  # the ensemble was fitted to these outcomes
    predicted = alone.predict_encoded(train.queries)
    logits = logit(predicted.quality, LEAST_CHANCE)
    log_tokens = predictor.network(encoded, predictor.keys).log_tokens.astype(float)
    ability, verbosity = _estimate_abilities(predictor.pool, logits, log_tokens, kind, kinds)
    targets = np.stack([(logits - ability).mean(axis=1), (log_tokens - verbosity).mean(axis=1)], axis=1)
    run = np.zeros(len(x), dtype=bool) if run is None else run
    made = _measure_runs(train, *(np.broadcast_to(each, logits.shape) for each in (ability, verbosity)))
    targets = np.where(run[:, None] & ~np.isnan(made), made, targets)
    weight = np.ones(len(x)) if weight is None else weight / weight.mean()
    return Rows(x, kind, targets, run, weight, train.word_scores)


def _measure_runs(train: PreparedSplit, ability: Floats, verbosity: Floats) -> Floats:
    """Return ease and log tokens of queries from the observed runs, shape (n, 2), NaN without a run.

    The network is not used here: for models without runs it predicts the length of an answer, which is shorter.
    """
    quality, log_tokens = train.quality.numpy().astype(float), train.log_tokens.numpy().astype(float)
    made = np.where(np.isnan(quality) | np.isnan(log_tokens), np.nan, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # queries without a run
        quality, length, able = (
            np.nanmean(made * each, axis=1) for each in (quality, log_tokens - verbosity, ability)
        )
    return np.stack([logit(quality, LEAST_CHANCE) - able, length], axis=1)


def assign_classes(prepared: PreparedSplit, x: Floats, network: InferenceNetwork) -> npt.NDArray[np.intp]:
    """Return the class of each query, shape (n,): its task, or its cluster if all are of one task.

    Args:
        prepared: The n queries.
        x: Their principal components and surface features, shape (n, p).
        network: The network, with its clusters.
    """
    tasks = np.unique(prepared.outcomes.tasks, return_inverse=True)[1]
    return tasks if tasks.max(initial=0) > 0 else assign(x, network.weights["centroids"])


def _fit_space(x: Floats, classes: npt.NDArray[np.intp]) -> dict[str, Floats]:
    """Return the tensors of `Doubt` for distances; each class has the weight of the root of its size."""
    location, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    z = (x - location) / deviation
    _, at, count = np.unique(classes, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(count[at])
    within = _fit_whitening(z - means_by(classes, z)[at], weight) / deviation[:, None]
    several = (count >= LEAST_OF_CLASS).sum() > 1
    overall = _fit_whitening(z, weight) / deviation[:, None] if several else np.zeros_like(within)
    space = {"location": location, "within": within, "overall": overall}
    familiar = _average_classes(classes, _whiten(x, space), LEAST_OF_CLASS if several else 0)
    return space | {"familiar": familiar, "own": np.zeros((0, x.shape[1]))}


def _fit_whitening(z: Floats, weight: Floats) -> Floats:
    """Return a whitening matrix of the shrunk covariance, shape (p, p)."""
    covariance = (z * weight[:, None]).T @ z / weight.sum()
    shrinkage = SHRINKAGE + z.shape[1] / len(z)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(covariance + shrinkage * np.eye(z.shape[1]))))


def _whiten(x: Floats, space: dict[str, Floats]) -> Floats:
    return np.asarray((x - space["location"]) @ space["within"])


def _average_classes(classes: npt.NDArray[np.intp], z: Floats, least: int) -> Floats:
    """Return the means of the classes of at least `least` queries, shape (c, p)."""
    count = np.unique(classes, return_counts=True)[1]
    return means_by(classes, z)[count >= least]


def _relax_gate(gate: Floats, size: int) -> Floats:
    """Return the gate for a router trained on one kind of queries, with higher thresholds and a wider transition.

    Such queries may be of a few templates, from which any other wording is far. So trust extends by half of the
    standard deviation of a chi-squared distance with as many degrees of freedom as features, and to twice the distance
    of the farthest class.
    """
    spread = np.sqrt(2 * size)
    (reach, width), away = gate
    return np.array([(reach + spread / 2, max(width, spread / 8)), 2 * away])


def _fit_gate(strangeness: Floats, away: Floats, *, near: float) -> Floats:
    """Return threshold and width for each distance, from those of validation queries, shape (2, 2)."""
    shares = ((strangeness, near), (away, OUTLYING))
    widths = (max(GATE_WIDTH * float(np.subtract(*np.quantile(d, (0.9, 0.1)))), 1e-3) for d, _ in shares)
    return np.array(
        [(np.quantile(d, share), width) for (d, share), width in zip(shares, widths, strict=True)]
    )


def _estimate_abilities(
    pool: Pool, logits: Floats, log_tokens: Floats, kind: npt.NDArray[np.intp], kinds: int
) -> tuple[Floats, Floats]:
    """Return each candidate's ability and verbosity at the kinds of the training queries, of shape (n, m) or (m,)."""
    beliefs = [candidate.profile.belief if candidate.profile else None for candidate in pool]
    stated = [belief for belief in beliefs if belief is not None and len(belief.ability) == kinds]
    if len(stated) == len(beliefs):
        ability, verbosity = (np.array([getattr(b, of) for b in stated]) for of in ("ability", "log_tokens"))
        return ability[:, kind].T, verbosity[:, kind].T
    return logits.mean(axis=0) - logits.mean(), log_tokens.mean(axis=0) - log_tokens.mean()


def _measure_spread(predictor: Predictor, validation: PreparedSplit) -> Floats:
    """Return the standard deviation of an answer's log tokens around the prediction, per cluster, shape (k,).

    It is set such that nine in ten answers are shorter than the 90 % quantile of a log-normal distribution.
    """
    output = predictor.network(validation.encoded.numpy(), predictor.keys)
    predicted = output.log_tokens + (predictor.weighed.length if predictor.weighed else 0)
    beyond = validation.log_tokens.numpy() - predicted  # (n, m)
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
