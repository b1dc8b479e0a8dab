"""Requests and tokens a minute: a window that slides."""

import pytest

pytest.importorskip("starlette", reason="the extra `serve` is not installed")

from crossroute.serve import rates
from crossroute.serve.rates import LocalCounters, Rates


@pytest.fixture
def taking(clock):
    return Rates(LocalCounters(), clock)


def test_what_fits_is_counted_and_what_does_not_is_not(taking):
    assert taking.take("ann", 3, 5) == (2, 0.0)
    assert taking.take("ann", 3, 5) == (2, 60.0)
    assert taking.take("ann", 2, 5) == (0, 0.0)
    assert taking.take("bob", 5, 5) == (0, 0.0)


def test_the_minute_before_counts_as_far_as_it_is_in_view(taking, clock):
    clock.now = 30.0
    assert taking.take("ann", 4, 4).wait == 0
    clock.now = 75.0  # three quarters of the minute before are in view
    assert taking.take("ann", 2, 4).wait == 45.0
    assert taking.take("ann", 1, 4).wait == 0
    clock.now = 180.0
    assert taking.take("ann", 4, 4).wait == 0


def test_what_is_larger_than_the_limit_goes_alone(taking):
    assert taking.take("ann", 9, 5).wait == 0
    assert taking.take("ann", 1, 5).wait == 60
    taking.take("bob", 1, 5)
    assert taking.take("bob", 9, 5).wait == 60


def test_a_settled_amount_counts_as_it_was(taking):
    taking.take("ann", 5, 5)
    taking.settle("ann", -3)
    assert taking.take("ann", 3, 5).wait == 0
    taking.settle("ann", 2)
    assert taking.take("ann", 1, 5).wait == 60


def test_counters_are_dropped_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(rates, "COUNTED", 2)
    counters = LocalCounters()
    for name in "abcd":
        assert counters.add(name, 1) == 1
    assert (counters.read("a"), counters.read("d")) == (0, 1)
