"""Names of the user's own, and models on one's own machines, through both integrations."""

from __future__ import annotations

import pytest
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike
from pydantic import ValidationError

from crossroute import Price
from crossroute.errors import UnprofiledCandidateError
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM
from tests.support.integrations import Provider

OWN, GATEWAY = "http://127.0.0.1:9/v1", "https://api.example.com/v1"


def candidates(pool):
    return {one.name: one for one in pool._routing.dispatcher.router.pool}


def by_langchain(models):
    pool = ChatCrossRoute(
        models={
            name: ChatOllama(model=model)
            if url is None
            else ChatOpenAI(model=model, base_url=url, api_key="none", **told)
            for name, (model, url, told) in models.items()
        }
    )
    return candidates(pool)


def by_llamaindex(models):
    llms = {
        name: Ollama(model=model, context_window=8_000)
        if url is None
        else (OpenAI if model.startswith("gpt-") else OpenAILike)(
            model=model, api_base=url, api_key="none", **told
        )
        for name, (model, url, told) in models.items()
    }
    return candidates(CrossRouteLLM(llms))


@pytest.fixture(params=[by_langchain, by_llamaindex])
def made(request):
    return request.param


def test_a_name_of_the_users_own_means_the_model_that_is_asked(made):
    pool = made(
        {
            "fast": ("gpt-4o-mini", GATEWAY, {}),
            "gpt-5-low": ("gpt-5", GATEWAY, {"reasoning_effort": "low"}),
            "gpt-5-high": ("gpt-5", GATEWAY, {"reasoning_effort": "high"}),
            "gpt-4o": ("gpt-4o-mini", GATEWAY, {}),  # a name that is known goes before the model asked
        }
    )
    assert (pool["fast"].price.input, pool["gpt-4o"].price.input) == (0.15, 2.5)
    assert [pool[name].effort.told for name in ("gpt-5-low", "gpt-5-high")] == ["low", "high"]
    assert pool["gpt-5-low"].price == pool["gpt-5-high"].price


def test_open_weights_at_home_are_free(made):
    pool = made(
        {
            "llama3.1": ("llama3.1", None, {}),
            "qwen": ("Qwen/Qwen2.5-7B-Instruct", OWN, {}),
            "hosted": ("Qwen/Qwen2.5-7B-Instruct", GATEWAY, {}),
            "gpt-4o": ("gpt-4o", OWN, {}),  # a gateway at home to somebody else's
        }
    )
    assert [pool[name].price.output == 0 for name in pool] == [True, True, False, False]


@pytest.mark.parametrize("name", ["cost_preference", "candidate", "constraints", "budget_keys"])
def test_a_setting_among_a_models_arguments_is_refused_before_any_model_is_asked(
    integration, router, name, caplog
):
    provider = Provider()
    asking = integration(router, provider)
    copied = "constraints" if name == "candidate" else name  # LlamaIndex's pools have no field candidate
    told = f"'{name}' is a setting of the router.*configurable.*model_copy\\(update={{'{copied}': "
    with pytest.raises(TypeError, match=told):
        asking.ask(**{name: 0.5})
    assert provider.requests == []
    assert not caplog.messages  # no model is said to have failed
    assert asking.ask().failures == ()


def test_one_model_that_is_not_in_a_list_is_told_and_so_is_none():
    one = OpenAI(model="gpt-4o", api_key="none"), ChatOpenAI(model="gpt-4o", api_key="none")
    for model, pool in zip(one, (CrossRouteLLM, lambda models: ChatCrossRoute(models=models)), strict=True):
        with pytest.raises(TypeError, match=f"got one, '{type(model).__name__}'; put it in a list"):
            pool(model)
        for none in ([], {}):
            with pytest.raises(ValueError, match="Expected at least one model, got none"):
                pool(none)


def test_a_price_may_be_two_numbers(integration, router):
    asking = integration(router, Provider(), prices={"small": (1, 2)})
    assert asking.pool._routing.dispatcher.router.pool["small"].price == Price(input=1, output=2)
    for wrong in ((1,), (1, 2, 3), "1/2", (1, -2)):
        with pytest.raises(ValidationError, match="prices"):
            integration(router, Provider(), prices={"small": wrong})


def test_a_deployment_without_a_models_name_is_told_how_to_name_it(made):
    with pytest.raises(
        UnprofiledCandidateError, match=r"under another name such as a deployment's.*\{'gpt-5-mini'"
    ):
        made(
            {"prod-x": ("prod-x", GATEWAY, {})}
            if made is by_langchain
            else {"prod-x": ("gpt-oss-prod", None, {})}
        )


def test_a_copy_with_a_field_that_there_is_not_is_refused(integration, router):
    pool = integration(router, Provider()).pool
    assert pool.model_copy(update={"cost_preference": 0.9}).cost_preference == 0.9
    with pytest.raises(
        TypeError, match=r"Unknown argument 'cost_preferance'\. Did you mean 'cost_preference'\?"
    ):
        pool.model_copy(update={"cost_preferance": 0.9})
