"""Probabilities as log-odds, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def logit(probability: Floats, least: float) -> Floats:
    """Return log(p / (1 - p)), with p held within [least, 1 - least]."""
    held = np.clip(probability, least, 1 - least)
    return np.asarray(np.log(held) - np.log1p(-held))


def sigmoid(log_odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-log_odds)), which cannot overflow.

    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return np.asarray(0.5 + 0.5 * np.tanh(log_odds / 2))
