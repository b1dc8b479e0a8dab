import math

import numpy as np
import pytest
from pydantic import ValidationError

from crossroute import Candidate, Constraints, Pool, UnknownCandidateError
from crossroute.routing.policy import Screen


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.1, math.nan])
def test_a_confidence_outside_0_and_1_is_refused(value):
    with pytest.raises(ValidationError):
        Constraints(max_cost=1, max_cost_confidence=value)


CANDIDATE = Candidate(
    name="a", aliases=("alias",), context_window=1_000, capabilities={"tools", "structured_output"}
)


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        (Constraints(), None),
        (Constraints(capabilities={"tools"}), None),
        (Constraints(capabilities={"vision", "audio", "tools"}), "lacks audio, vision"),
        (Constraints(max_cost=0.02), None),
        (Constraints(max_cost=0.01), "cost of up to $0.02 (90% of such calls) above max_cost $0.01"),
        (Constraints(max_cost=0), "cost of up to $0.02 (90% of such calls) above max_cost $0"),
        (Constraints(min_quality=0.5), None),
        (Constraints(min_quality=0.51), "predicted quality 0.500 under min_quality 0.51"),
        (Constraints(allow={"b"}), "not in the allow list"),
        (Constraints(allow=frozenset()), "not in the allow list"),
        (Constraints(allow={"alias"}), None),
        (Constraints(deny={"alias"}), "in the deny list"),
        (Constraints(deny={"b"}), None),
    ],
)
def test_each_constraint_says_why(constraints, reason):
    assert constraints.failure(CANDIDATE, quality=0.5, cost=0.02, tokens=900) == reason


def test_the_context_window_holds_the_input():
    reason = Constraints().failure(CANDIDATE, quality=0.5, cost=0.02, tokens=1234.4)
    assert reason == "context window of 1,000 tokens, the call has about 1,234"
    assert Constraints().failure(Candidate(name="b"), quality=0.5, cost=0.02, tokens=1e9) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"max_cost": -1},
        {"max_cost": math.nan},
        {"min_quality": 1.1},
        {"min_quality": math.nan},
        {"capabilities": ["telepathy"]},
        {"allow": "gpt-4"},
        {"maximum_cost": 1},
    ],
)
def test_constraints_are_checked_at_the_boundary(fields):
    with pytest.raises(ValidationError):
        Constraints(**fields)


POOL = Pool(
    [
        Candidate(name="a", aliases=("first",)),
        Candidate(name="b", context_window=1_000, capabilities={"tools"}),
        Candidate(name="c", context_window=8_000, capabilities={"tools", "vision"}),
    ]
)
WINDOWS = np.array([np.inf, 1_000, 8_000])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"allow": ["first", "b"]},
        {"deny": ["a"]},
        {"capabilities": ["tools"]},
        {"capabilities": ["tools", "vision"], "deny": ["b"]},
        {"max_cost": 0.02},
        {"min_quality": 0.75},
        {"max_cost": 0.02, "min_quality": 0.75, "deny": ["a"]},
    ],
)
def test_a_screen_lets_through_what_fails_nothing(fields):
    constraints = Constraints(**fields)
    screen = Screen(POOL, constraints)
    quality, cost = np.array([[0.9, 0.8, 0.7], [0.7, 0.75, 0.9]]), np.array([[0.01, 0.02, 0.03]] * 2)
    tokens = np.array([[900, 1_001, 1_001], [9_000, 900, 8_001]])
    found = screen.eligible(quality, cost, tokens <= WINDOWS)
    by_row = [
        [constraints.failure(*each) is None for each in zip(POOL, *row, strict=True)]
        for row in zip(quality, cost, tokens, strict=True)
    ]
    assert np.broadcast_to(found, quality.shape).tolist() == by_row


def test_a_screen_that_excludes_no_candidate_says_so():
    assert Screen(POOL, Constraints()).eligible(np.ones((1, 3)), None, None) is None


def test_names_in_constraints_may_be_spelled_as_the_catalogue_knows_them():
    pool = Pool([Candidate(name="gpt-5-mini"), Candidate(name="anthropic:claude-opus-4-5")])
    constraints = Constraints(allow={"openai:gpt-5-mini", "claude-opus-4.5"}, deny={"GPT-5-mini"})
    screen = Screen(pool, constraints)
    assert screen.constraints.allow == set(pool.names)
    assert screen.constraints.deny == {"gpt-5-mini"}
    assert screen.eligible(np.ones((1, 2)), None, None).tolist() == [False, True]
    plain = Constraints(deny={"gpt-5-mini"})
    assert plain.named_in(pool) is plain


def test_a_screen_refuses_a_name_that_nobody_has():
    with pytest.raises(UnknownCandidateError, match="'d'"):
        Screen(POOL, Constraints(deny={"d"}))


def test_a_misspelt_constraint_is_told_with_the_one_that_is_meant():
    with pytest.raises(
        ValueError, match=r"no constraint 'max_costs'. Did you mean 'max_cost'\? Expected some of"
    ):
        Constraints.of({"max_costs": 1})
