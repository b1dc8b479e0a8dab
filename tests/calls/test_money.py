"""What calls cost, as their providers bill them."""

from __future__ import annotations

import asyncio
import time

import pytest
from llama_index.core.llms import CompletionResponse

from crossroute.calls.spend import Spend, Usage
from crossroute.candidate import Price
from langchain_crossroute.messages.stamp import usage_of
from llamaindex_crossroute.messages.stamp import usage_of as llamaindex_usage
from tests.support.integrations import NAMES, Provider

SONNET = Price(input=3, output=15, cached_input=0.3)


def test_a_call_of_unknown_cost_is_no_free_call():
    spend = Spend()
    spend.add("a", None, SONNET)
    spend.add("a", Usage(input_tokens=1_000_000), None)
    spend.add("b", Usage(input_tokens=1_000_000), SONNET)
    spend.charge("b", 0.0)
    assert (spend.total.calls, spend.total.unknown, spend.total.cost) == (4, 2, 3.0)
    assert {name: one.unknown for name, one in spend.by_candidate.items()} == {"a": 2, "b": 0}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cache_write_tokens": 1_000_000}, 3.75),
        ({"cache_write_1h_tokens": 1_000_000}, 6.0),
        ({"cached_input_tokens": 1_000_000}, 0.3),
        ({"tier": 0.5}, 1.5),
        ({"tier": 2.0}, 6.0),
    ],
)
def test_caches_and_tiers_cost_what_they_cost(usage, cost):
    assert Usage(input_tokens=1_000_000, **usage).cost(SONNET) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("details", "cost"),
    [
        ({"ephemeral_1h_input_tokens": 1_000_000, "cache_creation": 0}, 6.0),
        ({"ephemeral_5m_input_tokens": 1_000_000, "cache_creation": 0}, 3.75),
        ({"cache_creation": 1_000_000}, 3.75),
        ({"flex": 1_000_000}, 1.5),
        ({"flex": 0, "flex_cache_read": 1_000_000}, 0.15),
    ],
)
def test_langchain_tells_caches_and_tiers(details, cost):
    told = {
        "input_tokens": 1_000_000,
        "output_tokens": 0,
        "total_tokens": 1_000_000,
        "input_token_details": details,
    }
    assert usage_of(told).cost(SONNET) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("raw", "cost"),
    [
        ({"usage": {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 1_000_000}}, 3.75),
        (
            {
                "usage": {
                    "input_tokens": 0,
                    "output_tokens": 0,
                    "cache_creation_input_tokens": 1_000_000,
                    "cache_creation": {"ephemeral_1h_input_tokens": 1_000_000},
                }
            },
            6.0,
        ),
        ({"usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0}, "service_tier": "flex"}, 1.5),
        ({"usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0}, "service_tier": "default"}, 3.0),
    ],
)
def test_llamaindex_tells_caches_and_tiers(raw, cost):
    told = CompletionResponse(text="", raw=raw)
    assert llamaindex_usage(told).cost(SONNET) == pytest.approx(cost)


class Slow(Provider):
    """Takes its time over each request."""

    def receive(self, model: str, logprobs: bool | None) -> None:
        time.sleep(0.05)
        super().receive(model, logprobs)


@pytest.mark.parametrize("ask", ["ask", "aask"])
def test_a_model_whose_time_is_paid_for_costs_its_seconds(router, integration, ask):
    price = Price.by_second(2.0, tokens_per_second=100)
    pool = integration(router, Slow(), prices=dict.fromkeys(NAMES, price))
    began = time.monotonic()
    decision = getattr(pool, ask)()
    decision = asyncio.run(decision) if asyncio.iscoroutine(decision) else decision
    assert 0.1 <= decision.actual_cost <= 2 * (time.monotonic() - began)
    assert pool.pool.spend.total.cost == decision.actual_cost
    assert pool.pool.spend.total.usage.output_tokens > 0
    assert decision.cost > 0  # foreseen by tokens


def test_seconds_are_foreseen_by_tokens():
    price = Price.by_second(0.001, tokens_per_second=50)
    assert price.cost(input_tokens=10_000, output_tokens=100) == pytest.approx(0.002)
    assert price.source == "0.001 USD a second, at 50 tokens a second"
