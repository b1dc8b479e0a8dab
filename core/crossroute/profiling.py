"""Outcomes of a candidate -> its profile: mean quality and tokens, query cluster by query cluster.

A candidate is described by what it did, never by its index: that is why one can be added without retraining.

Source: "One Head, Many Models", arXiv 2509.09782 (about 20 k-means clusters); UniRoute, arXiv 2502.08773.
Deviation: means are shrunk by their evidence to what the candidate's ability and the cluster's ease lead to expect
(ability.py), and the logarithm of tokens takes the place of the cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crossroute.ability import SPREAD, fit_ability
from crossroute.log_odds import sigmoid

Floats = npt.NDArray[np.floating]
Float32s = npt.NDArray[np.float32]

SURFACE_WEIGHT = 0.5
"""Of a standardized surface feature beside principal components of unit variance."""

TEMPERATURE = 16.0
"""Of soft assignment, in mean squared distances to the centroid over the number of components."""

SHRINKAGE = 30.0
"""Outcomes' worth of what a candidate is expected to do in a cluster before any was seen there."""

UNSEEN = 4.0
"""How much more uncertain a cluster is, in variance, in which a candidate has no outcomes."""

TOKENS_SHRINKAGE = 5.0
"""The same for log tokens, which differ less from answer to answer than from cluster to cluster."""

SHIFT = 0.5
"""Standard deviation, in logits, of how much better or worse all of a known candidate's answers may turn out."""


def fit_projection(encoded: Floats, views_width: int, components: int) -> tuple[Float32s, Float32s]:
    """Fit what turns encoded queries into a few numbers of comparable size.

    The embeddings of the views are reduced to their principal components, scaled alike so that the first has
    unit variance on average; the surface features behind them are standardized and weigh half.

    Args:
        encoded: Training queries as encoded, shape (n, D).
        views_width: How many of the D are embeddings.
        components: Principal components, at most.

    Returns:
        Centre, shape (D,), and projection, shape (D, p), with p the components and the surface features.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    views, surface = encoded[:, :views_width], encoded[:, views_width:]
    with threadpool_limits(
        1
    ):  # sums depend on how they are shared out: a router would on the machine's cores
        pca = PCA(min(components, *views.shape), random_state=0).fit(views)
    found, width = len(pca.components_), encoded.shape[1]
    projection = np.zeros((width, found + surface.shape[1]), dtype=np.float32)
    projection[:views_width, :found] = pca.components_.T / np.sqrt(pca.explained_variance_.mean())
    projection[views_width:, found:] = np.diag(SURFACE_WEIGHT / (surface.std(0) + 0.05))
    return encoded.mean(0).astype(np.float32), projection


def fit_centroids(x: Floats, clusters: int, seed: int) -> tuple[Float32s, float]:
    """Cluster training queries by k-means.

    Args:
        x: Projected training queries, shape (n, p).
        clusters: k; fewer where there are fewer different queries.
        seed: Of the initial centroids.

    Returns:
        Centroids, shape (k, p), and the temperature of soft assignment.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    clusters = min(clusters, len(np.unique(x, axis=0)))
    with threadpool_limits(1):  # see `fit_projection`
        fitted = KMeans(clusters, n_init=4, random_state=seed).fit(x)
    temperature = max(float(fitted.inertia_) / x.size, 1e-6)
    return fitted.cluster_centers_.astype(np.float32), temperature * TEMPERATURE


def assign(x: Floats, centroids: Floats) -> npt.NDArray[np.intp]:
    """Return the nearest centroid of each query, shape (n,)."""
    distance = (centroids**2).sum(1) - 2 * x @ centroids.T  # (n, k), less a constant a row
    return np.asarray(distance.argmin(1))


def tally(
    quality: Floats, assignment: npt.NDArray[np.intp], clusters: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the sum and the number of each candidate's known qualities per cluster, each of shape (m, k).

    Args:
        quality: Observed, shape (n, m), NaN where not known.
        assignment: Cluster of each query, shape (n,).
        clusters: k.

    >>> tally(np.array([[1.0, np.nan], [0.5, 0.0]]), np.array([1, 1]), clusters=2)
    (array([[0. , 1.5],
           [0. , 0. ]]), array([[0., 2.],
           [0., 1.]]))
    """
    member = np.eye(clusters)[assignment]  # (n, k)
    return np.nan_to_num(quality).T @ member, (~np.isnan(quality)).T @ member


def relative_lengths(log_tokens: Floats) -> Floats:
    """Return how much longer each candidate's answers are than others' to the same queries, in logs, shape (m,).

    Least squares of log tokens by candidate and query, the queries eliminated: what a prompt asks for ("only the
    letter", "step by step") then says nothing of the candidates that happened to be asked so.

    Args:
        log_tokens: Observed, shape (n, m), NaN where not known.

    >>> relative_lengths(np.array([[1.0, 3.0, np.nan], [np.nan, 6.0, 5.0]])).round(1)
    array([-0.5,  0.6, -0.1])
    """
    known = ~np.isnan(log_tokens)
    answers = np.maximum(known.sum(1, keepdims=True), 1)  # (n, 1)
    beyond = np.where(known, log_tokens - np.nansum(log_tokens, axis=1, keepdims=True) / answers, 0)
    shared = np.diag(known.sum(0)) - known.T @ (known / answers)  # (m, m)
    return np.asarray(np.linalg.solve(shared + np.eye(len(shared)), beyond.sum(0)))


def cluster_effects(
    log_tokens: Floats, lengths: Floats, assignment: npt.NDArray[np.intp], clusters: int
) -> Floats:
    """Return how long a typical candidate's answers are in each cluster, in logs, shape (k,).

    Args:
        log_tokens: Observed, shape (n, m), NaN where not known.
        lengths: Of the candidates relative to others, shape (m,).
        assignment: Cluster of each query, shape (n,).
        clusters: k; one in which nothing is known is as long as the others are on average.

    >>> cluster_effects(np.array([[1.0, 3.0], [5.0, np.nan]]), np.array([-1, 1]), np.array([0, 1]), clusters=3)
    array([2., 6., 4.])
    """
    known = ~np.isnan(log_tokens)
    asked = known.any(axis=1)
    typical = np.where(known, log_tokens - lengths, 0).sum(1)[asked] / known.sum(1)[asked]  # one a query
    total, count = tally(typical[:, None], assignment[asked], clusters)
    return np.where(count[0] > 0, total[0] / np.maximum(count[0], 1), typical.mean() if asked.any() else 0.0)


def shrunk_means(
    values: Floats, assignment: npt.NDArray[np.intp], expected: Floats, shrinkage: float = SHRINKAGE
) -> Floats:
    """Return one candidate's means per cluster, shrunk to what was expected there, shape (k,).

    A cluster's mean is (sum + s * expected) / (count + s), with s the shrinkage: where nothing was seen, the
    expectation stands.

    Args:
        values: Observed quality or log tokens, shape (n,), NaN where it is not known.
        assignment: Cluster of each query, shape (n,).
        expected: Shape (k,).
        shrinkage: s, in outcomes.

    >>> shrunk_means(np.array([1.0, 0.0]), np.array([0, 1]), np.full(3, 0.5), shrinkage=1)
    array([0.75, 0.25, 0.5 ])
    """
    total, count = tally(values[:, None], assignment, len(expected))
    return np.asarray((total[0] + shrinkage * expected) / (count[0] + shrinkage))


def expected_quality(
    quality: Floats, assignment: npt.NDArray[np.intp], ease: Floats, known: Floats | None = None
) -> Floats:
    """Return what to expect of a candidate in each cluster by its ability, shape (k,).

    Args:
        quality: Observed, shape (n,), NaN where not known.
        assignment: Cluster of each query, shape (n,).
        ease: Of the clusters, in logits, shape (k,).
        known: The candidate's quality per cluster as far as it is known already, shape (k,).
    """
    right, seen = tally(quality[:, None], assignment, len(ease))
    if known is None:
        return sigmoid(fit_ability(right[0], seen[0], ease) + ease)
    known = known.clip(0.01, 0.99)
    logits = np.log(known / (1 - known))
    return sigmoid(fit_ability(right[0], seen[0], logits, spread=SHIFT) + logits)


def expected_log_tokens(
    log_tokens: Floats, assignment: npt.NDArray[np.intp], effects: Floats, known: Floats | None = None
) -> Floats:
    """Return the log tokens to expect of a candidate in each cluster, shape (k,).

    Args:
        log_tokens: Observed, shape (n,), NaN where not known; at least one is, or `known` is given.
        assignment: Cluster of each query, shape (n,).
        effects: Of the clusters, shape (k,).
        known: The candidate's log tokens per cluster as far as they are known already, shape (k,).
    """
    seen = ~np.isnan(log_tokens)
    start, weight = (effects, 0.0) if known is None else (known, SHRINKAGE)
    beyond = (log_tokens[seen] - start[assignment[seen]]).sum() / (seen.sum() + weight)
    return np.asarray(start + beyond)


def quality_variance(quality: Floats, evidence: Floats) -> Floats:
    """Return how uncertain a profile is: the variance of the mean quality in each cluster, shape (m, k).

    With v = quality * (1 - quality), n outcomes in the cluster and s the shrinkage, what was seen there leaves
    v / (n + s), and the ability that the expectation rests on adds (s / (n + s))^2 v^2 / p. The precision p of
    the ability, in logits, is 1 / SPREAD^2 and v n s / (n + s) from each cluster: many outcomes of one cluster
    tell only so much about others. Where nothing was seen, the first part counts UNSEEN times: candidates that
    were profiled on other sets were off by 1.1 to 2.3 of the standard errors without it.

    Args:
        quality: Of the profiles, shape (m, k).
        evidence: Outcomes per cluster, shape (m, k).
    """
    smoothed = (quality * (evidence + SHRINKAGE) + 1) / (evidence + SHRINKAGE + 2)  # never certain
    spread = smoothed * (1 - smoothed)
    trust = SHRINKAGE / (evidence + SHRINKAGE)  # in the expectation, against what was seen
    precision = 1 / SPREAD**2 + (spread * evidence * trust).sum(-1, keepdims=True)  # (m, 1)
    doubt = 1 + (UNSEEN - 1) * trust**2
    return np.asarray(spread * trust / SHRINKAGE * doubt + (trust * spread) ** 2 / precision)


def cluster_labels(tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int) -> tuple[str, ...]:
    """Name each cluster by the (at most two) tasks that most of its training queries came from."""
    counts = [Counter[str]() for _ in range(clusters)]
    for task, cluster in zip(tasks, assignment, strict=True):
        counts[cluster][task] += 1
    return tuple(" and ".join(task for task, _ in count.most_common(2)) or "nothing" for count in counts)


def task_shares(
    tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int
) -> dict[str, list[float]]:
    """Return how each task's queries are spread over the clusters: task -> shares, length k, summing to 1.

    >>> task_shares(["sums", "sums", "law"], np.array([0, 1, 1]), clusters=2)
    {'law': [0.0, 1.0], 'sums': [0.5, 0.5]}
    """
    shares = {}
    for task in sorted(set(tasks)):
        counts = np.bincount(assignment[np.array(tasks) == task], minlength=clusters)
        shares[task] = (counts / counts.sum()).round(4).tolist()
    return shares
