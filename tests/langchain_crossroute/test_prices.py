"""Prices that the caller states, in place of the router's."""

import pytest

from crossroute import Price
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware

pytestmark = pytest.mark.parametrize("integration", [ChatCrossRoute, CrossRouteMiddleware])


def test_a_stated_price_is_what_calls_are_counted_with(integration, fakes, router):
    name = next(iter(fakes))
    price = Price(input=7, output=8)
    model = integration(models=fakes, router=router, prices={name: price})
    pool = model.routing.dispatcher.router.pool
    assert pool[name].price == price
    assert all(pool[other].price == router.pool[other].price for other in fakes if other != name)


def test_a_price_of_no_model_is_refused(integration, fakes, router):
    with pytest.raises(ValueError, match="given for 'nobody'"):
        integration(models=fakes, router=router, prices={"nobody": Price(input=1, output=1)})
