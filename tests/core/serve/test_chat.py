"""Chat Completions: OpenAI's own client against the server."""

import re
import time

import httpx
import openai
import pytest

from crossroute.config import ModelEntry
from crossroute.serve.service import find_member, read_spellings
from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.routers import ARITHMETIC, CODE, STORY

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def said(text):
    return [{"role": "user", "content": text}]


def timeless(text):
    return re.sub(r'"created": \d+', "", text)


def ask(client, text, model="crossroute", **more):
    return client.chat.completions.create(model=model, messages=said(text), **more)


def test_a_story_goes_to_the_small_model_and_the_answer_says_so(client, upstream):
    raw = client.chat.completions.with_raw_response.create(model="crossroute", messages=said(STORY))
    answer = raw.parse()
    assert answer.choices[0].message.content == "I am small"
    told = answer.model_extra["crossroute"]
    assert told["candidate"] == raw.headers["x-crossroute-candidate"] == "small"
    assert told["decision_id"] == raw.headers["x-crossroute-decision-id"]
    cost = (60 * 0.1 + 40 * 0.1 + 20 * 0.2) / 1e6  # no price is stated for cached tokens
    assert told["cost_usd"] == pytest.approx(cost)
    assert float(raw.headers["x-crossroute-cost-usd"]) == pytest.approx(cost)
    [request] = upstream.requests
    assert request.headers["Authorization"] == "Bearer sk-upstream-0123456789abcdef"


def test_the_dial_is_in_the_name_or_in_the_field(client):
    assert ask(client, CODE).model_extra["crossroute"]["candidate"] == "coder"
    assert ask(client, ARITHMETIC, "crossroute:0").model_extra["crossroute"]["candidate"] == "large"
    assert ask(client, ARITHMETIC, "crossroute:1").model_extra["crossroute"]["candidate"] == "small"
    field = {"crossroute": {"cost_preference": 1}}
    told = ask(client, ARITHMETIC, extra_body=field).model_extra["crossroute"]
    assert (told["candidate"], told["cost_preference"]) == ("small", 1)


def test_a_model_by_its_name_is_taken(client, upstream):
    assert ask(client, ARITHMETIC, "small").choices[0].message.content == "I am small"


@pytest.mark.parametrize(
    ("asked", "candidate"),
    [
        ("anthropic/claude-opus-4-5", "claude-opus-4.5"),
        ("claude-opus-4-5", "claude-opus-4.5"),
        ("openai/gpt-4o-mini", "fast"),
        ("openai/gpt-4o", None),  # two members
        ("gpt-5.5", None),
        ("claude-opus-4-5@nonsense", None),
    ],
)
def test_a_spelling_of_one_member_means_it(asked, candidate):
    spelled = [
        ("claude-opus-4.5", "anthropic:claude-opus-4-5"),
        ("fast", "openai:gpt-4o-mini"),
        ("one", "openai:gpt-4o"),
        ("two", "openai:gpt-4o"),
    ]
    members = read_spellings([ModelEntry(name=name, model=model) for name, model in spelled])
    assert find_member(members, asked) == candidate


def test_what_is_asked_is_passed_on_byte_by_byte(served, upstream):
    body = (
        b'{ "temperature": 1.0,"unknown":{"a":[1e2,  "\\u00fc"]}, "crossroute": {"candidate": "small"},'
        b'"model":"crossroute","messages":[{"role":"user","content":"Hi \\ud83d\\ude00","extra":1}] }'
    )
    answer = httpx.post(
        f"{served.openai}/chat/completions", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    [request] = upstream.requests
    expected = body.replace(b' "crossroute": {"candidate": "small"},', b"").replace(
        b'"crossroute"', b'"small"'
    )
    assert request.raw == expected


def test_an_answer_keeps_its_bytes(served, upstream):
    plain = httpx.post(
        f"{upstream.openai}/chat/completions", json={"model": "small", "messages": said(STORY)}
    )
    routed = httpx.post(f"{served.openai}/chat/completions", json={"model": "small", "messages": said(STORY)})
    head, _, _ = routed.text.rpartition(', "crossroute":')
    assert timeless(head) == timeless(plain.text.removesuffix("}"))


def test_a_stream_comes_as_it_was_and_its_last_event_carries_the_decision(served, upstream):
    body = {
        "model": "small",
        "messages": said(STORY),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    plain = timeless(httpx.post(f"{upstream.openai}/chat/completions", json=body).text).split("\n\n")
    routed = timeless(httpx.post(f"{served.openai}/chat/completions", json=body).text).split("\n\n")
    assert routed[:-3] == plain[:-3]
    assert routed[-3].startswith(plain[-3].removesuffix("}"))
    assert ', "crossroute": {' in routed[-3]
    assert routed[-2:] == plain[-2:] == ["data: [DONE]", ""]


def test_a_stream_without_usage_has_no_event_for_it(client, upstream):
    chunks = list(ask(client, STORY, stream=True))
    assert all(chunk.choices for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "I am small "
    assert chunks[-1].model_extra["crossroute"]["cost_usd"] == pytest.approx(14e-6)
    assert upstream.requests[0].body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("behaviour", [500, 429, 401, "drop"])
def test_another_model_answers_where_one_fails(client, upstream, streamed, behaviour):
    upstream.behave("small", *[behaviour] * 9)
    answer = client.chat.completions.with_raw_response.create(
        model="crossroute", messages=said(STORY), stream=streamed
    )
    assert answer.headers["x-crossroute-candidate"] == "large"
    parsed = answer.parse()
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in parsed)
        if streamed
        else parsed.choices[0].message.content
    )
    assert text.strip() == "I am large"


def test_a_stream_that_breaks_before_its_first_word_is_asked_of_another(client, upstream):
    upstream.behave("small", "cut-early")
    text = "".join(chunk.choices[0].delta.content or "" for chunk in ask(client, STORY, stream=True))
    assert text == "I am large "


def test_a_stream_that_breaks_later_ends_in_an_error(client, upstream):
    upstream.behave("small", "cut")
    with pytest.raises(openai.APIError) as caught:
        list(ask(client, STORY, stream=True))
    assert caught.value.body["code"] == "connection" or "cut" in str(caught.value)


def test_tools_over_several_steps_stay_with_the_model_that_began(client, upstream):
    first = ask(client, ARITHMETIC, tools=[TOOL])
    began = first.model_extra["crossroute"]["candidate"]
    [call] = first.choices[0].message.tool_calls
    assert call.function.name == "weather"
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny."}
    messages = [*said(ARITHMETIC), first.choices[0].message.model_dump(exclude_none=True), result]
    last = client.chat.completions.create(model="crossroute:1", messages=messages, tools=[TOOL])
    assert last.choices[0].message.content == f"I am {began}"
    assert f"stuck to {began}: tool turn" in last.model_extra["crossroute"]["reasons"]


def test_structured_output_comes_parsed(client):
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    for model in ("small", "large"):
        answer = client.chat.completions.parse(model=model, messages=said(STORY), response_format=City)
        assert answer.choices[0].message.parsed == City(name="words")


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        (
            {"model": "gpt-9", "messages": said("Hi")},
            404,
            "Unknown model 'gpt-9'. Expected one of crossroute",
        ),
        ({"model": "crossroute:2", "messages": said("Hi")}, 404, "expected a dial from 0"),
        ({"model": "crossroute", "messages": "Hi"}, 400, "messages: expected a list"),
        ({"model": "crossroute", "messages": [{"role": "judge"}]}, 400, "messages[0].role: expected one of"),
        ({"messages": said("Hi")}, 400, "model: expected"),
        (
            {"model": "crossroute", "messages": said("Hi"), "crossroute": {"dial": 1}},
            400,
            "crossroute: expected an object",
        ),
        (
            {"model": "crossroute", "messages": said("Hi"), "crossroute": {"cost_preference": 7}},
            400,
            "crossroute.cost_preference: Input should be less than or equal to 1, got 7",
        ),
        (["crossroute"], 400, "The request is no JSON object"),
    ],
)
def test_a_wrong_request_is_told_what_was_expected(served, upstream, request_, status, told):
    answer = httpx.post(f"{served.openai}/chat/completions", json=request_)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert told in error["message"]
    assert set(error) == {"message", "type", "param", "code"}
    assert not upstream.requests


def test_a_provider_that_refuses_the_request_is_heard_as_it_was(client, upstream):
    upstream.behave("small", 400)
    with pytest.raises(openai.BadRequestError, match="refused with 400"):
        ask(client, STORY)
    assert len(upstream.requests) == 1


def test_no_key_of_ours_reaches_a_client(client, upstream):
    for name in ("small", "coder", "large"):
        upstream.behave(name, *[401] * 20)
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, STORY)
    assert caught.value.status_code == 502
    assert "refuses the server's own access" in str(caught.value)
    assert "sk-" not in caught.value.response.text
    assert "small failed with ProviderError 401" in caught.value.response.headers["x-crossroute-failures"]


def test_a_refused_argument_is_left_out_from_then_on(client, upstream):
    upstream.refuse("small", "logit_bias")
    for _ in range(2):
        assert ask(client, STORY, logit_bias={"1": 1}).choices[0].message.content == "I am small"
    assert ["logit_bias" in request.body for request in upstream.requests] == [True, False, False]


def test_models_are_listed_with_the_dial(client):
    names = [model.id for model in client.models.list()]
    assert names[:2] == ["crossroute", "crossroute:0"]
    assert names[-3:] == ["small", "coder", "large"]
    assert client.models.retrieve("crossroute:0.8").id == "crossroute:0.8"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


def test_route_decides_and_calls_nothing(served, upstream):
    answer = httpx.post(f"{served.openai}/route", json={"model": "crossroute", "messages": said(CODE)}).json()
    assert answer["candidate"] == "coder"
    assert {one["candidate"] for one in answer["alternatives"]} == {"small", "coder", "large"}
    assert not upstream.requests


def test_health_says_whether_a_model_answers(served):
    assert httpx.get(f"{served.url}/health/live").status_code == 200
    assert httpx.get(f"{served.url}/health/ready").json() == {"status": "ready", "down": []}
    for name in served.service.members:
        for _ in range(6):
            served.service.dispatcher.cooldowns.fail(name)
    answer = httpx.get(f"{served.url}/health/ready")
    assert (answer.status_code, answer.json()["down"]) == (503, ["small", "coder", "large"])


def test_a_path_that_is_not_there_says_so_in_openai_s_form(served):
    answer = httpx.get(f"{served.url}/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("There is no GET /v1/nothing")


def test_what_shadow_mode_kept_from_being_chosen_is_asked_beside(folder, upstream, tmp_path):
    models = {"small": f"openai {upstream.openai}", "large": f"anthropic {upstream.anthropic}"}
    (tmp_path / "router").symlink_to(folder / "router")
    path = serving.write_pool(tmp_path, models, 'shadow = "large"\nshadow_share = 1.0')
    with serving.served(path, ENVIRONMENT) as running:
        with openai.OpenAI(base_url=running.openai, api_key="none", max_retries=0) as client:
            assert ask(client, STORY).choices[0].message.content == "I am large"
            streamed = ask(client, STORY, stream=True)
            assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed).strip() == "I am large"
        for _ in range(100):
            if len(upstream.requests) == 4:
                break
            time.sleep(0.05)
    assert sorted(request.model for request in upstream.requests) == ["large", "large", "small", "small"]


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_says_that_it_failed_is_none(client, upstream, streamed):
    upstream.say("small", "" if streamed else "I", finish="error")  # a stream's words would pass at once
    answer = ask(client, STORY, stream=streamed)
    if streamed:
        words = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    else:
        words = answer.choices[0].message.content
    assert words.strip() == "I am large"
    assert upstream.requests[0].model == "small"
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("choices", [None, [], [None], [{"index": 0, "message": None}]])
def test_an_answer_that_cannot_be_read_counts_by_its_tokens(folder, tmp_path, choices):
    from tests.support.faulty import Provider, whole

    (tmp_path / "router").symlink_to(folder / "router")
    with Provider() as provider:
        provider.answer = (200, "application/json", whole(choices=choices))
        models = {"small": f"openai:bad {provider.url}/v1", "large": f"openai:good {provider.url}/v1"}
        path = serving.write_pool(tmp_path, models)
        with (
            serving.served(path, ENVIRONMENT) as running,
            openai.OpenAI(base_url=running.openai, api_key="none", max_retries=0) as client,
        ):
            assert ask(client, STORY).choices[0].message.content == "I am well"
            spent = running.service.dispatcher.spend.by_candidate
    assert provider.asked == ["bad", "good"]
    assert {name: (one.calls, one.usage.output_tokens) for name, one in spent.items()} == {
        "small": (1, 7),
        "large": (1, 7),
    }
