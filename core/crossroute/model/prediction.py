"""Predictions of a router or a baseline for queries and candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted quality and cost of every candidate's answer to every query.

    Attributes:
        candidates: Names of the m candidates, in the order of the columns.
        quality: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost, shape (n, m), USD for one call.
        quality_error: Standard error of the predicted quality, as a mean over similar queries, shape (n, m); single
            answers vary more. None if unknown.
        cost_high: 90 % quantile of the cost, shape (n, m), USD for one call; None if unknown.
    """

    candidates: tuple[str, ...]
    quality: npt.NDArray[np.floating]
    cost: npt.NDArray[np.floating]
    quality_error: npt.NDArray[np.floating] | None = None
    cost_high: npt.NDArray[np.floating] | None = None
