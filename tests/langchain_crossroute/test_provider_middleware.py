"""Middleware of one provider beside CrossRouteMiddleware: which sees the chosen model, and what reaches the wire."""

import json

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ProviderToolSearchMiddleware
from langchain_anthropic import ChatAnthropic
from langchain_anthropic.middleware import (
    AnthropicPromptCachingMiddleware,
    StateClaudeMemoryMiddleware,
)
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from tests.support.routers import ARITHMETIC, STORY
from tests.support.wire import WireServer

ANTHROPICS, OPENAIS = STORY, ARITHMETIC
"""What goes to the member of either."""


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


@pytest.fixture(scope="module")
def server():
    with WireServer() as opened:
        yield opened


@pytest.fixture
def models(server):
    server.requests.clear()
    return {
        "small": ChatAnthropic(
            model="claude-haiku-4-5", base_url=server.anthropic, api_key="none", max_retries=0
        ),
        "large": ChatOpenAI(model="gpt-4o", base_url=server.openai, api_key="none", max_retries=0),
    }


def first_request(server, agent, text=STORY):
    agent.invoke({"messages": [("human", text)]})
    return server.requests[0]


def marks(request):
    return json.dumps(request.body).count("cache_control")


def caching(**more):
    return AnthropicPromptCachingMiddleware(unsupported_model_behavior="ignore", **more)


@pytest.mark.parametrize("own", ["small", "large"])
def test_within_the_pool_it_sees_the_model_that_was_chosen(server, models, router, own):
    middleware = [CrossRouteMiddleware(models, router), caching()]
    agent = create_agent(models[own], [weather], system_prompt="Be kind.", middleware=middleware)
    asked = first_request(server, agent, ANTHROPICS)
    assert (asked.model, marks(asked)) == ("claude-haiku-4-5", 3)  # the system prompt, the last tool, the end
    server.requests.clear()
    asked = first_request(server, agent, OPENAIS)
    assert (asked.model, marks(asked)) == ("gpt-4o", 0)


@pytest.mark.parametrize("case", [("small", ANTHROPICS, 3), ("small", OPENAIS, 0), ("large", ANTHROPICS, 0)])
def test_around_the_pool_it_sees_the_agent_s_own_and_its_marks_stay_with_anthropic(
    server, models, router, case
):
    own, text, count = case
    middleware = [caching(), CrossRouteMiddleware(models, router)]
    agent = create_agent(models[own], [weather], system_prompt="Be kind.", middleware=middleware)
    assert marks(first_request(server, agent, text)) == count


def test_a_tool_search_within_is_the_chosen_model_s(server, models, router):
    middleware = [
        CrossRouteMiddleware(models, router),
        ProviderToolSearchMiddleware(searchable_tools=["weather"]),
    ]
    agent = create_agent(models["large"], [weather], middleware=middleware)
    tools = first_request(server, agent, ANTHROPICS).body["tools"]
    assert [tool["name"] for tool in tools] == ["weather", "tool_search_tool_bm25"]


@pytest.mark.parametrize("text", [ANTHROPICS, OPENAIS])
def test_a_tool_search_around_the_pool_keeps_the_step_with_its_provider(server, models, router, text):
    middleware = [
        ProviderToolSearchMiddleware(searchable_tools=["weather"]),
        CrossRouteMiddleware(models, router),
    ]
    asked = first_request(server, create_agent(models["small"], [weather], middleware=middleware), text)
    assert asked.model == "claude-haiku-4-5"


@pytest.mark.parametrize("place", [0, 1])
def test_tools_of_anthropic_s_own_reach_its_models(server, models, router, place):
    middleware = [CrossRouteMiddleware(models, router)]
    middleware.insert(place, StateClaudeMemoryMiddleware())
    asked = first_request(server, create_agent(models["large"], [weather], middleware=middleware), ANTHROPICS)
    assert {"type": "memory_20250818", "name": "memory"} in asked.body["tools"]


def test_tools_of_anthropic_s_own_around_the_pool_keep_the_step_with_its_models(server, models, router):
    middleware = [StateClaudeMemoryMiddleware(), CrossRouteMiddleware(models, router)]
    asked = first_request(server, create_agent(models["large"], [weather], middleware=middleware), OPENAIS)
    assert asked.model == "claude-haiku-4-5"


def test_a_pool_as_the_agent_s_model_is_no_class_of_a_provider_and_caches_by_itself(server, models, router):
    pool = ChatCrossRoute(models=models, router=router)
    agent = create_agent(pool, [weather], system_prompt="Be kind.", middleware=[caching()])
    assert marks(first_request(server, agent)) == 0
    server.requests.clear()
    agent = create_agent(pool.model_copy(update={"cache_prompts": True}), [weather], system_prompt="Be kind.")
    assert marks(first_request(server, agent)) == 2
    strict = AnthropicPromptCachingMiddleware(unsupported_model_behavior="raise")
    with pytest.raises(ValueError, match="ChatCrossRoute"):
        first_request(server, create_agent(pool, middleware=[strict]))
