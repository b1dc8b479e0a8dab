"""Tool endpoints: masks, stickiness, in-place appends, and which member parses what."""

import pytest
from llama_index.core.agent.react.formatter import ReActChatFormatter
from llama_index.core.agent.react.output_parser import ReActOutputParser
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import BaseTool, FunctionTool, ToolOutput

from crossroute import NoEligibleCandidateError
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, TextFake, tool_call, user
from tests.support.routers import ARITHMETIC, STORY


def add(a: int, b: int = 3) -> int:
    """Add two numbers."""
    return a + b


ADD = FunctionTool.from_defaults(add)


def calls(messages, kwargs):
    return tool_call("add", "call-1", a=2, b=3) if kwargs.get("tools") else "no tools"


async def every_endpoint(llm, **kwargs):
    return {
        "chat": llm.chat_with_tools([ADD], **kwargs),
        "achat": await llm.achat_with_tools([ADD], **kwargs),
        "stream": list(llm.stream_chat_with_tools([ADD], **kwargs))[-1],
        "astream": [chunk async for chunk in await llm.astream_chat_with_tools([ADD], **kwargs)][-1],
    }


@pytest.fixture
def mixed(router):
    """A cheap member without tools, and a dear one with them."""
    return CrossRouteLLM({"small": TextFake(name="small"), "large": ChatFake("large", calls)}, router)


async def test_only_members_that_call_tools_are_asked(mixed):
    assert mixed.chat([user(STORY)]).message.content.startswith("small")
    for endpoint, response in (await every_endpoint(mixed, user_msg=STORY)).items():
        assert response.additional_kwargs["crossroute"]["candidate"] == "large", endpoint
        [call] = mixed.get_tool_calls_from_response(response)
        assert (call.tool_name, call.tool_kwargs, call.tool_id) == ("add", {"a": 2, "b": 3}, "call-1")


async def test_history_is_not_appended_to(router, members):
    members["large"]._script = lambda *_: RateLimitError("slow")
    history = [user("Hi"), ChatMessage(role="assistant", content="Yes?")]
    await every_endpoint(CrossRouteLLM(members, router), user_msg=ARITHMETIC, chat_history=history)
    assert len(history) == 2
    assert len(members["coder"].asked[-1][0]) == 3, "and the message that failed elsewhere is asked once"


def beside(call_id):
    """A tool call as Bedrock Converse and Ollama keep it: beside the message."""
    kept = {"id": call_id, "name": "add", "input": {"a": 2, "b": 3}}
    return ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [kept]})


def in_block(call_id):
    return tool_call("add", call_id, a=2, b=3)


@pytest.mark.parametrize("asking", [in_block, beside])
@pytest.mark.parametrize("call_id", ["call-1", "", "add"])
def test_a_tool_turn_stays_with_the_member_that_began_it(router, members, call_id, asking):
    llm = CrossRouteLLM(members, router, cost_preference=0)
    members["large"]._script = lambda *_: asking(call_id)
    began = llm.chat_with_tools([ADD], ARITHMETIC)
    result = ChatMessage(role="tool", content="5", additional_kwargs={"tool_call_id": call_id})
    turn = [user(ARITHMETIC), began.message, result]
    cheap = llm.model_copy(update={"cost_preference": 1.0})
    assert cheap.chat_with_tools([ADD], ARITHMETIC).additional_kwargs["crossroute"]["candidate"] != "large"
    stuck = cheap.chat_with_tools([ADD], chat_history=turn).additional_kwargs["crossroute"]
    assert stuck["candidate"] == "large"
    assert stuck["reasons"] == ["stuck to large: tool turn"]


@pytest.mark.parametrize("asking", [in_block, beside])
@pytest.mark.parametrize("call_id", ["call-1", "", "add"])
def test_conversations_that_share_ids_are_each_finished_by_the_member_that_began_them(
    router, asking, call_id
):
    members = {name: ChatFake(name, lambda *_: asking(call_id)) for name in ("small", "large")}
    llm = CrossRouteLLM(members, router)
    begun = {text: llm.chat_with_tools([ADD], text) for text in (ARITHMETIC, STORY)}
    result = ChatMessage(role="tool", content="5", additional_kwargs={"tool_call_id": call_id})
    for (text, began), name in zip(begun.items(), ("large", "small"), strict=True):
        finished = llm.chat_with_tools([ADD], chat_history=[user(text), began.message, result])
        assert (began.raw["by"], finished.raw["by"]) == (name, name)


def test_predict_and_call_runs_the_tool(mixed, ear):
    assert mixed.predict_and_call([ADD], STORY).response == "5"
    [event] = ear.of(CrossRouteAnswerEvent)
    assert event.usage.input_tokens == 1000, "told by the member's own event"


async def test_what_a_tool_asks_of_an_llm_is_not_billed_to_the_member(router, ear):
    other = ChatFake("other")

    def ask(q: str) -> str:
        """Ask."""
        return other.complete(q).text

    async def aask(q: str) -> str:
        """Ask."""
        return (await other.acomplete(q)).text

    class Asking(BaseTool):
        metadata = FunctionTool.from_defaults(ask).metadata

        def __call__(self, q):
            return ToolOutput(content=ask(q), tool_name="ask", raw_input={}, raw_output=None)

    member = ChatFake("large", lambda *_: tool_call("ask", "1", q="What?"))
    llm = CrossRouteLLM({"large": member}, router)
    for tool in (FunctionTool.from_defaults(ask, async_fn=aask), Asking()):
        assert llm.predict_and_call([tool], ARITHMETIC).response == "other: What?"
        assert (await llm.apredict_and_call([tool], ARITHMETIC)).response == "other: What?"
    assert len(other.asked) == 4
    assert [event.usage.input_tokens for event in ear.of(CrossRouteAnswerEvent)] == [1000] * 4
    assert llm.spend.total.usage.input_tokens == 4000


def test_a_pool_without_tools_predicts_and_calls_by_text(router):
    said = 'Thought: add\nAction: add\nAction Input: {"a": 2, "b": 3}'
    llm = CrossRouteLLM({"small": ChatFake("small", lambda *_: said, tools=False)}, router)
    with pytest.raises(NoEligibleCandidateError, match="lacks tools"):
        llm.chat_with_tools([ADD], STORY)
    by_text = {"react_chat_formatter": ReActChatFormatter(), "output_parser": ReActOutputParser()}
    assert llm.predict_and_call([ADD], STORY, **by_text).response == "5"
    texts = CrossRouteLLM({"small": TextFake(name="small")}, router)
    assert texts.get_tool_calls_from_response(texts.chat([user(STORY)]), error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match="no member of the pool calls tools"):
        texts.get_tool_calls_from_response(texts.chat([user(STORY)]))


def test_tool_support_is_told_by_the_flag(router):
    untold = ChatFake("small", tools=False)
    llm = CrossRouteLLM({"small": untold, "large": MockFunctionCallingLLM()}, router)
    assert llm.metadata.is_function_calling_model
    assert llm.chat_with_tools([ADD], STORY).additional_kwargs["crossroute"]["candidate"] == "large"


def test_prepared_arguments_are_the_members(mixed):
    prepared = mixed._prepare_chat_with_tools([ADD], user_msg=STORY)
    assert prepared["tools"] == ["add"]


def test_options_that_the_base_class_does_not_know_pass(mixed):
    mixed.chat_with_tools(
        [ADD], STORY, verbose=True, allow_parallel_tool_calls=True, tool_required=True, seed=1
    )
    assert mixed.llms["large"].asked
