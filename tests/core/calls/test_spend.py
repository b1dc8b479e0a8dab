"""Spend: tokens at their prices, by candidate; nothing is lost between threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crossroute import Price
from crossroute.calls.spend import Spend, Spent, Usage

PRICE = Price(input=10, output=30, cached_input=1)


def test_cached_input_is_charged_at_its_own_price():
    usage = Usage(input_tokens=1_000_000, output_tokens=100_000, cached_input_tokens=400_000)
    assert usage.cost(PRICE) == pytest.approx(6 + 0.4 + 3)
    assert usage.cost(Price(input=10, output=30)) == pytest.approx(10 + 3)


def test_more_cached_than_read_counts_as_all_cached():
    assert Usage(input_tokens=10, cached_input_tokens=20).cost(PRICE) == pytest.approx(1e-5)


def test_no_price_or_no_usage_gives_no_cost_but_counts_the_call():
    spend = Spend()
    assert spend.add("a", Usage(input_tokens=5), None) is None
    assert spend.add("a", None, PRICE) is None
    assert spend.by_candidate["a"].calls == 2
    assert spend.by_candidate["a"].usage.input_tokens == 5
    assert spend.total.cost == 0


def test_what_is_not_known_is_said_and_not_counted_as_nothing():
    spend = Spend()
    spend.add("a", None, PRICE)
    assert repr(spend) == "Spend($0 and 1 of unknown cost; calls: a 1)"
    spend.charge("b", 0.5)
    assert repr(spend) == "Spend($0.5 and 1 of unknown cost; calls: b 1, a 1)"
    table = spend.__rich__()
    assert [*table.columns[-1].cells] == ["$0.50", "1 unknown"]
    assert table.columns[-1].footer == "$0.50 + 1 unknown"


def test_a_call_that_says_its_cost_counts_at_that_with_its_tokens():
    spend = Spend()
    assert spend.charge("a", 0.5, Usage(input_tokens=5)) == 0.5
    assert spend.charge("a", 0.25) == 0.25
    assert spend.total == Spent(calls=2, usage=Usage(input_tokens=5), cost=0.75)


def test_threads_lose_nothing():
    spend = Spend()
    with ThreadPoolExecutor(8) as pool:
        one = Usage(input_tokens=100, output_tokens=10)
        list(pool.map(lambda i: spend.add("ab"[i % 2], one, PRICE), range(1000)))
    assert {name: spent.calls for name, spent in spend.by_candidate.items()} == {"a": 500, "b": 500}
    assert spend.total.usage == Usage(input_tokens=100_000, output_tokens=10_000)
    assert spend.total.cost == pytest.approx(1.3)
