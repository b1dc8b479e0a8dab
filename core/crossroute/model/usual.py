"""Correct readings of a query that is far from training by those of similar queries of the user (ungraded).

    read  = read  + LEANING * (1 - asked as people ask) * (usual of its groups - read)
    trust = trust + TRUSTED * (1 - asked as people ask) * (mean trust in its groups - trust)
    share of a group ~ exp(-|z - center|^2 / BLENDED)

For a query far from training, the readings (ease and kinds of work) are noisy: they vary between the queries of a data
set more than the models' results do. The mean reading of many queries of one kind is reliable, and so is the mean
trust. So for a router with typical queries of its user, the reading of a query far from training is shrunk towards the
mean of its group. Ordinary requests, for which readings are accurate, are not changed, nor are queries that are
declared as a whole run. The settings were chosen on held-out data sets (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from crossroute.model.clusters import assign
from crossroute.numeric import Floats, means_by, softmax

LEANING, TRUSTED = 0.75, 0.5
"""Weights of the group's mean reading and mean trust for a query far from training. At a weight of 1, held-out data
sets gain more, but the harder of two queries of a group is no longer routed to the better model."""

BLENDED = 16.0
"""Squared whitened distance at which a group's weight falls to 1 / e. With hard assignment, one more query would move
the groups' bounds, and the readings of the queries near them."""

OF_GROUP, MOST_GROUPS = 50, 8
"""Approximate number of queries per group, and the most groups."""

LEAST_STRANGE = 1e-3
"""Least weight of a query in its group."""

MOST_SHARE = 2.0
"""Largest weight of a query, in mean weights of its group, so that one unknown query does not determine a group of
known ones."""

BEGINNINGS, ROUNDS = 5, 20
"""Initializations of k-means, and its iterations."""

USUAL = ("usual", "usual_read", "usual_written", "usual_trust")
"""Names of the tensors: centers of the groups (u, p); their mean readings (2, u, K + 2), of undeclared queries and of
single calls, from `Situation.read` and `Situation.written`; and their mean trust (u,)."""


class Usual:
    """Groups of a user's queries, with the mean reading of each.

    Args:
        tensors: By the names in `USUAL`.
        size: Principal components and surface features of a query, p.
        outputs: Numbers in a reading, K + 2.

    Raises:
        ValueError: Shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, npt.NDArray[np.floating]], size: int, outputs: int) -> None:
        self._centers, *self._usual, self._trust = (tensors[name].astype(float) for name in USUAL)
        groups = len(self._centers)
        shapes = ((groups, size), *((2, groups, outputs),) * 2, (groups,))
        for name, shape in zip(USUAL, shapes, strict=True):
            if tensors[name].shape != shape:
                raise ValueError(f"the shape {tensors[name].shape} of doubt.{name} is not {shape}.")

    def lean(
        self,
        trust: Floats,
        read: Floats,
        written: Floats,
        *,
        z: Floats,
        people: Floats,
        one_call: npt.NDArray[np.integer],
    ) -> tuple[Floats, Floats, Floats]:
        """Shrink the trust and the readings of queries towards the means of their groups.

        Args:
            trust: Trust, shape (n,); see `Situation`.
            read: Reading, shape (n, K + 2).
            written: Reading for the answer's length, shape (n, K + 2).
            z: The whitened queries, shape (n, p).
            people: Probability that each is an ordinary request, shape (n,).
            one_call: As for `Doubt.situate`, shape (n,).
        """
        shares, call = _weigh_groups(z, self._centers), one_call > 0
        unknown = (1 - people) * (one_call >= 0)
        each = LEANING * unknown[:, None]
        usual = [
            np.where(call[:, None], shares @ of_call, shares @ of_any) for of_any, of_call in self._usual
        ]
        return (
            trust + TRUSTED * unknown * (shares @ self._trust - trust),
            read + each * (usual[0] - read),
            written + each * (usual[1] - written),
        )


def usual_tensors(
    z: Floats, readings: Sequence[tuple[Floats, Floats]], trust: Floats, unknown: Floats
) -> dict[str, npt.NDArray[np.floating]]:
    """Compute the tensors of `Usual` from a user's queries.

    Args:
        z: The whitened queries, shape (n, p).
        readings: `Situation.read` and `written`, first of the undeclared queries, then of the same as single calls.
        trust: Trust of each, shape (n,).
        unknown: Degree to which each is far from training and no ordinary request, shape (n,); its weight.
    """
    centers = _find_groups(z, int(np.clip(len(z) // OF_GROUP, 1, MOST_GROUPS)))
    centers = centers[np.unique(assign(z, centers))]  # without empty groups
    shares = _weigh_groups(z, centers)  # (n, u)
    size = shares.sum(axis=0)
    weight = unknown + LEAST_STRANGE
    weight = np.minimum(weight, MOST_SHARE * shares @ (weight @ shares / size))
    weighed = shares * weight[:, None] / (weight @ shares)
    means = [np.stack([weighed.T @ each for each in pair]) for pair in zip(*readings, strict=True)]
    found = centers, *means, trust @ shares / size
    return dict(zip(USUAL, (each.astype(np.float32) for each in found), strict=True))


def _weigh_groups(z: Floats, centers: Floats) -> Floats:
    """Return the weights of the groups for each query, shape (n, u), summing to 1."""
    return softmax((2 * z @ centers.T - (centers**2).sum(axis=1)) / BLENDED)


def _find_groups(z: Floats, count: int) -> Floats:
    """Return the centers of groups of queries, shape (u, p), by k-means with several deterministic initializations.

    An initialization cuts the queries into parts of equal size along a principal direction, so that one more query
    changes little.

    Source: Lloyd, "Least Squares Quantization in PCM" (1982). Implemented here, since scikit-learn is only installed
    for training.
    """
    _, _, directions = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    parts = np.arange(len(z)) * count // len(z)
    found = [_run_kmeans(z, means_by(parts, z[np.argsort(z @ each)])) for each in directions[:BEGINNINGS]]
    return min(found, key=lambda centers: float(((z - centers[assign(z, centers)]) ** 2).sum()))


def _run_kmeans(z: Floats, centers: Floats) -> Floats:
    for _ in range(ROUNDS):
        centers = means_by(assign(z, centers), z)
    return centers
