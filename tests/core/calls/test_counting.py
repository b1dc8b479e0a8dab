"""What providers say of tokens and cost, each in its own words."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from crossroute.calls.counting import get_field, read_cost, read_count, read_response, read_usage, to_mapping
from crossroute.calls.spend import Usage


class Sent(BaseModel):
    """A client's model that keeps what it does not know."""

    model_config = ConfigDict(extra="allow")

    prompt_tokens: int | None = None


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 3}, {"input_tokens": 9, "output_tokens": 3}),
        ({"inputTokens": 9, "outputTokens": 3}, {"input_tokens": 9, "output_tokens": 3}),
        (  # Anthropic's input is what its cache did not hold
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "cache_read_input_tokens": 4,
                "cache_creation_input_tokens": 2,
            },
            {"input_tokens": 11, "output_tokens": 3, "cached_input_tokens": 4, "cache_write_tokens": 2},
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "cache_creation_input_tokens": 6,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
            },
            {"input_tokens": 11, "output_tokens": 3, "cache_write_tokens": 2, "cache_write_1h_tokens": 4},
        ),
        (  # LiteLLM counts the cache within the prompt
            {"prompt_tokens": 9, "completion_tokens": 3, "cache_read_input_tokens": 4},
            {"input_tokens": 9, "output_tokens": 3, "cached_input_tokens": 4},
        ),
        (  # Gemini counts thoughts beside the answer
            {"prompt_token_count": 9, "candidates_token_count": 3, "thoughts_token_count": 7},
            {"input_tokens": 9, "output_tokens": 10},
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 2},
                "completion_tokens_details": {"audio_tokens": 1},
            },
            {
                "input_tokens": 9,
                "output_tokens": 3,
                "cached_input_tokens": 4,
                "input_audio_tokens": 2,
                "output_audio_tokens": 1,
            },
        ),
        (
            {
                "prompt_token_count": 9,
                "candidates_token_count": 3,
                "candidates_tokens_details": [{"modality": "Modality.IMAGE", "token_count": 2}],
            },
            {"input_tokens": 9, "output_tokens": 3, "output_image_tokens": 2},
        ),
        (  # and what its tools found beside the prompt
            {"prompt_token_count": 9, "candidates_token_count": 3, "tool_use_prompt_token_count": 5},
            {"input_tokens": 14, "output_tokens": 3},
        ),
        (
            {
                "promptTokenCount": 9,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 7,
                "cachedContentTokenCount": 4,
            },
            {"input_tokens": 9, "output_tokens": 10, "cached_input_tokens": 4},
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": None, "total_tokens": 12},
            {"input_tokens": 9, "output_tokens": 3},
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 3, "num_cached_tokens": 4},
            {"input_tokens": 9, "output_tokens": 3, "cached_input_tokens": 4},
        ),
        (  # Google's over HTTP
            {
                "promptTokenCount": 1100,
                "candidatesTokenCount": 1290,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1000}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
            },
            {
                "input_tokens": 1100,
                "output_tokens": 1290,
                "input_audio_tokens": 1000,
                "output_image_tokens": 1290,
            },
        ),
        ({"promptTokens": 9, "completionTokens": 3}, {"input_tokens": 9, "output_tokens": 3}),
        (
            {"inputTokens": 9, "outputTokens": 3, "cachedInputTokens": 4},
            {"input_tokens": 9, "output_tokens": 3, "cached_input_tokens": 4},
        ),
        (  # watsonx
            {"input_token_count": 9, "generated_token_count": 3},
            {"input_tokens": 9, "output_tokens": 3},
        ),
        (  # xAI counts reasoning beside the completion, as its total shows
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "total_tokens": 19,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            {"input_tokens": 9, "output_tokens": 10},
        ),
    ],
)
def test_tokens_are_read_as_each_provider_tells_them(told, tokens):
    for sent in (told, SimpleNamespace(**told), Sent(**told)):
        assert read_usage(sent) == Usage(**tokens)


@pytest.mark.parametrize("told", [None, {}, {"prompt_tokens": None}, {"total_tokens": 5}, [1, 2], "usage"])
def test_what_tells_no_tokens_tells_none(told):
    assert read_usage(told) is None


@pytest.mark.parametrize(
    "told", [True, "12.5", "1" * 10, "²", -1, float("nan"), float("inf"), 10**10, [], {}]
)
def test_what_is_no_count_is_none(told):
    assert read_count(told) is None


@pytest.mark.parametrize(
    ("places", "usd"),
    [
        (({"cost": 0.5},), 0.5),
        (({"cost": {"total_cost": 0.25}},), 0.25),
        (({"cost_in_usd_ticks": 5_000_000_000},), 0.5),
        (({"response_cost": 0.125},), 0.125),
        ((None, {}, {"cost": None}, {"cost": 0.5}), 0.5),
        (({"cost": 0.5}, {"cost": 0.7}), 0.5),
        (({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}},), 0.21),
        (({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}},), 0.01),
        (({"cost": 0},), 0.0),
        (({"cost": -1},), None),
        (({"cost": 1e6},), None),
        (({"cost": True},), None),
        (({"prompt_tokens": 1},), None),
    ],
)
def test_a_cost_is_the_first_that_is_stated(places, usd):
    assert read_cost(*places) == (None if usd is None else pytest.approx(usd))
    assert read_cost(*(place and SimpleNamespace(**place) for place in places)) == read_cost(*places)


def test_a_part_is_found_in_mappings_models_and_objects():
    sent = Sent(prompt_tokens=1, other=2)
    for place in ({"prompt_tokens": 1, "other": 2}, sent, SimpleNamespace(prompt_tokens=1, other=2)):
        assert [get_field(place, name) for name in ("prompt_tokens", "other", "missing")] == [1, 2, None]
    assert get_field(None, "other") is None
    assert to_mapping(sent) == {"prompt_tokens": 1, "other": 2}
    assert to_mapping(Sent()) == {}
    assert to_mapping("text") == "text"


CHAT = {"prompt_tokens": 9, "completion_tokens": 3}
GOOGLE = {"promptTokenCount": 9, "candidatesTokenCount": 3}
BEDROCK = {"inputTokens": 9, "outputTokens": 3, "cacheWriteInputTokens": 4}
BILLED = {
    "billed_units": {"input_tokens": 9, "output_tokens": 3},
    "tokens": {"input_tokens": 20, "output_tokens": 4},
}
ANTHROPIC = {"input_tokens": 9, "output_tokens": 3}

PLACES: dict[str, Any] = {
    "chat": {"usage": CHAT},
    "a response's last event": {"type": "response.completed", "response": {"usage": ANTHROPIC}},
    "Anthropic's first event": {"type": "message_start", "message": {"usage": ANTHROPIC}},
    "Groq's last chunk": {"choices": [], "x_groq": {"id": "1", "usage": CHAT}},
    "Mistral's event": SimpleNamespace(data=SimpleNamespace(usage=SimpleNamespace(**CHAT))),
    "Google": {"usageMetadata": GOOGLE},
    "Cohere, as billed": {"usage": BILLED},
    "Cohere's first API, as billed": {"meta": BILLED},
}


@pytest.mark.parametrize("sent", PLACES.values(), ids=PLACES)
def test_tokens_are_read_wherever_a_provider_states_them(sent):
    assert read_response(sent) == Usage(input_tokens=9, output_tokens=3)


@pytest.mark.parametrize(
    "sent", [None, "", "usage", {}, {"usage": None}, {"usage": "9"}, {"message": "busy"}, 3]
)
def test_where_none_are_stated_they_are_unknown(sent):
    assert read_response(sent) is None


@pytest.mark.parametrize(
    ("sent", "tier"),
    [
        ({"usage": CHAT, "service_tier": "default"}, 1.0),
        ({"usage": CHAT, "service_tier": "flex"}, 0.5),
        ({"usage": CHAT, "service_tier": "priority"}, 2.0),
        ({"response": {"usage": ANTHROPIC, "service_tier": "flex"}}, 0.5),
        ({"x_groq": {"usage": CHAT}, "service_tier": "flex"}, 1.0),
        ({"usage": CHAT, "service_tier": "flex", "model_provider": "groq"}, 1.0),
        ({"usage": BEDROCK, "serviceTier": {"type": "flex"}}, 0.5),
        ({"usage": BEDROCK, "serviceTier": {"type": "priority"}}, 1.75),
        ({"usage": BEDROCK, "serviceTier": {"type": "reserved"}}, 1.0),
        ({"usageMetadata": GOOGLE | {"trafficType": "ON_DEMAND_FLEX"}}, 0.5),
        ({"usageMetadata": GOOGLE | {"trafficType": "ON_DEMAND_PRIORITY"}}, 1.8),
        ({"usageMetadata": GOOGLE | {"trafficType": "PROVISIONED_THROUGHPUT"}}, 1.0),
        ({"usageMetadata": GOOGLE | {"serviceTier": "priority"}}, 1.8),
        ({"usage": ANTHROPIC | {"service_tier": "priority"}}, 1.0),
        ({"usage": ANTHROPIC | {"inference_geo": "us"}}, 1.1),
        ({"usage": ANTHROPIC | {"inference_geo": "not_available"}}, 1.0),
        ({"usage": ANTHROPIC | {"speed": "fast"}}, 2.0),
    ],
)
def test_a_service_tier_has_its_provider_s_price(sent, tier):
    usage = read_response(sent)
    assert usage is not None
    assert usage.tier == pytest.approx(tier)


@pytest.mark.parametrize(("ttl", "hour"), [("1h", 4), ("5m", 0)])
def test_bedrock_tells_apart_how_long_its_cache_keeps(ttl, hour):
    told = read_response({"usage": BEDROCK | {"cacheDetails": [{"inputTokens": 4, "ttl": ttl}]}})
    assert told == Usage(
        input_tokens=13, output_tokens=3, cache_write_tokens=4 - hour, cache_write_1h_tokens=hour
    )
