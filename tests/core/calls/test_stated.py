"""Where providers state the tokens and the service tier of a call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crossroute.calls.spend import Usage
from crossroute.calls.stated import read_response

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
