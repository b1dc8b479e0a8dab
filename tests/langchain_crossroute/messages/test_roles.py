"""One rule for roles: what a ChatMessage says that it is, and what a model answered, whatever its role."""

import json

import httpx
import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    ToolMessage,
)

from crossroute.calls.spend import Usage
from langchain_crossroute import ChatCrossRoute
from langchain_crossroute.messages.reading import change_answers, normalize_roles, read, to_answer
from tests.support.faulty import whole


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", HumanMessage),
        ("human", HumanMessage),
        ("User", HumanMessage),
        ("assistant", AIMessage),
        ("model", AIMessage),
        ("system", SystemMessage),
        ("developer", SystemMessage),
        ("critic", ChatMessage),
        ("tool", ChatMessage),
    ],
)
def test_a_message_is_of_the_class_of_its_role(role, kind):
    given = ChatMessage("Hello", role=role, name="ada", id="1")
    (one,) = normalize_roles([given])
    assert (type(one), one.content, one.name, one.id) == (kind, "Hello", "ada", "1")
    assert one.additional_kwargs == ({"__openai_role__": "developer"} if role == "developer" else {})
    assert given.additional_kwargs == {}


def test_a_conversation_is_read_alike_in_whatever_form_its_roles_are_told():
    usual = [
        SystemMessage("Be brief."),
        HumanMessage("What is 2 + 2?"),
        AIMessage("4"),
        HumanMessage("And 3?"),
    ]
    by_role = [
        ChatMessage(one.content, role=role)
        for one, role in zip(usual, ("developer", "user", "assistant", "human"), strict=True)
    ]
    one, other = read(usual), read(by_role)
    assert (one.query, one.needs, one.tool_turn) == (other.query, other.needs, other.tool_turn)
    assert other.last.text == "4"


def anthropics(request):
    assert [one["role"] for one in json.loads(request.content)["messages"]] == ["user"]
    body = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn"}
    usage = {"input_tokens": 3, "output_tokens": 2}
    return httpx.Response(200, json={**body, "content": [{"type": "text", "text": "4"}], "usage": usage})


def test_a_member_that_knows_no_roles_gets_messages_that_it_takes(router, monkeypatch):
    anthropic = pytest.importorskip("langchain_anthropic")
    from langchain_anthropic import chat_models

    client = httpx.Client(transport=httpx.MockTransport(anthropics), base_url="https://api.anthropic.com")
    monkeypatch.setattr(chat_models, "_get_default_httpx_client", lambda **_: client)
    member = anthropic.ChatAnthropic(model="claude-sonnet-4-5", api_key="none", max_retries=0)
    pool = ChatCrossRoute(models={"small": member}, router=router)
    answer = pool.invoke([ChatMessage("You are brief.", role="system"), ChatMessage("2 + 2?", role="user")])
    assert (answer.text, pool.spend.total.unknown) == ("4", 0)


def test_an_answer_is_one_whatever_its_role():
    assert type(to_answer(HumanMessage("Paris", response_metadata={"a": 1}))) is AIMessage
    chunk = to_answer(HumanMessageChunk("Paris", id="1"))
    assert (type(chunk).__name__, chunk.id) == ("AIMessageChunk", "1")


def test_what_a_step_of_an_agent_brought_beside_its_answer_stays():
    note, tool, answer = HumanMessage("Hurry."), ToolMessage("4", tool_call_id="1"), AIMessage("4")
    changed = AIMessage("changed")
    assert change_answers([answer, note, tool], lambda one: changed) == [changed, note, tool]
    assert change_answers([tool, note], lambda one: changed) == [tool, changed]


@pytest.mark.parametrize("role", ["user", "model", "", "system"])
def test_an_answer_of_an_odd_role_is_counted_and_carries_its_decision(router, role):
    openai = pytest.importorskip("langchain_openai")
    message = {"role": role, "content": "I am well"}
    body = whole(choices=[{"index": 0, "message": message, "finish_reason": "stop"}])
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text=body)))
    member = openai.ChatOpenAI(model="m", api_key="none", max_retries=0, http_client=client)
    pool = ChatCrossRoute(models={"small": member}, router=router)
    answer = pool.invoke("How are you?")
    assert (type(answer), answer.text) == (AIMessage, "I am well")
    assert answer.response_metadata["crossroute"]["candidate"] == "small"
    assert pool.spend.total.usage == Usage(input_tokens=11, output_tokens=7)
