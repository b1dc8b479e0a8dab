"""The ledger: each call counts once, however it ends; observers and a pacer learn of it."""

import asyncio

import pytest

from crossroute import Price
from crossroute.calls.ledger import Ledger
from crossroute.calls.spend import Spend, Usage
from crossroute.calls.steps import drive
from tests.support.escalating import PRICES, decided

USAGE = Usage(input_tokens=1000, output_tokens=100)


class Watch:
    """An observer and a pacer that note everything."""

    def __init__(self):
        self.begun, self.calls, self.held, self.settled = [], [], [], []

    def decided(self, decision):
        self.begun.append(decision)

    def called(self, call):
        self.calls.append(call)

    def decide(self, route, *, usual, asked=None, keys=()):
        return route(None)

    def holds(self, decision):
        return True

    def reserve(self, decision):
        self.held.append(decision.id)

    def settle(self, decision, cost):
        self.settled.append((decision.id, cost))


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def ledger(watch):
    return Ledger(Spend(), PRICES.get, observers=[watch], pacer=watch)


def test_an_answer_counts_at_its_price_and_once(ledger, watch):
    decision = decided()
    with ledger.entry(decision) as entry:
        entry.usage = USAGE
        assert entry.count().actual_cost == pytest.approx(0.002)
        assert entry.count() is entry.decision
    assert ledger.spend.total.calls == 1
    (call,) = watch.calls
    assert (call.decision, call.usage, call.cost) == (entry.decision, USAGE, entry.decision.actual_cost)
    assert (call.price, call.error, call.answered, call.final) == (PRICES["cheap"], None, True, True)
    assert call.seconds >= 0
    assert watch.held == [decision.id]
    assert watch.settled == [(decision.id, call.cost)]


def test_a_cost_that_is_known_by_itself_takes_the_place_of_the_price(ledger, watch):
    with ledger.entry(decided()) as entry:
        entry.usage, entry.cost = USAGE, 0.5
    assert ledger.spend.by_candidate["cheap"].cost == 0.5
    assert (watch.calls[0].cost, watch.calls[0].price, watch.calls[0].usage) == (0.5, None, USAGE)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, ValueError])
def test_a_stream_that_has_begun_counts_where_it_ends(ledger, watch, stop):
    entry = ledger.entry(decided())
    entry.begun, entry.usage = True, USAGE
    with pytest.raises(stop), entry:
        raise stop
    assert ledger.spend.total.usage == USAGE
    assert watch.calls[0].answered
    assert watch.calls[0].final is (stop is not ValueError), "the caller gets what came, unless an error"
    assert isinstance(watch.calls[0].error, stop)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, SystemExit])
def test_a_call_that_is_given_up_before_its_answer_is_of_unknown_cost(ledger, watch, stop):
    with pytest.raises(stop), ledger.entry(decided()):
        raise stop
    assert (ledger.spend.total.calls, ledger.spend.total.unknown) == (1, 1)
    assert (watch.calls[0].answered, watch.calls[0].cost) == (True, None)


def test_an_answer_that_could_not_be_read_counts(ledger, watch):
    class Told:
        answered, cost = False, None

        def raised(self, error):
            self.answered = True

        def took(self, told):
            return told or USAGE

    with pytest.raises(ValueError, match="no JSON"), ledger.entry(decided(), Told()):
        raise ValueError("no JSON")
    assert ledger.spend.total.calls == 1
    assert (watch.calls[0].answered, watch.calls[0].final) == (True, False)


def test_a_failure_does_not_count_and_is_told(ledger, watch):
    error = ValueError("bad request")
    with pytest.raises(ValueError, match="bad request"), ledger.entry(decided()):
        raise error
    assert ledger.spend.total.calls == 0
    (call,) = watch.calls
    assert (call.error, call.answered, call.final, call.cost) == (error, False, False, None)
    assert [cost for _, cost in watch.settled] == [0.0], "None is what is not known"


def test_an_answer_of_several_is_not_final(ledger, watch):
    with ledger.entry(decided(), final=False):
        pass
    assert not watch.calls[0].final


def test_tokens_without_a_price_have_no_cost():
    ledger = Ledger(Spend(), {"cheap": None}.get)
    with ledger.entry(decided()) as entry:
        entry.usage = USAGE
    assert entry.decision.actual_cost is None
    assert ledger.spend.total.usage == USAGE
    free = Ledger(Spend(), {"cheap": Price(input=0, output=0)}.get)
    with free.entry(decided()) as entry:
        entry.usage = USAGE
    assert entry.decision.actual_cost == 0


def test_of_a_call_that_counts_on_no_budget_a_pacer_is_not_asked(watch, ledger):
    watch.holds = lambda _: False
    entry = drive(ledger.begin(decided()), None)
    with entry:
        entry.usage = USAGE
    assert (watch.held, watch.settled, len(watch.calls)) == ([], [], 1)
