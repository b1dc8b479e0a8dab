"""k-means cluster routers: predict the mean outcome in the query's cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.baselines.blind import group_means
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats


@dataclass(frozen=True)
class ClusterMeans:
    """Predict a candidate's mean quality and geometric mean cost in the query's cluster.

    Source: UniRoute, arXiv 2502.08773, section 4 (nearest cluster); Avengers-Pro, arXiv 2508.12631 (the same
    with costs). Embeddings are normalized, as theirs are. Smoothing by one outcome is ours.

    Attributes:
        k: Number of clusters; no more than there are distinct queries.
        seed: Of k-means.
    """

    k: int = 20
    seed: int = 0

    def fit(self, embeddings: Floats, outcomes: Outcomes) -> FittedClusterMeans:
        """Cluster the queries and average the outcomes in each cluster."""
        unit = normalize(embeddings)
        k = min(self.k, len(np.unique(unit, axis=0)))
        kmeans = KMeans(k, n_init=4, random_state=self.seed).fit(unit)
        return FittedClusterMeans(outcomes.pool.names, kmeans, *group_means(kmeans.labels_, k, outcomes))


@dataclass(frozen=True, eq=False)
class FittedClusterMeans:
    """Clusters and the mean outcomes of every candidate in them."""

    candidates: tuple[str, ...]
    kmeans: KMeans
    quality: Floats
    log_cost: Floats

    def predict(self, embeddings: Floats) -> Prediction:
        """Predict the means of the nearest cluster, for embeddings of shape (n, D)."""
        cluster = self.kmeans.predict(normalize(embeddings))
        return Prediction(self.candidates, self.quality[cluster], np.exp(self.log_cost[cluster]))
