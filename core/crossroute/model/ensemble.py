"""Stack a ridge regression and a forest with the network.

    ridge    a linear function of the encoded query                                              (n, m)
    forest   mean quality of the training queries in the same leaves, over trees                 (n, m)
    joined = own * network + sum of weight * logit(member) + common * mean logit(member) + intercept
    logit  = network + observed * (joined - network)                                             (n, m)
    tokens = network + length                        log tokens of the answer                    (n, m)

The network is a smooth function. A leaf of the forest contains the training queries that are nearest by the features
that distinguish candidates, a finer partition than clusters. The ridge uses directions that the network's few principal
components leave out. Their errors differ, so that the combination is more accurate, and neither depends on an initial
value. Members recognize the candidates that they were fitted to by their profiles: a candidate that was added or
profiled again is predicted by the network alone, as is one without outcomes near the query. No query is stored.

The network learns the logarithm of an answer's length and so predicts its median, but the mean is paid. The mean is
higher, the more so the more lengths vary: `length` is the correction.

Source: stacking, Wolpert, Neural Networks 5, 1992; extremely randomized trees, Geurts, Ernst, Wehenkel, Machine
Learning 63, 2006, and forests as adaptive nearest neighbours, Lin and Jeon, JASA 101, 2006; the mean from a regression
of logarithms, Duan, "Smearing Estimate", JASA 78, 1983.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.model.config import NetworkConfig
from crossroute.numeric import Floats, clip

MEMBERS = ("ridge", "forest")

HELD = 0.02
"""A member's quality is clipped to this distance from 0 and 1 before its logit is taken."""

LEVELS = 255
"""Quantization steps of a leaf's quality."""

TENSORS = (
    *("profiles", "ridge", "ridge_bias"),
    *("feature", "threshold", "children", "root", "value", "depth"),
    *("own", "weights", "common", "intercept", "length"),
)

Float32s = npt.NDArray[np.float32]
Columns = npt.NDArray[np.intp]


class PoolWeights(NamedTuple):
    """Weights of the members for a pool of m candidates; 0 for candidates they do not know."""

    columns: Columns  # (m,), the candidate's column in the members' output; c if they do not know it
    intercept: Float32s  # (m,)
    own: Float32s  # (m,), weight of the network's logit minus 1
    length: Float32s  # (m,), in log tokens


class Ensemble:
    """Members that are stacked with a network; safe to share between threads.

    Args:
        tensors: By name:

            - `profiles` (c, k): quality per cluster, which identifies the c candidates.
            - `ridge` (D, c), `ridge_bias` (c,): the ridge regression.
            - `feature` (v,), `threshold` (v,), `children` (v, 2), `value` (v, c): the forest's nodes. A leaf is its own
              child; values are in steps of 1 / 255.
            - `root` (t,), `depth` (1,): the root of each tree, and the depth of the deepest tree.
            - `own` (1,): weight of the network's logit.
            - `weights`, `common` (members,): weights of a member's logit, and of its mean over the c candidates.
            - `intercept`, `length` (c,): in logits, and in log tokens.

    Raises:
        KeyError: A tensor is missing.
        ValueError: Shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.tensors = {name: tensors[name] for name in TENSORS}
        _check_tensors(self.tensors)
        held = {name: tensor.astype(np.float32) for name, tensor in self.tensors.items()}
        self._profiles, self._ridge, self._ridge_bias = (held[name] for name in TENSORS[:3])
        self._own, self._intercept = float(held["own"][0]), held["intercept"]
        # members' logits -> their contribution to each candidate, and 0 for an unknown one
        own = held["weights"][:, None, None] * np.eye(len(held["profiles"]), dtype=np.float32)
        each = own + held["common"][:, None, None] / np.float32(len(held["profiles"]))  # (members, c, c)
        self._shares = np.pad(np.concatenate(each), [(0, 0), (0, 1)])  # (members c, c + 1)
        self._value = held["value"] / np.float32(LEVELS * len(held["root"]))
        # a node's index is doubled, so that index and index + 1 address its two children
        self._root, self._children = (
            2 * self.tensors[name].astype(np.intp).ravel() for name in ("root", "children")
        )
        self._feature = self.tensors["feature"].astype(np.intp).repeat(2)
        self._threshold = held["threshold"].repeat(2)
        self._depth = int(self.tensors["depth"][0])
        self._each = np.ones((1, len(self._root)), dtype=np.float32)

    def check(self, config: NetworkConfig) -> None:
        """Check that the members fit a network of this shape.

        Raises:
            ValueError: They do not.
        """
        given, expected = (len(self._ridge), self._profiles.shape[1]), (config.width, config.clusters)
        if given != expected:
            raise ValueError(
                f"the ensemble is over {given} features and clusters, the network over {expected}."
            )
        if self._feature.max() >= config.components:
            raise ValueError("the forest of the ensemble uses features that the network lacks.")

    def find_columns(self, quality: Floats) -> Columns:
        """Return each candidate's column in the members' output, by its profile's quality (m, k); -1 if unknown."""
        distance = np.abs(quality[:, None] - self._profiles).max(axis=2)  # (m, c)
        return np.where(distance.min(axis=1) <= 1e-5, distance.argmin(axis=1), -1)

    def weigh_pool(self, columns: Columns) -> PoolWeights | None:
        """Return the members' weights for a pool, by the columns of `find_columns`; None if they know no candidate."""
        known = columns >= 0
        if not known.any():
            return None
        return PoolWeights(
            np.where(known, columns, len(self._profiles)),
            np.where(known, self._intercept[columns], 0).astype(np.float32),
            np.where(known, self._own - 1, 0).astype(np.float32),
            np.where(known, self.tensors["length"].astype(np.float32)[columns], 0),
        )

    def combine(
        self, encoded: Floats, x: Floats, quality_logit: Floats, weighed: PoolWeights, observed: Floats
    ) -> Floats:
        """Combine the network's logit of quality with the members', shape (n, m).

        Args:
            encoded: Encoded queries, shape (n, D).
            x: Their principal components and surface features, shape (n, p).
            quality_logit: The network's prediction, shape (n, m).
            weighed: From `weigh_pool`.
            observed: Weight of the outcomes near each query, in [0, 1], shape (n, m).
        """
        beyond = self.sum_members(encoded, x, weighed)
        beyond += weighed.own * quality_logit
        beyond *= observed
        beyond += quality_logit
        return beyond

    def sum_members(self, encoded: Floats, x: Floats, weighed: PoolWeights) -> Floats:
        """Return the members' weighted logits plus the intercept, shape (n, m); arguments as for `combine`."""
        held = clip(self.predict_members(encoded, x), HELD, 1 - HELD)  # (n, 2 c)
        held /= 1 - held
        total = np.log(held, out=held).dot(self._shares).take(weighed.columns, axis=1)  # (n, m)
        total += weighed.intercept
        return np.asarray(total)

    def predict_members(self, encoded: Floats, x: Floats) -> Floats:
        """Return the predictions of the members, concatenated in the order of `MEMBERS`, shape (n, 2 c)."""
        ridge = np.asarray(encoded, dtype=np.float32).dot(self._ridge)
        ridge += self._ridge_bias
        return np.concatenate([ridge, self._forest(np.asarray(x, dtype=np.float32))], axis=1)

    def _forest(self, x: Floats) -> Floats:
        if len(x) == 1:
            leaves = self._find_leaves_of_one(x[0].tolist())
            # a dot product with ones is faster than a sum
            return np.asarray(self._each.dot(self._value.take(leaves, axis=0)))
        total = np.zeros((len(x), self._value.shape[1]), dtype=np.float32)
        values = np.empty_like(total)
        # one tree at a time, which fits in the processor's caches
        for leaf in self._find_leaves(x).T:
            total += self._value.take(leaf, axis=0, out=values, mode="clip")
        return total

    def _find_leaves(self, x: Floats) -> Columns:
        """Return the leaf of each query in each tree, shape (n, t)."""
        at = np.repeat(self._root[None], len(x), axis=0)  # (n, t)
        row = np.arange(len(x))[:, None] * x.shape[1]
        values = x.ravel()
        for _ in range(self._depth):
            right = values.take(self._feature.take(at) + row) > self._threshold.take(at)
            at = self._children.take(at + right)
        return np.asarray(at // 2)

    def _find_leaves_of_one(self, x: list[float]) -> list[int]:
        """Return the leaves of one query; a walk in Python is faster than arrays of one row."""
        places = []
        for root in self._trees:
            place, threshold, left, right = root
            while left is not None:
                place, threshold, left, right = right if x[place] > threshold else left
            places.append(place)
        return places

    @cached_property
    def _trees(self) -> list[tuple[Any, ...]]:
        """Roots of the trees. A node is (feature, threshold, left, right), a leaf (index, 0.0, None, None)."""
        threshold = self.tensors["threshold"].astype(np.float32).tolist()
        feature, children = self.tensors["feature"].tolist(), self.tensors["children"].tolist()
        nodes: list[tuple[Any, ...]] = [()] * len(feature)
        for number in reversed(range(len(nodes))):  # children first
            left, right = children[number]
            split = feature[number], threshold[number], nodes[left], nodes[right]
            nodes[number] = (number, 0.0, None, None) if left == right else split
        return [nodes[root] for root in self.tensors["root"].ravel().tolist()]


def _check_tensors(tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
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
        **dict.fromkeys(("intercept", "length"), (candidates,)),
    }
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ValueError(f"the tensor ensemble.{name} has shape {tensors[name].shape}, expected {shape}.")
    places = np.concatenate([tensors["children"].ravel(), tensors["root"]])
    if not trees or places.min() < 0 or places.max() >= nodes or tensors["feature"].min() < 0:
        raise ValueError("the forest of the ensemble points to nodes or features that it lacks.")
    if (tensors["children"].astype(np.intp) < np.arange(nodes)[:, None]).any():
        raise ValueError("the forest of the ensemble leads back to nodes that it has passed.")
