"""Requests that are nearly right: each is answered, or refused by one clear error of its format, and never by a 500."""

import copy
import json
import random
import time

import httpx
import pytest

from tests.core.serve.conftest import ENVIRONMENT
from tests.core.serve.test_requests import IMAGE, PATHS, error_of
from tests.support import serving
from tests.support.local_http import Answering, LocalServer

REQUESTS = 300
"""For each format."""
ODD = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    "words",
    "\x00\u202e\ud83d\ude00",
    "x" * 70_000,
    [],
    [[]],
    [None],
    ["a"],
    [{}],
    {},
    {"type": None},
    {"type": []},
    {"a": {"b": 1}},
    {"role": "user", "content": []},
]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
RIGHT = {
    "chat": {
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And here?"},
                    {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}},
                ],
            },
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        "stop": ["END"],
        "max_tokens": 20,
        "temperature": 0.5,
        "stream_options": {"include_usage": True},
        "stream": True,
        "crossroute": {"tags": ["a"], "constraints": {"max_cost": 1.0}},
    },
    "messages": {
        "system": [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "weather", "input": {}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "Sun"}],
                    },
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                    },
                ],
            },
        ],
        "tools": [{"name": "weather", "input_schema": SCHEMA}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stop_sequences": ["END"],
        "metadata": {"user_id": "ann"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
        "max_tokens": 20,
        "temperature": 0.5,
        "stream": True,
        "crossroute": {"conversation_id": "a", "cost_preference": 0.5},
    },
    "responses": {
        "instructions": "Be short.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "Sunny."},
            {"role": "user", "content": [{"type": "input_image", "image_url": IMAGE, "detail": "low"}]},
        ],
        "tools": [{"type": "function", **FUNCTION}],
        "tool_choice": {"type": "function", "name": "weather"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}, "verbosity": "low"},
        "reasoning": {"effort": "low"},
        "max_output_tokens": 20,
        "temperature": 0.5,
        "metadata": {"a": "b"},
        "stream": True,
        "crossroute": {"candidate": "small"},
    },
}


class Handler(Answering):
    """A provider that answers whatever it is asked."""

    def respond(self):
        asked = json.loads(self.read())
        if self.path.endswith("/messages"):
            head = {"id": "m", "type": "message", "role": "assistant", "model": "large"}
            usage = {"input_tokens": 1, "output_tokens": 1}
            blocks = [{"type": "text", "text": "Yes."}]
            whole = {**head, "content": blocks, "stop_reason": "end_turn", "usage": usage}
            events = [
                {"type": "message_start", "message": {**head, "content": [], "usage": usage}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Yes."}},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
                {"type": "message_stop"},
            ]
            stream = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
        else:
            message = {"role": "assistant", "content": "Yes."}
            whole = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            delta = {"id": "c", "choices": [{"index": 0, "delta": message, "finish_reason": "stop"}]}
            stream = f"data: {json.dumps(delta)}\n\ndata: [DONE]\n\n"
        if asked.get("stream") is True:
            self.answer(200, stream, "text/event-stream")
        else:
            self.answer(200, whole)


@pytest.fixture(scope="module")
def served(folder):
    with LocalServer(Handler) as upstream:
        models = {"small": f"openai {upstream.url}/v1", "large": f"anthropic {upstream.url}"}
        with serving.served(serving.write_pool(folder, models), ENVIRONMENT) as running:
            yield running


def places(value, at=()):
    """Yield the path of every value within a value."""
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*at, name))


def mutated(right, chance):
    """Return a request with one to three of its values replaced, left out, or repeated."""
    body = copy.deepcopy(right)
    for _ in range(chance.choice([1, 1, 2, 3])):
        *path, last = chance.choice(list(places(body)))
        within = body
        for name in path:
            within = within[name]
        act = chance.random()
        if act < 0.7:
            within[last] = chance.choice(ODD)
        elif act < 0.9 or isinstance(within, dict):
            del within[last]
        else:
            within.append(within[last])
    return body


def as_text(body, chance):
    """Return its JSON, now and then not quite that."""
    text = json.dumps(body, ensure_ascii=chance.random() < 0.5)
    act = chance.random()
    if act < 0.05:
        return text[: chance.randrange(len(text))]
    if act < 0.08:
        return text[:-1] + ', "model": "small"}'  # twice: the last one counts
    return text + "]" if act < 0.1 else text


@pytest.mark.parametrize("wire", PATHS)
def test_no_request_is_answered_by_a_fault_of_the_server(served, wire, capsys):
    chance = random.Random(wire)
    statuses = set()
    with httpx.Client(base_url=served.openai, timeout=60) as client:
        for number in range(REQUESTS):
            model = ("small", "large", "crossroute")[number % 3]
            text = as_text({"model": model, **mutated(RIGHT[wire], chance)}, chance)
            answer = client.post(
                f"/{PATHS[wire]}",
                content=text.encode("utf-8", "surrogatepass"),
                headers={"content-type": "application/json"},
            )
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (number, text[:2_000], answer.text)
            if answer.status_code != 200:
                assert error_of(answer, wire)["message"]
    assert {200, 400} <= statuses
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("wire", PATHS)
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b"null", {}, 400),
        (b'"words"', {}, 400),
        (b"{", {}, 400),
        (b'{"model": "small"} {}', {}, 400),
        (b'{"model": "\xff"}', {}, 400),
        ('{"model": "small"}'.encode("utf-16"), {}, 400),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, {}, 400),
        (b'{"n": ' + b"1" * 5_000 + b"}", {}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-type": ""}, 415),
        (b"{}", {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b"{}", {"content-encoding": "br"}, 415),
        (b"{}", {"authorization": b"Bearer \xfc\xf6", "x-a": b"\xff"}, 400),
        (b"{}", {"anthropic-version": b"\xc3\xbc"}, 400),
    ],
)
def test_what_is_no_request_is_one_clear_error(served, wire, content, headers, status):
    told = {"content-type": "application/json"} | headers
    answer = httpx.post(f"{served.openai}/{PATHS[wire]}", content=content, headers=told, timeout=60)
    assert answer.status_code == status, answer.text
    assert error_of(answer, wire)["message"]


@pytest.mark.parametrize("wire", PATHS)
def test_a_body_that_comes_drop_by_drop_is_cut_off(served, monkeypatch, wire):
    fast = served.service.settings.model_copy(update={"body_timeout_s": 0.2})
    monkeypatch.setattr(served.service, "settings", fast)

    def drops():
        yield b'{"model": '
        time.sleep(1)
        yield b'"small"}'

    told = {"content-type": "application/json", "content-length": "18"}
    answer = httpx.post(f"{served.openai}/{PATHS[wire]}", content=drops(), headers=told, timeout=60)
    assert answer.status_code == 408
    assert "did not come within 0.2 s" in error_of(answer, wire)["message"]
