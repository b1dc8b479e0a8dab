import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossroute import Price


def test_cost_by_hand():
    price = Price(input=2, output=8, cached_input=0.5)
    assert price.cost(input_tokens=1_000_000, output_tokens=500_000) == 2 + 4
    assert price.cost(input_tokens=1_000_000, output_tokens=0, cached_input_tokens=400_000) == 1.2 + 0.2


def test_cached_input_costs_as_input_where_no_price_of_it_is_known():
    price = Price(input=2, output=8)
    assert price.cost(input_tokens=1_000_000, output_tokens=0, cached_input_tokens=400_000) == pytest.approx(
        2
    )


@given(
    st.floats(0, 100), st.floats(0, 100), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6)
)
def test_cost_never_falls_with_tokens(input_price, output_price, read, written, more):
    price = Price(input=input_price, output=output_price)
    cost = price.cost(input_tokens=read, output_tokens=written)
    assert price.cost(input_tokens=read + more, output_tokens=written) >= cost >= 0
    assert price.cost(input_tokens=read, output_tokens=written + more) >= cost


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "cheap", None])
def test_a_price_that_is_no_price_is_refused(value):
    with pytest.raises(ValidationError):
        Price(input=value, output=1)


@pytest.mark.parametrize(
    ("usd", "speed"), [(0.001, 0), (0.001, -5), (-1, 5), (0.001, float("nan")), (float("nan"), 5)]
)
def test_a_price_of_seconds_needs_a_speed(usd, speed):
    with pytest.raises(ValueError, match="tokens per second, above 0; got"):
        Price.by_second(usd, tokens_per_second=speed)
