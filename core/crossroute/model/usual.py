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
"""How far a strange query is read as its group, and trusted as it. Read wholly so, sets left out gain further, but the
harder of two queries of a group would have no claim to the dearer model."""

BLENDED = 16.0
"""Squared distance, whitened, by which a group counts 1 / e as much. With hard bounds, one query more moves them, and
what is read of the queries there."""

OF_GROUP, MOST_GROUPS = 50, 8
"""Queries to a group, about, and most groups."""

LEAST_STRANGE = 1e-3
"""What a query counts in its group, though nothing of it is strange."""

MOST_SHARE = 2.0
"""What it counts at most, in means of its group: no single query makes a group of known ones what it is."""

BEGINNINGS, ROUNDS = 5, 20

USUAL = ("usual", "usual_read", "usual_written", "usual_trust")
"""Its tensors: centres of groups (u, p), what is read of each (2, u, K + 2), as what may be a run and as a call, and
the mean trust in each (u,)."""


class Usual:
    """Groups of queries, and what is read of each.

    Args:
        tensors: By the names of `USUAL`.
        size: Principal components and surface features of a query, p.
        outputs: What is read of one, K + 2 numbers.

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
        """Return trust in queries and what is read of them, in part as of their groups.

        Args:
            trust: Of themselves, shape (n,); see `Situation`.
            read: Likewise, shape (n, K + 2).
            written: Likewise, for the answer's length.
            z: The queries, whitened, shape (n, p).
            people: How far each asks as people do, shape (n,).
            one_call: As for `Doubt.situate`, shape (n,).
        """
        shares, call = _shares(z, self._centers), one_call > 0
        strange = (1 - people) * (one_call >= 0)
        each = LEANING * strange[:, None]
        usual = [
            np.where(call[:, None], shares @ of_call, shares @ of_any) for of_any, of_call in self._usual
        ]
        return (
            trust + TRUSTED * strange * (shares @ self._trust - trust),
            read + each * (usual[0] - read),
            written + each * (usual[1] - written),
        )


def usual_tensors(
    z: Floats, readings: Sequence[tuple[Floats, Floats]], trust: Floats, strange: Floats
) -> dict[str, npt.NDArray[np.floating]]:
    """Return what is read of groups of queries, as tensors of `Usual`.

    Args:
        z: The queries, whitened, shape (n, p).
        readings: What is read of them, and for the answer's length, as of what may be runs, and of calls.
        trust: In them, shape (n,).
        strange: How much each counts, shape (n,): as far as it is like none in training and no ordinary request.
    """
    centers = _groups(z, int(np.clip(len(z) // OF_GROUP, 1, MOST_GROUPS)))
    centers = centers[np.unique(assign(z, centers))]  # without groups that hold none in the end
    shares = _shares(z, centers)  # (n, u)
    size = shares.sum(axis=0)
    weight = strange + LEAST_STRANGE
    weight = np.minimum(weight, MOST_SHARE * shares @ (weight @ shares / size))
    weighed = shares * weight[:, None] / (weight @ shares)
    told = [np.stack([weighed.T @ each for each in alike]) for alike in zip(*readings, strict=True)]
    found = centers, *told, trust @ shares / size
    return dict(zip(USUAL, (each.astype(np.float32) for each in found), strict=True))


def _shares(z: Floats, centers: Floats) -> Floats:
    """Return how far each query is of each group, shape (n, u), summing to 1 for each query."""
    return softmax((2 * z @ centers.T - (centers**2).sum(axis=1)) / BLENDED)


def _groups(z: Floats, count: int) -> Floats:
    """Return the centres of groups of queries, shape (u, p): k-means, the best of several beginnings.

    A beginning cuts the queries along a direction in which they differ into parts of one size, so that one query more
    or less changes little.

    Source: Lloyd, "Least Squares Quantization in PCM" (1982). Written here, since scikit-learn comes with training.
    """
    _, _, directions = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    parts = np.arange(len(z)) * count // len(z)
    found = [_run_kmeans(z, means_by(parts, z[np.argsort(z @ each)])) for each in directions[:BEGINNINGS]]
    return min(found, key=lambda centers: float(((z - centers[assign(z, centers)]) ** 2).sum()))


def _run_kmeans(z: Floats, centers: Floats) -> Floats:
    for _ in range(ROUNDS):
        centers = means_by(assign(z, centers), z)
    return centers
