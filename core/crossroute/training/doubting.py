"""Fit what tells doubt: where training queries lie, what kinds of work they are, how hard, how long the answers.

The distance at which trust in the network ends is set by validation queries, which are near by definition; that it
does not end sooner or later was chosen on whole sets left out (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.model.doubt import Doubt, place
from crossroute.numeric import Floats, logit
from crossroute.routing.predictor import LEAST_CHANCE, Predictor
from crossroute.training.run import Prepared

AXES = 64
"""Principal axes of the views in which similarity is measured."""

PROTOTYPES = 4096
"""At most; more training queries are clustered to as many."""

RIDGE = 30.0
"""Penalty on the heads' weights, in training queries, for standardized inputs."""

NEAR = 0.95
"""Share of validation queries that lie within reach: they are like what the router was trained on."""

GATE_WIDTH = 0.15
"""How gradually trust ends, as a part of the reach."""

FAR_SPREAD = 1.0
"""Standard deviation of log tokens by which whole sets left out differed from what was foreseen of them."""

SHRUNK_TO_ALL = 20.0
"""Answers' worth of the spread over all clusters in the spread of each."""

MOST_KIND_WEIGHT = 3.0
"""Of any query in what tells kinds apart: stated kinds are no surer than those of training tasks."""

NORMAL_90 = 1.2815515655446004


class Labelled(NamedTuple):
    """Queries whose kind, ease and length of answer are stated rather than observed.

    Attributes:
        vectors: As encoded, shape (n, D).
        kinds: Index of the kind of work, shape (n,).
        ease: Logit of the quality of a candidate of ability 0, shape (n,).
        log_tokens: Of a typical candidate's answer, shape (n,).
        weight: Of each beside a training query, where a query nearer to them than to training is read.
    """

    vectors: Floats
    kinds: npt.NDArray[np.intp]
    ease: Floats
    log_tokens: Floats
    weight: float = 1.0


def fit_doubt(
    predictor: Predictor,
    train: Prepared,
    validation: Prepared,
    *,
    kinds: tuple[str, ...] = ("all",),
    kind: npt.NDArray[np.intp] | None = None,
    weight: Floats | None = None,
    labelled: Labelled | None = None,
    near: float = NEAR,
    seed: int = 0,
) -> Doubt:
    """Fit what tells doubt beside a trained network.

    Args:
        predictor: With the network, and the pool as profiled; where its profiles state beliefs these are kept.
        train: What trained it.
        validation: What sets the reach and the spread of answers' lengths.
        kinds: Names of the K kinds of work.
        kind: Index of each training query's, shape (n,); by default all are of the first.
        weight: Of each training query, shape (n,); by default all weigh alike.
        labelled: Further queries for the heads, stated and not observed.
        near: Share of validation queries within reach.
        seed: Of the prototypes.
    """
    encoded = train.encoded.numpy()
    x = predictor.network.project(encoded)  # (n, p)
    kind = np.zeros(len(x), dtype=np.intp) if kind is None else kind
    weight = np.ones(len(x)) if weight is None else weight / weight.mean()
    foreseen = predictor.with_doubt(None).foresee_encoded(train.queries)
    ability, verbosity = _abilities(predictor, foreseen.quality, train, kind, len(kinds))
    log_tokens = predictor.network(encoded, predictor.keys).log_tokens.astype(float)
    ease = (logit(foreseen.quality, LEAST_CHANCE) - ability).mean(axis=1)
    length = (log_tokens - verbosity).mean(axis=1)
    if labelled is not None:
        x = np.concatenate([x, predictor.network.project(labelled.vectors)])
        kind, ease, length = (
            np.concatenate(pair)
            for pair in zip(
                (kind, ease, length), (labelled.kinds, labelled.ease, labelled.log_tokens), strict=True
            )
        )
    told, stated = np.stack([ease, length], axis=1), 0 if labelled is None else len(labelled.ease)
    light, heavy = (
        _heads(x, kind, told, np.concatenate([weight, np.full(stated, each)]), len(kinds))
        for each in (1.0, 1.0 if labelled is None else labelled.weight)
    )
    centre, axes = _axes(encoded[:, : predictor.query_encoder.views_width], seed)
    prototypes = _prototypes(place(encoded, centre, axes), seed)
    distances = 1 - (place(validation.encoded.numpy(), centre, axes) @ prototypes.T).max(axis=1)
    reach = float(np.quantile(distances, near))
    return Doubt(
        kinds,
        {
            "centre": centre,
            "axes": axes,
            "prototypes": prototypes,
            "gate": np.array([reach, max(GATE_WIDTH * reach, 1e-3)]),
            "heads": light[0],
            "heads_bias": light[1],
            "ordinary_heads": heavy[0],
            "ordinary_bias": heavy[1],
            "near_spread": _spread(predictor, validation),
            "far_spread": np.array([FAR_SPREAD]),
            "ordinary": np.zeros((0, axes.shape[1]))
            if labelled is None
            else place(labelled.vectors, centre, axes),
        },
    )


def _abilities(
    predictor: Predictor, quality: Floats, train: Prepared, kind: npt.NDArray[np.intp], kinds: int
) -> tuple[Floats, Floats]:
    """Return ability and verbosity of each candidate at each training query's kind, each of shape (n, m)."""
    beliefs = [candidate.profile.belief if candidate.profile else None for candidate in predictor.pool]
    if all(belief is not None and len(belief.ability) == kinds for belief in beliefs):
        stated = [belief for belief in beliefs if belief is not None]
        ability = np.array([belief.ability for belief in stated])
        verbosity = np.array([belief.log_tokens for belief in stated])
        return ability[:, kind].T, verbosity[:, kind].T
    logits = logit(quality, LEAST_CHANCE)
    written = predictor.network(train.encoded.numpy(), predictor.keys).log_tokens.astype(float)
    return logits.mean(axis=0) - logits.mean(), written.mean(axis=0) - written.mean()


def _heads(
    x: Floats, kind: npt.NDArray[np.intp], targets: Floats, weight: Floats, kinds: int
) -> tuple[Floats, Floats]:
    """Return weights (p, K + 2) and biases (K + 2,) of kinds, ease and length, for inputs as they are."""
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    z = (x - mean) / deviation
    columns = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    gram = (columns * weight[:, None]).T @ columns
    gram[np.arange(1, len(gram)), np.arange(1, len(gram))] += RIDGE
    solved = np.linalg.solve(gram, (columns * weight[:, None]).T @ targets)  # (1 + p, 2)
    scores, offsets = _kind_scores(z, kind, np.minimum(weight, MOST_KIND_WEIGHT), kinds)
    heads = np.concatenate([scores, solved[1:]], axis=1) / deviation[:, None]
    bias = np.concatenate([offsets, solved[0]]) - mean @ heads
    return heads, bias


def _kind_scores(z: Floats, kind: npt.NDArray[np.intp], weight: Floats, kinds: int) -> tuple[Floats, Floats]:
    scores, offsets = np.zeros((z.shape[1], kinds)), np.zeros(kinds)
    found = np.unique(kind)
    if len(found) < 2:
        return scores, offsets
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=0.01, max_iter=300).fit(z, kind, sample_weight=weight)
    if len(found) == 2:
        scores[:, found[1]], offsets[found[1]] = fitted.coef_[0], fitted.intercept_[0]
    else:
        scores[:, found], offsets[found] = fitted.coef_.T, fitted.intercept_
    offsets[np.setdiff1d(np.arange(kinds), found)] = -20.0  # a kind that no query is of
    return scores, offsets


def _axes(views: Floats, seed: int) -> tuple[Floats, Floats]:
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        fitted = PCA(min(AXES, *views.shape), random_state=seed).fit(views)
    return fitted.mean_, fitted.components_.T


def _prototypes(placed: Floats, seed: int) -> Floats:
    """Return at most `PROTOTYPES` of unit length that stand for training queries."""
    different = np.unique(placed, axis=0)
    if len(different) <= PROTOTYPES:
        return different
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        fitted = MiniBatchKMeans(
            PROTOTYPES, n_init=1, batch_size=8192, max_iter=5, init_size=9000, random_state=seed
        ).fit(different)
    centres = fitted.cluster_centers_
    return np.asarray(centres / (np.linalg.norm(centres, axis=1, keepdims=True) + 1e-9))


def _spread(predictor: Predictor, validation: Prepared) -> Floats:
    """Return how far one answer's log tokens lie from what is predicted, cluster by cluster, shape (k,).

    Nine in ten answers are to lie under the prediction's 90 % quantile, were the logarithm normal.
    """
    output = predictor.network(validation.encoded.numpy(), predictor.keys)
    beyond = validation.log_tokens.numpy() - output.log_tokens  # (n, m)
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
