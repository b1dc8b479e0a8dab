"""Decisions without numbers: who may take a call, by what it can do alone."""

import math

import pytest

from crossroute import Candidate, Constraints, NoEligibleCandidateError
from crossroute.calls.unforeseen import Setting, Unforeseen

NEITHER = Setting(None, None)
HEARS = Constraints(capabilities=frozenset({"audio"}))


@pytest.fixture
def unforeseen(router):
    hears = Candidate(name="x", capabilities=frozenset({"audio"}), context_window=100)
    return Unforeseen(router, {"x": hears})


def test_a_decision_holds_the_setting_and_no_numbers(unforeseen, router):
    decision = unforeseen.decide("x", "why", Constraints(), Setting(0.25, None))
    assert (decision.candidate, decision.reasons, decision.cost_preference) == ("x", ("why",), 0.25)
    assert decision.willingness_to_pay == router.dial.at(0.25)
    assert decision.eligible == ("x", *router.pool.names)
    assert all(math.isnan(a.quality) and math.isnan(a.cost) for a in decision.alternatives)
    assert unforeseen.decide("x", "why", Constraints(), Setting(None, 0.5)).willingness_to_pay == 0.5


def test_the_first_that_may_takes_the_call(unforeseen):
    reasons = {"small": "first", "x": "second"}
    assert unforeseen.first_of(reasons, Constraints(), NEITHER).reasons == ("first",)
    assert unforeseen.first_of(reasons, HEARS, NEITHER).reasons == ("second",)
    assert unforeseen.first_of(reasons, HEARS, NEITHER, tokens=200) is None, "it has no room"
    assert unforeseen.first_of({}, HEARS, NEITHER) is None


def test_another_in_place_of_one_that_cannot(unforeseen):
    decision = unforeseen.in_place_of("small", HEARS, NEITHER)
    assert decision.candidate == "x"
    assert decision.reasons == ("no text, and small is excluded: lacks audio",)
    with pytest.raises(NoEligibleCandidateError, match="'x': lacks files"):
        unforeseen.in_place_of("x", Constraints(capabilities=frozenset({"files"})), NEITHER)
