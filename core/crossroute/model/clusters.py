"""Clusters of training queries: projection, k-means, and statistics per cluster.

Source: "One Head, Many Models", arXiv 2509.09782 (about 20 k-means clusters); UniRoute, arXiv 2502.08773.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

Float32s = npt.NDArray[np.float32]

SURFACE_WEIGHT = 0.5
"""Weight of a standardized surface feature, next to principal components of unit variance."""

TEMPERATURE = 16.0
"""Temperature of the soft assignment, in mean squared distances to the centroid divided by the number of components."""


def fit_projection(encoded: Floats, views_width: int, components: int) -> tuple[Float32s, Float32s]:
    """Fit the projection of encoded queries to a few numbers of comparable scale.

    The embeddings are reduced to principal components with one common scale, such that the mean variance is 1. The
    surface features are standardized and weighted by `SURFACE_WEIGHT`.

    Args:
        encoded: Encoded training queries, shape (n, D).
        views_width: How many of the D columns are embeddings.
        components: Most principal components.

    Returns:
        Centre, shape (D,), and projection, shape (D, p), for p components and surface features.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    views, surface = encoded[:, :views_width], encoded[:, views_width:]
    # one thread: the order of summation, and so the router, would depend on the number of cores
    with threadpool_limits(1):
        pca = PCA(min(components, *views.shape), random_state=0).fit(views)
    kept, width = len(pca.components_), encoded.shape[1]
    projection = np.zeros((width, kept + surface.shape[1]), dtype=np.float32)
    projection[:views_width, :kept] = pca.components_.T / np.sqrt(pca.explained_variance_.mean())
    projection[views_width:, kept:] = np.diag(SURFACE_WEIGHT / (surface.std(0) + 0.05))
    return encoded.mean(0).astype(np.float32), projection


def project(encoded: Floats, centre: Float32s, projection: Float32s) -> Floats:
    """Project training queries, shape (n, p), with the same result on any number of cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # see `fit_projection`
        return np.asarray((encoded - centre) @ projection)


def fit_centroids(x: Floats, clusters: int, seed: int) -> tuple[Float32s, float]:
    """Cluster training queries by k-means.

    Args:
        x: Projected training queries, shape (n, p).
        clusters: Number of clusters, k; fewer if there are fewer distinct queries.
        seed: Seed of the initial centroids.

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
    distance = (centroids**2).sum(1) - 2 * x @ centroids.T  # (n, k), without |x|^2
    return np.asarray(distance.argmin(1))


def tally(
    quality: Floats, assignment: npt.NDArray[np.intp], clusters: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the sum and the number of each candidate's known qualities per cluster, each of shape (m, k).

    Args:
        quality: Observed quality, shape (n, m), NaN where unknown.
        assignment: Cluster of each query, shape (n,).
        clusters: Number of clusters, k.

    >>> tally(np.array([[1.0, np.nan], [0.5, 0.0]]), np.array([1, 1]), clusters=2)
    (array([[0. , 1.5],
           [0. , 0. ]]), array([[0., 2.],
           [0., 1.]]))
    """
    member = np.eye(clusters)[assignment]  # (n, k)
    return np.nan_to_num(quality).T @ member, (~np.isnan(quality)).T @ member


def relative_lengths(log_tokens: Floats) -> Floats:
    """Return the log of how much longer each candidate's answers are than others' to the same queries, shape (m,).

    Least squares of log tokens on candidate and query, with the queries eliminated. So the length that a prompt asks
    for ("only the letter", "step by step") does not count for or against the candidates that answered it.

    Args:
        log_tokens: Observed log tokens, shape (n, m), NaN where unknown.

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
    """Return the log tokens of a typical candidate's answers in each cluster, shape (k,).

    Args:
        log_tokens: Observed log tokens, shape (n, m), NaN where unknown.
        lengths: From `relative_lengths`, shape (m,).
        assignment: Cluster of each query, shape (n,).
        clusters: Number of clusters, k. A cluster without known answers gets the mean of the others.

    >>> cluster_effects(np.array([[1.0, 3.0], [5.0, np.nan]]), np.array([-1, 1]), np.array([0, 1]), clusters=3)
    array([2., 6., 4.])
    """
    known = ~np.isnan(log_tokens)
    asked = known.any(axis=1)
    typical = np.where(known, log_tokens - lengths, 0).sum(1)[asked] / known.sum(1)[asked]  # one per query
    total, count = tally(typical[:, None], assignment[asked], clusters)
    return np.where(count[0] > 0, total[0] / np.maximum(count[0], 1), typical.mean() if asked.any() else 0.0)


def cluster_labels(tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int) -> tuple[str, ...]:
    """Name each cluster by the two tasks (at most) that most of its training queries come from."""
    counts = [Counter[str]() for _ in range(clusters)]
    for task, cluster in zip(tasks, assignment, strict=True):
        counts[cluster][task] += 1
    return tuple(" and ".join(task for task, _ in count.most_common(2)) or "nothing" for count in counts)


def task_shares(
    tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int
) -> dict[str, list[float]]:
    """Return the distribution of each task's queries over the clusters: task -> k shares that sum to 1.

    >>> task_shares(["sums", "sums", "law"], np.array([0, 1, 1]), clusters=2)
    {'law': [0.0, 1.0], 'sums': [0.5, 0.5]}
    """
    shares = {}
    for task in sorted(set(tasks)):
        counts = np.bincount(assignment[np.array(tasks) == task], minlength=clusters)
        shares[task] = (counts / counts.sum()).round(4).tolist()
    return shares
