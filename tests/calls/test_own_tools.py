"""Tools that one provider runs itself, in calls to another's models that were not chosen for them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from llama_index.core.llms import ChatMessage
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI

from crossroute import Constraints
from crossroute.calls.tools import check_provider_tools
from crossroute.errors import NoEligibleCandidateError, UnableError
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from llamaindex_crossroute import CrossRouteLLM
from tests.support.routers import STORY
from tests.support.wire import WireServer

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""The classes' own clients, which they never close."""

ANTHROPICS = {"type": "web_search_20250305", "name": "web_search"}
OPENAIS = {"type": "code_interpreter", "container": {"type": "auto"}}
GOOGLES = {"google_search": {}}
ANYBODYS = {"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}
FOREIGN = [
    ("small", ANTHROPICS, "web_search_20250305"),
    ("small", {"type": "mcp_toolset", "mcp_server_name": "x"}, "mcp_toolset"),
    ("small", GOOGLES, "google_search"),
    ("large", OPENAIS, "code_interpreter"),
    ("large", {"type": "custom", "name": "x"}, "custom"),
    ("large", {"type": "mcp", "server_label": "x", "server_url": "x"}, "mcp"),
    ("large", {"function_declarations": [{"name": "x"}]}, "function_declarations"),
    ("coder", ANTHROPICS, "web_search_20250305"),
    ("coder", OPENAIS, "code_interpreter"),
]


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Have the clients collected before the next module, which heeds these warnings."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def wire() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def models(wire: WireServer) -> dict[str, Any]:
    return {
        "small": ChatOpenAI(model="small", base_url=wire.openai, api_key="none", max_retries=0),
        "large": ChatAnthropic(model="large", base_url=wire.anthropic, api_key="none", max_retries=0),
    }


@pytest.fixture
def pool(models: dict[str, Any], router: Any) -> ChatCrossRoute:
    local = {"coder": ChatOllama(model="coder", base_url="http://127.0.0.1:9")}
    return ChatCrossRoute(models={**models, **local}, router=router)


def by_config(pool: Any, name: str, tool: Any) -> Any:
    return pool.bind_tools([tool]).invoke(STORY, {"configurable": {"candidate": name}})


def by_model(pool: Any, name: str, tool: Any) -> Any:
    return pool.bind_tools([tool], tool_choice="any").invoke(STORY, model=name)


def by_field(pool: Any, name: str, tool: Any) -> Any:
    return pool.model_copy(update={"candidate": name}).bind_tools([tool]).invoke(STORY)


def by_keyword(pool: Any, name: str, tool: Any) -> Any:
    return pool.invoke(STORY, {"configurable": {"candidate": name}}, tools=[tool])


def streamed(pool: Any, name: str, tool: Any) -> Any:
    return list(pool.bind_tools([tool]).stream(STORY, {"configurable": {"candidate": name}}))


def awaited(pool: Any, name: str, tool: Any) -> Any:
    asked = pool.bind_tools([tool]).ainvoke(STORY, {"configurable": {"candidate": name}})
    return asyncio.run(asked)


@pytest.mark.parametrize("ask", [by_config, by_model, by_field, by_keyword, streamed, awaited])
@pytest.mark.parametrize("case", FOREIGN)
def test_a_model_that_was_named_is_not_asked_with_another_provider_s_tool(pool, wire, ask, case):
    name, tool, told = case
    before = len(wire.requests)
    with pytest.raises(UnableError, match=f"'{name}' cannot do what '{told}' asks for"):
        ask(pool, name, tool)
    assert len(wire.requests) == before


@pytest.mark.parametrize(("name", "tool"), [("large", ANTHROPICS), ("small", ANYBODYS), ("large", ANYBODYS)])
def test_its_own_and_anybody_s_are(pool, wire, name, tool):
    by_config(pool, name, tool)
    assert wire.requests[-1].model == name


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        (ANTHROPICS, "'small': does not run 'web_search_20250305', a tool of anthropic's"),
        (GOOGLES, "'small': does not run 'google_search', a tool of google's"),
    ],
)
def test_a_pool_without_a_member_for_a_tool_says_which_tool_and_what_to_add(models, router, tool, told):
    pool = ChatCrossRoute(models={"small": models["small"]}, router=router)
    with pytest.raises(NoEligibleCandidateError, match=f"{told}. Loosen .*, or add a model"):
        pool.bind_tools([tool]).invoke(STORY)
    allowed = pool.model_copy(update={"constraints": Constraints(deny={"small"})})
    with pytest.raises(NoEligibleCandidateError, match="'small': in the deny list"):
        allowed.bind_tools([tool]).invoke(STORY)


def test_a_decision_names_members_that_do_not_run_a_tool(pool):
    decision = pool.bind_tools([ANTHROPICS]).invoke(STORY).response_metadata["crossroute"]
    excluded = {each["candidate"]: each["excluded"] for each in decision["alternatives"]}
    told = "does not run 'web_search_20250305', a tool of anthropic's"
    assert excluded == {"large": None, "small": told, "coder": told}


@pytest.mark.parametrize("case", FOREIGN[:7])
def test_nor_in_an_agent(models, wire, router, case):
    from langchain.agents import create_agent

    name, tool, told = case
    before = len(wire.requests)
    routing = CrossRouteMiddleware(models, router)
    agent = create_agent(models["small"], tools=[tool], middleware=[routing], context_schema=dict)
    with pytest.raises(UnableError, match=f"'{name}' cannot do what '{told}' asks for"):
        agent.invoke({"messages": [("user", STORY)]}, context={"candidate": name})
    assert len(wire.requests) == before


def test_a_shadow_that_does_not_know_the_tool_is_passed_over(models, wire, router):
    pool = ChatCrossRoute(models=models, router=router, shadow="small")
    answer = pool.bind_tools([ANTHROPICS]).invoke(STORY)
    decision = answer.response_metadata["crossroute"]
    assert (wire.requests[-1].model, decision["candidate"]) == ("large", "large")
    assert [failure["error"] for failure in decision["failures"]] == ["UnableError"]


@pytest.mark.parametrize(("tool", "asked"), [(ANTHROPICS, ["claude-3-haiku-20240307"]), (OPENAIS, [])])
def test_llamaindex_passes_models_over_that_do_not_know_a_tool(wire, router, tool, asked):
    large = Anthropic(model="claude-3-haiku-20240307", base_url=wire.anthropic, api_key="none", max_retries=0)
    small = OpenAI(model="gpt-4o", api_base=wire.openai, api_key="none", max_retries=0)
    llms = {"small": small, "large": large} if asked else {"large": large}
    before = len(wire.requests)
    pool = CrossRouteLLM(llms, router, cost_preference=1.0)
    if asked:
        pool.chat([ChatMessage(content=STORY)], tools=[tool])
    else:
        with pytest.raises(UnableError, match="code_interpreter"):
            pool.chat([ChatMessage(content=STORY)], tools=[tool])
    assert [request.model for request in wire.requests[before:]] == asked


def test_a_provider_that_is_not_known_may_take_any():
    check_provider_tools([ANTHROPICS, OPENAIS, GOOGLES], "amazon_bedrock", "small")
