"""Messages: Anthropic's own client against the server, over models of both providers."""

import json

import anthropic
import httpx
import pytest

from tests.support.routers import ARITHMETIC, STORY

TOOL = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


@pytest.fixture
def client(served):
    with anthropic.Anthropic(base_url=served.url, api_key="none", max_retries=0) as client:
        yield client


def said(text):
    return [{"role": "user", "content": text}]


def ask(client, text, model="crossroute", **more):
    return client.messages.create(model=model, max_tokens=100, messages=said(text), **more)


@pytest.mark.parametrize("model", ["small", "large"])
def test_an_answer_comes_from_models_of_both_providers(client, model):
    answer = ask(client, STORY, model)
    assert answer.content[0].text == f"I am {model}"
    assert (answer.stop_reason, answer.usage.output_tokens) == ("end_turn", 20)
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (60, 40)
    assert answer.model_extra["crossroute"]["candidate"] == model


@pytest.mark.parametrize("model", ["small", "large"])
def test_a_stream_is_gathered_by_the_client(client, model):
    with client.messages.stream(model=model, max_tokens=100, messages=said(STORY)) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text == message.content[0].text == f"I am {model} "
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 20)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["small", "large"])
def test_tools_over_several_steps(client, upstream, model, streamed):
    def step(messages):
        request = {"model": model, "max_tokens": 100, "messages": messages, "tools": [TOOL]}
        if not streamed:
            return client.messages.create(**request)
        with client.messages.stream(**request) as stream:
            return stream.get_final_message()

    first = step(said(ARITHMETIC))
    [call] = [block for block in first.content if block.type == "tool_use"]
    assert (call.name, call.input, first.stop_reason) == ("weather", {"city": "words"}, "tool_use")
    content = [block.model_dump(include={"type", "id", "name", "input"}) for block in first.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "Sunny."}]}
    messages = [
        *said(ARITHMETIC),
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result]},
    ]
    assert step(messages).content[0].text.strip() == f"I am {model}"
    if model == "small":
        [*_, asked, answered] = upstream.requests[-1].body["messages"]
        assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"city": "words"}
        assert answered == {"role": "tool", "tool_call_id": call.id, "content": "Sunny."}


def test_what_is_asked_in_one_format_is_said_in_the_other(client, upstream):
    client.messages.create(
        model="small",
        max_tokens=77,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": [{"type": "text", "text": "What is it?"}, PIXEL]}],
        stop_sequences=["END"],
        temperature=0.5,
        top_k=5,
        tools=[TOOL],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        metadata={"user_id": "ann"},
    )
    [request] = upstream.requests
    assert request.body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                ],
            },
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": TOOL["description"],
                    "parameters": TOOL["input_schema"],
                },
            }
        ],
        "max_tokens": 77,
        "temperature": 0.5,
        "tool_choice": "required",
        "stop": ["END"],
        "user": "ann",
        "parallel_tool_calls": False,
    }


def test_what_has_no_word_in_the_other_format_is_told(client):
    told = ask(client, STORY, "small", top_k=5).model_extra["crossroute"]
    assert told["left_out"] == ["'small' has no argument 'top_k': it is left out of calls to this model."]


def test_a_request_to_its_own_provider_keeps_what_only_that_reads(served, upstream):
    body = {
        "model": "large",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}],
        "messages": said("Hello"),
        "unknown": {"a": 1},
    }
    headers = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "context-1m-2025-08-07",
        "x-api-key": "none",
    }
    assert httpx.post(f"{served.url}/v1/messages", json=body, headers=headers).status_code == 200
    [request] = upstream.requests
    assert request.body == body
    sent = {name.lower(): value for name, value in request.headers.items()}
    assert sent["anthropic-beta"] == "context-1m-2025-08-07"
    assert sent["x-api-key"] == "sk-upstream-0123456789abcdef"
    assert "authorization" not in sent


def test_structured_output_is_asked_for_in_the_other_format(client, upstream):
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    form = {"format": {"type": "json_schema", "schema": schema}}
    assert json.loads(ask(client, STORY, "small", output_config=form).content[0].text) == {"name": "words"}


@pytest.mark.parametrize(
    ("behaviour", "error"), [(400, anthropic.BadRequestError), (500, anthropic.InternalServerError)]
)
@pytest.mark.parametrize("model", ["small", "large"])
def test_errors_come_in_anthropic_s_form(client, upstream, model, behaviour, error):
    upstream.behave(model, *[behaviour] * 30)
    with pytest.raises(error) as caught:
        ask(client, STORY, model)
    body = caught.value.response.json()
    assert body["type"] == "error"
    assert f"refused with {behaviour}" in body["error"]["message"]


def test_a_stream_that_breaks_ends_in_an_error_event(client, upstream):
    upstream.behave("small", "cut")
    with (
        pytest.raises(anthropic.APIStatusError, match=r"connection|broke"),
        client.messages.stream(model="small", max_tokens=9, messages=said(STORY)) as stream,
    ):
        stream.until_done()


def test_max_tokens_is_asked_for(served):
    answer = httpx.post(f"{served.url}/v1/messages", json={"model": "small", "messages": said("Hi")})
    assert answer.json() == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "max_tokens: expected a whole number of tokens.",
        },
    }
