"""A verifier for a router that was just trained, where its outcomes carry evidence."""

from __future__ import annotations

import numpy as np

from crossroute.escalation.verifier import Verifier
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.numeric import Floats
from crossroute.routing.predictor import Predictor
from crossroute.training.run import Prepared
from crossroute.training.teacher import expectations


def verifier_of(
    predictor: Predictor, train: Prepared, validation: Prepared, foreseen: Floats, seed: int
) -> Verifier | None:
    """Learn a verifier, or return None where too few answers carry evidence.

    A router knows its own training queries too well to be a prior there. In its place stands what a forest
    expects of a query that it has not seen (out of bag).

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
