"""Responses and embeddings: OpenAI's own client, over models that lack this format and of both providers."""

import openai
import pytest

from tests.support.routers import ARITHMETIC, STORY

TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": True,
}


@pytest.mark.parametrize("model", ["small", "large"])
def test_an_answer(client, model):
    answer = client.responses.create(model=model, input=STORY, instructions="Be brief.", max_output_tokens=50)
    assert (answer.output_text, answer.status) == (f"I am {model}", "completed")
    assert (answer.usage.input_tokens, answer.usage.input_tokens_details.cached_tokens) == (100, 40)
    assert answer.model_extra["crossroute"]["candidate"] == model


@pytest.mark.parametrize("model", ["small", "large"])
def test_a_stream_is_gathered_by_the_client(client, model):
    with client.responses.stream(model=model, input=STORY) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        answer = stream.get_final_response()
    assert "".join(deltas) == answer.output_text == f"I am {model} "
    assert answer.usage.output_tokens == 20


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["small", "large"])
def test_tools_over_several_steps(client, upstream, model, streamed):
    def step(items):
        if not streamed:
            return client.responses.create(model=model, input=items, tools=[TOOL])
        with client.responses.stream(model=model, input=items, tools=[TOOL]) as stream:
            return stream.get_final_response()

    asked = [{"role": "user", "content": ARITHMETIC}]
    [call] = [item for item in step(asked).output if item.type == "function_call"]
    assert (call.name, call.arguments) == ("weather", '{"city": "words"}')
    given = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
    assert step([*asked, given, result]).output_text.strip() == f"I am {model}"


def test_structured_output_comes_parsed(client):
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    for model in ("small", "large"):
        answer = client.responses.parse(model=model, input=STORY, text_format=City)
        assert answer.output_parsed == City(name="words")


def test_a_conversation_that_only_its_provider_keeps_is_refused_by_others(client, upstream):
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="crossroute", input=STORY, previous_response_id="resp_1")
    assert not upstream.requests


def test_an_unknown_embedding_model_is_told(client):
    with pytest.raises(openai.NotFoundError, match=r"Unknown embedding model 'e'.*\[\[server.embeddings\]\]"):
        client.embeddings.create(model="e", input="Hi")
