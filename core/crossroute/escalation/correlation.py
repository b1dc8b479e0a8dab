"""Correlation of candidates on one query: how evidence about one answer updates P(right) of the others.

Each candidate has a latent merit on the query; its answer is right if the merit is above 0. Merits are normal, with the
log-odds of the prior as mean, and positively correlated: a query that is hard for one candidate is hard for another.
Evidence about an answer is a noisy observation ("look") of its candidate's merit. So it updates the others too, and two
answers have less than twice the information of one.

    merit of i     z_i = log_odds_i + common + e_i,    var(common) = rho, var(e_i) = 1 - rho
    a look at it   y_i = (z_i - log_odds_i) + noise,   of which a share tau is information
    P(right)       sigmoid(E[z_i] / sd[z_i])

The logistic function replaces the normal distribution function, in the same units; with a single look the
posterior equals the verifier's, and without any it is the prior.

Source: the linear-Gaussian update, Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006),
section 2.2, in closed form for equal correlations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.numeric import Floats, sigmoid
from crossroute.numeric import logit as bounded_logit

LEAST_PROBABILITY = 1e-4
READ_WITHIN = 3.9
"""Log-odds of a prior of 0.98; the effect of the prior on a reading is constant beyond plus or minus this."""


class Correlation(NamedTuple):
    """Parameters of the correlation of merits.

    Attributes:
        between: rho, the correlation of two candidates' merits, in [0, 1).
        information: tau, the share of a merit's variance that a look at it explains, in (0, 1).

    Both were chosen by cross-validation over train and validation of gpt4o-llama-qwen, by the area under the
    cost-quality curve (AIQ) of route-and-cascade. At information 0.2 it is 0.8452 with a calibration error
    (ECE) of the posterior of 0.019, at 0.1 0.8455 and 0.020, at 0.35 0.8431 and 0.017.
    """

    between: float = 0.65
    information: float = 0.2

    def look(self, log_odds: Floats, shift: Floats) -> Floats:
        """Return y, the look at the merit that corresponds to a shift of the answer's own log-odds."""
        look: Floats = np.sqrt(1 - self.information) * (log_odds + shift) - log_odds
        return look / self.information

    def common(self, total: Floats, looks: Floats | int) -> Floats:
        """Return the posterior mean of the common part of a query's merits.

        Args:
            total: Sum of the looks.
            looks: Number of looks.
        """
        return self.between / (self._noise + looks * self.between) * total

    def unseen(self, log_odds: Floats, common: Floats, looks: Floats | int) -> Floats:
        """Return P(right) of answers without a look."""
        variance = 1 - self.between + self._common_variance(looks)
        return sigmoid((log_odds + common) / np.sqrt(variance))

    def seen(self, log_odds: Floats, look: Floats, common: Floats, looks: Floats | int) -> Floats:
        """Return P(right) of answers with a look."""
        weight = (1 - self.between) / self._noise
        variance = (1 - self.between) * (1 - weight) + (1 - weight) ** 2 * self._common_variance(looks)
        return sigmoid((log_odds + common + weight * (look - common)) / np.sqrt(variance))

    @property
    def _noise(self) -> float:
        """Variance of a look given the common part."""
        return 1 / self.information - self.between

    def _common_variance(self, looks: Floats | int) -> Floats:
        """Return the posterior variance of the common part."""
        return np.asarray(self.between * self._noise / (self._noise + looks * self.between))


def logit(probability: Floats) -> Floats:
    """Return log-odds, with probabilities clipped to at least 1e-4 and at most 1 - 1e-4."""
    return bounded_logit(probability, LEAST_PROBABILITY)


def tilt(log_odds: Floats) -> Floats:
    """Return the prior log-odds clipped to +-3.9, which multiply the slope of a reading."""
    held: Floats = np.clip(log_odds, -READ_WITHIN, READ_WITHIN)
    return held
