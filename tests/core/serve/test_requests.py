"""What clients send that the first ones did not: each works, or gets one clear error in its own format."""

import gzip
import json
import socket

import httpx
import pytest

from tests.support.routers import STORY

PATHS = {"chat": "chat/completions", "messages": "messages", "responses": "responses"}
SAID = [{"role": "user", "content": STORY}]
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
IMAGE = "data:image/png;base64,iVBORw0KGgo="


def body(wire, model="small", **more):
    asked = {"input": STORY} if wire == "responses" else {"messages": SAID}
    limit = {"max_tokens": 50} if wire == "messages" else {}
    return {"model": model, **asked, **limit, **more}


def ask(served, wire, *args, **more):
    return httpx.post(f"{served.openai}/{PATHS[wire]}", json=body(wire, *args, **more), timeout=30)


def error_of(answer, wire):
    """Return an error, in the shape of its format."""
    said = answer.json()
    if wire == "messages":
        assert (said["type"], set(said["error"])) == ("error", {"type", "message"})
    else:
        assert set(said["error"]) == {"message", "type", "param", "code"}
    return said["error"]


FIELDS = {
    "chat": (
        "model messages tools tool_choice stream stream_options response_format functions stop max_tokens "
        "temperature n crossroute reasoning_effort metadata parallel_tool_calls logprobs"
    ),
    "messages": (
        "model messages system tools tool_choice stream stop_sequences metadata thinking output_config "
        "output_format max_tokens temperature crossroute"
    ),
    "responses": (
        "model input instructions tools tool_choice stream text reasoning metadata max_output_tokens "
        "previous_response_id include store background truncation crossroute"
    ),
}
WRONG = [
    "words",
    3,
    -1.5,
    True,
    [],
    [1],
    ["a"],
    [{}],
    [{"role": "user", "content": 3}],
    {},
    {"a": 1},
    {"type": []},
]


@pytest.mark.parametrize("wire", FIELDS)
@pytest.mark.parametrize("model", ["small", "large"])
def test_a_value_of_a_wrong_type_is_no_fault_of_the_server(served, wire, model):
    with httpx.Client(timeout=30) as client:
        for name in FIELDS[wire].split():
            for value in WRONG:
                asked = json.dumps(body(wire, model) | {name: value})
                told = {"content-type": "application/json"}
                answer = client.post(f"{served.openai}/{PATHS[wire]}", content=asked, headers=told)
                assert answer.status_code < 500, (name, value, answer.text)
                if answer.status_code != 200:
                    error_of(answer, wire)


@pytest.mark.parametrize(
    ("at", "more", "sent"),
    [
        ("chat small", {"n": 2, "logprobs": True}, {"n": 2, "logprobs": True}),
        (
            "chat small",
            {"stream_options": None, "parallel_tool_calls": False},
            {"parallel_tool_calls": False},
        ),
        ("chat small", {"functions": [FUNCTION], "function_call": "auto"}, {"functions": [FUNCTION]}),
        ("chat large", {"modalities": ["text"], "n": 1, "metadata": {"a": "b"}}, {"metadata": None}),
        ("chat large", {"user": "ann"}, {"metadata": {"user_id": "ann"}}),
        (
            "chat large",
            {"tools": [{"type": "function", "function": FUNCTION}], "parallel_tool_calls": False},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        ("messages small", {"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ("messages small", {"stop_sequences": ["END"], "top_k": 5}, {"stop": ["END"], "top_k": None}),
        ("responses small", {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ("responses small", {"text": {"verbosity": "low"}, "store": False}, {"verbosity": "low"}),
        ("responses large", {"max_output_tokens": 30}, {"max_tokens": 30}),
    ],
)
def test_what_has_a_word_is_said_in_it(served, upstream, at, more, sent):
    wire, model = at.split()
    answer = ask(served, wire, model, **more)
    assert answer.status_code == 200, answer.text
    assert {name: upstream.requests[-1].body.get(name) for name in sent} == sent


@pytest.mark.parametrize(
    ("at", "more", "told"),
    [
        ("chat large", {"n": 2}, "'n'"),
        ("chat large", {"logprobs": True}, "'logprobs'"),
        ("chat large", {"functions": [FUNCTION]}, "'functions'"),
        ("chat large", {"response_format": {"type": "json_object"}}, "'response_format'"),
        ("chat small", {"messages": []}, "messages: expected a list"),
        ("messages small", {"mcp_servers": [{"name": "a"}]}, "'mcp_servers'"),
        ("messages small", {"max_tokens": None}, "max_tokens: expected"),
        ("responses small", {"previous_response_id": "resp_1"}, "'previous_response_id'"),
        ("responses large", {"conversation": "conv_1"}, "'previous_response_id'"),
        ("responses small", {"background": True}, "background: "),
        ("responses small", {"input": []}, "input: expected"),
        ("responses crossroute", {"tools": [{"type": "web_search"}]}, "web_search"),
    ],
)
def test_what_has_no_word_is_one_clear_error(served, upstream, at, more, told):
    wire, model = at.split()
    answer = ask(served, wire, model, **more)
    assert answer.status_code == 400
    assert told in error_of(answer, wire)["message"]
    assert not upstream.requests


def test_a_file_that_only_its_provider_has_is_refused_to_others(served, upstream):
    image = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    answer = ask(served, "messages", messages=[{"role": "user", "content": [image]}])
    assert "'file_id'" in error_of(answer, "messages")["message"]
    part = {"type": "input_image", "file_id": "file_1"}
    answer = ask(served, "responses", input=[{"role": "user", "content": [part]}])
    assert "'file_id'" in error_of(answer, "responses")["message"]
    assert not upstream.requests


def test_a_picture_keeps_its_detail(served, upstream):
    part = {"type": "input_image", "image_url": IMAGE, "detail": "low"}
    ask(
        served,
        "responses",
        input=[{"role": "user", "content": [part, {"type": "input_text", "text": STORY}]}],
    )
    assert upstream.requests[0].body["messages"][0]["content"][0]["image_url"] == {
        "url": IMAGE,
        "detail": "low",
    }


def test_a_developer_s_message_is_a_system_prompt_elsewhere_than_at_openai(served, upstream):
    messages = [{"role": "developer", "content": "Be short."}, *SAID]
    assert ask(served, "chat", messages=messages).status_code == 200
    assert [message["role"] for message in upstream.requests[0].body["messages"]] == ["system", "user"]


def test_thinking_and_cache_control_are_read_by_the_other_format(served, upstream):
    system = [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    answer = {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello."}]}
    asked = {"system": system, "thinking": {"type": "adaptive"}, "messages": [*SAID, answer, *SAID]}
    told = ask(served, "messages", **asked)
    assert told.status_code == 200
    assert any("thinking" in one for one in told.json()["crossroute"]["left_out"])
    sent = upstream.requests[0].body["messages"]
    assert [message["content"] for message in sent] == ["Be short.", STORY, "Hello.", STORY]


def test_tokens_are_counted_by_an_api_that_counts_them_or_estimated(served, upstream):
    url = f"{served.openai}/messages/count_tokens"
    asked = {"model": "crossroute", "messages": SAID}
    counted = httpx.post(url, json=asked).json()
    assert 1 < counted["input_tokens"] < 60
    form = {"type": "json_schema", "schema": {"type": "object", "description": "words " * 100}}
    formed = httpx.post(url, json=asked | {"output_config": {"format": form}}).json()
    assert 100 < formed["input_tokens"] - counted["input_tokens"] < 200
    assert not upstream.requests
    httpx.post(url, json=asked | {"model": "large"})
    assert upstream.requests[0].path == "/v1/messages/count_tokens"


@pytest.mark.parametrize(
    ("method", "path", "status", "wire"),
    [
        ("POST", "/v1/completions", 404, "chat"),
        ("POST", "/v1/messages/batches", 404, "messages"),
        ("GET", "/v1/responses/resp_1", 404, "responses"),
        ("OPTIONS", "/v1/chat/completions", 405, "chat"),
        ("PUT", "/v1/messages", 405, "messages"),
    ],
)
def test_a_path_or_method_that_is_not_served_is_told_in_its_format(served, method, path, status, wire):
    answer = httpx.request(method, served.url + path)
    assert answer.status_code == status
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
    assert f"There is no {method} {path}" in error_of(answer, wire)["message"]


def test_a_head_is_answered_and_a_slash_at_the_end_counts_for_nothing(served):
    assert httpx.head(served.url).status_code == 200
    assert httpx.post(f"{served.openai}/chat/completions/", json=body("chat")).status_code == 200
    assert httpx.get(f"{served.openai}/models/").json()["first_id"] == "crossroute"


def test_a_packed_body_is_refused(served):
    told = {"content-type": "application/json", "content-encoding": "gzip"}
    packed = gzip.compress(json.dumps(body("messages")).encode())
    answer = httpx.post(f"{served.openai}/messages", content=packed, headers=told)
    assert (answer.status_code, "'gzip'" in error_of(answer, "messages")["message"]) == (415, True)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_refused(served, upstream, number):
    told = {"content-type": "application/json"}
    content = json.dumps(body("chat"))[:-1] + f', "temperature": {number}}}'
    answer = httpx.post(f"{served.openai}/chat/completions", content=content, headers=told)
    assert (answer.status_code, upstream.requests) == (400, [])
    assert number in error_of(answer, "chat")["message"]


def test_a_body_that_says_that_it_is_too_long_is_not_waited_for(served):
    head = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=20) as client:
        client.sendall(head + b"Content-Length: 1000000000000\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_stream_that_breaks_tells_so_as_its_format_does(served, upstream):
    upstream.behave("small", "cut")
    *_, last, _ = ask(served, "responses", stream=True).text.split("\n\n")
    name, _, data = last.partition("\n")
    said = json.loads(data.removeprefix("data: "))
    assert name == "event: error"
    assert (said["type"], said["message"]) == ("error", said["error"]["message"])


def test_a_head_without_an_end_is_cut_off(served):
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"x" * 66_000)
        answer = client.recv(1_000)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"


def test_a_head_that_comes_drop_by_drop_is_cut_off(served, monkeypatch):
    monkeypatch.setattr("crossroute.serve.heads.HEAD_S", 0.2)
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: ")
        assert client.recv(1_000).startswith(b"HTTP/1.1 408 ")


def test_more_calls_than_are_taken_at_once_are_told_to_come_again(served):
    served.service.settings = served.service.settings.model_copy(update={"most_streams": 1})
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=10) as held:
        content = json.dumps(body("chat")).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(content)}\r\n"
        held.sendall(f"{head}content-type: application/json\r\n\r\n".encode())  # the body is still to come
        answer = ask(served, "messages")
        while answer.status_code == 200:  # the head has not reached the server yet
            answer = ask(served, "messages")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert error_of(answer, "messages")["type"] == "overloaded_error"
