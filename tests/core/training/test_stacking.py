from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from crossroute import Candidate, Price, Query, Router, TrainingConfig, fit
from crossroute.numeric import logit, sigmoid
from crossroute.training.stacking import PENALTY, fit_ridge, weigh, weigh_members, weigh_network
from tests.support.tiny import make_outcomes

SMALL = TrainingConfig(clusters=4, epochs=3, batch_size=32, hidden=16)

random = np.random.default_rng(0)
X = random.normal(size=(60, 4))
TRUTH = sigmoid(X @ random.normal(size=(4, 2)))
QUALITY = (random.random(TRUTH.shape) < TRUTH).astype(float)


def test_the_ridge_is_scikit_learns_and_its_left_out_predictions_those_of_fitting_anew():
    weights, bias, unseen = fit_ridge(X, QUALITY)
    fitted = Ridge(alpha=PENALTY).fit(X, QUALITY)
    np.testing.assert_allclose(X @ weights + bias, fitted.predict(X))
    anew = cross_val_predict(Ridge(alpha=PENALTY), X, QUALITY, cv=LeaveOneOut())
    np.testing.assert_allclose(unseen, anew, atol=0.02)  # the mean is left as it is, n - 1 for n


def test_the_ridge_of_a_candidate_is_fitted_to_what_is_known_of_it():
    holes = QUALITY.copy()
    holes[20:, 1] = np.nan
    weights, bias, unseen = fit_ridge(X, holes)
    alone = Ridge(alpha=PENALTY).fit(X[:20], holes[:20, 1])
    np.testing.assert_allclose(X @ weights[:, 1] + bias[1], alone.predict(X))
    np.testing.assert_allclose(unseen[20:, 1], alone.predict(X[20:]))


def test_one_member_is_weighed_as_scikit_learns_logistic_regression_does():
    logits = logit(TRUTH[:, :1], 1e-3)
    found = weigh(logits[None], QUALITY[:, :1], np.zeros(1), penalty=1e-6)
    fitted = LogisticRegression(C=1e6, tol=1e-8).fit(logits, QUALITY[:, 0])
    np.testing.assert_allclose(
        [found.weights[0], found.intercept[0]], [fitted.coef_[0, 0], fitted.intercept_[0]], 1e-2
    )


def test_weights_stay_where_they_began_under_a_large_penalty():
    logits = random.normal(size=(2, *QUALITY.shape))
    found = weigh(logits, QUALITY, np.array([0.25, 0.75]), penalty=1e9)
    np.testing.assert_allclose([*found.weights, *found.intercept], [0.25, 0.75, 0, 0], atol=1e-6)


def test_what_is_not_known_does_not_count():
    logits, holes = random.normal(size=(2, *QUALITY.shape)), QUALITY.copy()
    holes[30:] = np.nan
    whole = weigh(logits[:, :30], QUALITY[:30], np.full(2, 0.5), 1.0)
    found = weigh(logits, holes, np.full(2, 0.5), 1.0)
    np.testing.assert_allclose(found.weights, whole.weights)


EASE = random.normal(size=(600, 1)) * 1.5
LEVELS = np.linspace(-1, 1, 6)
TOSSED = (random.random((600, 6)) < sigmoid(EASE + LEVELS)).astype(float)
"""Of six candidates that differ on the whole, and on no query more than on others."""


def test_members_that_tell_nothing_leave_each_candidate_its_mean():
    shares = weigh_members(random.normal(size=(2, *TOSSED.shape)), TOSSED)
    told = sigmoid(shares(random.normal(size=(2, *TOSSED.shape))))
    np.testing.assert_allclose(told, np.broadcast_to(TOSSED.mean(axis=0), told.shape), atol=0.06)


def test_what_is_hard_for_all_counts_though_no_candidate_is_told_apart():
    noise = random.normal(size=TOSSED.shape)
    shares = weigh_members(np.stack([EASE + LEVELS + noise, EASE + LEVELS - noise]), TOSSED)
    assert (shares.weights < 0.15).all()
    assert shares.worth < 0.15
    assert (shares.weights + shares.common).sum() == pytest.approx(1, abs=0.15)


def test_a_member_that_errs_against_the_truth_is_left_out():
    apart = random.normal(size=TOSSED.shape)
    right = (random.random(TOSSED.shape) < sigmoid(LEVELS + apart)).astype(float)
    shares = weigh_members(np.stack([LEVELS - apart, LEVELS + apart]), right)
    assert shares.weights[0] == 0
    assert shares.weights[1] == pytest.approx(1, abs=0.15)


def test_a_network_whose_forest_told_nothing_hardly_counts():
    noise, members = random.normal(size=TOSSED.shape), np.broadcast_to(LEVELS, TOSSED.shape)
    halves = weigh_network(noise, members, TOSSED, seen=500, worth=0.0)
    assert abs(halves.weights[0]) < 0.1
    np.testing.assert_allclose(halves(np.stack([noise, members])), members, atol=0.5)


@pytest.fixture(scope="module")
def outcomes():
    return make_outcomes(180)


@pytest.fixture(scope="module")
def router(outcomes):
    return fit(outcomes, SMALL)


def test_a_trained_router_has_members_that_survive_saving_cutting_and_prices(router, outcomes, tmp_path):
    texts = outcomes.split("test").texts[:8]
    assert (router.predictor.columns >= 0).all()
    told = router.predict(texts)
    alone = router.predictor.with_ensemble(None)
    assert (alone.predict_encoded(router.calibration).quality != router.predict(texts).quality[:1]).any()
    router.save_pretrained(tmp_path)
    np.testing.assert_array_equal(Router.from_pretrained(tmp_path).predict(texts).quality, told.quality)
    names = outcomes.pool.names[::2]
    cut = router.subset(names)
    assert (cut.predictor.columns >= 0).all()
    dear = [each.model_copy(update={"price": Price(input=9, output=9)}) for each in cut.pool]
    np.testing.assert_array_equal(
        cut.with_candidates(dear).predict(texts).quality, cut.predict(texts).quality
    )


def lengthened(outcomes, factor):
    """The outcomes with answers that are so many times as long, and cost what that costs."""
    written = outcomes.output_tokens * factor
    price = np.array([[each.price.input, each.price.output] for each in outcomes.pool])
    cost = (outcomes.input_tokens * price[:, 0] + written * price[:, 1]) / 1e6
    return replace(outcomes, output_tokens=written, cost=cost)


def test_the_spend_foretold_of_each_candidate_is_the_observed_one_though_answers_differ_by_much(outcomes):
    spread = np.linspace(0.1, 1.0, len(outcomes.pool))
    factor = np.exp(np.random.default_rng(0).normal(size=outcomes.quality.shape) * spread)
    skewed = lengthened(outcomes, factor)
    whole = fit(skewed, SMALL).predictor.with_doubt(None)
    seen = skewed.take(np.array(skewed.splits) != "test")
    queries = whole.query_encoder.read([Query(text) for text in seen.texts])
    before, after = (
        (each.predict_encoded(queries).tokens - seen.input_tokens).sum(axis=0)
        / seen.output_tokens.sum(axis=0)
        for each in (whole.with_ensemble(None), whole)
    )
    assert before[-1] < 0.7  # the middle answer is much shorter than the mean one
    assert np.abs(after - 1).max() < 0.15


def test_one_endless_answer_makes_no_candidate_long(outcomes):
    factor = np.ones(outcomes.quality.shape)
    factor[0, 0] = 1e4
    plain, endless = (
        fit(lengthened(outcomes, each), SMALL).predictor.weighed.length[0] for each in (1.0, factor)
    )
    assert endless - plain < 0.5


def test_a_candidate_profiled_anew_is_the_networks_alone(router, outcomes):
    half = outcomes.take(np.arange(len(outcomes)) % 2 == 0)
    renamed = replace(
        half, pool=type(half.pool)([Candidate(name=f"new-{c.name}", price=c.price) for c in half.pool])
    )
    added = router.with_candidates([*router.pool, *router.profile(renamed)])
    known = added.predictor.columns >= 0
    assert known[: len(outcomes.pool)].all()
    assert not known[len(outcomes.pool) :].any()


def test_the_paper_s_plain_form_is_a_network_alone(outcomes):
    plain = TrainingConfig.plain().model_copy(update={"clusters": 4, "epochs": 1, "hidden": 16})
    assert fit(outcomes, plain).predictor.ensemble is None


def test_a_router_that_goes_on_learning_keeps_its_members_beside_the_candidates_that_they_know(router):
    further = make_outcomes(120)
    stranger, *known = further.pool
    pool = type(further.pool)([Candidate(name="stranger", price=stranger.price), *known])
    tuned = fit(replace(further, pool=pool), TrainingConfig(epochs=2, learning_rate=5e-3), start=router)
    assert tuned.predictor.columns.tolist() == [-1, *range(1, len(pool))]
    alone = tuned.predictor.with_ensemble(None).predict_encoded(tuned.calibration).quality
    together = tuned.predictor.predict_encoded(tuned.calibration).quality
    np.testing.assert_array_equal(together[:, 0], alone[:, 0])
    assert (together[:, 1:] != alone[:, 1:]).any()


def test_a_router_with_members_learns_what_changed(router, outcomes):
    changed = replace(outcomes, quality=1 - outcomes.quality)
    tuned, test = fit(changed, start=router), changed.split("test")
    before, after = (
        ((each.predict(test.texts).quality - test.quality) ** 2).mean() for each in (router, tuned)
    )
    assert after < before - 0.05
