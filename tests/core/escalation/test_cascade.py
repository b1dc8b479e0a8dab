"""Route and cascade: the policy by hand, by enumeration and by property."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.escalation.cascade import STOP, Forecast, choose_next_call
from crossroute.escalation.correlation import Correlation, logit
from crossroute.escalation.gain import NEVER, Signals
from crossroute.escalation.verifier import KNOTS
from crossroute.numeric import sigmoid
from crossroute.reward import best
from tests.support.escalating import candidates, reading, verifier
from tests.support.gaussian import believed

NAMES = ("a", "b", "c", "d")
TILTED = reading(0.9, 7).model_copy(update={"slope": (-0.4,) * len(KNOTS)})
READINGS = {"a": reading(0.6), "b": reading(1.2, 4), "c": reading(0.3), "d": TILTED}


def signals(speaks=(True, True, True, True), correlation=None):
    some = verifier(correlation, **READINGS)
    return some.signals(candidates(NAMES[: len(speaks)]), np.array(speaks))


def made(n=6, m=4, seed=0):
    random = np.random.default_rng(seed)
    return random.uniform(0.1, 0.95, (n, m)), random.uniform(1e-4, 3e-3, (n, m))


def discounted(quality, price, reward):
    return quality * np.exp(-price) if reward == "exponential" else quality - price


class Enumerated:
    """The same policy for one query, signal by signal and belief by matrices."""

    def __init__(self, prior, cost, told: Signals):
        self.prior, self.cost, self.told = prior, cost, told
        self.log_odds = logit(prior)

    def looks(self, k):
        shift = self.told.shift[k] + self.told.slope[k] * np.clip(self.log_odds[k], -3.9, 3.9)
        return self.told.correlation.look(self.log_odds[k], shift)

    def believed(self, hand):
        told = {k: y for k, y in hand.items() if y is not None}
        return believed(self.told.correlation, self.log_odds, list(told), np.array(list(told.values())))

    def likely(self, k, prior):
        return prior * self.told.right[k] + (1 - prior) * self.told.wrong[k]

    def gain(self, hand, k):
        before = self.believed(hand)
        held = max(before[i] for i in hand)
        if not self.told.speaks[k]:
            return max(before[k] - held, 0)
        likely = self.likely(k, before[k])
        after = [self.believed({**hand, k: y}) for y in self.looks(k)]
        new = np.array([belief[k] for belief in after])
        old = np.array([max(belief[i] for i in hand) for belief in after])
        return likely @ np.maximum(new - old, 0)

    def first(self, pay, reward):
        values = []
        for j in range(len(self.prior)):
            worth = self.prior[j]
            if self.told.speaks[j]:
                for likely, look in zip(self.likely(j, self.prior[j]), self.looks(j), strict=True):
                    posterior = self.believed({j: look})[j]
                    onward = [
                        discounted(posterior + self.gain({j: look}, k), self.cost[k] / pay, reward)
                        - posterior
                        for k in range(len(self.prior))
                        if k != j
                    ]
                    worth += likely * max(0, *onward)
            values.append(discounted(worth, self.cost[j] / pay, reward))
        return int(np.argmax(values))


@pytest.mark.parametrize("speaks", [(True,) * 4, (True, False, True, False), (False,) * 4])
@pytest.mark.parametrize("reward", ["exponential", "linear"])
def test_the_first_call_is_that_of_enumeration(speaks, reward):
    prior, cost = made(n=2)
    told = signals(speaks)
    forecast = Forecast(prior, cost, told)
    for pay in (2e-3, 0.02):
        found = forecast.first(pay, reward).tolist()
        assert found == [Enumerated(p, c, told).first(pay, reward) for p, c in zip(prior, cost, strict=True)]


@pytest.mark.parametrize("called", [(0,), (2,), (1, 3), (0, 2, 3)])
def test_posteriors_and_rises_are_those_of_enumeration(called):
    prior, cost = made(n=3)
    prior[:2, 3] = 0.995, 0.005  # beyond what its slope counts
    told = signals((True, False, True, True))
    shift = np.random.default_rng(1).normal(size=(3, len(called)))
    shift[0, 0] = np.nan  # this answer told nothing
    hand = Forecast(prior, cost, told).hand(np.tile(called, (3, 1)), shift)
    for row in range(3):
        one = Enumerated(prior[row], cost[row], told)
        looks = told.correlation.look(one.log_odds[list(called)], shift[row])
        held = {k: None if np.isnan(y) else y for k, y in zip(called, looks, strict=True)}
        belief = one.believed(held)
        assert hand.posterior[row] == pytest.approx(belief[list(called)], abs=1e-12)
        for k in range(4):
            if k in called:
                assert hand.gain[row, k] == NEVER
            else:
                assert hand.prior[row, k] == pytest.approx(belief[k], abs=1e-12)
                assert hand.gain[row, k] == pytest.approx(one.gain(held, k), abs=1e-12)


@given(st.integers(0, 1000), st.floats(1e-4, 1.0))
def test_where_nobody_tells_anything_it_is_plain_routing(seed, pay):
    prior, cost = made(n=20, seed=seed)
    cost[:, 0] = 0  # a free candidate is not called for nothing
    forecast = Forecast(prior, cost, signals((False,) * 4))
    first = forecast.first(pay)
    assert (first == best(prior, cost, pay)).all()
    hand = forecast.hand(first[:, None], np.full((20, 1), np.nan))
    assert hand.posterior[:, 0] == pytest.approx(
        np.take_along_axis(prior, first[:, None], 1)[:, 0], abs=1e-12
    )
    assert (choose_next_call(hand.posterior, hand.gain, cost, pay) == STOP).all()


def test_a_candidate_that_tells_nothing_can_only_replace():
    prior, cost = np.array([[0.6, 0.8, 0.5]]), np.array([[1e-4, 1e-3, 1e-3]])
    told = signals((True, False, False), Correlation(0.0, 0.2))
    hand = Forecast(prior, cost, told).hand(np.array([[0]]), np.array([[0.0]]))
    assert hand.gain[0] == pytest.approx([NEVER, 0.2, 0.0], abs=1e-12)


def test_with_a_cheap_and_a_dear_candidate_it_is_the_classical_cascade():
    shifts = np.linspace(-4, 4, 201)
    prior, cost = np.tile([0.6, 0.9], (201, 1)), np.tile([1e-4, 2e-3], (201, 1))
    called = np.zeros((201, 1), dtype=int)
    independent = Forecast(prior, cost, signals((True, False), Correlation(0.0, 0.2)))
    for pay in (0.003, 0.01, 0.1):
        hand = independent.hand(called, shifts[:, None])
        goes_on = choose_next_call(hand.posterior, hand.gain, cost, pay) == 1
        threshold = 0.9 * np.exp(-2e-3 / pay)
        assert (goes_on == (sigmoid(logit(np.array(0.6)) + shifts) < threshold)).all()
    correlated = Forecast(prior, cost, signals((True, True)))
    crossings = []
    for pay in (0.005, 0.02, 0.1):
        hand = correlated.hand(called, shifts[:, None])
        goes_on = choose_next_call(hand.posterior, hand.gain, cost, pay) == 1
        worthwhile = np.flatnonzero(np.diff(goes_on.astype(int)))
        assert len(worthwhile) <= 2, "between what is hopeless for both and what is good enough"
        assert goes_on.any()
        crossings.append(goes_on.sum())
    assert crossings[0] < 201
    assert crossings == sorted(crossings), "the more one pays, the more often the dear one is asked"


@given(st.permutations(range(4)), st.integers(0, 50))
def test_permuting_candidates_permutes_everything(order, seed):
    order = list(order)
    prior, cost = made(n=5, seed=seed)
    told = signals((True, True, False, True))
    moved = Signals(*(part[order] for part in told[:5]), told.correlation)
    one, other = Forecast(prior, cost, told), Forecast(prior[:, order], cost[:, order], moved)
    assert (np.array(order)[other.first(0.004)] == one.first(0.004)).all()
    called, shift = np.full((5, 1), 1), np.linspace(-2, 2, 5)[:, None]
    hands = one.hand(called, shift), other.hand(np.full((5, 1), order.index(1)), shift)
    assert hands[1].gain == pytest.approx(hands[0].gain[:, order], abs=1e-12)
    assert hands[1].prior == pytest.approx(hands[0].prior[:, order], abs=1e-12)


def test_the_order_of_answers_does_not_matter():
    prior, cost = made(n=1)
    forecast, shift = Forecast(prior, cost, signals()), {0: 1.0, 1: -2.0, 3: np.nan}
    for order in itertools.permutations(shift):
        hand = forecast.hand(np.array([order]), np.array([[shift[k] for k in order]]))
        first = dict(zip(order, hand.posterior[0], strict=True))
        assert first == pytest.approx(
            dict(
                zip(
                    shift,
                    forecast.hand(np.array([[0, 1, 3]]), np.array([[*shift.values()]])).posterior[0],
                    strict=True,
                )
            )
        )


def test_waiting_counts_as_the_cost_of_a_further_call_and_not_of_the_first():
    prior, cost = made(200)
    pay, waiting = 3e-3, np.array([0.0, 1e-3, 5e-3, 1e9])
    hurried, patient = (Forecast(prior, cost, signals(), each) for each in (waiting, 0.0))
    never = Forecast(prior, cost, signals(), 1e9)
    np.testing.assert_array_equal(never.first(pay), best(prior, cost, pay))
    assert (hurried.first(pay) != patient.first(pay)).any()
    hand = patient.hand(patient.first(pay)[:, None], np.full((200, 1), -1.0))
    dearer = choose_next_call(hand.posterior, hand.gain, cost + waiting, pay)
    found = choose_next_call(hand.posterior, hand.gain, cost, pay, waiting=waiting)
    np.testing.assert_array_equal(found, dearer)
    assert (found != 3).all()
    assert (found != STOP).any()


def test_a_budget_bars_what_it_cannot_pay():
    prior, cost = made(n=50)
    forecast = Forecast(prior, cost, signals())
    assert (forecast.first(0.004, budget=0.0) == best(prior, cost, 0.004)).all(), "no second call: routing"
    hand = forecast.hand(np.full((50, 1), 0), np.full((50, 1), -2.0))
    free = choose_next_call(hand.posterior, hand.gain, cost, 1.0)
    tight = choose_next_call(hand.posterior, hand.gain, cost, 1.0, budget=1e-3)
    assert (free != STOP).sum() > 40
    assert all(column == STOP or cost[row, column] <= 1e-3 for row, column in enumerate(tight))
    assert (choose_next_call(hand.posterior, hand.gain, cost, 1.0, budget=0.0) == STOP).all()
    assert (choose_next_call(hand.posterior, hand.gain, cost, 1e-9) == STOP).all()


def test_rises_are_no_less_than_nothing_and_certainty_stays_finite():
    prior = np.array([[0.0, 1.0, 0.5, 0.3]])
    forecast = Forecast(prior, np.full((1, 4), 1e-3), signals())
    hand = forecast.hand(np.array([[0]]), np.array([[-6.0]]))
    assert np.isfinite(hand.posterior).all()
    assert (hand.gain[0, 1:] >= 0).all()
    assert (hand.gain[0, 1:] <= 1).all()
