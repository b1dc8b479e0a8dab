"""Outcomes of a candidate -> its profile: mean quality and tokens, query cluster by query cluster.

A candidate is described by what it did, never by its index: that is why one can be added without retraining.

Source: "One Head, Many Models", arXiv 2509.09782 (about 20 k-means clusters); UniRoute, arXiv 2502.08773.
Deviation: means are shrunk by their evidence, and the logarithm of tokens takes the place of the cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Profile

Floats = npt.NDArray[np.floating]
Float32s = npt.NDArray[np.float32]

SURFACE_WEIGHT = 0.5
TEMPERATURE = 16.0

SHRINKAGE = 10.0
"""Outcomes' worth of the candidate's overall mean that each cluster starts with."""


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
        Centroids, shape (k, p), and the temperature of soft assignment: the mean squared distance of a query to
        its centroid, over the number of components.
    """
    from sklearn.cluster import KMeans

    clusters = min(clusters, len(np.unique(x, axis=0)))
    fitted = KMeans(clusters, n_init=4, random_state=seed).fit(x)
    temperature = max(float(fitted.inertia_) / x.size, 1e-6)
    return fitted.cluster_centers_.astype(np.float32), temperature * TEMPERATURE


def assign(x: Floats, centroids: Floats) -> npt.NDArray[np.intp]:
    """Return the nearest centroid of each query, shape (n,)."""
    distance = (centroids**2).sum(1) - 2 * x @ centroids.T  # (n, k), less a constant a row
    return distance.argmin(1)


def profile(
    quality: Floats, log_tokens: Floats, assignment: npt.NDArray[np.intp], clusters: int, shrinkage: float = SHRINKAGE
) -> Profile:
    """Profile one candidate.

    A cluster's mean is (sum + s * m) / (evidence + s), with s the shrinkage and m the candidate's mean over
    clusters' outcomes: where nothing was seen, it is the overall mean.

    Args:
        quality: Observed quality, shape (n,), NaN where it is not known.
        log_tokens: Observed logarithm of tokens, shape (n,), NaN where it is not known.
        assignment: Cluster of each query, shape (n,).
        clusters: k.
        shrinkage: s, in outcomes.

    Raises:
        ValueError: Not one quality is known.

    >>> one = profile(np.array([1.0, 0.0]), np.array([2.0, 4.0]), np.array([0, 1]), clusters=3, shrinkage=1)
    >>> one.quality, one.log_tokens, one.evidence
    ((0.75, 0.25, 0.5), (2.5, 3.5, 3.0), (1.0, 1.0, 0.0))
    """
    if np.isnan(quality).all():
        raise ValueError("A profile needs at least one outcome whose quality is known.")
    evidence, shrunk_quality = _shrunk_means(quality, assignment, clusters, shrinkage)
    _, shrunk_tokens = _shrunk_means(log_tokens, assignment, clusters, shrinkage)
    return Profile(
        quality=tuple(shrunk_quality.tolist()),
        log_tokens=tuple(shrunk_tokens.tolist()),
        evidence=tuple(evidence.tolist()),
    )


def cluster_labels(tasks: Sequence[str], assignment: npt.NDArray[np.intp], clusters: int) -> tuple[str, ...]:
    """Name each cluster by the (at most two) tasks that most of its training queries came from."""
    counts = [Counter[str]() for _ in range(clusters)]
    for task, cluster in zip(tasks, assignment, strict=True):
        counts[cluster][task] += 1
    return tuple(" and ".join(task for task, _ in count.most_common(2)) or "nothing" for count in counts)


def _shrunk_means(
    values: Floats, assignment: npt.NDArray[np.intp], clusters: int, shrinkage: float
) -> tuple[Floats, Floats]:
    known = ~np.isnan(values)
    evidence = np.bincount(assignment[known], minlength=clusters).astype(float)
    total = np.bincount(assignment[known], weights=values[known], minlength=clusters)
    overall = values[known].mean() if known.any() else 0.0
    return evidence, (total + shrinkage * overall) / (evidence + shrinkage)
