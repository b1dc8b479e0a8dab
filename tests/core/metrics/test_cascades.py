"""Cascades over recorded outcomes: every call that would have been made, paid for."""

from dataclasses import replace

import numpy as np
import pytest

from crossroute import Outcomes, Pool
from crossroute.calls.escalation.plan import EscalationPlan
from crossroute.escalation import Escalation
from crossroute.escalation.cascade import STOP
from crossroute.escalation.evidence import Evidence
from crossroute.metrics.cascades import play
from crossroute.metrics.sweep import Sweep
from crossroute.model.prediction import Prediction
from tests.support.escalating import NAMES, candidates, decided, verifier

PAYS = np.array([1e-4, 1e-3, 4e-3, 0.02, 1.0])


@pytest.fixture(scope="module")
def recorded():
    """Outcomes of 150 queries, confident where right, and a prediction of them."""
    random = np.random.default_rng(0)
    n, m = 150, len(NAMES)
    prior = random.uniform(0.2, 0.9, (n, m))
    right = random.random((n, m)) < prior
    at = random.normal(np.where(right, 7, 3), 2)
    cost = random.uniform(0.5, 1.5, (n, m)) * [1e-4, 3e-4, 1e-3]
    outcomes = Outcomes(
        query_ids=tuple(map(str, range(n))),
        texts=("?",) * n,
        tasks=("t",) * n,
        splits=("test",) * n,
        pool=Pool(candidates()),
        quality=right.astype(float),
        cost=cost,
        input_tokens=np.ones((n, m)),
        output_tokens=np.ones((n, m)),
        latency=random.uniform(0.1, 1, (n, m)),
        answer_logprob=-np.exp(-np.clip(at, -2, 13)),
    )
    return outcomes, Prediction(NAMES, prior, np.tile([1e-4, 3e-4, 1e-3], (n, 1)))


def same(played, sweep):
    assert (played.chosen == sweep.chosen).all()
    assert (played.quality == sweep.quality).all()
    assert (played.cost == sweep.cost).all()
    assert (played.calls == 1).all()


@pytest.mark.parametrize("reward", ["exponential", "linear"])
def test_one_call_is_plain_routing_exactly(recorded, reward):
    outcomes, prediction = recorded
    holes = outcomes.quality.copy()
    holes[:20, 2], holes[20] = np.nan, np.nan
    for some in (outcomes, replace(outcomes, quality=holes)):
        played = play(prediction, some, verifier(), PAYS, reward, max_calls=1)
        same(played, Sweep.of(prediction, some, PAYS, reward))


@pytest.mark.parametrize("look_ahead", [True, False])
@pytest.mark.parametrize("cheapest", [1e-4, 0.0])
def test_without_evidence_nothing_is_lost_and_no_call_made_in_vain(recorded, look_ahead, cheapest):
    outcomes, prediction = recorded
    mute = replace(outcomes, answer_logprob=np.full_like(outcomes.quality, np.nan))
    priced = replace(prediction, cost=prediction.cost * [cheapest / 1e-4, 1, 1])
    same(play(priced, mute, verifier(), PAYS, look_ahead=look_ahead), Sweep.of(priced, mute, PAYS))


def test_looking_at_answers_pays(recorded):
    outcomes, prediction = recorded
    routed = Sweep.of(prediction, outcomes, PAYS)
    played = play(prediction, outcomes, verifier(), PAYS)
    assert played.quality[:, -1].mean() > routed.quality[:, -1].mean() + 0.05
    assert 1 < played.calls.mean() < 2
    assert played.calls.max() == 2
    assert played.posterior.mean() == pytest.approx(played.quality.mean(), abs=0.08)


def test_all_calls_are_paid_and_waited_for(recorded):
    outcomes, prediction = recorded
    played = play(prediction, outcomes, verifier(), PAYS, max_calls=3)
    one = played.calls == 1
    rows, _ = np.nonzero(one)
    assert (played.cost[one] == outcomes.cost[rows, played.chosen[one]]).all()
    assert (played.latency[one] == outcomes.latency[rows, played.chosen[one]]).all()
    three = played.calls == 3
    rows, _ = np.nonzero(three)
    assert three.any()
    assert played.cost[three] == pytest.approx(outcomes.cost[rows].sum(axis=1))
    assert played.latency[three] == pytest.approx(outcomes.latency[rows].sum(axis=1))


def test_the_order_of_a_predictions_candidates_does_not_matter(recorded):
    outcomes, prediction = recorded
    turned = Prediction(NAMES[::-1], prediction.quality[:, ::-1], prediction.cost[:, ::-1])
    one, other = (play(each, outcomes, verifier(), PAYS) for each in (prediction, turned))
    assert (one.chosen == other.chosen).all()
    assert (one.cost == other.cost).all()


def test_some_queries_can_be_taken(recorded):
    outcomes, prediction = recorded
    played = play(prediction, outcomes, verifier(), PAYS)
    rows = np.arange(len(outcomes)) < 10
    part = played.take(rows)
    assert type(part) is type(played)
    assert (part.calls == played.calls[:10]).all()
    assert (part.points()[:, 1] == played.quality[:10].mean(axis=0)).all()


def test_a_guests_plan_makes_the_calls_that_are_played(recorded):
    outcomes, prediction = recorded
    for pay in (1e-3, 4e-3, 0.02):
        played = play(prediction, outcomes, verifier(), np.array([pay]), max_calls=3)
        for row in range(25):
            decision = decided(prediction.quality[row], prediction.cost[row], pay=pay)
            plan = EscalationPlan(decision, candidates(), verifier(), Escalation())
            called, shifts = [plan.choose_first()], []
            while True:
                logprob = outcomes.answer_logprob[row, NAMES.index(called[-1])]
                shifts.append(plan.shift(called[-1], Evidence(mean_logprob=logprob)))
                following = plan.choose_next(called, shifts, np.inf)
                if following is None or len(called) == 3:
                    break
                called.append(following)
            posteriors = plan.posteriors(called, shifts)
            assert len(called) == played.calls[row, 0]
            assert called[int(np.argmax(posteriors))] == NAMES[played.chosen[row, 0]]
            assert max(posteriors) == pytest.approx(played.posterior[row, 0])
    assert STOP not in played.chosen
