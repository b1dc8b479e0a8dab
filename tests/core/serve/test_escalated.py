"""Escalation over HTTP: a doubtful answer, another model, one answer for the client."""

import json

import httpx
import pytest

from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.routers import STORY


@pytest.fixture(params=["true", '"buffer"'])
def escalating(request, folder, upstream):
    models = {"small": f"openai {upstream.openai}", "large": f"anthropic {upstream.anthropic}"}
    path = serving.write_pool(folder, models, more=f"escalate = {request.param}")
    with serving.served(path, ENVIRONMENT) as running:
        yield running, request.param == '"buffer"'


def test_an_empty_answer_is_asked_of_another_and_log_probabilities_stay_inside(escalating, upstream):
    served, buffered = escalating
    upstream.say("small", "")
    body = {"model": "crossroute", "messages": [{"role": "user", "content": STORY}]}
    answer = httpx.post(f"{served.openai}/chat/completions", json=body).json()
    assert answer["choices"][0]["message"]["content"] == "I am large"
    assert [call["candidate"] for call in answer["crossroute"]["calls"]] == ["small", "large"]
    assert answer["crossroute"]["cost_usd"] == pytest.approx(14e-6 + 1_600e-6)
    kept = httpx.post(f"{served.openai}/chat/completions", json=body).json()
    assert kept["choices"][0]["message"]["content"] == "I am small"
    assert kept["choices"][0].get("logprobs") is None
    assert all(request.body.get("logprobs") for request in upstream.asked("small"))

    upstream.say("small", "")
    stream = httpx.post(f"{served.openai}/chat/completions", json=body | {"stream": True})
    chunks = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: {")]
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert text.strip() == ("I am large" if buffered else "")
