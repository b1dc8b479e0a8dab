"""Distance of a query from training (out-of-distribution detection), and its predicted kinds of work, ease and length.

    strangeness = min_c |W (x - mean_c)|^2 - |W_0 (x - mean)|^2     over classes c of training queries, (n,)
    manner = softmax(linear(x, words)) as in training, an ordinary request, for an agent's whole run      (n, 3)
    known  = sigmoid((reach - strangeness) / width) * P(as in training)                                   (n,)
    trust  = known^2 / (known^2 + (1 - known)^2)            weight of the network's prediction            (n,)

W whitens with the covariance within classes, W_0 with that of all queries. Linear heads predict the kinds of work
(n, K), the ease and the log tokens of the answer (n,). For ordinary requests, the numbers of their words and a hidden
layer are added to the ease. The predictions have full weight for queries like ordinary
requests; for other queries they are shrunk towards a typical query. For an agent's whole run, the means of known runs
replace them. A run has hundreds of times the tokens of an answer, so the expected cost of a query that may be a run is
near that of the run. Therefore such a query is predicted the length of a run, unless it is near a class of training
queries without runs (`_weigh_run_length`). One call of a run has the run's kinds of work, but neither its difficulty
nor its length (`one_call` in `situate`). `beliefs` turns all this into predictions.

Source: the relative Mahalanobis distance, Ren et al., "A Simple Fix to Mahalanobis Distance for Improving Near-OOD
Detection", arXiv 2106.09022. It separates the queries of data sets left out of training from validation queries with
an AUC of 0.76 to 0.98 (docs/benchmarks.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from crossroute.encoder.features import EASE, PEOPLE, SCORES
from crossroute.model.usual import USUAL, Usual, usual_tensors
from crossroute.numeric import Floats, clip, means_by, softmax

LEAST_EASE, MOST_EASE = -4.0, 9.0
"""Bounds of the predicted ease: the logit of the quality of a candidate of ability 0."""

LEAST_LOG_TOKENS = -7.0
"""Lower bound of predicted log tokens. Negative, since some cost heads predict a ratio to the query's tokens."""

MOST_LOG_TOKENS = float(np.log(400_000))
"""Upper bound: the length of the most expensive agents' runs in the training data."""

LEAST_READ, MOST_READ = np.array([[LEAST_EASE, LEAST_LOG_TOKENS], [MOST_EASE, MOST_LOG_TOKENS]])

AS_TRAINING, AS_PEOPLE, A_RUN = range(3)
"""Indices of a query's manner: worded as in training, as an ordinary request, or as a task of an agent's whole run."""

EASE_NOISE = 0.5
"""Deviation of the predicted ease from a typical query's, in logits, that is ignored as noise if a query is unlike
training and no ordinary request. Chosen, as the next constants, on data sets left out of training and on ordinary
requests held out."""

RUN_ODDS_POWER, RUN_ODDS_FACTOR = 1.5, 5.0
"""For the length, the odds that a query asks for a run are raised to this power and multiplied by this factor."""

Share = TypeVar("Share", float, Floats)

NEGLIGIBLE = 1e-12
"""Added to a divisor that may be 0."""

FARTHEST = 1e30
"""Squared distance to the nearest class if there is no class."""

TENSORS = (
    *("location", "within", "overall", "familiar", "own", "gate"),
    *("heads", "heads_bias", "ordinary_heads", "ordinary_bias", "typical"),
    *("manner", "manner_bias", "run", "reading"),
    *("near_spread", "far_spread"),
)
BY_WORDS, MANNER_WORDS = "by_words", "manner_words"
HIDDEN = ("ease_hidden", "ease_hidden_bias", "ease_output")
OPTIONAL = (BY_WORDS, MANNER_WORDS, *HIDDEN, *USUAL)
"""Tensors that a doubt model may lack; of `HIDDEN`, all or none."""

FULL_WEIGHT = 2.0
"""The ease by words and by the hidden layer counts this many times the probability that a query is an ordinary request,
but at most once: it was fitted to such requests and misleads on benchmark tasks. Chosen on data sets left out of
training and on requests held out."""


class Situation(NamedTuple):
    """Trust in the network, and predicted kinds of work, ease and length, per query.

    Attributes:
        trust: Weight of the network's prediction, in [0, 1], shape (n,).
        read: Predicted from the query, shape (n, K + 2): shares of the K kinds of work, which sum to 1; the ease, as
            the logit of the quality of a candidate of ability 0; log tokens of the answer of a candidate of typical
            verbosity.
        written: The same columns, for predicting the answer's length.
        spread: Standard deviation of the answer's log tokens around the prediction, shape (n,).
    """

    trust: Floats
    read: Floats
    written: Floats
    spread: Floats

    @property
    def kinds(self) -> Floats:
        """Shares of the kinds of work in each query, shape (n, K), summing to 1."""
        return self.read[:, :-2]


class Doubt:
    """Distance to the training queries, and heads for kinds of work, ease and length; safe to share between threads.

    Args:
        kinds: Names of the K kinds of work.
        tensors: By name:

            - `location` (p,): mean of the training queries.
            - `within`, `overall` (p, p): whitening by the covariance within classes, and by that of all queries.
            - `familiar` (c, p), `own` (o, p): whitened means of classes of training queries, and of classes added by
              `extended`.
            - `gate` (2, 2): threshold and width for the strangeness, then for the squared distance to the nearest
              class.
            - `manner` (p, 3), `manner_bias` (3,): head for the manner.
            - `heads` (p, K + 2), `heads_bias` (K + 2,): heads for kinds, ease and length, of clusters.
            - `ordinary_heads`, `ordinary_bias`: the same for queries, fitted with ordinary requests weighed more.
            - `typical`, `run` (K + 2,): mean kinds, ease and length of training queries, and of agents' runs.
            - `reading` (3,): weights of the predicted kinds, ease and length against `typical`, for a query that is
              no ordinary request.
            - `near_spread` (k,), `far_spread` (3,): standard deviations of log tokens per cluster, and per manner.
            - `by_words` (1,), `manner_words` (3,), optional: weights of the ease and of the manner by words.
            - `ease_hidden` (p, h), `ease_hidden_bias` (h,), `ease_output` (h,), optional: a layer of rectified units,
              whose output is added to the ease of ordinary requests.
            - Those of `Usual`, optional: typical queries of the user.

    Raises:
        KeyError: A tensor is missing.
        ValueError: Shapes do not fit together.
    """

    def __init__(self, kinds: tuple[str, ...], tensors: Mapping[str, npt.NDArray[np.floating]]) -> None:
        self.kinds = kinds
        layer = HIDDEN if any(name in tensors for name in HIDDEN) else ()
        names = (*TENSORS, *layer, *(name for name in OPTIONAL if name in tensors))
        self.tensors = {name: np.asarray(tensors[name], dtype=np.float32) for name in names}
        size, outputs = self.tensors["location"].size, len(kinds) + 2
        rows = {name: len(self.tensors[name]) for name in ("familiar", "own", "near_spread")}
        hidden = self.tensors.get(HIDDEN[2], np.zeros(0)).size
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
            BY_WORDS: (1,),
            MANNER_WORDS: (3,),
            **dict(zip(HIDDEN, ((size, hidden), (hidden,), (hidden,)), strict=True)),
        }
        for name, shape in shapes.items():
            if name in self.tensors and (found := self.tensors[name].shape) != shape:
                raise ValueError(
                    f"the shape {found} of doubt.{name} does not fit {len(kinds)} kinds of work."
                )
        # in double precision, since strangeness is a small difference of large numbers
        held = {name: tensor.astype(float) for name, tensor in self.tensors.items()}
        means = np.concatenate([held["familiar"], held["own"]])
        near = held["within"] @ means.T * 2  # (p, c + o)
        # rotate W such that W_0 is a diagonal scaling of it: one product then gives both distances
        overall = np.linalg.solve(held["within"], held["overall"])
        scale, turn = np.linalg.eigh(overall @ overall.T)
        white = held["within"] @ turn
        self._squares = np.stack([np.ones(size), scale], axis=1)  # (p, 2)
        none = {HIDDEN[0]: np.zeros((size, 0)), HIDDEN[1]: np.zeros(0), HIDDEN[2]: np.zeros(0)}
        weights, biases, self._ease_output = ((none | held)[name] for name in HIDDEN)
        self._weights = np.concatenate([white, weights, held["ordinary_heads"], held["manner"], near], axis=1)
        shifts = -held["location"] @ white, -held["location"] @ near - (means**2).sum(axis=1)
        self._bias = np.concatenate(
            [shifts[0], biases, held["ordinary_bias"], held["manner_bias"], shifts[1]]
        )
        self._size, self._heads_start, self._heads_end = size, size + hidden, size + hidden + outputs
        self._own_start = self._heads_end + 3 + rows["familiar"] if rows["own"] else None
        reach, width = held["gate"].T  # (2,) each
        self._nearer, self._scale = reach / width / 2, 0.5 / width
        self._gates: list[list[float]] = [self._nearer.tolist(), self._scale.tolist()]
        self._typical, self._run = held["typical"], held["run"]
        familiar = np.linalg.solve(held["within"].T, held["familiar"].T).T + held["location"]
        manners = softmax(familiar @ held["manner"] + held["manner_bias"])
        self._of_runs = manners[:, A_RUN]  # each class's share of runs, (c,)
        self._reading = held["reading"].repeat([len(kinds), 1, 1])  # (K + 2,)
        self._ordinary = 1 - self._reading
        each = np.stack([self._typical, self._run, self._reading, self._ordinary], axis=1)
        self._each: list[list[float]] = each.tolist()
        self._far = held["far_spread"]
        self._far_of_call = self._far[[AS_TRAINING, AS_PEOPLE, AS_PEOPLE]]
        self._without_run = _make_run_removal(self._run, self._typical)
        self.near_variance = held["near_spread"] ** 2
        self._by_words = float(held[BY_WORDS][0]) if BY_WORDS in held else 0.0
        self._manner_words = held.get(MANNER_WORDS, np.zeros(3))
        self._usual = Usual(self.tensors, size, outputs) if USUAL[0] in self.tensors else None

    def situate(
        self,
        x: Floats,
        one_call: npt.NDArray[np.integer] | None = None,
        word_scores: Floats | None = None,
    ) -> Situation:
        """Compute the trust in the network, and predict kinds of work, ease and length of queries.

        Args:
            x: Principal components and surface features of queries, shape (n, p).
            one_call: 1 for a query declared as one call, -1 as an agent's whole run, 0 if not declared, shape (n,);
                None if all are 0. One call gets a run's kinds of work, as far as it reads like a run, but not the
                run's difficulty and length.
            word_scores: Ease and manner by words of each query, shape (n, 2), see `encoder.features`; None counts as
                0.
        """
        if word_scores is None:
            word_scores = np.zeros((len(x), SCORES))
        if len(x) == 1:
            return self._situate_one(x[0], 0 if one_call is None else int(one_call[0]), word_scores[0])
        linear, square, away = self._project(x)
        heads = linear[:, self._heads_start : self._heads_end]  # (n, K + 2)
        manner = self._read_manner(linear[:, self._heads_end : self._heads_end + 3], word_scores)
        near = self._measure_nearness(square, away)
        trust: Floats = manner[:, AS_TRAINING] * near
        if self._own_start is not None:
            own = square[:, 0] - np.maximum.reduce(linear[:, self._own_start :], axis=1)
            trust = np.maximum(trust, self._measure_nearness(square, np.maximum(own, 0)))
        trust = _sharpen(trust)
        heads[:, :-2] = softmax(heads[:, :-2])
        counted = np.minimum(FULL_WEIGHT * manner[:, AS_PEOPLE], 1)
        units = np.maximum(linear[:, self._size : self._heads_start], 0)
        heads[:, -2] += counted * (self._by_words * word_scores[:, EASE] + units @ self._ease_output)
        heads -= self._typical
        heads *= self._reading + self._ordinary * manner[:, 1:2]
        noise = EASE_NOISE * _rate_unknown(trust, manner[:, AS_PEOPLE])
        heads[:, -2] -= clip(heads[:, -2], -noise, noise)
        heads += self._typical
        classes = linear[:, self._heads_end + 3 : self._own_start]
        of_class = self._of_runs[classes.argmax(axis=1)] if classes.size else 0 * near
        run_length = _weigh_run_length(manner[:, AS_TRAINING], manner[:, A_RUN], near, of_class)
        beyond = self._run - heads
        read, written = heads + manner[:, A_RUN:] * beyond, heads + run_length[:, None] * beyond
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
        return self._lean_on_usual(Situation(trust, read, written, spread), x, manner[:, AS_PEOPLE], one_call)

    def _situate_one(self, x: Floats, one_call: int, word_scores: Floats) -> Situation:
        """Do the same for one query, shape (p,), with Python floats, which are faster than arrays of one row."""
        linear, p, start = x.astype(float).dot(self._weights), self._size, self._heads_start
        linear += self._bias
        linear[self._heads_end : self._heads_end + 3] += word_scores[PEOPLE] * self._manner_words
        white = linear[:p]
        square, typical = (white * white).dot(self._squares).tolist()
        rest: list[float] = linear[start:].tolist()
        heads, near = rest[: self._heads_end - start], rest[self._heads_end - start + 3 :]
        as_training, as_people, a_run = _softmax_few(rest[len(heads) : len(heads) + 3])
        more = float(np.maximum(linear[p:start], 0).dot(self._ease_output))
        heads[-2] += min(FULL_WEIGHT * as_people, 1.0) * (self._by_words * float(word_scores[EASE]) + more)
        own_start = len(near) if self._own_start is None else self._own_start - self._heads_end - 3
        closest = max(near[:own_start], default=-FARTHEST)
        known = self._measure_nearness_of_one(max(square - closest, 0.0), typical)
        trust = as_training * known
        if own := near[own_start:]:
            trust = max(trust, self._measure_nearness_of_one(max(square - max(own), 0.0), typical))
        trust = _sharpen(trust)
        of_class = float(self._of_runs[near.index(closest)]) if own_start else 0.0
        run_length = _weigh_run_length(as_training, a_run, known, of_class)
        if one_call < 0:
            a_run = run_length = 1.0
        held, read, written = [], [], []
        deviations = [
            (head - usual) * (far + more * as_people)
            for head, (usual, _, far, more) in zip(
                [*_softmax_few(heads[:-2]), *heads[-2:]], self._each, strict=True
            )
        ]
        noise = EASE_NOISE * _rate_unknown(trust, as_people)
        deviations[-2] -= min(max(deviations[-2], -noise), noise)
        for deviation, (usual, run, *_) in zip(deviations, self._each, strict=True):
            held.append(usual + deviation)
            read.append(held[-1] + a_run * (run - held[-1]))
            written.append(held[-1] + run_length * (run - held[-1]))
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
        return self._lean_on_usual(at, x[None], np.array([as_people]), np.array([one_call]))

    def _lean_on_usual(
        self, at: Situation, x: Floats, people: Floats, one_call: npt.NDArray[np.integer] | None
    ) -> Situation:
        """Shrink the readings of queries far from training towards those of the user's similar queries, if any."""
        if self._usual is None:
            return at
        declared = np.zeros(len(x), dtype=np.int8) if one_call is None else one_call
        leant = self._usual.lean(*at[:3], z=self._whiten(x), people=people, one_call=declared)
        return Situation(*leant, at.spread)

    def _read_manner(self, logits: Floats, word_scores: Floats) -> Floats:
        """Return the probabilities of the manners, shape (n, 3), by their logits from the features and by words."""
        return softmax(logits + word_scores[:, PEOPLE:] * self._manner_words)

    def _whiten(self, x: Floats) -> Floats:
        return np.asarray((x - self.tensors["location"]) @ self.tensors["within"])

    def _measure_nearness_of_one(self, away: float, typical: float) -> float:
        """Do what `_measure_nearness` does, for one query."""
        (reach, to_class), (width, of_class) = self._gates
        gate = math.tanh(reach - (away - typical) * width)
        return (gate + 1) * (math.tanh(to_class - away * of_class) + 1) / 4

    def distances(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the strangeness and the squared distance to the nearest training class, each of shape (n,).

        Args:
            x: As for `situate`.
        """
        _, square, away = self._project(x)
        return away - square[:, 1], away

    def _measure_nearness(self, square: Floats, away: Floats) -> Floats:
        """Return the nearness of queries to training, in [0, 1], shape (n,), from the distances of `_project`."""
        beyond = away[:, None] * self._scale
        beyond[:, 0] -= square[:, 1] * self._scale[0]
        gates = np.tanh(self._nearer - beyond)  # (n, 2); (1 + tanh(x)) / 2 = sigmoid(2 x)
        gates += 1
        return np.asarray(gates[:, 0] * gates[:, 1] / 4)

    def _project(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Compute all linear functions of queries in one product, and their distances.

        Returns:
            The whitened query, the hidden units, the heads, the logits of manners, and 2 z . mean_c - |mean_c|^2 per
            class, shape (n, p + h + K + 5 + c + o); squared norms under both whitenings, shape (n, 2); the squared
            distance to the nearest class, shape (n,).
        """
        linear = x.astype(float) @ self._weights + self._bias
        square = linear[:, : self._size] ** 2 @ self._squares
        near = linear[:, self._heads_end + 3 : self._own_start]
        nearest = np.maximum.reduce(near, axis=1, initial=-FARTHEST)
        return linear, square, np.maximum(square[:, 0] - nearest, 0)

    def extended(self, x: Floats, groups: npt.NDArray[np.intp]) -> Doubt:
        """Return a copy with further classes of training queries, which are trusted whatever their manner.

        Args:
            x: As for `situate`.
            groups: The class of each query, shape (n,).
        """
        own = np.concatenate([self.tensors["own"], means_by(groups, self._whiten(x))])
        return Doubt(self.kinds, self.tensors | {"own": own})

    def accustomed(self, x: Floats, word_scores: Floats | None = None) -> Doubt:
        """Return a copy that shrinks readings of queries far from training towards those of the user's; see `Usual`.

        Args:
            x: The user's queries, ungraded, as for `situate`.
            word_scores: As for `situate`.
        """
        if word_scores is None:
            word_scores = np.zeros((len(x), SCORES))
        plain = self.unaccustomed()
        undeclared = np.zeros(len(x), dtype=np.int8)
        readings = [plain.situate(x, each, word_scores) for each in (undeclared, undeclared + 1)]
        manner = self._read_manner(x @ self.tensors["manner"] + self.tensors["manner_bias"], word_scores)
        strange = _rate_unknown(readings[0].trust, manner[:, AS_PEOPLE])
        read = [(at.read, at.written) for at in readings]
        return Doubt(
            self.kinds, plain.tensors | usual_tensors(self._whiten(x), read, readings[0].trust, strange)
        )

    def unaccustomed(self) -> Doubt:
        """Return a copy without the user's queries."""
        return Doubt(self.kinds, {name: held for name, held in self.tensors.items() if name not in USUAL})

    def kinds_of_clusters(self, centroids: Floats) -> Floats:
        """Return the shares of kinds of work in clusters, shape (k, K), from their centroids, shape (k, p)."""
        return softmax(self._heads(centroids)[:, :-2])

    def effects_of_clusters(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Return ease and log tokens of clusters, each of shape (k,), from their centroids, shape (k, p)."""
        heads = self._heads(centroids)
        return heads[:, -2], heads[:, -1]

    def _heads(self, x: Floats) -> Floats:
        return np.asarray(x @ self.tensors["heads"] + self.tensors["heads_bias"])  # (n, K + 2)


def _make_run_removal(run: Floats, typical: Floats) -> Floats:
    """Return a matrix that removes a run's kinds of work from a reading, shape (K + 2, K + 2).

    Their share goes to the other kinds in typical proportions. Without other kinds, it is the identity.
    """
    matrix, kinds = np.eye(len(run)), len(run) - 2
    others = typical[:kinds] * (1 - run[:kinds])
    if others.sum() > 0:
        matrix[:kinds, :kinds] = np.diag(1 - run[:kinds]) + np.outer(run[:kinds], others / others.sum())
    return matrix


def _rate_unknown(trust: Share, as_people: Share) -> Share:
    """Return the degree, in [0, 1], to which a query is both far from training and no ordinary request."""
    unknown: Share = (1 - trust) * (1 - as_people)
    return unknown


def _sharpen(share: Share) -> Share:
    """Square the odds of a share in [0, 1], which moves it towards 0 or 1.

    Of the network's prediction and the belief, one should dominate. A mixture in equal parts chooses like neither, and
    varies between the queries of a data set, which costs more than always calling one model.
    """
    whole, rest = share * share, (1 - share) * (1 - share)
    sharpened: Share = whole / (whole + rest)
    return sharpened


def _weigh_run_length(as_training: Share, a_run: Share, near: Share, of_class: Share) -> Share:
    """Return the weight, in [0, 1], of a run's length in the predicted length.

    A class of answers nearby lowers it. A class of runs does not raise it: the queries of such a class read like runs.

    Args:
        as_training: Probability that a query is worded as in training.
        a_run: Probability that it asks for a run.
        near: Nearness to training queries, in [0, 1].
        of_class: Share of runs in the nearest training class.
    """
    run, answer = RUN_ODDS_FACTOR * a_run**RUN_ODDS_POWER, (1 - a_run) ** RUN_ODDS_POWER
    asked: Share = run / (run + answer)
    known = near * as_training / (as_training + a_run + NEGLIGIBLE)
    return asked * (1 - known * (1 - of_class))


def _softmax_few(scores: list[float]) -> list[float]:
    """Do what `softmax` does, for a few numbers."""
    most = max(scores)
    shares = [math.exp(score - most) for score in scores]
    total = sum(shares)
    return [share / total for share in shares]
