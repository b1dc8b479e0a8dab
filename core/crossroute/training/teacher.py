"""What a forest expects of each outcome: soft targets for the network, and a prior for the verifier.

An observed quality is one draw, mostly 0 or 1; a forest's out-of-bag expectation of it is far less noisy, and
stands in where nothing was observed. Learning from a mixture of both, the network can train to the end without
learning the noise. The trained router knows its own queries too well to be a prior of their answers; there the
same expectation takes its place.

Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531; extremely
randomized trees: Geurts, Ernst, Wehenkel, Machine Learning 63, 2006.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from crossroute.escalation.verifier import Verifier
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.numeric import Floats
from crossroute.routing.predictor import Predictor
from crossroute.training.run import Prepared

TREES = 150
LEAST_LEAF = 8
FEATURES = 0.35
"""Share of the inputs that a split may look at."""


def soft_targets(x: Floats, quality: Floats, weight: float, seed: int) -> Floats:
    """Mix observed quality with what a forest expects.

    Args:
        x: Projected training queries, shape (n, p).
        quality: Observed quality, shape (n, m), NaN where it is not known.
        weight: Of the forest where the quality is known, in [0, 1].
        seed: Of the forest.

    Returns:
        (1 - weight) * observed + weight * expected, or the only one that is known, shape (n, m); NaN where
        neither is.
    """
    expected = expectations(x, quality, seed)
    mixed = (1 - weight) * quality + weight * expected
    return np.where(np.isnan(quality), expected, np.where(np.isnan(expected), quality, mixed))


def expectations(x: Floats, quality: Floats, seed: int) -> Floats:
    """Return out-of-bag expectations where the quality is known, and plain ones elsewhere, shape (n, m).

    NaN for candidates of which fewer outcomes are known than a leaf holds: of these a forest tells nothing.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    together = defaultdict(list)  # candidates that the same queries are known of share a forest
    known = ~np.isnan(quality)
    for column in range(quality.shape[1]):
        together[known[:, column].tobytes()].append(column)
    expected = np.full_like(quality, np.nan)
    for columns in together.values():
        rows = np.flatnonzero(known[:, columns[0]])
        if len(rows) < LEAST_LEAF:
            continue
        cells = np.ix_(rows, np.array(columns))
        targets = quality[cells]
        forest = ExtraTreesRegressor(
            TREES,
            min_samples_leaf=LEAST_LEAF,
            max_features=FEATURES,
            bootstrap=True,
            oob_score=True,
            random_state=seed,
        ).fit(x[rows], targets if len(columns) > 1 else targets[:, 0])
        expected[:, columns] = forest.predict(x).reshape(len(x), -1)
        expected[cells] = forest.oob_prediction_.reshape(len(rows), -1)
    return expected


def verifier_of(
    predictor: Predictor, train: Prepared, validation: Prepared, foreseen: Floats, seed: int
) -> Verifier | None:
    """Learn a verifier, or return None where too few answers carry evidence.

    Args:
        predictor: The trained router's.
        train: The train split.
        validation: The validation split.
        foreseen: Quality that the router predicts of validation queries without having learned from them, (n, m).
        seed: Of the forest.
    """
    if all(np.isnan(part.outcomes.answer_logprob).all() for part in (train, validation)):
        return None
    x = predictor.network.project(train.encoded.numpy())
    told = ~np.isnan(train.outcomes.answer_logprob).all(axis=0)  # (m,); of the others no verifier is learned
    expected = expectations(x, np.where(told, train.outcomes.quality, np.nan), seed)
    parts = (train.outcomes, validation.outcomes)
    return fit_verifier(
        np.concatenate([expected, foreseen]),
        np.concatenate([part.answer_logprob for part in parts]),
        np.concatenate([part.quality for part in parts]),
        source="the outcomes that the router was trained on",
    )
