"""Providers by litellm's own SDK, against stand-ins for their APIs: the same as of those that are asked directly."""

import importlib.util
import json

import httpx
import pytest

from crossroute.errors import ConfigError, MissingExtraError
from crossroute.serve import build_app
from tests.core.serve.conftest import ENVIRONMENT, KEY
from tests.support import serving
from tests.support.routers import ARITHMETIC, STORY

PATHS = {"chat": "chat/completions", "messages": "messages", "responses": "responses"}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PIXEL = "data:image/png;base64,iVBORw0KGgo="

needs_litellm = pytest.mark.skipif(
    importlib.util.find_spec("litellm") is None, reason="litellm is not installed"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # of litellm's


def write(folder, upstream, more=""):
    return serving.write_pool(
        folder,
        {
            "small": f"litellm:openai/small {upstream.openai}",
            "large": f"litellm:anthropic/large {upstream.url}",
        },
        more,
    )


@pytest.fixture
def served(folder, upstream):
    with serving.served(write(folder, upstream), ENVIRONMENT) as running:
        yield running


def ask(served, model="small", wire="chat", text=STORY, **more):
    asked = {"input": text} if wire == "responses" else {"messages": [{"role": "user", "content": text}]}
    limit = {"max_tokens": 50} if wire == "messages" else {}
    body = {"model": model, **asked, **limit, **more}
    return httpx.post(f"{served.openai}/{PATHS[wire]}", json=body, timeout=30)


def text_of(answer, wire):
    said = answer.json()
    if wire == "chat":
        return said["choices"][0]["message"]["content"]
    return (said["output"][0] if wire == "responses" else said)["content"][0]["text"]


@needs_litellm
@pytest.mark.parametrize("model", ["small", "large"])
@pytest.mark.parametrize("wire", PATHS)
def test_an_answer_comes_in_the_client_s_format_and_is_counted(served, upstream, wire, model):
    answer = ask(served, model, wire)
    assert (answer.status_code, text_of(answer, wire)) == (200, f"I am {model}"), answer.text
    assert answer.json()["crossroute"]["candidate"] == model
    per_token = {"small": (0.1, 0.2), "large": (10, 30)}[model]
    expected = (100 * per_token[0] + 20 * per_token[1]) / 1e6
    assert answer.json()["crossroute"]["cost_usd"] == pytest.approx(expected)
    sent = {name.lower(): value for name, value in upstream.requests[0].headers.items()}
    assert KEY in (sent.get("authorization", ""), sent.get("authorization", "")[7:], sent.get("x-api-key"))


@needs_litellm
@pytest.mark.parametrize("model", ["small", "large"])
@pytest.mark.parametrize("wire", PATHS)
def test_a_stream_ends_with_the_decision(served, wire, model):
    events = [one for one in ask(served, model, wire, stream=True).text.split("\n\n") if one]
    last = events[-2] if wire == "chat" else events[-1]
    told = json.loads(last.partition("data: ")[2])["crossroute"]
    assert (told["candidate"], told["cost_usd"] > 0) == (model, True)
    joined = "".join(events)
    assert all(word in joined for word in ("I ", "am ", model))


@needs_litellm
@pytest.mark.parametrize("model", ["small", "large"])
def test_tools_and_structured_output_take_several_turns(served, upstream, model):
    function = {"name": "weather", "parameters": {**SCHEMA, "additionalProperties": False}}
    tools = [{"type": "function", "function": function}]
    first = ask(served, model, text=ARITHMETIC, tools=tools).json()["choices"][0]
    [call] = first["message"]["tool_calls"]
    assert (first["finish_reason"], call["function"]["name"]) == ("tool_calls", "weather")
    said = [{"role": "user", "content": ARITHMETIC}, first["message"]]
    said.append({"role": "tool", "tool_call_id": call["id"], "content": "Sunny."})
    last = ask(served, model, messages=said, tools=tools).json()
    assert last["choices"][0]["message"]["content"] == f"I am {model}"
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA, "strict": True}}
    assert json.loads(text_of(ask(served, "small", response_format=form), "chat")) == {"name": "words"}


@needs_litellm
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("behaviour", [500, 429, 401, "drop"])
def test_another_model_answers_where_one_fails(served, upstream, streamed, behaviour):
    upstream.behave("small", *[behaviour] * 9)
    answer = ask(served, "crossroute", stream=streamed)
    assert (answer.status_code, answer.headers["x-crossroute-candidate"]) == (200, "large")


@needs_litellm
def test_an_error_is_told_in_the_client_s_format_and_without_keys(served, upstream):
    upstream.behave("small", 400)
    answer = ask(served, "small", "messages")
    assert answer.status_code == 400
    assert (answer.json()["type"], "refused with 400" in answer.json()["error"]["message"]) == ("error", True)
    assert KEY not in answer.text


@needs_litellm
def test_clients_do_not_say_where_a_model_is_called(served, upstream):
    evil = {"api_base": "http://127.0.0.1:9", "base_url": "http://127.0.0.1:9", "api_key": "x"}
    more = {"custom_llm_provider": "ollama", "mock_response": "no", "extra_headers": {"x-evil": "1"}}
    answer = ask(served, **evil, **more, metadata={"a": "b"})
    assert text_of(answer, "chat") == "I am small"
    assert not {"x-evil"} & {name.lower() for name in upstream.requests[0].headers}
    assert any("api_base" in told for told in answer.json()["crossroute"]["left_out"])


@needs_litellm
@pytest.mark.parametrize(("url", "status"), [("http://127.0.0.1:9/a.png", 400), (PIXEL, 200)])
def test_addresses_in_messages_are_not_fetched(served, upstream, url, status):
    image = {"type": "image_url", "image_url": {"url": url}}
    content = [{"type": "text", "text": STORY}, image]
    answer = ask(served, "small", messages=[{"role": "user", "content": content}])
    assert answer.status_code == status, answer.text
    assert len(upstream.requests) == (status == 200)


@needs_litellm
def test_a_provider_that_hangs_is_left(folder, upstream):
    with serving.served(write(folder, upstream, "[server]\nanswer_timeout_s = 0.5"), ENVIRONMENT) as served:
        upstream.behave("small", "hang")
        answer = ask(served, "crossroute")
        assert answer.json()["crossroute"]["candidate"] == "large"


def test_without_litellm_the_extra_is_named(folder, upstream, monkeypatch):
    monkeypatch.setattr("crossroute.errors.find_spec", lambda _: None)
    monkeypatch.setenv("STAND_IN_KEY", KEY)
    with pytest.raises(MissingExtraError, match=r"pip install \"crossroute\[litellm\]\""):
        build_app(write(folder, upstream))


@needs_litellm
def test_places_of_one_model_are_asked_in_one_way(folder, upstream, monkeypatch):
    monkeypatch.setenv("STAND_IN_KEY", KEY)
    path = write(folder, upstream)
    more = '\n[[models.deployments]]\nmodel = "openai:large"\nbase_url = "http://127.0.0.1:9/v1"\n'
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    with pytest.raises(ConfigError, match="another API"):
        build_app(path)
