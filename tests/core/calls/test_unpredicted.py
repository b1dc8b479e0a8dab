"""Decisions without numbers: which model may take a call, by what it can do alone."""

import math

import pytest

from crossroute import Candidate, Constraints, NoEligibleCandidateError
from crossroute.calls.unpredicted import DialSetting, Unpredicted

NEITHER = DialSetting(cost_preference=None, willingness_to_pay=None)
HEARS = Constraints(capabilities=frozenset({"audio"}))


@pytest.fixture
def unpredicted(router):
    hears = Candidate(name="x", capabilities=frozenset({"audio"}), context_window=100)
    return Unpredicted(router, {"x": hears})


def test_a_decision_holds_the_setting_and_no_numbers(unpredicted, router):
    decision = unpredicted.decide(
        "x", "why", Constraints(), DialSetting(cost_preference=0.25, willingness_to_pay=None)
    )
    assert (decision.candidate, decision.reasons, decision.cost_preference) == ("x", ("why",), 0.25)
    assert decision.willingness_to_pay == router.dial.at(0.25)
    assert decision.eligible == ("x", *router.pool.names)
    assert all(math.isnan(a.quality) and math.isnan(a.cost) for a in decision.alternatives)
    assert (
        unpredicted.decide(
            "x", "why", Constraints(), DialSetting(cost_preference=None, willingness_to_pay=0.5)
        ).willingness_to_pay
        == 0.5
    )


def test_the_first_that_may_takes_the_call(unpredicted):
    reasons = {"small": "first", "x": "second"}
    assert unpredicted.first_of(reasons, Constraints(), NEITHER).reasons == ("first",)
    assert unpredicted.first_of(reasons, HEARS, NEITHER).reasons == ("second",)
    assert unpredicted.first_of(reasons, HEARS, NEITHER, tokens=200) is None, "it has no room"
    assert unpredicted.first_of({}, HEARS, NEITHER) is None


def test_another_in_place_of_one_that_cannot(unpredicted):
    decision = unpredicted.in_place_of("small", HEARS, NEITHER)
    assert decision.candidate == "x"
    assert decision.reasons == ("no text, and small is excluded: lacks audio",)
    with pytest.raises(NoEligibleCandidateError, match="'x': lacks files"):
        unpredicted.in_place_of("x", Constraints(capabilities=frozenset({"files"})), NEITHER)


def test_a_call_without_text_goes_to_the_tool_turns_candidate_the_default_or_the_best(router):
    others = {"x": Candidate(name="x", capabilities=frozenset({"audio"}))}
    by_best, by_default = Unpredicted(router, others), Unpredicted(router, others, "x")
    stuck = by_best.by_default("small", Constraints(), NEITHER)
    assert (stuck.candidate, stuck.reasons) == ("small", ("stuck to small: tool turn",))
    assert by_best.by_default(None, Constraints(), NEITHER).candidate == by_best.best
    assert by_default.by_default(None, Constraints(), NEITHER).candidate == "x"
    assert by_default.by_elimination(HEARS, NEITHER, 0.0).candidate == "x"
