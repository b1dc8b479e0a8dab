"""Learning a verifier: a known truth is found, and rare candidates are read as all are."""

import numpy as np
import pytest

from crossroute import Candidate, Pool
from crossroute.escalation.correlation import Correlation, logit
from crossroute.escalation.evidence import Evidence
from crossroute.escalation.verifier_training import LEAST_ANSWERS, fit_verifier
from crossroute.log_odds import sigmoid

POOL = Pool([Candidate(name=name) for name in ("often", "turned", "rare", "never")])


def simulated(n=6000, seed=0):
    """Confidence is normal around 7 where right and 3 where wrong: its log-odds are confidence - 5.

    The answers of "turned" tell the reverse; "rare" answered 12 queries, "never" none.
    """
    random = np.random.default_rng(seed)
    prior = random.uniform(0.05, 0.95, (n, 4))
    right = random.random((n, 4)) < prior
    at = random.normal(np.where(right, 7, 3), 2)
    at[:, 1] = 10 - at[:, 1]
    logprob = -np.exp(-np.clip(at, -2, 13.5))
    logprob[12:, 2] = np.nan
    logprob[:, 3] = np.nan
    return prior, logprob, right.astype(float), at


@pytest.fixture(scope="module")
def learned():
    return fit_verifier(POOL, *simulated()[:3], source="a simulation")


def test_a_known_truth_is_found():
    prior, logprob, right, _ = (part[:, :1] for part in simulated(12000))
    alone = fit_verifier(Pool([POOL["often"]]), prior, logprob, right)
    prior, logprob, right, at = (part[:, :1] for part in simulated(4000, seed=1))
    found = sigmoid(logit(prior) + alone.shifts([POOL["often"]], prior, logprob))
    truth = sigmoid(logit(prior) + at - 5)
    assert np.abs(found - truth).mean() < 0.03
    bins = np.digitize(found, np.linspace(0, 1, 11)[1:-1])
    error = sum(abs((found - right)[bins == b].sum()) for b in range(10)) / len(found)
    assert error < 0.02, "calibrated on queries it has not seen"


def test_each_candidate_is_read_in_its_own_way(learned):
    prior, logprob, right, _ = simulated(3000, seed=2)
    shifts = learned.shifts(tuple(POOL), prior, logprob)[:, :2]
    loss = np.log1p(np.exp(-(2 * right[:, :2] - 1) * (logit(prior[:, :2]) + shifts))).mean(axis=0)
    before = np.log1p(np.exp(-(2 * right[:, :2] - 1) * logit(prior[:, :2]))).mean(axis=0)
    assert (loss < before - 0.1).all()
    sure = Evidence(mean_logprob=-1e-3)
    assert learned.posterior(POOL["often"], 0.5, sure) > 0.6
    assert learned.posterior(POOL["turned"], 0.5, sure) < 0.4


def test_rare_candidates_are_held_close_to_the_pooled_reading(learned):
    pooled = np.array(learned.pooled.shift)
    away = {name: np.abs(np.array(own.shift) - pooled).mean() for name, own in learned.readings.items()}
    assert away["rare"] < 0.35 * min(away["often"], away["turned"])
    apart = {
        name: np.abs(np.array(own.right) - learned.pooled.right).sum()
        for name, own in learned.readings.items()
    }
    assert apart["rare"] < min(apart["often"], apart["turned"])


def test_who_gave_no_evidence_is_read_as_all_are(learned):
    assert set(learned.readings) == {"often", "turned", "rare"}
    assert learned.reading(POOL["never"]) == learned.pooled


def test_too_few_answers_teach_nothing():
    prior, logprob, right, _ = simulated()
    few = LEAST_ANSWERS // 4
    assert fit_verifier(POOL, prior[:few], logprob[:few], right[:few]) is None
    assert fit_verifier(POOL, prior, np.full_like(logprob, np.nan), right) is None
    assert fit_verifier(POOL, prior, logprob, np.ones_like(right)) is None, "none of them wrong"
    assert fit_verifier(POOL, prior, logprob, np.full_like(right, np.nan)) is None


def test_unknown_outcomes_are_passed_over_and_what_is_stated_is_kept(learned):
    prior, logprob, right, _ = simulated()
    more = [np.vstack([part, np.full((50, 4), value)]) for part, value in ((prior, 0.5), (logprob, -0.1))]
    unknown = np.vstack([right, np.full((50, 4), np.nan)])
    assert fit_verifier(POOL, *more, unknown, source="a simulation") == learned
    other = fit_verifier(POOL, prior, logprob, right, correlation=Correlation(0.1, 0.5), source="x")
    assert (other.correlation, other.source) == (Correlation(0.1, 0.5), "x")


def test_evidence_that_tells_nothing_shifts_nothing():
    prior, _, right, at = (part[:, :1] for part in simulated())
    noise = -np.exp(-np.random.default_rng(5).permutation(at))
    some = fit_verifier(Pool([POOL["often"]]), prior, noise, right)
    shift = some.shifts([POOL["often"]], prior, noise)
    assert np.abs(shift).mean() < 0.15
