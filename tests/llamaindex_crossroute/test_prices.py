"""Prices that the caller states, in place of the router's."""

import pytest

from crossroute import Price
from llamaindex_crossroute import CrossRouteLLM


def test_a_stated_price_is_what_calls_are_counted_with(members, router):
    name = next(iter(members))
    price = Price(input=7, output=8)
    llm = CrossRouteLLM(llms=members, router=router, prices={name: price})
    pool = llm._routing.dispatcher.router.pool
    assert pool[name].price == price
    assert all(pool[other].price == router.pool[other].price for other in members if other != name)


def test_a_price_of_no_model_is_refused(members, router):
    with pytest.raises(ValueError, match="given for 'nobody'"):
        CrossRouteLLM(llms=members, router=router, prices={"nobody": Price(input=1, output=1)})
