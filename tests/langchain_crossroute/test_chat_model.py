"""ChatCrossRoute: what LangChain's own suite is blind to."""

import asyncio
import copy
import random
import time
from json import JSONDecodeError
from typing import Any

import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager, UsageMetadataCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel, Field

from crossroute import Constraints, Decision, NoEligibleCandidateError, Price
from crossroute.errors import UnknownCandidateError, UnprofiledCandidateError
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import BadRequestError, ChatFake, RateLimitError, Untold
from tests.support.routers import ARITHMETIC, CODE, STORY


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class Starts(BaseCallbackHandler):
    """Keeps what tracers are told."""

    run_inline = True

    def __init__(self):
        self.started, self.ended, self.failed = [], 0, 0

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.started.append(kwargs)

    def on_llm_end(self, response, **kwargs):
        self.ended += 1

    def on_llm_error(self, error, **kwargs):
        self.failed += 1


def decision(message):
    return message.response_metadata["crossroute"]


def force(name, **more):
    return {"configurable": {"candidate": name}, **more}


def stream(model, *args, **kwargs):
    whole = None
    for chunk in model.stream(*args, **kwargs):
        whole = chunk if whole is None else whole + chunk
    return whole


async def astream(model, *args, **kwargs):
    whole = None
    async for chunk in model.astream(*args, **kwargs):
        whole = chunk if whole is None else whole + chunk
    return whole


def every_way(model, text, config=None):
    """Return the answer to a text by each way to call."""
    config = config or {}
    found = {
        "invoke": model.invoke(text, config),
        "ainvoke": asyncio.run(model.ainvoke(text, config)),
        "stream": stream(model, text, config),
        "astream": asyncio.run(astream(model, text, config)),
        "batch": model.batch([text], config)[0],
        "abatch": asyncio.run(model.abatch([text], config))[0],
    }
    if isinstance(model, ChatCrossRoute):
        asked = [[HumanMessage(text)]]
        found["generate"] = model.generate(asked, **config).generations[0][0].message
        found["agenerate"] = asyncio.run(model.agenerate(asked, **config)).generations[0][0].message
    return found


def test_each_kind_of_query_goes_to_its_model(model):
    chosen = [model.invoke(text).response_metadata["model_name"] for text in (ARITHMETIC, CODE, STORY)]
    assert chosen == ["large", "coder", "small"]


def test_every_way_to_call_carries_one_readable_decision_and_the_actual_cost(model):
    for way, message in every_way(model, ARITHMETIC).items():
        found = Decision.model_validate(decision(message))
        assert found.candidate == message.response_metadata["model_name"] == "large", way
        assert message.text == "I am large", way
        assert found.actual_cost == pytest.approx((7 * 10 + 1 * 12.5 + 2 * 1 + 5 * 30) / 1e6), way
        assert len(found.alternatives) == 3, way
        assert message.usage_metadata["total_tokens"] == 15, way
    assert model.spend.by_candidate["large"].calls == 8


def test_the_member_is_the_traced_model_and_starts_once_a_call(model):
    starts = Starts()
    every_way(model, ARITHMETIC, {"callbacks": [starts], "tags": ["mine"], "metadata": {"mine": 1}})
    assert len(starts.started) == starts.ended == 8
    assert not starts.failed
    for start in starts.started:
        assert start["metadata"]["ls_model_name"] == "large"
        assert start["metadata"]["crossroute"]["candidate"] == "large"
        assert start["metadata"]["mine"] == 1
        assert {"mine", "crossroute:large"} <= set(start["tags"])
        assert start["invocation_params"]["_type"] == "fake"


def test_usage_is_counted_once_under_the_members_name(model):
    usage = UsageMetadataCallbackHandler()
    every_way(model, ARITHMETIC, {"callbacks": [usage]})
    assert list(usage.usage_metadata) == ["large"]
    assert usage.usage_metadata["large"]["total_tokens"] == 8 * 15


def test_a_handler_of_the_router_and_of_the_call_hears_each_call_once(fakes, router):
    usage, other = UsageMetadataCallbackHandler(), Starts()
    model = ChatCrossRoute(models=fakes, router=router, callbacks=[usage, other])
    every_way(model, ARITHMETIC, {"callbacks": [usage]})
    assert usage.usage_metadata["large"]["total_tokens"] == 8 * 15
    assert len(other.started) == 8


@pytest.mark.parametrize("own", [lambda own: [own, own], lambda own: CallbackManager([own, own], [own, own])])
def test_a_handler_that_stands_twice_or_in_a_manager_hears_each_call_once(fakes, router, own):
    starts, both = Starts(), Starts()
    model = ChatCrossRoute(models=fakes, router=router, callbacks=own(starts))
    every_way(model, ARITHMETIC)
    assert len(starts.started) == starts.ended == 8
    model = ChatCrossRoute(models=fakes, router=router, callbacks=own(both))
    every_way(model, ARITHMETIC, {"callbacks": [both]})
    assert len(both.started) == both.ended == 8


def test_the_cache_is_the_members_and_none_is_shared(fakes, router):
    cache = InMemoryCache()
    model = ChatCrossRoute(models=fakes, router=router, cache=cache)
    first, second = model.invoke("Hello there", force("small")), model.invoke("Hello there", force("large"))
    assert (first.text, second.text) == ("I am small", "I am large")
    again = model.invoke("Hello there", force("small"))
    assert again.text == "I am small"
    assert decision(again)["actual_cost"] == 0, "a cached answer costs nothing"
    assert [len(fake._seen) for fake in fakes.values()] == [1, 0, 1]
    assert all("crossroute" not in str(entry) for entry in cache._cache.values()), (
        "the cache holds no decision"
    )


def test_the_members_rate_limiter_is_asked_once_a_call(fakes, router):
    class Limiter(InMemoryRateLimiter):
        asked = 0

        def acquire(self, *, blocking=True):
            Limiter.asked += 1
            return True

        async def aacquire(self, *, blocking=True):
            Limiter.asked += 1
            return True

    own = fakes["small"].model_copy(update={"rate_limiter": Limiter()})
    model = ChatCrossRoute(models={**fakes, "small": own}, router=router)
    model.invoke(STORY, force("small"))
    stream(model, STORY, force("small"))
    asyncio.run(model.ainvoke(STORY, force("small")))
    model.invoke(STORY, force("large"))
    assert Limiter.asked == 3


def test_what_the_router_states_is_handed_to_members_that_state_nothing(fakes, router):
    own = fakes["small"].model_copy(update={"output_version": "v0"})
    model = ChatCrossRoute(models={**fakes, "small": own}, router=router, output_version="v1")
    assert isinstance(model.invoke(ARITHMETIC, force("large")).content, list)
    assert isinstance(model.invoke(ARITHMETIC, force("small")).content, str)
    assert fakes["large"].output_version is None, "the caller's model is not altered"


def test_keywords_reach_the_member(fakes, router):
    model = ChatCrossRoute(models=fakes, router=router, temperature=0.5, stop=["a"])
    model.invoke(ARITHMETIC, force("large"), top_p=0.1)
    model.invoke(ARITHMETIC, force("large"), stop=["b"])
    first, second = fakes["large"]._kwargs
    assert (first["temperature"], first["top_p"], first["stop"]) == (0.5, 0.1, ["a"])
    assert second["stop"] == ["b"]


class Gemini(ChatFake):
    """Has a field of its own for the most tokens, and refuses the keyword, as Google's client does."""

    temperature: float | None = None
    max_output_tokens: int | None = Field(default=None, alias="max_tokens")

    def _answer(self, messages, kwargs):
        assert "max_tokens" not in kwargs
        fields = {"temperature": self.temperature, "max_output_tokens": self.max_output_tokens}
        return super()._answer(messages, {**fields, **kwargs})


class Number(BaseModel):
    """A number."""

    value: int


def test_what_the_router_states_is_set_on_members_that_have_such_a_field(router):
    member = Gemini(model_name="small", max_tokens=99)
    model = ChatCrossRoute(models={"small": member}, router=router, temperature=0.5, max_tokens=7)
    every_way(model, STORY)
    model.with_structured_output(Number, include_raw=True).invoke(STORY)
    assert {(asked["temperature"], asked["max_output_tokens"]) for asked in member._kwargs} == {(0.5, 7)}
    model.invoke(STORY, temperature=0.9)
    assert member._kwargs[-1]["temperature"] == 0.9, "the caller's own keyword wins"
    assert member.max_output_tokens == 99, "the caller's model is not altered"


@pytest.mark.parametrize("escalate", [None, True])
@pytest.mark.parametrize("include_raw", [False, True])
def test_keywords_reach_the_member_within_structured_output(fakes, router, include_raw, escalate):
    bound = {**fakes, "small": fakes["small"].bind(top_k=3, temperature=0.1)}
    model = ChatCrossRoute(models=bound, router=router, max_tokens=7, stop=["a"], escalate=escalate)
    asked = model.with_structured_output(Number, include_raw=include_raw)
    asked.invoke(STORY, temperature=0.9)
    asyncio.run(asked.ainvoke(STORY, temperature=0.9))
    list(asked.stream(STORY, temperature=0.9))
    for kwargs in fakes["small"]._kwargs:
        found = [kwargs[key] for key in ("top_k", "temperature", "max_tokens", "stop")]
        assert found == [3, 0.9, 7, ["a"]]
    assert len(fakes["small"]._kwargs) == 3


def test_a_fallbacks_thinking_is_not_taken_for_its_members_own(router):
    thinking = {"type": "thinking", "thinking": "hm", "signature": "S"}
    stamp = {"model_provider": "anthropic", "crossroute": {"candidate": "small"}}
    said = AIMessage([thinking, {"type": "text", "text": "x"}], response_metadata=stamp)
    member = ChatFake(model_name="small")
    for given, content in (
        (member, said.content),
        (member.with_fallbacks([ChatFake(kind="anthropic-chat")]), "x"),
    ):
        ChatCrossRoute(models={"small": given}, router=router).invoke(
            [HumanMessage("Hello"), said, ("human", STORY)]
        )
        assert member._seen[-1][1].content == content


def test_a_cost_that_is_not_known_is_not_nothing(router):
    model = ChatCrossRoute(models={"small": Untold(model_name="small")}, router=router)
    for way, message in every_way(model, STORY).items():
        assert decision(message)["actual_cost"] is None, way


class Garbled(ChatFake):
    """Answers schemas with what is no JSON."""

    def _answer(self, messages, kwargs):
        return super()._answer(messages, kwargs).model_copy(update={"content": "{"})


def test_an_answer_that_cannot_be_read_is_counted_and_its_error_raised(router):
    model = ChatCrossRoute(models={"small": Garbled(model_name="small")}, router=router)
    asked = model.with_structured_output(Number, method="json_schema")
    ways = (
        lambda: asked.invoke(STORY),
        lambda: asyncio.run(asked.ainvoke(STORY)),
        lambda: list(asked.stream(STORY)),
        lambda: asyncio.run(astream(asked, STORY)),
    )
    for way in ways:
        with pytest.raises(JSONDecodeError):
            way()
    assert (model.spend.total.calls, model.spend.total.usage.output_tokens) == (4, 20)


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_a_candidate_may_be_asked_for_by_its_alias_or_is_refused_at_once(model, fakes, router):
    for content in (STORY, [PICTURE]):
        message = model.invoke([HumanMessage(content)], force("lab/small"))
        assert decision(message)["candidate"] == message.response_metadata["model_name"] == "small"
    with pytest.raises(UnknownCandidateError, match="'nope'"):
        ChatCrossRoute(models=fakes, router=router, candidate="nope")


def test_the_default_takes_what_no_other_can(router):
    models = {
        "small": ChatFake(model_name="small", kind="anthropic-chat", profile={"image_inputs": False}),
        "mine": ChatFake(model_name="mine", kind="openai-chat", profile={"image_inputs": True}),
    }
    model = ChatCrossRoute(models=models, router=router, default="mine")
    seen = model.invoke([HumanMessage([{"type": "text", "text": "What is it?"}, PICTURE])])
    searched = model.route(STORY, tools=[{"type": "web_search"}])
    assert decision(seen)["candidate"] == searched.candidate == "mine"


def test_an_alias_is_allowed_among_those_that_know_the_tools(router):
    models = {name: ChatFake(model_name=name, kind="openai-chat") for name in ("small", "large")}
    model = ChatCrossRoute(models=models, router=router)
    only = {"configurable": {"constraints": Constraints(allow=frozenset({"lab/small"}))}}
    assert model.route(ARITHMETIC, only, tools=[{"type": "web_search"}]).candidate == "small"


class Searching(ChatFake):
    """Knows a tool of its provider's beside those that it is given."""

    def _get_ls_params(self, stop=None, **kwargs):
        return super()._get_ls_params(stop, **kwargs) | {"ls_provider": "google_genai"}

    def bind_tools(self, tools, **kwargs):
        return super().bind_tools([tool for tool in tools if tool != {"google_search": {}}], **kwargs)


@pytest.mark.parametrize("escalate", [None, True])
def test_a_providers_own_tools_without_a_name_are_bound_by_its_members_alone(fakes, router, escalate):
    models = {**fakes, "coder": Searching(model_name="coder", profile=fakes["coder"].profile)}
    model = ChatCrossRoute(models=models, router=router, escalate=escalate)
    bound = model.bind_tools([weather, {"google_search": {}}])
    assert bound.kwargs["tools"][1] == {"google_search": {}}
    assert decision(bound.invoke(STORY))["candidate"] == "coder"
    assert model.bind_tools([{"systemTool": {}}]).kwargs["tools"] == [{"systemTool": {}}]


def test_a_stream_with_the_raw_message_carries_one_decision(model):
    asked = model.with_structured_output(Number, include_raw=True)

    async def run():
        return [chunk async for chunk in asked.astream(ARITHMETIC)]

    for chunks in (list(asked.stream(ARITHMETIC)), asyncio.run(run())):
        found = sum(chunks[1:], chunks[0])
        assert (found["parsed"], found["parsing_error"]) == (Number(value=3), None)
        assert Decision.model_validate(decision(found["raw"])).candidate == "large"
        assert found["raw"].usage_metadata["total_tokens"] == 15


def test_bind_tools_hands_on_the_raw_tools_and_every_argument(model, fakes):
    bound = model.bind_tools([weather], tool_choice="weather", parallel_tool_calls=False, strict=True)
    for way, message in every_way(bound, ARITHMETIC, force("large")).items():
        assert message.tool_calls[0]["name"] == "weather", way
    kwargs = fakes["large"]._kwargs[-1]
    assert kwargs["tools"] == [weather]
    assert (kwargs["tool_choice"], kwargs["parallel_tool_calls"], kwargs["strict"]) == (
        "weather",
        False,
        True,
    )
    assert bound.kwargs["tools"][0]["function"]["name"] == "weather"


def test_members_without_what_the_call_needs_are_masked(router):
    can = {"tool_calling": False, "structured_output": False, "image_inputs": False, "audio_inputs": False}
    fakes = {
        "small": ChatFake(model_name="small", profile=can),
        "large": ChatFake(model_name="large", profile={**can, "tool_calling": True, "image_inputs": True}),
    }
    model = ChatCrossRoute(models=fakes, router=router, cost_preference=1)
    assert model.route(STORY).candidate == "small"
    assert decision(model.bind_tools([weather]).invoke(STORY))["candidate"] == "large"
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    message = model.invoke([HumanMessage([{"type": "text", "text": STORY}, image])])
    assert decision(message)["candidate"] == "large"
    assert (
        next(a for a in decision(message)["alternatives"] if a["candidate"] == "small")["excluded"]
        == "lacks vision"
    )
    with pytest.raises(NoEligibleCandidateError, match="lacks structured_output"):
        model.with_structured_output({"title": "x", "type": "object"}, method="json_schema").invoke(STORY)
    audio = {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}
    with pytest.raises(NoEligibleCandidateError, match="lacks audio"):
        model.invoke([HumanMessage([{"type": "text", "text": STORY}, audio])])


def test_the_context_window_masks_members(router):
    fakes = {
        "small": ChatFake(model_name="small", profile={"max_input_tokens": 500}),
        "large": ChatFake(model_name="large", profile={"max_input_tokens": 100_000}),
    }
    model = ChatCrossRoute(models=fakes, router=router, cost_preference=1)
    history = [HumanMessage("words " * 2000), AIMessage("I see."), HumanMessage(STORY)]
    assert model.route(STORY).candidate == "small"
    assert decision(model.invoke(history))["candidate"] == "large"


def test_a_providers_own_tools_restrict_the_pool(router):
    fakes = {
        name: ChatFake(model_name=name, kind=f"{kind}-chat")
        for name, kind in (("small", "openai"), ("large", "anthropic"))
    }
    model = ChatCrossRoute(models=fakes, router=router)
    search = {"type": "web_search_20250305", "name": "web_search"}
    for preference in (0, 1):
        config = {"configurable": {"cost_preference": preference}}
        found = model.bind(tools=[search]).bound._build_call(STORY, config, {"tools": [search]}).decide()
        assert found.candidate == "large"


def test_structured_output_is_the_members_own_method(model, fakes):
    class Answer(BaseModel):
        """An answer."""

        value: int

    found = model.with_structured_output(Answer, method="json_schema", strict=True)
    assert found.invoke(ARITHMETIC, force("large")) == Answer(value=3)
    assert fakes["large"]._schemas == [(Answer, {"method": "json_schema", "strict": True})]
    raw = model.with_structured_output(Answer, include_raw=True).invoke(ARITHMETIC, force("large"))
    assert raw["parsed"] == Answer(value=3)
    assert decision(raw["raw"])["candidate"] == "large"
    assert asyncio.run(found.ainvoke(ARITHMETIC, force("small"))) == Answer(value=3)
    assert [spent.usage.output_tokens for spent in model.spend.by_candidate.values()] == [10, 5]


def test_the_intent_is_the_last_human_turn_not_a_tools_output(model):
    turn = [
        SystemMessage("You are helpful."),
        HumanMessage(ARITHMETIC),
        AIMessage("", tool_calls=[{"name": "weather", "args": {}, "id": "1"}]),
        ToolMessage(STORY * 20, tool_call_id="1"),
    ]
    assert model.route(turn).candidate == model.route(turn[:2]).candidate == "large"


def test_a_tool_turn_is_finished_by_the_model_that_began_it(model):
    bound = model.bind_tools([weather])
    asked = bound.invoke([HumanMessage(ARITHMETIC)], force("small"))
    turn = [HumanMessage(ARITHMETIC), asked, ToolMessage("sunny", tool_call_id=asked.tool_calls[0]["id"])]
    answer = bound.invoke(turn)
    assert decision(answer)["candidate"] == "small"
    assert decision(answer)["reasons"] == ["stuck to small: tool turn"]
    bare = [turn[0], asked.model_copy(update={"response_metadata": {}}), turn[2]]
    assert decision(bound.invoke(bare))["candidate"] == "small", "its tool call tells"
    assert decision(bound.invoke([*turn, answer, HumanMessage(ARITHMETIC)]))["candidate"] == "large"


def test_sticky_can_be_turned_off(fakes, router):
    model = ChatCrossRoute(models=fakes, router=router, sticky=False)
    asked = model.bind_tools([weather]).invoke([HumanMessage(ARITHMETIC)], force("small"))
    turn = [HumanMessage(ARITHMETIC), asked, ToolMessage("sunny", tool_call_id=asked.tool_calls[0]["id"])]
    assert model.route(turn).candidate == "large"


def test_a_switch_must_earn_more_than_the_prompt_cache_saves(model):
    long = "We spoke of many things. " * 4000
    answer = model.invoke([HumanMessage(long)], force("large"))
    stay = model.route([HumanMessage(long), answer, HumanMessage(CODE)])
    fresh = model.route([HumanMessage(long), AIMessage("I am"), HumanMessage(CODE)])
    cost = {d: next(a.cost for a in d.alternatives if a.candidate == "large") for d in (stay, fresh)}
    assert cost[stay] < 0.2 * cost[fresh]


def test_without_text_the_default_answers_or_the_best_that_can(fakes, router):
    image = HumanMessage([{"type": "image", "base64": "AAAA", "mime_type": "image/png"}])
    best = ChatCrossRoute(models=fakes, router=router).invoke([image])
    assert decision(best)["reasons"] == ["no text: the best on average that can take the call"]
    unknown = {**fakes, "gpt-9": ChatFake(model_name="gpt-9", profile={"image_inputs": True})}
    model = ChatCrossRoute(models=unknown, router=router, default="gpt-9")
    message = model.invoke([image])
    assert message.text == "I am gpt-9"
    assert decision(message)["reasons"] == ["default: no text"]
    assert decision(message)["quality"] is None
    blind = {**fakes, "gpt-9": ChatFake(model_name="gpt-9", profile={"image_inputs": False})}
    message = ChatCrossRoute(models=blind, router=router, default="gpt-9").invoke([image])
    assert message.text == "I am small"
    assert decision(message)["reasons"] == ["no text, and gpt-9 is excluded: lacks vision"]


def test_a_name_without_a_profile_is_refused_with_the_way_to_profile_it(fakes, router):
    with pytest.raises(UnprofiledCandidateError, match="by its outcomes"):
        ChatCrossRoute(models={**fakes, "gpt-9": ChatFake()}, router=router)


def test_models_of_a_list_go_by_the_names_of_their_models(fakes, router):
    model = ChatCrossRoute(models=[fakes["small"].with_retry(), fakes["large"]], router=router)
    assert {text: decision(model.invoke(text))["candidate"] for text in (STORY, ARITHMETIC)} == {
        STORY: "small",
        ARITHMETIC: "large",
    }
    with pytest.raises(ValueError, match="An object of type FakeListChatModel has no model name"):
        ChatCrossRoute(models=[FakeListChatModel(responses=["x"])], router=router)


def test_current_models_are_known_by_their_init_chat_model_strings_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    names = ["openai:gpt-5-mini", "anthropic:claude-opus-4-5"]
    decided = ChatCrossRoute(models=names).route("What is 17 * 23?")
    assert {alternative.candidate for alternative in decided.alternatives} == set(names)


def test_a_misspelt_argument_is_refused(fakes, router):
    with pytest.raises(ValueError, match=r"'cost_prefrence'\. Did you mean 'cost_preference'"):
        ChatCrossRoute(models=fakes, router=router, cost_prefrence=0.1)
    with pytest.raises(TypeError, match="Expected a chat model"):
        ChatCrossRoute(models={"small": StrOutputParser()}, router=router)


def test_a_call_may_set_its_preference_candidate_and_constraints(model):
    chosen = {p: model.route(ARITHMETIC, {"configurable": {"cost_preference": p}}).candidate for p in (0, 1)}
    assert chosen == {0: "large", 1: "small"}
    assert model.invoke(ARITHMETIC, force("coder")).text == "I am coder"
    assert model.invoke(ARITHMETIC, model="coder").text == "I am coder"
    denied = {"configurable": {"constraints": Constraints(deny=frozenset({"large"}))}}
    assert model.route(ARITHMETIC, denied).candidate != "large"
    with pytest.raises(ValueError, match="cost_preference"):
        model.route(ARITHMETIC, {"configurable": {"cost_preference": 2}})


def test_configurable_fields_make_a_router_that_shares_what_it_learnt(model):
    open_ = model.configurable_fields(cost_preference=ConfigurableField(id="cost_preference"))
    assert open_.with_config(configurable={"cost_preference": 1.0}).invoke(ARITHMETIC).text == "I am small"
    assert open_.invoke(ARITHMETIC).text == "I am large"
    assert {spec.id for spec in open_.config_specs} >= {"cost_preference", "candidate"}
    assert model.spend.total.calls == 2


def test_it_stands_in_chains_with_retries_and_fallbacks(model, fakes):
    chain = (
        ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{q}")])
        | model
        | StrOutputParser()
    )
    assert chain.invoke({"q": ARITHMETIC}) == "I am large"
    assert "".join(chain.stream({"q": ARITHMETIC})) == "I am large"
    for fake in fakes.values():
        fake.errors = [BadRequestError("no")]
    other = ChatFake(model_name="other")
    assert model.with_fallbacks([other]).invoke(ARITHMETIC).text == "I am other"
    fakes["coder"].errors = [BadRequestError("no")]
    retried = model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    assert retried.invoke(CODE).text == "I am coder"


def test_with_fallbacks_keeps_the_fallbacks_of_tools_and_schemas(model, fakes):
    for fake in fakes.values():
        fake.fail = lambda: BadRequestError("no")
    other = ChatFake(model_name="other")
    bound = model.with_fallbacks([other]).bind_tools([weather])
    assert bound.invoke(ARITHMETIC).tool_calls[0]["id"].startswith("call_other")
    schema = {"title": "x", "description": "x", "type": "object", "properties": {"a": {"type": "integer"}}}
    assert model.with_fallbacks([other]).with_structured_output(schema).invoke(ARITHMETIC) == {"a": 3}


def test_wrapped_members_are_called_as_wrapped(fakes, router):
    fakes["large"].errors = [RateLimitError("once")]
    models = {
        "small": fakes["small"].bind(top_p=0.1),
        "coder": fakes["coder"].with_config(tags=["wrapped"]),
        "large": fakes["large"].with_retry(stop_after_attempt=2, wait_exponential_jitter=False),
    }
    model = ChatCrossRoute(models=models, router=router)
    found = model.invoke(ARITHMETIC, force("large"))
    assert (found.text, decision(found)["failures"]) == ("I am large", [])
    model.bind_tools([weather]).invoke(STORY, force("small"))
    assert fakes["small"]._kwargs[-1]["top_p"] == 0.1
    assert fakes["small"]._kwargs[-1]["tools"] == [weather]
    starts = Starts()
    assert stream(model, CODE, force("coder", callbacks=[starts])).text == "I am coder"
    assert "wrapped" in starts.started[0]["tags"]
    assert model.generate([[HumanMessage(CODE)]]).generations[0][0].message.text == "I am coder"


def test_failures_are_told_and_the_failed_cools_down(model, fakes):
    fakes["large"].fail = lambda: RateLimitError("slow down, api_key=abcdef123456")
    starts = Starts()
    message = model.invoke(ARITHMETIC, {"callbacks": [starts]})
    (failure,) = decision(message)["failures"]
    assert (failure["candidate"], failure["error"], failure["status"]) == ("large", "RateLimitError", 429)
    assert "abcdef123456" not in str(message)
    assert (len(starts.started), starts.failed, starts.ended) == (2, 1, 1)
    assert decision(model.invoke(ARITHMETIC))["failures"] == [], "a model that cools down is not asked first"


def test_a_permanent_error_is_raised_as_it_was(model, fakes):
    error = BadRequestError("no such parameter")
    fakes["large"].errors = [error]
    with pytest.raises(BadRequestError) as raised:
        model.invoke(ARITHMETIC)
    assert raised.value is error
    assert sum(len(fake._seen) for fake in fakes.values()) == 1


def test_max_attempts_bounds_the_calls(fakes, router):
    for fake in fakes.values():
        fake.fail = lambda: RateLimitError("all down")
    model = ChatCrossRoute(models=fakes, router=router, max_attempts=2)
    with pytest.raises(RateLimitError) as raised:
        model.invoke(ARITHMETIC)
    assert sum(len(fake._seen) for fake in fakes.values()) == 2
    assert len(raised.value.crossroute_failures) == 2


@pytest.mark.parametrize("escalate", [None, True])
def test_a_refusal_whose_body_is_not_read_goes_on_to_the_next(fakes, router, escalate):
    class Unread(httpx.SyncByteStream):
        def __iter__(self):
            yield b"{}"

    response = httpx.Response(429, stream=Unread(), request=httpx.Request("POST", "http://x"))
    fakes["large"].errors = [httpx.HTTPStatusError("slow down", request=response.request, response=response)]
    message = ChatCrossRoute(models=fakes, router=router, escalate=escalate).invoke(ARITHMETIC)
    assert decision(message)["failures"][0]["candidate"] == "large"


def test_a_stream_fails_over_before_its_first_chunk_only(model, fakes):
    fakes["large"].break_after = 0
    whole = stream(model, ARITHMETIC)
    assert decision(whole)["failures"][0]["candidate"] == "large"
    assert "I am" in whole.text
    model.routing.dispatcher.cooldowns.clear("large")
    fakes["large"].break_after = 1
    chunks = []
    with pytest.raises(RateLimitError):
        chunks.extend(chunk for chunk in model.stream(ARITHMETIC))
    model.routing.dispatcher.cooldowns.clear("large")
    with pytest.raises(RateLimitError):
        asyncio.run(astream(model, ARITHMETIC))


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_version_three_streams_carry_the_decision_and_fail_over(model, fakes):
    fakes["large"].errors = [RateLimitError("once")]
    starts = Starts()
    message = model.stream_events(ARITHMETIC, {"callbacks": [starts]}, version="v3").output
    assert decision(message)["failures"][0]["candidate"] == "large"
    assert decision(message)["actual_cost"] > 0
    assert (len(starts.started), starts.failed, starts.ended) == (2, 1, 1)
    model.routing.dispatcher.cooldowns.clear("large")

    async def run():
        stream_ = await model.astream_events(ARITHMETIC, version="v3")
        text = "".join([delta async for delta in stream_.text])
        return text, await stream_

    text, message = asyncio.run(run())
    assert text == "I am large"
    assert decision(message)["candidate"] == "large"
    fakes["large"].errors = [BadRequestError("no")]
    with pytest.raises(BadRequestError):
        model.stream_events(ARITHMETIC, version="v3").output  # noqa: B018


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_version_three_streams_remember_the_model_that_began_a_tool_turn(model):
    bound = model.bind_tools([weather])

    async def run():
        return await (await bound.astream_events(STORY, version="v3"))

    for asked in (bound.stream_events(STORY, version="v3").output, asyncio.run(run())):
        (call,) = asked.tool_calls
        unsigned = AIMessage("", tool_calls=[{key: call[key] for key in ("name", "args", "id")}])
        result = ToolMessage("sunny", tool_call_id=call["id"])
        found = model.route([HumanMessage(ARITHMETIC), unsigned, result])
        assert found.candidate == decision(asked)["candidate"] == "small"


def test_a_generation_that_fails_waits_for_the_others(fakes, router):
    ended = []

    class Slow(ChatFake):
        async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
            if "fail" in str(messages[0].content):
                raise BadRequestError("no")
            await asyncio.sleep(0.05)
            ended.append(self.model_name)
            return self._generate(messages, stop, **kwargs)

    model = ChatCrossRoute(models={"small": Slow(model_name="small")}, router=router)
    with pytest.raises(BadRequestError):
        asyncio.run(model.agenerate([[HumanMessage("fail")], [HumanMessage("Hello")]]))
    assert ended == ["small"]


def test_a_stream_that_is_closed_closes_the_members(router):
    ended = []

    class Endless(ChatFake):
        async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
            try:
                while True:
                    yield ChatGenerationChunk(message=AIMessageChunk("more"))
            finally:
                ended.append(self.model_name)

    async def run():
        chunks = ChatCrossRoute(models={"small": Endless(model_name="small")}, router=router).astream(STORY)
        await anext(chunks)
        await chunks.aclose()
        return list(ended)

    assert asyncio.run(run()) == ["small"]


def test_the_protected_methods_await_the_members_own(router):
    class Asynchronous(ChatFake):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            raise NotImplementedError

        _stream = _generate

        async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
            return ChatFake._generate(self, messages, stop, **kwargs)

        async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
            for chunk in ChatFake._stream(self, messages, stop, **kwargs):
                yield chunk

    model = ChatCrossRoute(models={"small": Asynchronous(model_name="small")}, router=router)

    async def run():
        whole = await model._agenerate([HumanMessage(STORY)])
        chunks = [chunk.text async for chunk in model._astream([HumanMessage(STORY)])]
        return whole.generations[0].text, "".join(chunks)

    assert asyncio.run(run()) == ("I am small", "I am small")


def test_a_key_among_wrong_arguments_is_not_shown(fakes, router):
    with pytest.raises(ValueError, match="Unknown argument 'costpref'") as refused:
        ChatCrossRoute(models=fakes, router=router, costpref=1, api_key="sk-0123456789")
    assert "0123456789" not in str(refused.value)


@pytest.mark.filterwarnings("ignore:astream_events version='v1' is deprecated")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_stream_events_are_the_members(model, version):
    async def run():
        return [event async for event in model.astream_events(ARITHMETIC, version=version)]

    found = asyncio.run(run())
    names = [event["event"] for event in found]
    assert names.count("on_chat_model_start") == names.count("on_chat_model_end") == 1
    # version 1 names the run by whom it was asked of
    assert {event["name"] for event in found} == {"ChatCrossRoute" if version == "v1" else "ChatFake"}
    chunks = [event["data"]["chunk"].text for event in found if event["event"] == "on_chat_model_stream"]
    assert "".join(chunks) == "I am large"


def test_langgraphs_messages_stream_is_not_doubled(model):
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile()
    chunks = [
        chunk for chunk, _ in graph.stream({"messages": [("human", ARITHMETIC)]}, stream_mode="messages")
    ]
    assert "".join(chunk.text for chunk in chunks) == "I am large"
    assert len({chunk.id for chunk in chunks}) == 1


def test_concurrent_calls_do_not_mix_routes(model, fakes):
    for fake in fakes.values():
        fake.wait = 0.01

    async def run():
        texts = [ARITHMETIC, CODE, STORY] * 20
        return await asyncio.gather(*(model.ainvoke(text) for text in texts))

    names = [(message.text, decision(message)["candidate"]) for message in asyncio.run(run())]
    assert names == [("I am large", "large"), ("I am coder", "coder"), ("I am small", "small")] * 20


def test_two_hundred_calls_at_once_with_three_in_ten_failing_lose_none(fakes, router):
    chance = random.Random(0)
    for fake in fakes.values():
        fake.wait = 0.005
        fake.fail = lambda: RateLimitError("injected") if chance.random() < 0.3 else None
    model = ChatCrossRoute(models=fakes, router=router)

    async def run():
        calls = (model.ainvoke(f"{ARITHMETIC} And what is {i} plus {i}?") for i in range(200))
        return await asyncio.gather(*calls)

    answers = asyncio.run(run())
    assert len(answers) == 200
    assert all(message.text == f"I am {decision(message)['candidate']}" for message in answers)
    assert sum(len(decision(message)["failures"]) for message in answers) > 40
    assert model.spend.total.calls == 200


def test_the_event_loop_is_free_while_a_query_is_encoded(fakes, router, monkeypatch):
    encoder = router.predictor.query_encoder
    read = type(encoder).read

    def slow(self, queries):
        time.sleep(0.3)
        return read(self, queries)

    monkeypatch.setattr(type(encoder), "read", slow)
    model = ChatCrossRoute(models=fakes, router=router)
    beats = []

    async def heart():
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def run():
        task = asyncio.create_task(heart())
        await model.ainvoke("A text that nobody has encoded before.")
        await astream(model, "Another text that nobody has encoded before.")
        task.cancel()

    asyncio.run(run())
    assert len(beats) > 20, "the heart beat on while two queries were encoded for 0.3 s each"


def test_the_profile_claims_what_all_members_can(router):
    profiles = [
        {"tool_calling": True, "image_inputs": True, "max_input_tokens": 200},
        {"tool_calling": True, "image_inputs": False, "max_input_tokens": 100, "structured_output": True},
    ]
    fakes = {
        name: ChatFake(model_name=name, profile=p)
        for name, p in zip(("small", "large"), profiles, strict=True)
    }
    model = ChatCrossRoute(models=fakes, router=router)
    assert model.profile == {"tool_calling": True, "image_inputs": False, "max_input_tokens": 100}


def test_members_without_tools_or_profile_are_plain(router):
    models = {
        "small": FakeListChatModel(responses=["small"]),
        "large": FakeListChatModel(responses=["large"]),
    }
    model = ChatCrossRoute(models=models, router=router)
    assert model.profile is None
    message = model.invoke(ARITHMETIC)
    assert decision(message)["actual_cost"] is None, "no usage was reported"
    with pytest.raises(NoEligibleCandidateError, match="lacks tools"):
        model.bind_tools([weather]).invoke(ARITHMETIC)


def test_tokens_are_counted_without_a_tokenizer(model):
    assert model.get_num_tokens("four words are here") == 4
    assert model.get_num_tokens_from_messages([HumanMessage("four words are here")], [weather]) > 8


def test_copies_share_what_was_spent(model):
    for copied in (copy.copy(model), copy.deepcopy(model), model.model_copy(deep=True)):
        assert copied.invoke(STORY).text == "I am small"
    assert model.spend.total.calls == 3


def test_a_router_of_other_members_is_built_anew(model, router):
    other = {"small": ChatFake(model_name="other"), "large": ChatFake(model_name="another")}
    open_ = model.configurable_fields(models=ConfigurableField(id="models"))
    found = open_.with_config(configurable={"models": other}).invoke(ARITHMETIC)
    assert found.text == "I am another"
    assert model.spend.total.calls == 0


def test_pools_and_settings_tell_routers_apart(fakes, router):
    one, two = (ChatCrossRoute(models=fakes, router=router, cost_preference=p) for p in (0.1, 0.9))
    assert one._get_llm_string() != two._get_llm_string()
    assert (
        one._get_llm_string()
        == ChatCrossRoute(models=fakes, router=router, cost_preference=0.1)._get_llm_string()
    )


def test_the_protected_methods_serve_as_a_safety_net(model):
    result = model._generate([HumanMessage(ARITHMETIC)])
    assert result.generations[0].message.text == "I am large"
    assert "".join(chunk.text for chunk in model._stream([HumanMessage(ARITHMETIC)])) == "I am large"


def test_structured_output_streams_and_stands_in_chains(model):
    class Answer(BaseModel):
        """An answer."""

        value: int

    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | model.with_structured_output(Answer)
    assert list(chain.stream({"q": ARITHMETIC})) == [Answer(value=3)]
    assert model.spend.by_candidate["large"].usage.output_tokens == 5

    async def run():
        return [part async for part in chain.astream({"q": ARITHMETIC})]

    assert asyncio.run(run()) == [Answer(value=3)]


def test_a_large_attachment_does_not_count_as_text(router, fakes):
    fakes["large"] = ChatFake(model_name="large", profile={"audio_inputs": True, "max_input_tokens": 10_000})
    audio = {"type": "audio", "base64": "A" * 1_000_000, "mime_type": "audio/wav"}
    model = ChatCrossRoute(models=fakes, router=router)
    assert model.invoke([HumanMessage([{"type": "text", "text": STORY}, audio])]).text == "I am large"


def test_two_dials_at_once_are_refused_when_the_router_is_built(router, fakes):
    with pytest.raises(ValueError, match="not both"):
        ChatCrossRoute(models=fakes, router=router, cost_preference=0.1, willingness_to_pay=0.1)
    model = ChatCrossRoute(models=fakes, router=router, cost_preference=0.1)
    assert model.route(ARITHMETIC, {"configurable": {"willingness_to_pay": 1e-9}}).cost_preference is None


ALTERED = {
    "models": lambda: {"small": ChatFake(model_name="other-small")},
    "default": lambda: "large",
    "sticky": lambda: False,
    "max_attempts": lambda: 1,
    "past_filters": lambda: True,
    "prices": lambda: {"large": Price(input=0, output=0)},
}


@pytest.mark.parametrize("how", ["copy", "assign"])
@pytest.mark.parametrize("field", ALTERED)
def test_what_is_altered_later_counts(fakes, router, field, how):
    model = ChatCrossRoute(models=fakes, router=router)
    model.invoke(STORY)
    value = ALTERED[field]()
    altered = model.model_copy(update={field: value}) if how == "copy" else model
    setattr(altered, field, value)
    dispatcher = altered._routing.dispatcher
    seen = {
        "models": lambda: altered._routing.members["small"].model is value["small"],
        "default": lambda: dispatcher.default == value,
        "sticky": lambda: dispatcher.sticky is value,
        "max_attempts": lambda: dispatcher.max_attempts == value,
        "past_filters": lambda: dispatcher.past_filters is value,
        "prices": lambda: dispatcher.price("large") == value["large"],
    }
    assert seen[field]()
    altered.invoke(STORY)
    assert altered.spend is model.spend
    assert model.spend.total.calls == 2
    assert altered._routing.dispatcher is dispatcher, "and is built once"


def test_a_representation_names_the_models_and_no_keys():
    pool = {"gpt-5-mini": ChatFake(), "gpt-5": ChatFake()}
    shown = repr(ChatCrossRoute(models=pool, cost_preference=0.2))
    assert shown == "ChatCrossRoute(models=['gpt-5-mini', 'gpt-5'], cost_preference=0.2)"
