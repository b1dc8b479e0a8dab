"""Outcomes of a candidate -> its profile: mean quality and tokens, query cluster by query cluster.

A candidate is described by what it did, never by its index: that is why one can be added without retraining.

Source: "One Head, Many Models", arXiv 2509.09782 (about 20 k-means clusters); UniRoute, arXiv 2502.08773.
Deviation: means are shrunk by their evidence to what the candidate does elsewhere and what the cluster does to
anyone, and the logarithm of tokens takes the place of the cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Float32s = npt.NDArray[np.float32]

SURFACE_WEIGHT = 0.5
"""Of a standardized surface feature beside principal components of unit variance."""

TEMPERATURE = 16.0
"""Of soft assignment, in mean squared distances to the centroid over the number of components."""

SHRINKAGE = 30.0
"""Outcomes' worth of what a candidate is expected to do in a cluster before any was seen there."""


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

    views, surface = encoded[:, :views_width], encoded[:, views_width:]
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

    clusters = min(clusters, len(np.unique(x, axis=0)))
    fitted = KMeans(clusters, n_init=4, random_state=seed).fit(x)
    temperature = max(float(fitted.inertia_) / x.size, 1e-6)
    return fitted.cluster_centers_.astype(np.float32), temperature * TEMPERATURE


def assign(x: Floats, centroids: Floats) -> npt.NDArray[np.intp]:
    """Return the nearest centroid of each query, shape (n,)."""
    distance = (centroids**2).sum(1) - 2 * x @ centroids.T  # (n, k), less a constant a row
    return np.asarray(distance.argmin(1))


def cluster_effects(values: Floats, assignment: npt.NDArray[np.intp], clusters: int) -> Floats:
    """Return how far each cluster's values lie from the candidates' means, pooled over candidates, shape (k,).

    Args:
        values: Quality or log tokens, shape (n, m), NaN where not known.
        assignment: Cluster of each query, shape (n,).
        clusters: k.

    >>> cluster_effects(np.array([[0.9, 0.5], [0.5, 0.1]]), np.array([0, 1]), clusters=3).round(6)
    array([ 0.2, -0.2,  0. ])
    """
    known = ~np.isnan(values)
    means = np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1)  # (m,)
    residual = np.where(known, values - means, 0).sum(1)  # (n,)
    total = np.bincount(assignment, weights=residual, minlength=clusters)
    count = np.bincount(assignment, weights=known.sum(1), minlength=clusters)
    return total / np.maximum(count, 1)


def shrunk_means(
    values: Floats, assignment: npt.NDArray[np.intp], effects: Floats, shrinkage: float = SHRINKAGE
) -> Floats:
    """Return one candidate's means per cluster, shrunk to what the cluster's effect leads to expect, shape (k,).

    A cluster's mean is (sum + s * (m + effect)) / (count + s), with s the shrinkage and m the candidate's mean of
    what it did beyond the clusters' effects: where nothing was seen, the expectation stands.

    Args:
        values: Observed quality or log tokens, shape (n,), NaN where it is not known; at least one is.
        assignment: Cluster of each query, shape (n,).
        effects: Of the clusters, shape (k,).
        shrinkage: s, in outcomes.

    >>> shrunk_means(np.array([1.0, 0.0]), np.array([0, 1]), np.zeros(3), shrinkage=1)
    array([0.75, 0.25, 0.5 ])
    """
    known = ~np.isnan(values)
    assignment, values = assignment[known], values[known]
    mean = (values - effects[assignment]).mean()
    count = np.bincount(assignment, minlength=len(effects))
    total = np.bincount(assignment, weights=values, minlength=len(effects))
    return np.asarray((total + shrinkage * (mean + effects)) / (count + shrinkage))


def cluster_labels(tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int) -> tuple[str, ...]:
    """Name each cluster by the (at most two) tasks that most of its training queries came from."""
    counts = [Counter[str]() for _ in range(clusters)]
    for task, cluster in zip(tasks, assignment, strict=True):
        counts[cluster][task] += 1
    return tuple(" and ".join(task for task, _ in count.most_common(2)) or "nothing" for count in counts)
