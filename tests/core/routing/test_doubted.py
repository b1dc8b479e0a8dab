"""What doubt adds to a router: tails of costs, warnings, and its place in a checkpoint and in training."""

import math
from dataclasses import replace

import numpy as np
import pytest

from crossroute import Constraints, Query, Router, fit
from crossroute.candidate import Belief
from crossroute.routing.dial import LEAST_TO_PAY, MOST_TO_PAY, NOTCHES, Dial
from tests.support.tiny import TINY

TEXTS = ["What is 2 plus 2?", "def f(x): return x", "Tell me a long story. " * 50]
FAR = Query("Der Himmel ist blau, und wer weiß schon, warum? " * 5)


def predict_one(router, text=TEXTS[0]):
    return router.predictor.predict([Query.of(text)])[0]


def test_a_cost_is_stayed_within_by_the_quantile_of_its_answers_length(router):
    one = predict_one(router)
    assert one.cost_within(0.5) == pytest.approx(one.cost)
    at = [one.cost_within(confidence) for confidence in (0.1, 0.5, 0.9, 0.99)]
    paid = one.output_cost > 0
    assert (np.diff(at, axis=0)[:, paid] > 0).all()
    deviation = one.cost + one.output_cost * (np.exp(one.spread) - 1)
    assert one.cost_within(0.8413447460685429) == pytest.approx(deviation)


def test_nine_in_ten_calls_cost_no_less_than_is_predicted(router):
    found = router.predict([*TEXTS, FAR.text])
    assert (found.cost_high >= found.cost).all()
    assert (found.cost_high[found.cost > 0] > found.cost[found.cost > 0]).all()


def test_the_surer_a_limit_must_be_the_more_it_excludes(router):
    one = predict_one(router)
    column = router.pool.position("large")
    limit = float((one.cost_within(0.6)[column] + one.cost_within(0.95)[column]) / 2)

    def excluded(confidence):
        limits = Constraints(max_cost=limit, max_cost_confidence=confidence)
        decision = router.route(TEXTS[0], constraints=limits)
        return {each.candidate for each in decision.alternatives if each.excluded}

    assert "large" not in excluded(0.6)
    assert "large" in excluded(0.95)
    assert excluded(0.6) <= excluded(0.95)


def dialled(router, pay):
    """The router with a dial that pays as much at each notch between its ends."""
    dial = Dial(willingness_to_pay=(MOST_TO_PAY, *[pay] * (NOTCHES - 2), LEAST_TO_PAY))
    return Router(
        router.predictor, calibration=router.calibration, cluster_labels=router.cluster_labels, dial=dial
    )


def test_a_dial_that_sends_all_to_one_candidate_warns_between_its_ends(router):
    pair = dialled(router.subset(["small", "large"]), LEAST_TO_PAY)
    decision = pair.route(TEXTS[0], cost_preference=0.5)
    assert len(decision.warnings) == 1
    assert "sends all of its" in decision.warnings[0]
    assert decision.candidate in decision.warnings[0]
    assert decision.warnings[0] in decision.explain()
    assert pair.route(TEXTS[0], cost_preference=0).warnings == ()
    assert pair.route(TEXTS[0], cost_preference=1).warnings == ()
    assert pair.route(TEXTS[0], willingness_to_pay=LEAST_TO_PAY).warnings == ()


def test_a_dial_that_mixes_does_not_warn(router):
    pair = router.subset(["small", "large"])
    calls = pair.predictor.predict_encoded(pair.calibration)
    # where one of the two is worth as much as the other to half of the queries
    gain = np.log(calls.quality[:, 1] / calls.quality[:, 0])
    pay = float(np.median((calls.cost[:, 1] - calls.cost[:, 0]) / np.maximum(gain, 1e-9)))
    assert dialled(pair, pay).route(TEXTS[0], cost_preference=0.5).warnings == ()


def test_doubt_and_beliefs_come_back_from_a_checkpoint(router, tmp_path):
    kinds = len(router.predictor.doubt.kinds)
    belief = Belief(
        ability=(0.5,) * kinds,
        ability_error=(0.25,) * kinds,
        log_tokens=(1.0,) * kinds,
        log_tokens_error=(0.5,) * kinds,
    )
    large = router.pool["large"]
    told = large.profile.model_copy(update={"belief": belief})
    router = router.with_candidates([large.model_copy(update={"profile": told})])
    router.save_pretrained(tmp_path)
    loaded = Router.from_pretrained(tmp_path)
    assert loaded.pool["large"].profile.belief == belief
    assert loaded.pool["small"].profile.belief is None
    ours, theirs = router.predictor.doubt, loaded.predictor.doubt
    assert theirs.kinds == ours.kinds
    assert all((theirs.tensors[name] == tensor).all() for name, tensor in ours.tensors.items())
    found, again = router.predict([*TEXTS, FAR.text]), loaded.predict([*TEXTS, FAR.text])
    assert (again.quality == found.quality).all()
    assert (again.cost_high == found.cost_high).all()


def test_training_tells_doubt_and_going_on_extends_it(outcomes, router):
    assert router.predictor.doubt is not None
    near = predict_one(router, outcomes.split("validation").texts[0]).trust
    assert near > predict_one(router, FAR.text).trust
    rng = np.random.default_rng(1)
    texts = tuple(
        f"Der Himmel ist blau, und wer weiß schon, warum? Frage {row}" for row in range(len(outcomes))
    )
    quality = (rng.random(outcomes.quality.shape) < [0.9, 0.1, 0.1, 0.9]).astype(float)
    wider = fit(replace(outcomes, texts=texts, quality=quality), TINY, start=router)
    assert wider.predictor.network is not router.predictor.network, "the new outcomes teach something"
    before, after = (len(each.predictor.doubt.tensors["own"]) for each in (router, wider))
    assert after > before
    assert predict_one(wider, texts[0]).trust > predict_one(router, texts[0]).trust
    assert math.isfinite(float(predict_one(wider, texts[0]).trust))
