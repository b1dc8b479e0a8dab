"""Fit the ensemble (model/ensemble.py), and the weights of its members and of the network.

The members learn from train and validation queries. Their weights are fitted to out-of-sample predictions: closed-form
leave-one-out for the ridge, out-of-bag for the forest. Two parts have separate weights, since choices depend on the
second alone: the difficulty of a query for all candidates, and the differences between candidates. Both weights are
shrunk to 0: if members cannot distinguish candidates, each candidate is predicted its mean.

The network is weighed against the members on validation queries, where both predictions are out of sample. These are
few, so its weight has a prior of half the weight of the forest's differences: the network learns from a forest.

Source: shrinkage to the mean by how well left-out outcomes are predicted, Copas, JRSS B 45, 1983.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.ensemble import HELD, LEVELS, Ensemble
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.predictor import Predictor
from crossroute.training.config import TrainingConfig
from crossroute.training.forest import Forest, grow_forest
from crossroute.training.run import PreparedSplit

PENALTY = 10.0
"""Ridge penalty, for embeddings of unit length."""

STACK_PENALTY = 20.0
"""Penalty on the members' weights and intercepts, which are fitted to all queries."""

HALF_PENALTY = 20.0
"""Penalty per candidate on the weights of network and members, which are fitted to few queries."""

SHRUNK_TO_ALL = 20.0
"""Weight of all candidates' length correction in each candidate's, in answers."""

MOST_LONGER = 3.0
"""Bound on the log of an answer's length over its prediction, so that no single answer determines a mean."""

STEPS, CLOSE = 30, 1e-6
"""Most Newton steps, and the step at which they end."""


class StackedEnsemble(NamedTuple):
    """An ensemble, and out-of-sample predictions of quality for the v validation queries, by it and the network."""

    ensemble: Ensemble
    unseen: Floats  # (v, m)


class UnweightedMembers(NamedTuple):
    """A ridge regression and a forest for the quality of c candidates, before they are weighed.

    Attributes:
        profiles: Quality per cluster of the candidates, shape (c, k).
        ridge: Weights of the ridge, shape (D, c).
        bias: Intercepts of the ridge, shape (c,).
        left_out: Leave-one-out predictions of the ridge, shape (n, c).
        forest: The forest.
    """

    profiles: Floats
    ridge: Floats
    bias: Floats
    left_out: Floats
    forest: Forest

    def to_ensemble(
        self, *, own: float, weights: Floats, common: Floats, intercept: Floats, length: Floats
    ) -> Ensemble:
        """Return the members with their weights; arguments as the tensors of `Ensemble`."""
        forest = self.forest
        tensors = {
            "profiles": self.profiles,
            "ridge": self.ridge,
            "ridge_bias": self.bias,
            "threshold": forest.threshold,
            "own": np.array([own]),
            "weights": weights,
            "common": common,
            "intercept": intercept,
            "length": length,
        }
        held = {name: values.astype(np.float32) for name, values in tensors.items()}
        places = {name: getattr(forest, name) for name in ("feature", "children", "root")}
        value = np.rint(forest.value * LEVELS).astype(np.uint8)
        return Ensemble(held | places | {"value": value, "depth": np.array([forest.depth], dtype=np.int32)})


class WeightFit(NamedTuple):
    """A logistic regression with weights shared by all candidates, and one intercept per candidate."""

    weights: Floats  # (k,)
    intercept: Floats  # (m,)

    def __call__(self, features: Floats) -> Floats:
        """Return the logits, shape (n, m), from the features, shape (k, n, m)."""
        return np.asarray(np.tensordot(self.weights, features, axes=1) + self.intercept)


class Shares(NamedTuple):
    """Weights of the members.

    Attributes:
        weights: Weight of each member's logit, shape (members,).
        common: Weight of its mean over the candidates, shape (members,).
        intercept: Intercept per candidate, shape (m,).
        worth: Weight of the last member's differences between candidates if used alone, at most 1.
    """

    weights: Floats
    common: Floats
    intercept: Floats
    worth: float

    def __call__(self, logits: Floats) -> Floats:
        """Return the logits, shape (n, m), from the members', shape (members, n, m)."""
        own = np.tensordot(self.weights, logits, axes=1)
        common = np.tensordot(self.common, logits.mean(-1, keepdims=True), axes=1)
        return np.asarray(own + common + self.intercept)


def fit_ensemble(
    predictor: Predictor, train: PreparedSplit, validation: PreparedSplit, config: TrainingConfig
) -> StackedEnsemble | None:
    """Fit the ensemble of a trained network; None if no candidate has enough outcomes.

    Args:
        predictor: The network, trained on `train`, and the pool of m candidates.
        train: The train split.
        validation: The validation split, of v queries.
        config: Settings of the forest, and the least outcomes of a candidate.
    """
    quality = np.concatenate([train.outcomes.quality, validation.outcomes.quality])
    known = np.flatnonzero((~np.isnan(quality)).sum(axis=0) >= config.least_outcomes)  # c candidates
    if not len(known):
        return None
    quality = quality[:, known]
    encoded = np.concatenate([train.encoded.numpy(), validation.encoded.numpy()])
    members = grow_members(predictor, known, encoded, quality, config)
    logits = logit(np.stack([members.left_out, members.forest.unseen]), HELD)  # (members, n, c)
    shares = weigh_members(logits, quality)
    network = np.concatenate([predict_logit(predictor, part) for part in (train, validation)])  # (n, m)
    seen, combined = len(train.encoded), shares(logits)  # (n, c)
    halves = weigh_network(network[:, known], combined, quality, seen, shares.worth)
    unseen = sigmoid(network[seen:])
    unseen[:, known] = sigmoid(halves(np.stack([network[:, known], combined])[:, seen:]))
    own, share = halves.weights
    ensemble = members.to_ensemble(
        own=own,
        weights=share * shares.weights,
        common=share * shares.common,
        intercept=share * shares.intercept + halves.intercept,
        length=fit_mean_lengths(predictor, (train, validation))[known],
    )
    return StackedEnsemble(ensemble, unseen)


def grow_members(
    predictor: Predictor,
    known: npt.NDArray[np.intp],
    encoded: Floats,
    quality: Floats,
    config: TrainingConfig,
) -> UnweightedMembers:
    """Fit a ridge regression and a forest to the quality of candidates.

    Args:
        predictor: The network and the pool of m candidates.
        known: Indices of the c candidates, shape (c,).
        encoded: The n encoded queries, shape (n, D).
        quality: Observed quality, shape (n, c), NaN where unknown.
        config: Settings of the forest.
    """
    profiles = pool_profiles(predictor.pool, predictor.network.config.clusters).quality[known]
    forest = grow_forest(predictor.network.project(encoded), quality, config)
    return UnweightedMembers(profiles, *fit_ridge(encoded, quality), forest)


def fit_mean_lengths(predictor: Predictor, parts: Sequence[PreparedSplit]) -> Floats:
    """Return the log of candidates' mean answer lengths over those that the network predicts, shape (m,).

    The correction makes the predicted spend of each candidate the observed one, shrunk to the one for all candidates.

    Args:
        predictor: The network and the pool of m candidates.
        parts: Queries with the lengths of their answers.
    """
    predicted_log = np.concatenate(
        [predictor.network(p.encoded.numpy(), predictor.keys).log_tokens for p in parts]
    )
    beyond = np.concatenate([part.log_tokens.numpy() for part in parts]) - predicted_log  # (n, m)
    read = np.concatenate([part.query_tokens for part in parts])[:, None]
    known = ~np.isnan(beyond)
    spent = np.exp(predicted_log.astype(float)) * (1.0 if predictor.cost_unit == "output_tokens" else read)
    spent, more = np.where(known, spent, 0), np.exp(np.where(known, beyond.clip(None, MOST_LONGER), 0))
    count, predicted, paid = known.sum(axis=0), spent.sum(axis=0), (spent * more).sum(axis=0)
    if not count.any():
        return np.zeros(len(count))
    own = np.log(np.divide(paid, predicted, out=np.ones(len(count)), where=predicted > 0))
    every = np.log(paid.sum() / predicted.sum())
    return np.asarray((count * own + SHRUNK_TO_ALL * every) / (count + SHRUNK_TO_ALL))


def predict_logit(predictor: Predictor, part: PreparedSplit) -> Floats:
    """Return the logit of the network's predicted quality, without ensemble and doubt, shape (n, m)."""
    alone = predictor.with_doubt(None).with_ensemble(None)
    return logit(alone.predict_encoded(part.queries).quality, LEAST_CHANCE)


def weigh_members(logits: Floats, quality: Floats) -> Shares:
    """Fit the weights of the members to out-of-sample predictions.

    Args:
        logits: Logits of each member, shape (members, n, m), the forest's last.
        quality: Observed quality, shape (n, m), in [0, 1], NaN where unknown.
    """
    known = ~np.isnan(quality)
    centre = logits.mean(axis=1, keepdims=True, where=known)  # (members, 1, m)
    common = (logits - centre).mean(axis=-1, keepdims=True)
    differences = logits - centre - common
    features = np.concatenate([np.broadcast_to(common, logits.shape), differences])  # (2 members, n, m)
    base, size = logit(np.nanmean(quality, axis=0), LEAST_CHANCE), len(logits)
    fitted = weigh_positive(features, quality, STACK_PENALTY, base)
    of_common, weights = fitted.weights[:size], fitted.weights[size:]
    worth = weigh_positive(features[[size - 1, -1]], quality, STACK_PENALTY, base).weights[-1]
    less = np.tensordot(weights, centre[:, 0], axes=1) + (of_common - weights) @ centre[:, 0].mean(axis=-1)
    return Shares(weights, of_common - weights, fitted.intercept - less, min(float(worth), 1.0))


def weigh_network(network: Floats, members: Floats, quality: Floats, seen: int, worth: float) -> WeightFit:
    """Fit the weights of the network's logit and of the members' combined logit.

    Args:
        network: The network's logits, of train and validation queries, shape (n, m).
        members: The members' combined logits, out of sample, shape (n, m).
        quality: Observed quality, shape (n, m).
        seen: Number of train queries, which come first and are not used; the network was trained on them.
        worth: See `Shares`; the network's prior weight is half of it.
    """
    # the mean of each candidate is taken from the members alone
    centre = (network - members).mean(axis=0, where=~np.isnan(quality))  # (m,)
    both = np.stack([network - centre, members])[:, seen:]
    halves = weigh(
        both, quality[seen:], np.array([worth / 2, 1 - worth / 2]), HALF_PENALTY * quality.shape[1]
    )
    return halves._replace(intercept=halves.intercept - halves.weights[0] * centre)


def fit_ridge(encoded: Floats, quality: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit one ridge regression per candidate, on the queries with a known quality.

    Args:
        encoded: Encoded queries, shape (n, D).
        quality: Observed quality, shape (n, m), NaN where unknown.

    Returns:
        Weights, shape (D, m), biases, shape (m,), and leave-one-out predictions, shape (n, m).

    Source: the leave-one-out residual of a linear smoother, residual / (1 - leverage): Cook and Weisberg, 1982.
    """
    x, known = encoded.astype(float), ~np.isnan(quality)
    weights, biases = np.empty((x.shape[1], quality.shape[1])), np.empty(quality.shape[1])
    unseen = np.empty(quality.shape)
    patterns, pattern = np.unique(known, axis=1, return_inverse=True)
    # candidates with outcomes on the same queries share a solution
    for number, rows in enumerate(patterns.T):
        columns = np.flatnonzero(pattern.ravel() == number)
        centre, values = x[rows].mean(axis=0), quality[np.ix_(rows, columns)]
        beyond = x[rows] - centre
        inverse = np.linalg.inv(beyond.T @ beyond + PENALTY * np.eye(x.shape[1]))
        weights[:, columns] = inverse @ beyond.T @ (values - values.mean(axis=0))
        biases[columns] = values.mean(axis=0) - centre @ weights[:, columns]
        leverage = np.einsum("ij,jk,ik->i", beyond, inverse, beyond) + 1 / len(beyond)
        predicted = x @ weights[:, columns] + biases[columns]
        residual = (values - predicted[rows]) / np.maximum(1 - leverage, 1e-3)[:, None]
        predicted[rows] = values - residual
        unseen[:, columns] = predicted
    return weights, biases, unseen


def weigh_positive(features: Floats, quality: Floats, penalty: float, base: Floats) -> WeightFit:
    """Fit weights that are shrunk to 0 and not negative, by removing features until no weight is negative.

    Arguments as for `weigh`.
    """
    kept = np.arange(len(features))
    while True:
        found = weigh(features[kept], quality, np.zeros(len(kept)), penalty, base)
        if (found.weights >= 0).all():
            weights = np.zeros(len(features))
            weights[kept] = found.weights
            return found._replace(weights=weights)
        kept = kept[found.weights >= 0]


def weigh(
    features: Floats, quality: Floats, start: Floats, penalty: float, base: Floats | float = 0.0
) -> WeightFit:
    """Fit one weight per feature, shared by all candidates, and one intercept per candidate, by Newton's method.

    Args:
        features: Out-of-sample predictions, shape (k, n, m).
        quality: Observed quality, shape (n, m), in [0, 1], NaN where unknown.
        start: Weights that the fitted ones are shrunk to, shape (k,).
        penalty: Penalty on the deviation from `start` and `base`.
        base: Intercepts that the fitted ones are shrunk to, shape (m,).
    """
    known, size, columns = ~np.isnan(quality), len(features), quality.shape[1]
    origin = weights = np.concatenate([start, np.broadcast_to(base, columns)])
    for _ in range(STEPS):
        expected = sigmoid(np.tensordot(weights[:size], features, axes=1) + weights[size:])
        error = np.where(known, np.nan_to_num(quality) - expected, 0)
        curvature = np.where(known, expected * (1 - expected), 0)  # (n, m)
        slope = np.concatenate([np.einsum("enm,nm->e", features, error), error.sum(axis=0)])
        of_members = np.einsum("enm,nm,fnm->ef", features, curvature, features)
        of_both = np.einsum("enm,nm->em", features, curvature)
        hessian = np.block([[of_members, of_both], [of_both.T, np.diag(curvature.sum(axis=0))]])
        step = np.linalg.solve(hessian + penalty * np.eye(len(weights)), slope - penalty * (weights - origin))
        weights = weights + step
        if np.abs(step).max() < CLOSE:
            break
    return WeightFit(weights[:size], weights[size:])
