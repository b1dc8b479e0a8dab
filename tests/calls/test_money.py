"""What calls cost, as their providers bill them."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from langchain_core.messages import AIMessage
from llama_index.core.llms import CompletionResponse

from crossroute.calls.arguments import count_schema_tokens
from crossroute.calls.counting import read_cost
from crossroute.calls.spend import Spend, Usage
from crossroute.candidate import Price
from crossroute.catalogue import Catalogue, add_rates
from langchain_crossroute.messages.reply import count_message, read_message_usage
from llamaindex_crossroute.messages.reply import usage_of as llamaindex_usage
from tests.support.faulty import STREAM, USAGE, chunk, whole
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


FIELDS = {f"field_{place}": {"type": "string", "description": "As it stands."} for place in range(40)}
FORM = {"name": "page", "schema": {"type": "object", "properties": FIELDS}}
FORMS = [
    {"response_format": {"type": "json_schema", "json_schema": FORM}},
    {"response_json_schema": FORM["schema"]},
    {"format": FORM["schema"]},
]


@pytest.mark.parametrize("form", FORMS)
def test_the_schema_of_an_answer_is_part_of_what_is_read(router, integration, form):
    asked = integration(router, Provider())
    plain, formed = asked.ask(), asked.ask(**form)
    price = router.pool["small"].price.input / 1e6
    read = next(one.cost for one in formed.alternatives) - next(one.cost for one in plain.alternatives)
    assert read / price == pytest.approx(count_schema_tokens(form))
    assert 300 < count_schema_tokens(form) < 1_200


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
    ("told", "bounded"),
    [
        ({"cached_input_tokens": 50}, {"cached_input_tokens": 11}),
        ({"cache_write_tokens": 50}, {"cache_write_tokens": 11}),
        ({"cache_write_1h_tokens": 50}, {"cache_write_1h_tokens": 11}),
        (
            {"cached_input_tokens": 8, "cache_write_1h_tokens": 2, "cache_write_tokens": 50},
            {"cached_input_tokens": 8, "cache_write_1h_tokens": 2, "cache_write_tokens": 1},
        ),
        ({"cached_input_tokens": 50, "cache_write_tokens": 50}, {"cached_input_tokens": 11}),
        (
            {"input_audio_tokens": 50, "cached_input_tokens": 11},
            {"input_audio_tokens": 11, "cached_input_tokens": 11},
        ),
        ({"output_audio_tokens": 50}, {"output_audio_tokens": 7}),
        (
            {"output_audio_tokens": 5, "output_image_tokens": 5},
            {"output_audio_tokens": 5, "output_image_tokens": 2},
        ),
    ],
)
def test_a_part_of_the_tokens_is_at_most_the_whole(told, bounded):
    whole = {"input_tokens": 11, "output_tokens": 7}
    assert Usage(**whole, **told) == Usage(**whole, **bounded)
    assert Usage(**whole, **told).model_dump() == Usage().model_dump() | whole | bounded


def test_so_it_is_where_a_cache_is_told_apart():
    told = Usage(input_tokens=60, cached_input_tokens=30, cache_write_tokens=20)
    assert Usage(input_tokens=11).completed(told) == Usage(input_tokens=11, cached_input_tokens=11)
    assert Usage(input_tokens=60).completed(told) == told
    known = Usage(input_tokens=60, cached_input_tokens=8)
    assert known.completed(told) == Usage(input_tokens=60, cached_input_tokens=8, cache_write_tokens=20)
    assert known.completed(None) == known


BROKEN = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 5_000, "audio_tokens": 5_000},
    "completion_tokens_details": {"reasoning_tokens": 5_000, "audio_tokens": 5_000},
}


def test_a_provider_that_tells_more_than_it_read_and_wrote_is_not_believed(pool, server):
    server.answer = (200, "application/json", whole(usage=BROKEN))
    pool.ask()
    spent = pool.pool.spend.by_candidate["small"]
    assert spent.usage == Usage(
        input_tokens=11,
        output_tokens=7,
        cached_input_tokens=11,
        input_audio_tokens=11,
        output_audio_tokens=7,
    )
    assert spent.cost == pytest.approx((11 * 0.01 + 7 * 0.2) / 1e6)


CACHED = {**dict(zip(USAGE, (100, 7, 107), strict=True)), "prompt_tokens_details": {"cached_tokens": 30}}


@pytest.mark.parametrize(
    "usage",
    [
        CACHED | {"cache_creation_input_tokens": 60},
        CACHED | {"prompt_tokens_details": {"cached_tokens": 30, "cache_creation_tokens": 60}},
        CACHED | {"prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 60}},
        CACHED | {"prompt_tokens_details": {"cached_tokens": 30, "cache_creation_input_tokens": 60}},
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_a_gateway_tells_of_a_cache_counts_through_both(pool, server, usage, streamed):
    if streamed:
        server.answer = [
            *STREAM[:-1],
            chunk({}, "stop").replace('"model"', f'"usage": {json.dumps(usage)}, "model"'),
        ]
        pool.stream()
    else:
        server.answer = (200, "application/json", whole(usage=usage))
        pool.ask()
    spent = pool.pool.spend.by_candidate["small"]
    assert spent.usage.model_dump() == Usage().model_dump() | {
        "input_tokens": 100,
        "output_tokens": 7,
        "cached_input_tokens": 30,
        "cache_write_tokens": 60,
    }
    assert spent.cost == pytest.approx((10 * 0.1 + 30 * 0.01 + 60 * 0.125 + 7 * 0.2) / 1e6)


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
    assert read_message_usage(told).cost(SONNET) == pytest.approx(cost)


TOLD = {"input_tokens": 1_000, "output_tokens": 1_300, "total_tokens": 2_300}
PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"response_metadata": {"serviceTier": {"type": "flex"}}},
            {"tier": 0.5},
        ),
        ({"response_metadata": {"service_tier": "flex", "model_provider": "groq"}}, {}),
        ({"response_metadata": {"usage": {"input_tokens": 9, "inference_geo": "us"}}}, {"tier": 1.1}),
        (
            {
                "response_metadata": {
                    "token_usage": {
                        "prompt_tokens": 1_000,
                        "completion_tokens": 1_300,
                        "completion_tokens_details": {"image_tokens": 9},
                    }
                }
            },
            {"output_image_tokens": 9},
        ),
        ({"content": PICTURE}, {"output_image_tokens": 1_300}),
        ({"content": ["Here it is.", *PICTURE]}, {"output_image_tokens": 1_296}),
        ({"additional_kwargs": {"audio": b"RIFF"}}, {"output_audio_tokens": 1_300}),
    ],
    ids=["Bedrock's tier", "Groq's", "the US", "a gateway's pictures", "a picture", "and words", "sound"],
)
def test_what_langchain_s_fields_leave_out_is_counted_by_the_rest_of_the_answer(message, expected):
    answer = AIMessage(**{"content": "Hi", "usage_metadata": TOLD, **message})
    if "additional_kwargs" in message:
        answer.content = ""
    whole = Usage(input_tokens=1_000, output_tokens=1_300)
    assert count_message(answer) == whole.model_copy(update=expected)


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


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"input_tokens": None, "output_tokens": None, "total_tokens": None}, None),
        ({"input_tokens": 10}, None),
        ({"input_tokens": -1, "output_tokens": 5, "total_tokens": 4}, None),
        ({"input_tokens": float("nan"), "output_tokens": 5, "total_tokens": 5}, None),
        ({}, None),
        ({"input_tokens": 10.0, "output_tokens": "5", "total_tokens": 15}, (10, 5, 0)),
        ({"input_tokens": 10, "output_tokens": 5, "input_token_details": {"cache_read": -3}}, (10, 5, 0)),
        ({"input_tokens": 10, "output_tokens": 5, "input_token_details": {"cache_read": None}}, (10, 5, 0)),
        ({"input_tokens": 10, "output_tokens": 5, "input_token_details": {"cache_read": 4}}, (10, 5, 4)),
    ],
)
def test_counts_that_are_none_are_unknown_and_lose_no_answer(told, expected):
    usage = read_message_usage(told)
    assert (usage and (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)) == expected


@pytest.mark.parametrize(("written", "in_all"), [(10, 610), (510, 610)], ids=["beside", "within"])
def test_reasoning_is_paid_for_whether_it_is_counted_within_the_output_or_beside(written, in_all):
    told = {"input_tokens": 100, "output_tokens": written, "total_tokens": in_all}
    assert read_message_usage(told | {"output_token_details": {"reasoning": 500}}).output_tokens == 510
    raw = {"prompt_tokens": 100, "completion_tokens": written, "total_tokens": in_all}
    raw["completion_tokens_details"] = {"reasoning_tokens": 500}
    assert llamaindex_usage(CompletionResponse(text="", raw={"usage": raw})).output_tokens == 510


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"usage": {"prompt_tokens": 100, "completion_tokens": 10, "prompt_cache_hit_tokens": 80}},
            (100, 10, 80),
        ),
        ({"usage": {"billed_units": {"input_tokens": 5.0, "output_tokens": 7.0}}}, (5, 7, 0)),
        ({"meta": {"billed_units": {"input_tokens": 5, "output_tokens": 7}}}, (5, 7, 0)),
        ({"usage": {"prompt_tokens": None, "completion_tokens": None}}, None),
        ({"usage": [1, 2]}, None),
    ],
    ids=["DeepSeek", "Cohere", "Cohere's first API", "nulls", "a list"],
)
def test_llamaindex_reads_other_providers_counts(raw, expected):
    usage = llamaindex_usage(CompletionResponse(text="", raw=raw))
    assert (usage and (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)) == expected


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


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("gemini-2.5-pro", {"input_tokens": 200_000, "output_tokens": 1_000}, 0.25 + 0.01),
        ("gemini-2.5-pro", {"input_tokens": 400_000, "output_tokens": 1_000}, 1.0 + 0.015),
        ("gemini-2.5-pro", {"input_tokens": 400_000, "cached_input_tokens": 400_000}, 0.1),
        ("gpt-5.5", {"input_tokens": 300_000, "output_tokens": 10_000}, 3.0 + 0.45),
        ("gpt-5.5", {"input_tokens": 300_000, "output_tokens": 10_000, "tier": 0.5}, 1.725),
        ("claude-sonnet-4-5", {"input_tokens": 300_000, "cache_write_1h_tokens": 300_000}, 3.6),
        ("grok-4.5", {"input_tokens": 200_000}, 0.8),
        ("gemini-2.5-flash", {"input_tokens": 100_000, "input_audio_tokens": 60_000}, 0.04 * 0.3 + 0.06),
        ("gpt-4o", {"input_tokens": 100_000, "input_audio_tokens": 60_000}, 0.25),
    ],
)
def test_long_prompts_and_sound_cost_what_the_provider_bills(model, usage, cost):
    listed = add_rates(Catalogue.bundled().find(model).entry.price)
    assert Usage(**usage).cost(listed) == pytest.approx(cost)


def test_a_price_that_a_user_states_holds_for_all_tokens():
    stated = Price(input=1, output=10)
    assert add_rates(stated) is stated
    assert add_rates(None) is None
    assert Usage(input_tokens=1_000_000, input_audio_tokens=1_000_000).cost(stated) == 1


def test_pictures_cost_what_pictures_cost():
    price = add_rates(
        Price(input=0.3, output=2.5, source="genai-prices 0.2.3: google/gemini-2.5-flash-image")
    )
    assert Usage(output_tokens=1_300, output_image_tokens=1_290).cost(price) == pytest.approx(
        (10 * 2.5 + 1_290 * 30) / 1e6
    )


def test_langchain_tells_sound_and_pictures():
    told = {
        "input_tokens": 90,
        "output_tokens": 50,
        "total_tokens": 140,
        "input_token_details": {"audio": 70},
        "output_token_details": {"audio": 20, "image": 10, "reasoning": 5},
    }
    usage = read_message_usage(told)
    assert (usage.input_audio_tokens, usage.output_audio_tokens, usage.output_image_tokens) == (70, 20, 10)


@pytest.mark.parametrize(
    "raw",
    [
        {
            "usage": {
                "prompt_tokens": 90,
                "completion_tokens": 50,
                "prompt_tokens_details": {"audio_tokens": 70, "cached_tokens": 0},
                "completion_tokens_details": {"audio_tokens": 20, "image_tokens": 10},
            }
        },
        {
            "usage_metadata": {
                "prompt_token_count": 90,
                "candidates_token_count": 50,
                "prompt_tokens_details": [
                    {"modality": "TEXT", "token_count": 20},
                    {"modality": "AUDIO", "token_count": 70},
                ],
                "candidates_tokens_details": [
                    {"modality": "MediaModality.AUDIO", "token_count": 20},
                    {"modality": "IMAGE", "token_count": 10},
                ],
            }
        },
    ],
    ids=["OpenAI", "Google"],
)
def test_llamaindex_tells_sound_and_pictures(raw):
    usage = llamaindex_usage(CompletionResponse(text="", raw=raw))
    assert (usage.input_audio_tokens, usage.output_audio_tokens, usage.output_image_tokens) == (70, 20, 10)
    assert (usage.input_tokens, usage.output_tokens) == (90, 50)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"cost": 0.0123}, 0.0123),
        ({"cost": 0}, 0.0),
        ({"cost": 0.0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
        ({"cost": {"input_tokens_cost": 0.001, "total_cost": 0.007}}, 0.007),
        ({"cost_in_usd_ticks": 37_756_000}, 0.0037756),
        ({"response_cost": 0.5}, 0.5),
        ({"cost": None}, None),
        ({"cost": float("nan")}, None),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ({"cost": "0.1"}, None),
    ],
)
def test_a_cost_that_a_provider_states_is_read(told, cost):
    assert read_cost(None, told) == (None if cost is None else pytest.approx(cost))
