"""Learning a verifier: a known truth is found, and all candidates are read alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from crossroute import Candidate, Pool
from crossroute.escalation.correlation import Correlation, logit
from crossroute.escalation.evidence import Evidence
from crossroute.escalation.verifier import KNOTS, confidence
from crossroute.escalation.verifier_training import LEAST_ANSWERS, fit_verifier
from crossroute.numeric import sigmoid

POOL = Pool([Candidate(name=name) for name in ("often", "shy", "rare", "never")])


def simulated(n=6000, seed=0):
    """Confidence is normal around 7 where right and 3 where wrong: its log-odds are confidence - 5.

    "shy" is less sure by 3 of all that it says; "rare" answered 12 queries, "never" none.
    """
    random = np.random.default_rng(seed)
    prior = random.uniform(0.05, 0.95, (n, 4))
    right = random.random((n, 4)) < prior
    at = random.normal(np.where(right, 7, 3), 2)
    at[:, 1] -= 3
    logprob = -np.exp(-np.clip(at, -2, 13.5))
    logprob[12:, 2] = np.nan
    logprob[:, 3] = np.nan
    return prior, logprob, right.astype(float), at


@pytest.fixture(scope="module")
def learned():
    return fit_verifier(*simulated()[:3], source="a simulation")


def test_a_known_truth_is_found():
    prior, logprob, right, _ = (part[:, :1] for part in simulated(12000))
    alone = fit_verifier(prior, logprob, right)
    prior, logprob, right, at = (part[:, :1] for part in simulated(4000, seed=1))
    found = sigmoid(logit(prior) + alone.shifts([POOL["often"]], prior, logprob))
    truth = sigmoid(logit(prior) + at - 5)
    assert np.abs(found - truth).mean() < 0.03
    bins = np.digitize(found, np.linspace(0, 1, 11)[1:-1])
    error = sum(abs((found - right)[bins == b].sum()) for b in range(10)) / len(found)
    assert error < 0.02, "calibrated on queries it has not seen"


def test_all_candidates_are_read_alike(learned):
    evidence = Evidence(mean_logprob=-np.exp(-3.5))
    assert learned.readings == {}
    assert len({learned.posterior(candidate, 0.5, evidence) for candidate in POOL}) == 1
    prior, logprob, right, _ = simulated(3000, seed=2)
    shifts = learned.shifts(tuple(POOL), prior, logprob)[:, :2]
    loss = np.log1p(np.exp(-(2 * right[:, :2] - 1) * (logit(prior[:, :2]) + shifts))).mean(axis=0)
    before = np.log1p(np.exp(-(2 * right[:, :2] - 1) * logit(prior[:, :2]))).mean(axis=0)
    assert (loss < before - 0.05).all()


def test_confidence_that_grows_with_errors_is_read_as_telling_nothing():
    prior, _, right, at = (part[:, :1] for part in simulated())
    logprob = -np.exp(at - 10)
    turned = fit_verifier(prior, logprob, right)
    shifts = turned.shifts([POOL["often"]], prior, logprob)
    assert np.ptp(turned.pooled.shift) < 1e-9
    assert np.abs(shifts).max() < 0.1


def best_within(inputs, offset, right, penalty, room):
    """Return what another solver finds: its loss, its weights, and the loss as a function."""

    def loss(weights):
        misfit = np.logaddexp(0, (1 - 2 * right) * (offset + inputs @ weights)).sum()
        return misfit + (penalty * weights**2).sum() / 2

    held, options = {"type": "ineq", "fun": room}, {"maxiter": 300}
    found = minimize(loss, np.zeros(len(penalty)), method="SLSQP", constraints=held, options=options)
    return found.fun, found.x, loss


@pytest.mark.parametrize("backwards", [False, True])
def test_the_reading_is_the_best_within_the_limits_by_another_solver(backwards):
    """Some answers are the surer the more often they are wrong; backwards, all priors mislead."""
    prior, logprob, right, at = simulated(1000)
    logprob[:, 3] = -np.exp(at[:, 3] - 10)
    prior = 1 - prior if backwards else prior
    some = fit_verifier(prior, logprob, right)

    def room(shift, slope):
        rises = [np.diff(shift + end * slope) for end in (-3.9, 3.9)]
        return np.concatenate([*rises, 1 + slope])

    def given_answers(known):
        x = logit(prior[known])
        hats = [np.interp(confidence(logprob[known]), KNOTS, row) for row in np.eye(len(KNOTS))]
        return x, np.clip(x, -3.9, 3.9)[:, None], np.stack(hats, axis=1), right[known]

    x, tilt, hats, y = given_answers(~np.isnan(logprob))
    penalty = np.repeat([0.3, 1.0], len(KNOTS))
    least, weights, loss = best_within(
        np.hstack([hats, hats * tilt]), x, y, penalty, lambda w: room(*np.split(w, 2))
    )
    pooled = [np.array(part) for part in (some.pooled.shift, some.pooled.slope)]
    assert np.concatenate(pooled) == pytest.approx(weights, abs=0.05)
    assert loss(np.concatenate(pooled)) == pytest.approx(least, abs=0.01)
    assert np.abs(room(*pooled)).min() < 1e-9 or not backwards, "a limit is reached"


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(LEAST_ANSWERS, 400), st.floats(-3, 3), st.floats(-2, 2))
def test_whatever_it_learned_from_p_right_falls_neither_with_confidence_nor_with_the_prior(
    seed, n, by_prior, by_confidence
):
    """Outcomes may hang on the prior and the confidence in any way, the wrong one as well."""
    random = np.random.default_rng(seed)
    prior, at = random.uniform(0, 1, (n, 4)), random.uniform(-2, 13.5, (n, 4))
    truth = sigmoid(by_prior * logit(prior) + random.normal(by_confidence, 1, (1, 4)) * (at - 5))
    right = (random.random((n, 4)) < truth).astype(float)
    right[:60], right[60:120] = 0, 1
    some = fit_verifier(prior, -np.exp(-at), right)
    grid = np.linspace(-2.5, 14, 67)
    priors = np.concatenate([[0], np.linspace(0.001, 0.999, 41), [1]])
    logprob, before = (side.reshape(-1, 1).repeat(4, 1) for side in np.meshgrid(-np.exp(-grid), priors))
    log_odds = logit(before) + some.shifts(tuple(POOL), before, logprob)
    by_both = sigmoid(log_odds).reshape(len(priors), len(grid), 4)
    assert np.diff(by_both, axis=0).min() > -1e-9
    assert np.diff(by_both, axis=1).min() > -1e-9
    assert min(some.pooled.slope) > -1 - 1e-9


def test_too_few_answers_teach_nothing():
    prior, logprob, right, _ = simulated()
    few = LEAST_ANSWERS // 4
    assert fit_verifier(prior[:few], logprob[:few], right[:few]) is None
    assert fit_verifier(prior, np.full_like(logprob, np.nan), right) is None
    assert fit_verifier(prior, logprob, np.ones_like(right)) is None, "none of them wrong"
    assert fit_verifier(prior, logprob, np.full_like(right, np.nan)) is None


def test_unknown_outcomes_are_passed_over_and_what_is_stated_is_kept(learned):
    prior, logprob, right, _ = simulated()
    more = [np.vstack([part, np.full((50, 4), value)]) for part, value in ((prior, 0.5), (logprob, -0.1))]
    unknown = np.vstack([right, np.full((50, 4), np.nan)])
    assert fit_verifier(*more, unknown, source="a simulation") == learned
    other = fit_verifier(prior, logprob, right, correlation=Correlation(0.1, 0.5), source="x")
    assert (other.correlation, other.source) == (Correlation(0.1, 0.5), "x")


def test_evidence_that_tells_nothing_shifts_nothing():
    prior, _, right, at = (part[:, :1] for part in simulated())
    noise = -np.exp(-np.random.default_rng(5).permutation(at))
    some = fit_verifier(prior, noise, right)
    shift = some.shifts([POOL["often"]], prior, noise)
    assert np.abs(shift).mean() < 0.15
