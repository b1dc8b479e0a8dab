"""Reading: what to route on, what the call needs, whose turn it is."""

import pytest
from langchain_core.messages import AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_crossroute.messages.reading import find_tool_provider, read
from tests.support.conversations import CONVERSATIONS

CALL = {"name": "f", "args": {}, "id": "t1"}


def test_the_last_human_turn_is_the_instance_and_the_system_prompt_the_frame():
    messages = [
        SystemMessage("Be brief."),
        HumanMessage("Hello"),
        AIMessage("Hi"),
        HumanMessage("Part 1"),
        HumanMessage("Part 2"),
    ]
    found = read(messages)
    assert (found.query.text, found.query.system) == ("Part 1\n\nPart 2", "Be brief.")
    assert found.query.input_tokens > 10
    assert (found.last.text, found.tool_turn, found.needs) == ("Hi", False, frozenset())


def test_a_tool_turn_keeps_its_human_and_its_beginner():
    first, second = AIMessage("1", tool_calls=[CALL]), AIMessage("2", tool_calls=[{**CALL, "id": "t2"}])
    messages = [
        HumanMessage("Ask"),
        AIMessage("old"),
        HumanMessage("Do it"),
        first,
        ToolMessage("r", tool_call_id="t1"),
    ]
    found = read([*messages, second, ToolMessage("r", tool_call_id="t2")])
    assert found.query.text == "Do it"
    assert found.tool_turn
    assert found.last is first
    assert found.tool_calls == ("t1", "t2")
    assert found.needs == {"tools"}
    assert not read([*messages, AIMessage("done"), HumanMessage("Thanks")]).tool_turn


@pytest.mark.parametrize(
    ("block", "need"),
    [
        ({"type": "image", "url": "x"}, "vision"),
        ({"type": "image_url", "image_url": {"url": "x"}}, "vision"),
        ({"type": "input_audio", "input_audio": {}}, "audio"),
        ({"type": "document", "source": {}}, "files"),
        ({"type": "file", "base64": "x"}, "files"),
    ],
)
def test_media_are_needs_and_no_text_is_no_query(block, need):
    found = read([HumanMessage("earlier"), AIMessage("yes"), HumanMessage([block])])
    assert found.query is None
    assert found.needs == {need}


def test_where_no_human_spoke_the_last_text_is_routed_on():
    assert read([SystemMessage("Summarize the news.")]).query.text == "Summarize the news."
    assert read([]).query is None
    assert read([HumanMessage("  ")]).query is None


def test_a_chat_message_of_a_user_is_a_human_turn():
    asked = [ChatMessage(role="user", content="What is 2 + 2?"), AIMessage("4")]
    assert read([*asked, ChatMessage(role="user", content="And 3?")]).query.text == "And 3?"
    turn = [*asked[:1], AIMessage("", tool_calls=[CALL]), ToolMessage("long output", tool_call_id="t1")]
    found = read(turn)
    assert (found.query.text, found.tool_turn) == ("What is 2 + 2?", True)
    told = [SystemMessage("Summarize the news."), *turn[1:]]
    assert read(told).query.text == "Summarize the news.", "what a tool said is not routed on"


def test_tools_count_as_tokens():
    tool = {"type": "function", "function": {"name": "f", "description": "words " * 400, "parameters": {}}}
    assert read([HumanMessage("x")], [tool]).query.input_tokens > 400


def test_providers_own_tools_are_known():
    assert find_tool_provider({"type": "function", "function": {}}) is None
    assert find_tool_provider({"name": "f", "input_schema": {}}) is None
    assert find_tool_provider(len) is None
    assert find_tool_provider({"type": "bash_20250124", "name": "bash"}) == "anthropic"
    assert find_tool_provider({"type": "code_interpreter"}) == "openai"
    assert find_tool_provider({"type": "web_search_preview_2025_03_11"}) == "openai"
    assert find_tool_provider({"type": "custom", "name": "f"}) == "openai"
    assert find_tool_provider({"type": "custom", "name": "f", "input_schema": {}}) == "anthropic"
    assert find_tool_provider({"type": "mcp_toolset", "mcp_server_name": "x"}) == "anthropic"
    assert find_tool_provider({"google_search": {}}) == "google"
    assert find_tool_provider({"systemTool": {}}) is None


@pytest.mark.parametrize("case", CONVERSATIONS, ids=lambda case: case.name)
def test_a_conversation_is_read_by_its_next_call(case):
    messages = {
        "human": HumanMessage,
        "answer": AIMessage,
        "tool": lambda text: ToolMessage(text, tool_call_id="t1"),
    }
    found = read([SystemMessage("Be brief."), *(messages[turn.role](turn.text) for turn in case.turns)]).query
    assert all(words in found.instance_view for words in case.read)
    assert not any(words in found.instance_view for words in case.unread)
    assert found.text_tokens + found.context_tokens == found.input_tokens
