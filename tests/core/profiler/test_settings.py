import asyncio

import pytest

from crossroute.profiler.settings import Pace
from tests.support.clock import Clock


def test_calls_are_spaced_evenly():
    clock = Clock()
    pace = Pace(requests_per_minute=30, clock=clock)
    assert pace.wait() == 0
    assert pace.wait() == 2
    clock.now = 1.5
    assert pace.wait() == 0.5
    clock.now = 2.0
    assert pace.wait() == 0
    assert pace.wait() == 2


def test_a_pause_earns_no_burst():
    clock = Clock()
    pace = Pace(requests_per_minute=60, clock=clock)
    clock.now = 100.0
    waits = [pace.wait() for _ in range(5)]
    assert waits == [0, 1, 1, 1, 1]


def test_nothing_starts_while_the_provider_asks_to_wait():
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.wait() == 0
    pace.hold(30)
    pace.hold(5)
    assert pace.wait() == 30
    clock.now = 30.0
    assert pace.wait() == 0


def test_without_a_limit_all_start_at_once():
    pace = Pace(clock=Clock())
    assert [pace.wait() for _ in range(100)] == [0] * 100
    asyncio.run(pace.turn())


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="must be greater than 0"):
        Pace(rate)
