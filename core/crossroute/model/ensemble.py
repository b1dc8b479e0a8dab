"""What stands beside the network: a ridge regression and a forest, stacked with it.

    ridge    a linear function of the encoded query                                              (n, m)
    forest   mean quality of the training queries in the same leaves, over trees                 (n, m)
    joined = own * network + sum of weight * logit(member) + common * mean logit(member) + intercept
    logit  = network + observed * (joined - network)                                             (n, m)

A network learns what is smooth. A leaf holds the training queries that are nearest by what tells candidates apart: a
kind of query, finer than a cluster, and there is one in each tree. The ridge reads directions that the network's few
principal components leave out. Each errs in its own way, so that together they err less, and neither depends on where
an optimizer started. They know the candidates that they were fitted to by their profiles, which tell what was measured:
a candidate that was added, or profiled anew, is the network's alone, and so is one that was not observed near the
query. No query is kept.

Source: stacking, Wolpert, Neural Networks 5, 1992; extremely randomized trees, Geurts, Ernst, Wehenkel, Machine
Learning 63, 2006, and forests as adaptive nearest neighbours, Lin and Jeon, JASA 101, 2006.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from crossroute.model.config import NetworkConfig
from crossroute.numeric import Floats

MEMBERS = ("ridge", "forest")

HELD = 0.02
"""What a member's quality is held above and, from 1, below, before its logit is taken."""

LEVELS = 255
"""Steps in which a leaf's quality is kept."""

TENSORS = (
    *("profiles", "ridge", "ridge_bias"),
    *("feature", "threshold", "children", "root", "value", "depth"),
    *("own", "weights", "common", "intercept"),
)

Columns = npt.NDArray[np.intp]


class Ensemble:
    """Members beside a network; safe to share between threads.

    Args:
        tensors: By name: `profiles` (c, k), by which the c candidates are known; `ridge` (D, c) and `ridge_bias` (c,);
            of the forest `feature` (v,), `threshold` (v,) and `value` (v, c), in steps of 1 / 255, of each node,
            `children` (v, 2), a leaf its own, the `root` of each tree (t,) and the `depth` of the deepest (1,);
            `own` (1,), `weights` and `common` (members,), of a logit and of its mean over the c candidates, and
            `intercept` (c,).

    Raises:
        KeyError: A tensor is missing.
        ValueError: Shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.tensors = {name: tensors[name] for name in TENSORS}
        _check(self.tensors)
        held = {name: tensor.astype(np.float32) for name, tensor in self.tensors.items()}
        self._profiles, self._ridge, self._ridge_bias = (held[name] for name in TENSORS[:3])
        self._own, self._intercept = float(held["own"][0]), held["intercept"]
        self._weights, self._common = held["weights"], held["common"] / len(held["profiles"])
        self._value = held["value"] / LEVELS
        # a node is known by twice its number, so that its children are the next two places
        self._root, self._children = (
            2 * self.tensors[name].astype(np.intp).ravel() for name in ("root", "children")
        )
        self._feature = self.tensors["feature"].astype(np.intp).repeat(2)
        self._threshold = held["threshold"].repeat(2)
        self._depth = int(self.tensors["depth"][0])

    def check(self, config: NetworkConfig) -> None:
        """Raise a ValueError where the members do not fit beside a network of this shape."""
        found, expected = (len(self._ridge), self._profiles.shape[1]), (config.width, config.clusters)
        if found != expected:
            raise ValueError(
                f"the ensemble is over {found} numbers and clusters, the network over {expected}."
            )
        if self._feature.max() >= config.components:
            raise ValueError("the forest of the ensemble asks for features that the network lacks.")

    def columns(self, quality: Floats) -> Columns:
        """Return where the members know each candidate by its profile's quality (m, k); -1 where they do not."""
        apart = np.abs(quality[:, None] - self._profiles).max(axis=2)  # (m, c)
        return np.where(apart.min(axis=1) <= 1e-5, apart.argmin(axis=1), -1)

    def joined(
        self, encoded: Floats, x: Floats, quality_logit: Floats, columns: Columns, observed: Floats
    ) -> Floats:
        """Return the network's logit of quality, with the members' beside it where they know the candidate, (n, m).

        Args:
            encoded: Queries as encoded, shape (n, D).
            x: Their principal components and surface features, shape (n, p).
            quality_logit: The network's, shape (n, m).
            columns: From `columns`, shape (m,).
            observed: How far outcomes near each query tell of each candidate, in [0, 1], shape (n, m).
        """
        known = columns >= 0
        if not known.any():
            return quality_logit
        beyond = (self._own - 1) * quality_logit + self.beside(encoded, x)[:, columns]
        return np.asarray(quality_logit + np.where(known, observed, 0) * beyond, np.float32)

    def beside(self, encoded: Floats, x: Floats) -> Floats:
        """Return what stands beside the network's share, in log-odds, shape (n, c); arguments as for `joined`."""
        held = np.minimum(np.maximum(self.members(encoded, x), HELD), 1 - HELD)  # (members, n, c)
        logits = np.log(held / (1 - held))
        told = (self._weights @ logits.reshape(len(held), -1)).reshape(len(x), -1)  # (n, c)
        return np.asarray(told + (self._common @ logits.sum(axis=-1))[:, None] + self._intercept)

    def members(self, encoded: Floats, x: Floats) -> Floats:
        """Return what each member predicts, shape (members, n, c), in the order of `MEMBERS`; arguments as above."""
        return np.stack([encoded @ self._ridge + self._ridge_bias, self._forest(x)])

    def _forest(self, x: Floats) -> Floats:
        at = np.repeat(self._root[None], len(x), axis=0)  # (n, t)
        row = np.arange(len(x))[:, None] * x.shape[1]
        values = np.asarray(x, dtype=np.float32).ravel()
        for _ in range(self._depth):
            right = values.take(self._feature.take(at) + row) > self._threshold.take(at)
            at = self._children.take(at + right)
        return np.asarray(self._value.take(at // 2, axis=0).mean(axis=1))


def _check(tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
    candidates, nodes = len(tensors["profiles"]), len(tensors["feature"])
    width, trees = len(tensors["ridge"]), len(tensors["root"])
    shapes = {
        "ridge": (width, candidates),
        "ridge_bias": (candidates,),
        "threshold": (nodes,),
        "children": (nodes, 2),
        "root": (trees,),
        "value": (nodes, candidates),
        "depth": (1,),
        "own": (1,),
        "weights": (len(MEMBERS),),
        "common": (len(MEMBERS),),
        "intercept": (candidates,),
    }
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ValueError(f"the tensor ensemble.{name} has shape {tensors[name].shape}, expected {shape}.")
    places = np.concatenate([tensors["children"].ravel(), tensors["root"]])
    if not trees or places.min() < 0 or places.max() >= nodes or tensors["feature"].min() < 0:
        raise ValueError("the forest of the ensemble points to nodes or features that it lacks.")
