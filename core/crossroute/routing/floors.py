"""Quality floor: the lowest willingness to pay at which quality provably drops by no more than promised.

Learn then Test with a fixed sequence: from the highest setting to the lowest, the hypothesis of a mean loss above the
promised drop is tested, and the first setting at which it is not rejected ends the sequence. With probability
`confidence` over the draw of the outcomes, all settings before that keep the promise.

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
    """A promise with the settings at which it is proved.

    Attributes:
        promise: The promise.
        settings: Willingness to pay at which it is proved, USD, descending; the last one is the floor.
        evidence: The outcomes that prove it.
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
        """Return the floor for other candidates or prices, retested on the same outcomes.

        Candidates without outcomes count as wrong when chosen.

        Raises:
            FloorError: The promise no longer holds.
        """
        try:
            return prove(self.promise, self.evidence, predictor, reward, verifier)
        except FloorError as error:
            raise FloorError(
                f"The quality floor no longer holds over {', '.join(predictor.pool.names)}, at these prices: {error} "
                "Prove it on outcomes of these candidates with with_floor, or remove it: router.without_floor()."
            ) from error


def prove(
    promise: Promise, evidence: FloorEvidence, predictor: Predictor, reward: Reward, verifier: Verifier
) -> Floor:
    """Find the lowest willingness to pay at which a promise is proved.

    Args:
        promise: The promise; its willingness to pay is set in the result.
        evidence: Outcomes that the router was not trained on.
        predictor: The router's predictor.
        reward: The router's reward.
        verifier: The router's verifier, for promises with several calls.

    Raises:
        FloorError: There are too few outcomes, or the promise is not proved at any willingness to pay.
    """
    if not len(evidence):
        raise FloorError("There are no outcomes to prove it on.")
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
