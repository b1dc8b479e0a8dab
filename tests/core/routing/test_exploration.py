"""Now and then a candidate that may be as good, at a known probability."""

from collections import Counter

import pytest

from crossroute import Router
from crossroute.routing.exploration import Exploration, Explorer, explore
from tests.support.routers import ARITHMETIC


@pytest.fixture(scope="module")
def decision():
    return Router.from_pretrained("routerbench").route(ARITHMETIC, cost_preference=0.3)


def reached(decision):
    """The candidates that a share may go to, as they are told."""
    told = explore(decision, 0.5, draw=lambda: 0.9).propensities
    return [name for name in told if name != decision.candidate]


def test_the_chosen_one_keeps_what_is_not_shared(decision):
    kept = explore(decision, 0.4, draw=lambda: 0.4)
    assert kept.candidate == decision.candidate
    assert kept.propensity == pytest.approx(0.6)
    assert sum(kept.propensities.values()) == pytest.approx(1)


def test_the_share_is_spread_evenly_and_told(decision):
    others = reached(decision)
    assert others
    draws = [place / 1000 for place in range(1000)]
    found = [explore(decision, 0.5, draw=lambda draw=draw: draw) for draw in draws]
    count = Counter(one.candidate for one in found)
    assert count[decision.candidate] == 500
    for name in others:
        assert count[name] == pytest.approx(500 / len(others), abs=1)
    for one in found:
        assert one.propensity == one.propensities[one.candidate]


def test_none_is_tried_that_costs_too_much_or_is_surely_worse(decision):
    assert explore(decision, 0.5, most_usd=0.0, draw=lambda: 0.0) == decision
    error = max(a.quality_error for a in decision.alternatives)
    best = next(a for a in decision.alternatives if a.candidate == decision.candidate)
    for name in reached(decision):
        other = next(a for a in decision.alternatives if a.candidate == name)
        assert other.quality + 2 * error >= best.quality - 1e-9 or other.cost < best.cost


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_out_of_range_is_refused(decision, share):
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        explore(decision, share)


def test_a_share_alone_stands_for_the_settings():
    assert Exploration.of(0.1) == Exploration(share=0.1)
    assert Exploration.of(None) is Exploration.of(0.0) is Exploration.of(Exploration(share=0)) is None


def test_an_explorer_stops_when_the_days_money_is_spent_and_begins_anew_the_next_day(decision, monkeypatch):
    monkeypatch.setattr("crossroute.routing.exploration.explore.__defaults__", (float("inf"), lambda: 0.0))
    tried = explore(decision, 0.5)
    assert tried.candidate != decision.candidate
    days = iter(["1", "1", "1", "2"])
    explorer = Explorer(Exploration(share=0.5, usd_a_day=1.5 * tried.cost), lambda: next(days))
    first, *others = (explorer.explored(decision) for _ in range(4))
    assert first.candidate == tried.candidate
    spent = first.cost
    for one in others[:2]:
        if one.candidate != decision.candidate:
            spent += one.cost
    assert spent <= 1.5 * tried.cost
    assert others[2].candidate == tried.candidate
