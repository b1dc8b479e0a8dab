"""Fit the ensemble beside the network (model/ensemble.py), and the weight of each member.

The members learn from train and validation queries. Their weights are fitted to out-of-sample predictions: closed-form
leave-one-out for the ridge, out-of-bag for the forest. Two parts have separate weights, since choices depend on the
second alone: the difficulty of a query for all candidates, and the differences between candidates. Both weights are
shrunk to 0, so that if members cannot distinguish candidates, each is predicted its mean.

The network is weighed against the members on validation queries, which it has not learned from either. These are few,
so its weight has a prior of half the weight of the forest's differences: the network learns from a forest.

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
"""Of the ridge, for embeddings of unit length."""

STACK_PENALTY = 20.0
"""On the members' weights and intercepts, which all queries tell."""

HALF_PENALTY = 20.0
"""The same, times the number of candidates, of network and members, which few queries tell."""

SHRUNK_TO_ALL = 20.0
"""Answers' worth of how much longer all candidates' answers are in each candidate's."""

MOST_LONGER = 3.0
"""Logs of what was foretold beyond which an answer's length counts as this: no answer makes a mean alone."""

STEPS, CLOSE = 30, 1e-6


class StackedEnsemble(NamedTuple):
    """An ensemble, and what it and the network predict of validation queries without having learned from them."""

    ensemble: Ensemble
    unseen: Floats  # (v, m)


class UnweightedMembers(NamedTuple):
    """A ridge regression and a forest of the quality of c candidates, not weighed yet.

    Attributes:
        profiles: Of the candidates, shape (c, k).
        ridge: Its weights, shape (D, c).
        bias: Its intercepts, shape (c,).
        straight: What it predicts of queries that it has not learned from, shape (n, c).
        forest: The forest.
    """

    profiles: Floats
    ridge: Floats
    bias: Floats
    straight: Floats
    forest: Forest

    def to_ensemble(
        self, *, own: float, weights: Floats, common: Floats, intercept: Floats, length: Floats
    ) -> Ensemble:
        """Return the members, each with what it counts; arguments as the tensors of `Ensemble`."""
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
    """A logistic regression that all candidates share but for the intercept."""

    weights: Floats  # (k,)
    intercept: Floats  # (m,)

    def __call__(self, features: Floats) -> Floats:
        """Return the log-odds, shape (n, m), by the features, shape (k, n, m)."""
        return np.asarray(np.tensordot(self.weights, features, axes=1) + self.intercept)


class Shares(NamedTuple):
    """What members count for.

    Attributes:
        weights: Of each member's logit, shape (members,).
        common: Of its mean over the candidates, shape (members,).
        intercept: Shape (m,).
        worth: What the last member's word on candidates alone was worth, in [0, 1].
    """

    weights: Floats
    common: Floats
    intercept: Floats
    worth: float

    def __call__(self, logits: Floats) -> Floats:
        """Return the log-odds, shape (n, m), by the members', shape (members, n, m)."""
        apart = np.tensordot(self.weights, logits, axes=1)
        return np.asarray(
            apart + np.tensordot(self.common, logits.mean(-1, keepdims=True), axes=1) + self.intercept
        )


def fit_ensemble(
    predictor: Predictor, train: PreparedSplit, validation: PreparedSplit, config: TrainingConfig
) -> StackedEnsemble | None:
    """Return the members beside a trained network, or None where the outcomes are too few.

    Args:
        predictor: The network, which learned from `train`, and the pool of m candidates.
        train: The train split.
        validation: The validation split, of v queries.
        config: Of the forest, and from how many outcomes on a candidate is the members', too.
    """
    quality = np.concatenate([train.outcomes.quality, validation.outcomes.quality])
    known = np.flatnonzero((~np.isnan(quality)).sum(axis=0) >= config.least_outcomes)  # c candidates
    if not len(known):
        return None
    quality = quality[:, known]
    encoded = np.concatenate([train.encoded.numpy(), validation.encoded.numpy()])
    members = grow_members(predictor, known, encoded, quality, config)
    logits = logit(np.stack([members.straight, members.forest.unseen]), HELD)  # (members, n, c)
    shares = weigh_members(logits, quality)
    network = np.concatenate([network_logit(predictor, part) for part in (train, validation)])  # (n, m)
    seen, beside = len(train.encoded), shares(logits)  # (n, c)
    halves = weigh_network(network[:, known], beside, quality, seen, shares.worth)
    unseen = sigmoid(network[seen:])
    unseen[:, known] = sigmoid(halves(np.stack([network[:, known], beside])[:, seen:]))
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
    """Fit a ridge regression and a forest to the quality of some candidates.

    Args:
        predictor: Of the m candidates.
        known: Which of them, shape (c,).
        encoded: The n queries, shape (n, D).
        quality: Observed, shape (n, c), NaN where it was not.
        config: Of the forest.
    """
    profiles = pool_profiles(predictor.pool, predictor.network.config.clusters).quality[known]
    forest = grow_forest(predictor.network.project(encoded), quality, config)
    return UnweightedMembers(profiles, *fit_ridge(encoded, quality), forest)


def fit_mean_lengths(predictor: Predictor, parts: Sequence[PreparedSplit]) -> Floats:
    """Return by how many log tokens candidates' mean answers are longer than the network foretells, shape (m,).

    As many as make the spend that is foretold of each candidate the observed one, shrunk to what does so for all.

    Args:
        predictor: Of the m candidates.
        parts: Queries with the lengths of their answers.
    """
    foretold = np.concatenate(
        [predictor.network(p.encoded.numpy(), predictor.keys).log_tokens for p in parts]
    )
    beyond = np.concatenate([part.log_tokens.numpy() for part in parts]) - foretold  # (n, m)
    read = np.concatenate([part.query_tokens for part in parts])[:, None]
    known = ~np.isnan(beyond)
    spent = np.exp(foretold.astype(float)) * (1.0 if predictor.cost_unit == "output_tokens" else read)
    spent, more = np.where(known, spent, 0), np.exp(np.where(known, beyond.clip(None, MOST_LONGER), 0))
    count, predicted, paid = known.sum(axis=0), spent.sum(axis=0), (spent * more).sum(axis=0)
    if not count.any():
        return np.zeros(len(count))
    own = np.log(np.divide(paid, predicted, out=np.ones(len(count)), where=predicted > 0))
    every = np.log(paid.sum() / predicted.sum())
    return np.asarray((count * own + SHRUNK_TO_ALL * every) / (count + SHRUNK_TO_ALL))


def network_logit(predictor: Predictor, part: PreparedSplit) -> Floats:
    """Return what the network alone says of quality, shape (n, m), in log-odds."""
    alone = predictor.with_doubt(None).with_ensemble(None)
    return logit(alone.foresee_encoded(part.queries).quality, LEAST_CHANCE)


def weigh_members(logits: Floats, quality: Floats) -> Shares:
    """Return what members count for, by what they say of queries that they have not learned from.

    Args:
        logits: Of each member, shape (members, n, m), the forest's last.
        quality: Observed, shape (n, m), in [0, 1], NaN where not known.
    """
    known = ~np.isnan(quality)
    centre = logits.mean(axis=1, keepdims=True, where=known)  # (members, 1, m)
    common = (logits - centre).mean(axis=-1, keepdims=True)
    apart = logits - centre - common
    features = np.concatenate([np.broadcast_to(common, logits.shape), apart])  # (2 members, n, m)
    base, size = logit(np.nanmean(quality, axis=0), LEAST_CHANCE), len(logits)
    counted = weigh_positive(features, quality, STACK_PENALTY, base)
    of_common, weights = counted.weights[:size], counted.weights[size:]
    worth = weigh_positive(features[[size - 1, -1]], quality, STACK_PENALTY, base).weights[-1]
    less = np.tensordot(weights, centre[:, 0], axes=1) + (of_common - weights) @ centre[:, 0].mean(axis=-1)
    return Shares(weights, of_common - weights, counted.intercept - less, min(float(worth), 1.0))


def weigh_network(network: Floats, members: Floats, quality: Floats, seen: int, worth: float) -> WeightFit:
    """Return what the network's logit and the members' count for beside each other.

    Args:
        network: Of train and validation queries, shape (n, m).
        members: What they come to, without having learned from these queries, shape (n, m).
        quality: Observed, shape (n, m).
        seen: So many of the queries, the first, the network has learned from; the others weigh it.
        worth: What a word on candidates is worth here, in [0, 1].
    """
    # so that what a candidate is on the whole is the members' word alone
    centre = (network - members).mean(axis=0, where=~np.isnan(quality))  # (m,)
    beside = np.stack([network - centre, members])[:, seen:]
    halves = weigh(
        beside, quality[seen:], np.array([worth / 2, 1 - worth / 2]), HALF_PENALTY * quality.shape[1]
    )
    return halves._replace(intercept=halves.intercept - halves.weights[0] * centre)


def fit_ridge(encoded: Floats, quality: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit one ridge regression a candidate, on the queries of which its quality is known.

    Args:
        encoded: Shape (n, D).
        quality: Shape (n, m), NaN where not known.

    Returns:
        Weights, shape (D, m), biases, shape (m,), and what each predicts of its queries had it not seen them, (n, m).

    Source: the leave-one-out residual of a linear smoother, residual / (1 - leverage): Cook and Weisberg, 1982.
    """
    x, known = encoded.astype(float), ~np.isnan(quality)
    weights, biases = np.empty((x.shape[1], quality.shape[1])), np.empty(quality.shape[1])
    unseen = np.empty(quality.shape)
    patterns, pattern = np.unique(known, axis=1, return_inverse=True)
    # candidates that the same queries are known of share a solution
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
    """Fit weights that are held to 0, and none below it: a member that errs out of chance alone is left out."""
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
    """Fit one weight a feature for all candidates, and one intercept a candidate, by Newton's method.

    Args:
        features: Of queries that nothing behind them has learned from, shape (k, n, m).
        quality: Observed, shape (n, m), in [0, 1], NaN where not known.
        start: Weights to which they are held, shape (k,).
        penalty: How closely, and how closely the intercepts to their base.
        base: Shape (m,).
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
