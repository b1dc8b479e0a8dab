"""What a router, or a baseline, foresees for every query and candidate."""

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
        quality_error: Standard error of the mean quality on such queries, shape (n, m), where it is known: the
            larger, the less was observed of the candidate there. One answer varies by more.
        cost_high: What nine in ten such calls cost at most, shape (n, m), USD, where it is known.
    """

    candidates: tuple[str, ...]
    quality: npt.NDArray[np.floating]
    cost: npt.NDArray[np.floating]
    quality_error: npt.NDArray[np.floating] | None = None
    cost_high: npt.NDArray[np.floating] | None = None
