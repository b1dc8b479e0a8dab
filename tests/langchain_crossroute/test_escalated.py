"""ChatCrossRoute(escalate=...): the answer is looked at, and another model is called where that pays."""

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel, ValidationError

from crossroute import Decision
from crossroute.escalation import Escalation
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import BadRequestError, ChatFake, RateLimitError, Untold
from tests.support.routers import STORY

USAGE = {"input_tokens": 10, "output_tokens": 5}
CAN = {"tool_calling": True, "structured_output": True, "image_inputs": True, "max_input_tokens": 100_000}


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class City(BaseModel):
    """A city."""

    people: int


class Runs(BaseCallbackHandler):
    """Keeps the tree of runs, as tracers see it."""

    run_inline = True

    def __init__(self):
        self.chains, self.models, self.failed, self.ended = {}, [], [], {}

    def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, **kwargs):
        self.chains[run_id] = (kwargs["name"], parent_run_id)

    def on_chain_end(self, outputs, *, run_id, **kwargs):
        self.ended[run_id] = outputs

    def on_chain_error(self, error, *, run_id, **kwargs):
        self.ended[run_id] = error

    def on_chat_model_start(self, serialized, messages, *, run_id, parent_run_id=None, **kwargs):
        self.models.append((kwargs["metadata"]["ls_model_name"], parent_run_id, kwargs))

    def on_llm_error(self, error, *, run_id, **kwargs):
        self.failed.append(error)

    @property
    def asked(self):
        return [name for name, _, _ in self.models]


def doubt_small(query: str, answer: str) -> float:
    """A user's own check, which knows that small is wrong."""
    return 0.0 if "small" in answer else 1.0


def decision(message):
    return message.response_metadata["crossroute"]


def candidates(message):
    return [call["candidate"] for call in decision(message)["calls"]]


def stream(model, *args):
    chunks = list(model.stream(*args))
    return chunks, sum(chunks[1:], chunks[0])


@pytest.fixture
def model(pair, router):
    """Small begins with a story; its answer is doubted."""
    return ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=doubt_small))


def every_way(model):
    asked = [[HumanMessage(STORY)]]
    yield "invoke", model.invoke(STORY)
    yield "ainvoke", asyncio.run(model.ainvoke(STORY))
    yield "batch", model.batch([STORY])[0]
    yield "abatch", asyncio.run(model.abatch([STORY]))[0]
    yield "generate", model.generate(asked).generations[0][0].message
    yield "agenerate", asyncio.run(model.agenerate(asked)).generations[0][0].message


def test_a_doubted_answer_is_given_up_for_a_better_one_by_every_way_to_call(model, pair):
    for way, message in every_way(model):
        assert message.text == "I am large", way
        found = Decision.model_validate(decision(message))
        assert found.candidate == message.response_metadata["model_name"] == "large", way
        assert [call.candidate for call in found.calls] == ["small", "large"], way
        assert [call.evidence.check for call in found.calls] == [0.0, 1.0], way
        assert found.calls[0].posterior < 0.5 < found.calls[1].posterior, way
        assert all(call.latency_s >= 0 for call in found.calls), way
    assert [len(fake._seen) for fake in pair.values()] == [6, 6]


def test_usage_and_cost_are_those_of_all_calls(model):
    message = model.invoke(STORY)
    assert message.usage_metadata["total_tokens"] == 30
    assert message.usage_metadata["input_token_details"]["cache_read"] == 4
    costs = [call["cost"] for call in decision(message)["calls"]]
    assert decision(message)["actual_cost"] == pytest.approx(sum(costs))
    assert costs[0] == pytest.approx((7 * 0.1 + 1 * 0.125 + 2 * 0.01 + 5 * 0.2) / 1e6)
    assert {name: spent.calls for name, spent in model.spend.by_candidate.items()} == {"small": 1, "large": 1}
    assert model.spend.total.cost == pytest.approx(sum(costs))


def test_a_cost_that_is_not_known_counts_as_foreseen_against_max_cost(router):
    pair = {name: Untold(model_name=name, profile=dict(CAN)) for name in ("small", "large")}
    model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=doubt_small))
    found = decision(model.invoke(STORY))
    assert [call["cost"] for call in found["calls"]] == [None, None]
    assert found["actual_cost"] is None
    foreseen = {one["candidate"]: one["cost"] for one in found["alternatives"]}
    limit = foreseen["large"] + foreseen["small"] / 2
    settings = Escalation(check=doubt_small, max_cost=limit)
    message = ChatCrossRoute(models=pair, router=router, escalate=settings).invoke(STORY)
    assert candidates(message) == ["small"]


def test_an_answer_that_is_not_doubted_stands(pair, router):
    model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=lambda query, answer: 1.0))
    message = model.invoke(STORY)
    assert candidates(message) == ["small"]
    assert message.usage_metadata["total_tokens"] == 15
    assert not pair["large"]._seen


def test_the_check_reads_the_query_and_the_answer(pair, router):
    seen = []

    def check(query: str, answer: str) -> float:
        seen.append((query, answer, threading.current_thread() is threading.main_thread()))
        return 1.0

    model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=check))
    model.invoke([HumanMessage("Hello."), AIMessage("Hi."), HumanMessage(STORY)])
    asyncio.run(model.ainvoke(STORY))
    assert seen == [(STORY, "I am small", True), (STORY, "I am small", False)], "asynchronously in a thread"

    async def acheck(query: str, answer: str) -> float:
        return doubt_small(query, answer)

    model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=acheck))
    assert candidates(asyncio.run(model.ainvoke(STORY))) == ["small", "large"]


def test_traces_show_all_calls_as_children_of_one_run(model):
    ways = {"invoke": model.invoke, "ainvoke": lambda *given: asyncio.run(model.ainvoke(*given))}
    for way, invoke in ways.items():
        runs = Runs()
        config = {"callbacks": [runs], "tags": ["mine"], "metadata": {"mine": 1}, "run_name": "asking"}
        message = invoke(STORY, config)
        ((parent, (name, above)),) = runs.chains.items()
        assert (name, above) == ("asking", None), way
        assert [(asked, run) for asked, run, _ in runs.models] == [("small", parent), ("large", parent)], way
        assert all({"mine", f"crossroute:{asked}"} <= set(kwargs["tags"]) for asked, _, kwargs in runs.models)
        assert all(kwargs["metadata"]["mine"] == 1 for _, _, kwargs in runs.models)
        assert runs.ended[parent] == message, way
    unnamed = Runs()
    model.invoke(STORY, {"callbacks": [unnamed]})
    assert [name for name, _ in unnamed.chains.values()] == ["ChatCrossRoute"]


def test_callbacks_count_each_call_once(model):
    usage = UsageMetadataCallbackHandler()
    model.invoke(STORY, {"callbacks": [usage]})
    assert {name: used["total_tokens"] for name, used in usage.usage_metadata.items()} == {
        "small": 15,
        "large": 15,
    }


def test_it_is_off_unless_asked_for(pair, router):
    runs = Runs()
    message = ChatCrossRoute(models=pair, router=router).invoke(STORY, {"callbacks": [runs]})
    assert (decision(message)["calls"], runs.chains, runs.asked) == ([], {}, ["small"])
    for off in (False, None):
        assert ChatCrossRoute(models=pair, router=router, escalate=off).route(STORY).max_calls == 1
    with pytest.raises(ValueError, match="escalate"):
        ChatCrossRoute(models=pair, router=router, escalate="always")


def test_a_call_may_turn_it_off_or_on(model, pair, router):
    runs = Runs()
    message = model.invoke(STORY, {"configurable": {"escalate": False}, "callbacks": [runs]})
    assert (message.text, decision(message)["calls"], runs.chains) == ("I am small", [], {})
    plain = ChatCrossRoute(models=pair, router=router)
    found = plain.invoke(STORY, {"configurable": {"escalate": Escalation(check=doubt_small)}})
    assert candidates(found) == ["small", "large"]
    assert "escalate" in {spec.id for spec in plain.config_specs}


def test_a_model_that_is_named_is_asked_alone(model, pair):
    message = model.invoke(STORY, {"configurable": {"candidate": "small"}})
    assert (message.text, decision(message)["calls"]) == ("I am small", [])
    assert model.invoke(STORY, model="small").text == "I am small"
    assert not pair["large"]._seen


def test_a_failed_escalation_leaves_the_answer_in_hand_and_is_told(model, pair):
    for error in (RateLimitError("slow down, api_key=abcdef123456"), BadRequestError("no")):
        pair["large"].errors = [error]
        runs = Runs()
        message = model.invoke(STORY, {"callbacks": [runs]})
        assert message.text == "I am small"
        assert [failure["candidate"] for failure in decision(message)["failures"]] == ["large"]
        assert candidates(message) == ["small"]
        assert runs.failed == [error], "its own run tells of it"
        assert "abcdef123456" not in str(message)
        model.routing.dispatcher.cooldowns.clear("large")
    pair["large"].errors = [RateLimitError("once")]
    assert asyncio.run(model.ainvoke(STORY)).text == "I am small"


def test_the_first_call_fails_over_as_ever(model, pair):
    pair["small"].errors = [RateLimitError("once")]
    message = model.invoke(STORY)
    assert message.text == "I am large"
    assert candidates(message)[0] == "large"
    for fake in pair.values():
        fake.errors = [BadRequestError("no")] * 2
    with pytest.raises(BadRequestError):
        model.invoke(STORY)


def test_a_budget_that_is_reached_leaves_the_answer_in_hand(pair, router):
    poor = Escalation(check=doubt_small, max_cost=1e-5)
    message = ChatCrossRoute(models=pair, router=router, escalate=poor).invoke(STORY)
    assert (message.text, candidates(message)) == ("I am small", ["small"])
    once = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=doubt_small, max_calls=1))
    assert once.invoke(STORY).text == "I am small"


def test_an_answer_with_tool_calls_stands_and_its_turn_is_not_escalated(model, pair):
    bound = model.bind_tools([weather])
    asked = bound.invoke([HumanMessage(STORY)])
    assert asked.tool_calls[0]["name"] == "weather"
    assert candidates(asked) == ["small"]
    turn = [HumanMessage(STORY), asked, ToolMessage("sunny", tool_call_id=asked.tool_calls[0]["id"])]
    answer = bound.invoke(turn)
    assert (answer.text, decision(answer)["calls"]) == ("I am small", [])
    assert decision(answer)["reasons"] == ["stuck to small: tool turn"]
    bare = [turn[0], asked.model_copy(update={"response_metadata": {}}), turn[2]]
    assert decision(bound.invoke(bare))["candidate"] == "small", "its tool call is remembered"
    assert not pair["large"]._seen


def test_tool_calls_that_cannot_be_carried_out_are_evidence(model, pair):
    class Wrong(ChatFake):
        def _tool_calls(self, messages: Any, kwargs: Any) -> Any:
            return [{**call, "args": {"town": "Oslo"}} for call in super()._tool_calls(messages, kwargs)]

    models = {**pair, "small": Wrong(model_name="small", profile=dict(CAN))}
    model = ChatCrossRoute(models=models, router=model.routing.dispatcher.router, escalate=True)
    asked = model.bind_tools([weather]).invoke(STORY)
    assert decision(asked)["candidate"] == "large"
    assert "schema" in decision(asked)["calls"][0]["evidence"]["flaws"]
    assert set(asked.tool_calls[0]["args"]) == {"city"}
    assert asked.usage_metadata["total_tokens"] == 30


class Unfit(ChatFake):
    """Answers a schema with something else."""

    def _tool_calls(self, messages: Any, kwargs: Any) -> Any:
        return [{**call, "args": {"people": "many"}} for call in super()._tool_calls(messages, kwargs)]


@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_structured_output_that_fails_its_schema_escalates(pair, router, include_raw, asynchronous):
    models = {**pair, "small": Unfit(model_name="small", profile=dict(CAN))}
    model = ChatCrossRoute(models=models, router=router, escalate=True)
    schema = model.with_structured_output(City, include_raw=include_raw)
    found = asyncio.run(schema.ainvoke(STORY)) if asynchronous else schema.invoke(STORY)
    if include_raw:
        assert candidates(found["raw"]) == ["small", "large"]
        assert decision(found["raw"])["calls"][0]["evidence"]["flaws"] == ["schema"]
        assert found["raw"].usage_metadata["total_tokens"] == 30
        assert found["parsing_error"] is None
        found = found["parsed"]
    assert found == City(people=3)
    assert {name: spent.calls for name, spent in model.spend.by_candidate.items()} == {"small": 1, "large": 1}


def test_structured_output_that_no_model_gives_fails_as_it_would_have(router):
    models = {name: Unfit(model_name=name, profile=dict(CAN)) for name in ("small", "large")}
    plain, model = (ChatCrossRoute(models=models, router=router, escalate=on) for on in (None, True))
    for one in (plain, model):
        with pytest.raises(ValidationError, match="people"):
            one.with_structured_output(City).invoke(STORY)
        with pytest.raises(ValidationError, match="people"):
            asyncio.run(one.with_structured_output(City).ainvoke(STORY))
        found = one.with_structured_output(City, include_raw=True).invoke(STORY)
        assert isinstance(found["parsing_error"], ValidationError)
        assert found["parsed"] is None
    assert len(candidates(found["raw"])) == 2


def test_structured_output_that_fits_is_checked_by_what_it_says(pair, router):
    seen = []

    def check(query: str, answer: str) -> float:
        seen.append(answer)
        return 1.0

    model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=check))
    assert model.with_structured_output(City).invoke(STORY) == City(people=3)
    native = model.with_structured_output(City, method="json_schema")
    assert native.invoke(STORY) == City(people=3), "a member that gives no message beside it"
    assert not pair["large"]._seen
    assert seen[0] == '{"people": 3}'


def test_a_stream_is_not_escalated_and_says_so(model, pair):
    runs = Runs()
    chunks, whole = stream(model, STORY, {"callbacks": [runs]})
    assert len(chunks) > 2
    assert whole.text == "I am small"
    assert decision(whole)["reasons"] == ["not escalated: the answer is streamed"]
    assert (decision(whole)["calls"], runs.chains) == ([], {})

    async def run():
        return [chunk async for chunk in model.astream(STORY)]

    assert sum((chunks := asyncio.run(run()))[1:], chunks[0]).text == "I am small"
    assert not pair["large"]._seen


def test_a_buffered_stream_comes_whole_and_escalated(pair, router):
    escalation = Escalation(check=doubt_small, buffer_streams=True)
    model = ChatCrossRoute(models=pair, router=router, escalate=escalation)
    (chunk,), _ = stream(model, STORY)
    assert (chunk.text, candidates(chunk)) == ("I am large", ["small", "large"])
    assert (chunk.chunk_position, chunk.usage_metadata["total_tokens"]) == ("last", 30)

    async def run():
        return [chunk async for chunk in model.astream(STORY)]

    assert [chunk.text for chunk in asyncio.run(run())] == ["I am large"]
    forced = {"configurable": {"candidate": "small"}}
    assert len(stream(model, STORY, forced)[0]) > 2, "one model's answer streams as ever"
    (chunk,), _ = stream(model.bind_tools([weather]), STORY)
    assert chunk.tool_calls[0]["name"] == "weather"
    assert ChatCrossRoute(models=pair, router=router, escalate="buffer").route(STORY).max_calls == 2


def test_buffered_structured_output_that_is_not_read_calls_no_model(pair, router):
    model = ChatCrossRoute(models=pair, router=router, escalate="buffer")
    model.with_structured_output(City).stream(STORY)
    assert model.spend.total.calls == 0


def test_buffered_structured_output_comes_parsed(pair, router):
    models = {**pair, "small": Unfit(model_name="small", profile=dict(CAN))}
    model = ChatCrossRoute(models=models, router=router, escalate="buffer")
    assert list(model.with_structured_output(City).stream(STORY)) == [City(people=3)]


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_version_three_streams_do_the_same(pair, router):
    held = ChatCrossRoute(
        models=pair, router=router, escalate=Escalation(check=doubt_small, buffer_streams=True)
    )
    message = held.stream_events(STORY, version="v3").output
    assert (message.text, candidates(message)) == ("I am large", ["small", "large"])
    assert message.usage_metadata["total_tokens"] == 30

    async def run(model):
        stream_ = await model.astream_events(STORY, version="v3")
        return "".join([delta async for delta in stream_.text]), await stream_

    text, message = asyncio.run(run(held))
    assert (text, candidates(message)) == ("I am large", ["small", "large"])
    plain = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=doubt_small))
    text, message = asyncio.run(run(plain))
    assert (text, decision(message)["reasons"]) == ("I am small", ["not escalated: the answer is streamed"])


def test_langgraphs_messages_stream_shows_the_answer_that_is_kept_alone(model):
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile()
    found = [chunk for chunk, _ in graph.stream({"messages": [("human", STORY)]}, stream_mode="messages")]
    assert [message.text for message in found] == ["I am large"]


def test_what_a_check_asks_a_model_is_not_in_the_messages_stream(pair, router):
    judge = ChatFake(model_name="judge")

    def check(query: str, answer: str) -> float:
        judge.invoke(f"Is {answer} right?")
        return doubt_small(query, answer)

    async def acheck(query: str, answer: str) -> float:
        await judge.ainvoke(f"Is {answer} right?")
        return doubt_small(query, answer)

    def ask(state: MessagesState) -> dict[str, Any]:
        model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=check))
        return {"messages": [model.invoke(state["messages"])]}

    async def aask(state: MessagesState) -> dict[str, Any]:
        model = ChatCrossRoute(models=pair, router=router, escalate=Escalation(check=acheck))
        return {"messages": [await model.ainvoke(state["messages"])]}

    async def shown(graph):
        stream = graph.astream({"messages": [("human", STORY)]}, stream_mode="messages")
        return [chunk.text async for chunk, _ in stream]

    for step in (ask, aask):
        graph = StateGraph(MessagesState).add_node("ask", step).add_edge(START, "ask").compile()
        assert asyncio.run(shown(graph)) == ["I am large"]
    assert len(judge._seen) == 4


def test_concurrent_calls_do_not_mix(model, pair):
    for fake in pair.values():
        fake.wait = 0.01

    async def run():
        return await asyncio.gather(*(model.ainvoke(f"{STORY} No. {i}.") for i in range(40)))

    answers = asyncio.run(run())
    assert {message.text for message in answers} == {"I am large"}
    assert {message.usage_metadata["total_tokens"] for message in answers} == {30}
    assert model.spend.total.calls == 80


def test_wrapped_members_and_the_protected_methods_serve(pair, router):
    models = {"small": pair["small"].bind(top_p=0.1), "large": pair["large"].with_retry(stop_after_attempt=2)}
    model = ChatCrossRoute(models=models, router=router, escalate=Escalation(check=doubt_small))
    assert candidates(model.invoke(STORY)) == ["small", "large"]
    assert model.generate([[HumanMessage(STORY)]]).generations[0][0].message.text == "I am large"
    assert pair["small"]._kwargs[-1]["top_p"] == 0.1
    assert model._generate([HumanMessage(STORY)]).generations[0].message.text == "I am large"


def test_no_prompt_reaches_the_decision(model):
    asked = "My own private words: tell me a short story about 12 foxes."
    message = model.invoke(asked)
    assert "private" not in str(decision(message))
    assert "I am" not in str(decision(message))
