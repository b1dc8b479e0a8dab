"""How far a query lies from what a router was trained on, and what it seems to ask.

    strangeness = min_c |W (x - mean_c)|^2 - |W_0 (x - mean)|^2     over classes c of training queries, (n,)
    asked  = softmax(manner(x))          as training asks, as people ask, for an agent's whole run        (n, 3)
    known  = sigmoid((reach - strangeness) / width) * asked as training asks                              (n,)
    trust  = known^2 / (known^2 + (1 - known)^2)                                 in the network, (n,)

W whitens what varies within a class, W_0 what varies among all. Kinds of work (n, K), ease and length (n,) are read of
the query, wholly where it is like ordinary requests and else in part, or are those of an agent's run. A run is
hundreds of times as long as an answer, and what is paid is the mean, which lies near the longer of two lengths: so
what may well be a run is as long as one, unless it asks as training does near a class that is of none
(`_as_long_as_run`). One call within a run is work of that kind, and neither as hard nor as long as the whole:
`situate` is told of it. What is predicted then is in `beliefs`.

Source: the relative Mahalanobis distance, Ren et al., "A Simple Fix to Mahalanobis Distance for Improving Near-OOD
Detection", arXiv 2106.09022. Told apart from validation queries by it, queries of whole sets left out come to an AUC
of 0.76 to 0.98 (docs/benchmarks.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from crossroute.model.usual import USUAL, Usual, usual_tensors
from crossroute.numeric import Floats, clip, means_by, softmax

LEAST_EASE, MOST_EASE = -4.0, 9.0
"""Difficulty that is foreseen of a query, in logits of a candidate of ability 0."""

LEAST_LOG_TOKENS = -7.0
"""Of a ratio to the query's own tokens, where the cost head predicts that."""

MOST_LOG_TOKENS = float(np.log(400_000))
"""Of one answer: as long as the dearest agents' whole runs in the training data."""

LEAST_READ, MOST_READ = np.array([[LEAST_EASE, LEAST_LOG_TOKENS], [MOST_EASE, MOST_LOG_TOKENS]])

AS_TRAINING, AS_PEOPLE, A_RUN = range(3)
"""How a query asks: as those of training do, as people ordinarily ask, or for an agent's whole run."""

EASE_NOISE = 0.5
"""Difficulty, in logits beside a typical query's, that is noise where a query is like none in training and no ordinary
request: what is read beyond it counts. Chosen on whole sets left out and ordinary requests held out, as the next."""

SURER, LONGER = 1.5, 5.0
"""Where length is read, the odds that a query asks for a run are raised to this power, and count so many times."""

Share = TypeVar("Share", float, Floats)

NOTHING = 1e-12
"""A probability that is none, where one is divided by."""

NOWHERE = 1e30
"""The squared distance to the nearest of no class, and more than any."""

TENSORS = (
    *("location", "within", "overall", "familiar", "own", "gate"),
    *("heads", "heads_bias", "ordinary_heads", "ordinary_bias", "typical"),
    *("manner", "manner_bias", "run", "reading"),
    *("near_spread", "far_spread"),
)
BY_WORDS = "by_words"
"""How much the ease of a query's words counts beside what is linear in it, shape (1,); 0 where it is not there."""

WHOLLY = 2.0
"""It counts so many times the probability that a query asks as people do, and once at most: words were learned of such
queries, and mislead on tasks of benchmarks. Chosen on whole sets left out and on requests held out."""


class Situation(NamedTuple):
    """Where queries stand.

    Attributes:
        trust: In the network, in [0, 1], shape (n,).
        read: How much of each kind of work is in the query, summing to 1, then the logit of the quality of a candidate
            of ability 0, and log tokens of the answer of a candidate of typical verbosity, shape (n, K + 2).
        written: What stands for `read` in the answer's length, likewise.
        spread: Standard deviation of the logarithm of an answer's length around what is read of it, shape (n,).
    """

    trust: Floats
    read: Floats
    written: Floats
    spread: Floats

    @property
    def kinds(self) -> Floats:
        """How much of each kind of work is in the query, shape (n, K), summing to 1."""
        return self.read[:, :-2]


class Doubt:
    """Distance to the training queries, kinds of work and difficulty; safe to share between threads.

    Args:
        kinds: Names of the K kinds of work.
        tensors: By name: `location` (p,), `within` and `overall` (p, p), which whiten queries within a class and all
            together, `familiar` (c, p) and `own` (o, p), whitened means of classes of training queries and of those
            that a router went on learning from, `gate` (2, 2), where and how gradually strangeness and the distance
            to the nearest class begin to count, `manner` (p, 3) and `manner_bias` (3,) for how a query asks, `heads`
            (p, K + 2) and `heads_bias` (K + 2,) for kinds, ease and length, `ordinary_heads` and `ordinary_bias` the
            same of ordinary requests, `typical` and `run` (K + 2,) shares of kinds, ease and length of a training
            query and of an agent's run, `reading` (3,) how much what is read of kind, ease and length counts beside
            what is typical, where a query is no ordinary request, `near_spread` (k,) and `far_spread` (3,) of log
            tokens, the last of unknown queries, ordinary ones and agents' runs; where heads were fitted beside the
            ease of words, `by_words` (1,), how much that counts; and, where a router was shown some of its user's
            queries, those of `Usual`.

    Raises:
        KeyError: A tensor is missing.
        ValueError: Shapes do not fit together.
    """

    def __init__(self, kinds: tuple[str, ...], tensors: Mapping[str, npt.NDArray[np.floating]]) -> None:
        self.kinds = kinds
        told = (*TENSORS, *(name for name in (BY_WORDS, *USUAL) if name in tensors))
        self.tensors = {name: np.asarray(tensors[name], dtype=np.float32) for name in told}
        size, outputs = self.tensors["location"].size, len(kinds) + 2
        rows = {name: len(self.tensors[name]) for name in ("familiar", "own", "near_spread")}
        shapes = {
            "location": (size,),
            **dict.fromkeys(("within", "overall"), (size, size)),
            **{name: (rows[name], size) for name in ("familiar", "own")},
            "gate": (2, 2),
            **dict.fromkeys(("heads", "ordinary_heads"), (size, outputs)),
            **dict.fromkeys(("heads_bias", "ordinary_bias", "typical", "run"), (outputs,)),
            "manner": (size, 3),
            **dict.fromkeys(("manner_bias", "reading"), (3,)),
            "near_spread": (rows["near_spread"],),
            "far_spread": (3,),
            **({BY_WORDS: (1,)} if BY_WORDS in tensors else {}),
        }
        for name, shape in shapes.items():
            found = self.tensors[name].shape
            if found != shape:
                raise ValueError(
                    f"the shape {found} of doubt.{name} does not fit {len(kinds)} kinds of work."
                )
        # in double precision: two large distances differ by little
        held = {name: tensor.astype(float) for name, tensor in self.tensors.items()}
        means = np.concatenate([held["familiar"], held["own"]])
        near = held["within"] @ means.T * 2  # (p, c + o)
        # both whitenings are one, turned so that the second only scales what the first gives
        overall = np.linalg.solve(held["within"], held["overall"])
        scale, turn = np.linalg.eigh(overall @ overall.T)
        white = held["within"] @ turn
        self._squares = np.stack([np.ones(size), scale], axis=1)  # (p, 2)
        self._weights = np.concatenate([white, held["ordinary_heads"], held["manner"], near], axis=1)
        shifts = -held["location"] @ white, -held["location"] @ near - (means**2).sum(axis=1)
        self._bias = np.concatenate([shifts[0], held["ordinary_bias"], held["manner_bias"], shifts[1]])
        self._size, self._heads_end = size, size + outputs
        self._own_start = self._heads_end + 3 + rows["familiar"] if rows["own"] else None
        reach, width = held["gate"].T  # (2,) each
        self._nearer, self._scale = reach / width / 2, 0.5 / width
        self._gates: list[list[float]] = [self._nearer.tolist(), self._scale.tolist()]
        self._typical, self._run = held["typical"], held["run"]
        familiar = np.linalg.solve(held["within"].T, held["familiar"].T).T + held["location"]
        manners = softmax(familiar @ held["manner"] + held["manner_bias"])
        self._of_runs = manners[:, A_RUN]  # how far each class is of runs
        self._reading = held["reading"].repeat([len(kinds), 1, 1])  # of each number read
        self._ordinary = 1 - self._reading
        each = np.stack([self._typical, self._run, self._reading, self._ordinary], axis=1)
        self._each: list[list[float]] = each.tolist()
        self._far = held["far_spread"]
        self._far_of_call = self._far[[AS_TRAINING, AS_PEOPLE, AS_PEOPLE]]
        self._without_run = _without_run(self._run, self._typical)
        self.near_variance = held["near_spread"] ** 2
        self._by_words = float(held[BY_WORDS][0]) if BY_WORDS in held else 0.0
        self._usual = Usual(self.tensors, size, outputs) if USUAL[0] in self.tensors else None

    def situate(
        self,
        x: Floats,
        one_call: npt.NDArray[np.integer] | None = None,
        word_ease: Floats | None = None,
    ) -> Situation:
        """Say how far queries lie from training and what they seem to ask.

        Args:
            x: Principal components and surface features of queries, shape (n, p).
            one_call: 1 where a query is known to be one call, -1 where an agent's whole run, 0 where neither, shape
                (n,); None if all are 0. One call is of a run's kind of work, as far as it reads like one, but neither
                as hard nor as long.
            word_ease: How easy its words make each, shape (n,); None if nothing is known of them.
        """
        if len(x) == 1:
            said = 0 if one_call is None else int(one_call[0])
            return self._situate_one(x[0], said, 0.0 if word_ease is None else float(word_ease[0]))
        told, square, away = self._told(x)
        heads = told[:, self._size : self._heads_end]  # (n, K + 2)
        manner = softmax(told[:, self._heads_end : self._heads_end + 3])
        near = self._nearness(square, away)
        trust: Floats = manner[:, AS_TRAINING] * near
        if self._own_start is not None:
            own = square[:, 0] - np.maximum.reduce(told[:, self._own_start :], axis=1)
            trust = np.maximum(trust, self._nearness(square, np.maximum(own, 0)))
        trust = _decided(trust)
        heads[:, :-2] = softmax(heads[:, :-2])
        if word_ease is not None:
            counted = np.minimum(WHOLLY * manner[:, AS_PEOPLE], 1)
            heads[:, -2] += self._by_words * counted * word_ease
        heads -= self._typical
        heads *= self._reading + self._ordinary * manner[:, 1:2]
        noise = EASE_NOISE * _strange(trust, manner[:, AS_PEOPLE])
        heads[:, -2] -= clip(heads[:, -2], -noise, noise)
        heads += self._typical
        classes = told[:, self._heads_end + 3 : self._own_start]
        of_class = self._of_runs[classes.argmax(axis=1)] if classes.size else 0 * near
        longer = _as_long_as_run(manner[:, AS_TRAINING], manner[:, A_RUN], near, of_class)
        beyond = self._run - heads
        read, written = heads + manner[:, A_RUN:] * beyond, heads + longer[:, None] * beyond
        spread = manner @ self._far
        if one_call is not None and one_call.any():
            call, run = one_call > 0, one_call < 0
            read[:, -2:] = np.where(call[:, None], heads[:, -2:], read[:, -2:])
            written = np.where(call[:, None], heads @ self._without_run, written)
            spread = np.where(call, manner @ self._far_of_call, spread)
            read[run] = written[run] = self._run
            spread[run] = self._far[A_RUN]
        for each in (read, written):
            each[:, -2:] = clip(each[:, -2:], LEAST_READ, MOST_READ)
        return self._leaning(Situation(trust, read, written, spread), x, manner[:, AS_PEOPLE], one_call)

    def _situate_one(self, x: Floats, one_call: int, word_ease: float) -> Situation:
        """Return the same of one query, shape (p,), number by number: for one, that is quicker than arrays."""
        told, p = x.astype(float).dot(self._weights), self._size
        told += self._bias
        white = told[:p]
        square, typical = (white * white).dot(self._squares).tolist()
        rest: list[float] = told[p:].tolist()
        heads, near = rest[: self._heads_end - p], rest[self._heads_end - p + 3 :]
        as_training, as_people, a_run = _shares(rest[len(heads) : len(heads) + 3])
        heads[-2] += self._by_words * min(WHOLLY * as_people, 1.0) * word_ease
        own_start = len(near) if self._own_start is None else self._own_start - self._heads_end - 3
        closest = max(near[:own_start], default=-NOWHERE)
        known = self._near(max(square - closest, 0.0), typical)
        trust = as_training * known
        if own := near[own_start:]:
            trust = max(trust, self._near(max(square - max(own), 0.0), typical))
        trust = _decided(trust)
        of_class = float(self._of_runs[near.index(closest)]) if own_start else 0.0
        longer = _as_long_as_run(as_training, a_run, known, of_class)
        if one_call < 0:
            a_run = longer = 1.0
        held, read, written = [], [], []
        apart = [
            (head - usual) * (far + more * as_people)
            for head, (usual, _, far, more) in zip(
                [*_shares(heads[:-2]), *heads[-2:]], self._each, strict=True
            )
        ]
        noise = EASE_NOISE * _strange(trust, as_people)
        apart[-2] -= min(max(apart[-2], -noise), noise)
        for head, (usual, run, *_) in zip(apart, self._each, strict=True):
            held.append(usual + head)
            read.append(held[-1] + a_run * (run - held[-1]))
            written.append(held[-1] + longer * (run - held[-1]))
        if one_call > 0:
            read[-2:], written = held[-2:], held
        for each in (read, written):
            each[-2] = min(max(each[-2], LEAST_EASE), MOST_EASE)
            each[-1] = min(max(each[-1], LEAST_LOG_TOKENS), MOST_LOG_TOKENS)
        length, spread = np.array([written]), (self._far_of_call if one_call > 0 else self._far).tolist()
        if one_call > 0:
            length = length.dot(self._without_run)
        around = (
            as_training * spread[0] + as_people * spread[1] + a_run * spread[2]
            if one_call >= 0
            else spread[2]
        )
        at = Situation(np.array([trust]), np.array([read]), length, np.array([around]))
        return self._leaning(at, x[None], np.array([as_people]), np.array([one_call]))

    def _leaning(
        self, at: Situation, x: Floats, people: Floats, one_call: npt.NDArray[np.integer] | None
    ) -> Situation:
        """Return where queries stand, those that are strange read in part as their user's other queries."""
        if self._usual is None:
            return at
        said = np.zeros(len(x), dtype=np.int8) if one_call is None else one_call
        leant = self._usual.lean(*at[:3], z=self._white(x), people=people, one_call=said)
        return Situation(*leant, at.spread)

    def _white(self, x: Floats) -> Floats:
        return np.asarray((x - self.tensors["location"]) @ self.tensors["within"])

    def _near(self, away: float, typical: float) -> float:
        """Return what `_nearness` does, of one query."""
        (reach, to_class), (width, of_class) = self._gates
        strange = math.tanh(reach - (away - typical) * width)
        return (strange + 1) * (math.tanh(to_class - away * of_class) + 1) / 4

    def distances(self, x: Floats) -> tuple[Floats, Floats]:
        """Return strangeness and the squared distance to the nearest class of training queries, each of shape (n,).

        Args:
            x: As for `situate`.
        """
        _, square, away = self._told(x)
        return away - square[:, 1], away

    def _nearness(self, square: Floats, away: Floats) -> Floats:
        """Return how near queries are, in [0, 1], shape (n,), by the squared distances from `_told`."""
        beyond = away[:, None] * self._scale
        beyond[:, 0] -= square[:, 1] * self._scale[0]
        gates = np.tanh(self._nearer - beyond)  # (n, 2), of half the log-odds
        gates += 1
        return np.asarray(gates[:, 0] * gates[:, 1] / 4)

    def _told(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Return all that is linear in a query, the squares of both whitenings, and the distance to the nearest class.

        Returns:
            Whitened, read of it, log-odds of manners, nearness to classes, shape (n, p + K + 5 + c + o); shape (n, 2);
            shape (n,).
        """
        told = x.astype(float) @ self._weights + self._bias  # one product
        square = told[:, : self._size] ** 2 @ self._squares
        near = told[:, self._heads_end + 3 : self._own_start]
        nearest = np.maximum.reduce(near, axis=1, initial=-NOWHERE)
        return told, square, np.maximum(square[:, 0] - nearest, 0)

    def extended(self, x: Floats, groups: npt.NDArray[np.intp]) -> Doubt:
        """Return the same doubt, with further classes of queries counted as trained on, however they ask.

        Args:
            x: As for `situate`.
            groups: The class of each, shape (n,).
        """
        own = np.concatenate([self.tensors["own"], means_by(groups, self._white(x))])
        return Doubt(self.kinds, self.tensors | {"own": own})

    def accustomed(self, x: Floats, word_ease: Floats | None = None) -> Doubt:
        """Return the same doubt, which reads strange queries in part as it reads some of a user's own, ungraded.

        Args:
            x: Of these, as for `situate`.
            word_ease: Likewise.
        """
        plain = self.unaccustomed()
        said = np.zeros(len(x), dtype=np.int8)
        readings = [plain.situate(x, each, word_ease) for each in (said, said + 1)]
        manner = softmax(x @ self.tensors["manner"] + self.tensors["manner_bias"])
        strange = _strange(readings[0].trust, manner[:, AS_PEOPLE])
        read = [(at.read, at.written) for at in readings]
        return Doubt(
            self.kinds, plain.tensors | usual_tensors(self._white(x), read, readings[0].trust, strange)
        )

    def unaccustomed(self) -> Doubt:
        """Return the same doubt, which was shown no queries of a user's."""
        return Doubt(self.kinds, {name: held for name, held in self.tensors.items() if name not in USUAL})

    def kinds_of_clusters(self, centroids: Floats) -> Floats:
        """Return how much of each kind of work is in each cluster, shape (k, K), by its centroid, shape (k, p)."""
        return softmax(self._heads(centroids)[:, :-2])

    def effects_of_clusters(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Return ease and log tokens of each cluster, each of shape (k,), by its centroid, shape (k, p)."""
        heads = self._heads(centroids)
        return heads[:, -2], heads[:, -1]

    def _heads(self, x: Floats) -> Floats:
        return np.asarray(x @ self.tensors["heads"] + self.tensors["heads_bias"])  # (n, K + 2)


def _without_run(run: Floats, typical: Floats) -> Floats:
    """Return what takes from what is read the kinds of work that whole runs are, shape (K + 2, K + 2).

    Their share goes to the other kinds as these are typical; where there are no others, nothing is taken.
    """
    matrix, kinds = np.eye(len(run)), len(run) - 2
    others = typical[:kinds] * (1 - run[:kinds])
    if others.sum() > 0:
        matrix[:kinds, :kinds] = np.diag(1 - run[:kinds]) + np.outer(run[:kinds], others / others.sum())
    return matrix


def _strange(trust: Share, as_people: Share) -> Share:
    """Return how far a query is like none in training and no ordinary request, in [0, 1]."""
    strange: Share = (1 - trust) * (1 - as_people)
    return strange


def _decided(share: Share) -> Share:
    """Return a share, in [0, 1], that is nearer to 0 or 1: its odds squared.

    A query is answered by one reading or the other. Mixed in equal parts they choose like neither, and differently for
    each query of a set, so that none of its models gets what a blind choice of it would.
    """
    whole, rest = share * share, (1 - share) * (1 - share)
    decided: Share = whole / (whole + rest)
    return decided


def _as_long_as_run(as_training: Share, a_run: Share, near: Share, of_class: Share) -> Share:
    """Return how far the answers to queries are as long as an agent's run.

    Args:
        as_training: How probably they ask as training does.
        a_run: How probably they ask for a run.
        near: How near they are to training queries, in [0, 1].
        of_class: How far the nearest class of these is of runs.
    """
    run, answer = LONGER * a_run**SURER, (1 - a_run) ** SURER
    asked: Share = run / (run + answer)
    known = near * as_training / (as_training + a_run + NOTHING)
    return asked + known * (of_class - asked)


def _shares(scores: list[float]) -> list[float]:
    """Return what `softmax` does, of a few numbers."""
    most = max(scores)
    shares = [math.exp(score - most) for score in scores]
    total = sum(shares)
    return [share / total for share in shares]
