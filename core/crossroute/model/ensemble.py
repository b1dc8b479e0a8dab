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
"""What a member's quality is held above and, from 1, below, before its logit is taken."""

LEVELS = 255
"""Steps in which a leaf's quality is kept."""

TENSORS = (
    *("profiles", "ridge", "ridge_bias"),
    *("feature", "threshold", "children", "root", "value", "depth"),
    *("own", "weights", "common", "intercept", "length"),
)

Float32s = npt.NDArray[np.float32]
Columns = npt.NDArray[np.intp]


class PoolWeights(NamedTuple):
    """How members count over a pool of m candidates, 0 where they do not know one."""

    columns: Columns  # (m,), of the candidate among those of the members, c where they do not know it
    intercept: Float32s  # (m,)
    own: Float32s  # (m,), of the network's logit, beyond 1
    length: Float32s  # (m,), in log tokens


class Ensemble:
    """Members beside a network; safe to share between threads.

    Args:
        tensors: By name: `profiles` (c, k), by which the c candidates are known; `ridge` (D, c) and `ridge_bias` (c,);
            of the forest `feature` (v,), `threshold` (v,) and `value` (v, c), in steps of 1 / 255, of each node,
            `children` (v, 2), a leaf its own, the `root` of each tree (t,) and the `depth` of the deepest (1,);
            `own` (1,), `weights` and `common` (members,), of a logit and of its mean over the c candidates,
            `intercept` (c,), and `length` (c,), in log tokens.

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
        # from each logit to what it adds to each candidate, and to one that no member knows
        own = held["weights"][:, None, None] * np.eye(len(held["profiles"]), dtype=np.float32)
        each = own + held["common"][:, None, None] / np.float32(len(held["profiles"]))  # (members, c, c)
        self._shares = np.pad(np.concatenate(each), [(0, 0), (0, 1)])  # (members c, c + 1)
        self._value = held["value"] / np.float32(LEVELS * len(held["root"]))
        # a node is known by twice its number, so that its children are the next two places
        self._root, self._children = (
            2 * self.tensors[name].astype(np.intp).ravel() for name in ("root", "children")
        )
        self._feature = self.tensors["feature"].astype(np.intp).repeat(2)
        self._threshold = held["threshold"].repeat(2)
        self._depth = int(self.tensors["depth"][0])
        self._each = np.ones((1, len(self._root)), dtype=np.float32)

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

    def over(self, columns: Columns) -> PoolWeights | None:
        """Return how the members count over a pool, by what `columns` says of it; None where they know no candidate."""
        known = columns >= 0
        if not known.any():
            return None
        return PoolWeights(
            np.where(known, columns, len(self._profiles)),
            np.where(known, self._intercept[columns], 0).astype(np.float32),
            np.where(known, self._own - 1, 0).astype(np.float32),
            np.where(known, self.tensors["length"].astype(np.float32)[columns], 0),
        )

    def joined(
        self, encoded: Floats, x: Floats, quality_logit: Floats, weighed: PoolWeights, observed: Floats
    ) -> Floats:
        """Return the network's logit of quality, with the members' beside it where they know the candidate, (n, m).

        Args:
            encoded: Queries as encoded, shape (n, D).
            x: Their principal components and surface features, shape (n, p).
            quality_logit: The network's, shape (n, m).
            weighed: From `over`.
            observed: How far outcomes near each query tell of each candidate, in [0, 1], shape (n, m).
        """
        beyond = self.beside(encoded, x, weighed)
        beyond += weighed.own * quality_logit
        beyond *= observed
        beyond += quality_logit
        return beyond

    def beside(self, encoded: Floats, x: Floats, weighed: PoolWeights) -> Floats:
        """Return what stands beside the network's share, in log-odds, shape (n, m); arguments as for `joined`."""
        held = clip(self.members(encoded, x), HELD, 1 - HELD)  # (n, 2 c)
        held /= 1 - held
        beside = np.log(held, out=held).dot(self._shares).take(weighed.columns, axis=1)  # (n, m)
        beside += weighed.intercept
        return np.asarray(beside)

    def members(self, encoded: Floats, x: Floats) -> Floats:
        """Return what each member predicts, side by side in the order of `MEMBERS`, shape (n, 2 c)."""
        ridge = np.asarray(encoded, dtype=np.float32).dot(self._ridge)
        ridge += self._ridge_bias
        return np.concatenate([ridge, self._forest(np.asarray(x, dtype=np.float32))], axis=1)

    def _forest(self, x: Floats) -> Floats:
        if len(x) == 1:
            leaves = self._walk(x[0].tolist())
            # a product: quicker than a sum
            return np.asarray(self._each.dot(self._value.take(leaves, axis=0)))
        total = np.zeros((len(x), self._value.shape[1]), dtype=np.float32)
        told = np.empty_like(total)
        for leaf in self._leaves(
            x
        ).T:  # tree by tree: all at once would be too large for the processor's caches
            total += self._value.take(leaf, axis=0, out=told, mode="clip")
        return total

    def _leaves(self, x: Floats) -> Columns:
        """Return the node at which each tree ends for each query, shape (n, t), all walked together."""
        at = np.repeat(self._root[None], len(x), axis=0)  # (n, t)
        row = np.arange(len(x))[:, None] * x.shape[1]
        values = x.ravel()
        for _ in range(self._depth):
            right = values.take(self._feature.take(at) + row) > self._threshold.take(at)
            at = self._children.take(at + right)
        return np.asarray(at // 2)

    def _walk(self, x: list[float]) -> list[int]:
        """Return the same of one query, node by node: for one, that is quicker than arrays."""
        found = []
        for root in self._trees:
            place, threshold, left, right = root
            while left is not None:
                place, threshold, left, right = right if x[place] > threshold else left
            found.append(place)
        return found

    @cached_property
    def _trees(self) -> list[tuple[Any, ...]]:
        """The root of each tree; a node is its feature, its threshold and its children, a leaf its number and None."""
        threshold = self.tensors["threshold"].astype(np.float32).tolist()
        feature, children = self.tensors["feature"].tolist(), self.tensors["children"].tolist()
        nodes: list[tuple[Any, ...]] = [()] * len(feature)
        for number in reversed(range(len(nodes))):  # children first
            left, right = children[number]
            split = feature[number], threshold[number], nodes[left], nodes[right]
            nodes[number] = (number, 0.0, None, None) if left == right else split
        return [nodes[root] for root in self.tensors["root"].ravel().tolist()]


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
