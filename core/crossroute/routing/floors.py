"""A quality floor: the lowest willingness to pay at which quality is proved to drop by no more than was promised.

Learn then Test with a fixed sequence: from the dearest setting to the cheapest, each is tested for a mean loss above
the promised drop, and the first that cannot be refuted ends the sequence. With probability `confidence` over the
outcomes that were drawn, every setting before that keeps the promise, so that any of them may be used.

Source: Angelopoulos et al., "Learn then Test", arXiv 2110.01052, section 3 and algorithm 1; each test by betting on the
paired difference, `crossroute.metrics.betting`; see `crossroute.routing.proof`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import neg

import numpy as np

from crossroute.decision import Promise
from crossroute.errors import FloorError
from crossroute.escalation.verifier import Verifier
from crossroute.reward import Reward
from crossroute.routing.evidence import FloorEvidence
from crossroute.routing.predictor import Predictor
from crossroute.routing.proof import Proof

SETTINGS_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Floor:
    """A promise that is kept at each of the tested settings.

    Attributes:
        promise: What is promised.
        settings: Willingness to pay at which it was proved, USD, falling; the last is the floor.
        evidence: What it rests on.
    """

    promise: Promise
    settings: tuple[float, ...]
    evidence: FloorEvidence

    def __repr__(self) -> str:
        return (
            f"Floor({self.promise}, {self.promise.willingness_to_pay:.3g} USD, {len(self.evidence)} queries)"
        )

    def raise_to_tested(self, willingness_to_pay: float) -> float:
        """Return the next tested setting at or above a willingness to pay, USD."""
        above = bisect_right(self.settings, -willingness_to_pay, key=neg)
        return self.settings[max(above - 1, 0)]

    def over(self, predictor: Predictor, reward: Reward, verifier: Verifier) -> Floor:
        """Return the floor for other candidates or prices, tested again on the same outcomes.

        Candidates without outcomes count as wrong wherever they are chosen.

        Raises:
            FloorError: The promise no longer holds.
        """
        try:
            return prove(self.promise, self.evidence, predictor, reward, verifier)
        except FloorError as error:
            raise FloorError(
                f"The quality floor no longer holds over {', '.join(predictor.pool.names)}, at these prices: {error} "
                "Calibrate it on outcomes of these candidates with with_floor, or give it up first with "
                "router.without_floor()."
            ) from error


def prove(
    promise: Promise, evidence: FloorEvidence, predictor: Predictor, reward: Reward, verifier: Verifier
) -> Floor:
    """Return the floor at the lowest willingness to pay at which the promise is proved.

    Args:
        promise: Its own willingness to pay is set here.
        evidence: Outcomes that the router was not trained on.
        predictor: Of the router.
        reward: Of the router.
        verifier: Of the router, for promises on several calls.

    Raises:
        FloorError: There are too few outcomes, or the promise is broken at any willingness to pay.
    """
    if not len(evidence):
        raise FloorError("There is no outcome to prove it on.")
    proof = Proof(promise, evidence, predictor=predictor, reward=reward, verifier=verifier)
    kept: list[float] = []
    grid = proof.grid
    for start in range(0, len(grid), SETTINGS_AT_ONCE):
        settings = grid[start : start + SETTINGS_AT_ONCE]
        holds = proof.holds(settings)
        passed = len(holds) if holds.all() else int(np.argmin(holds))
        kept += map(float, settings[:passed])
        if passed < len(settings):
            break
    if not kept:
        raise FloorError(proof.explain_failure())
    return Floor(promise.model_copy(update={"willingness_to_pay": kept[-1]}), tuple(kept), evidence)
