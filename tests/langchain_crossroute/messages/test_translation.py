"""History: what one provider alone understands goes, what the user said stays."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from langchain_crossroute.messages.translation import translate_messages, translate_tools

SOURCES = {"a": "anthropic", "o": "openai"}
MARK = {"cache_control": {"type": "ephemeral"}}
THINKING = {"type": "thinking", "thinking": "hm", "signature": "S"}
USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
CALL = {"name": "f", "args": {}, "id": "t1"}


def claude(*blocks, **fields):
    return AIMessage(list(blocks), response_metadata={"model_provider": "anthropic"}, **fields)


def test_the_same_provider_gets_its_messages_untouched():
    messages = [
        HumanMessage([{"type": "text", "text": "x", **MARK}]),
        claude(THINKING, {"type": "text", "text": "y"}),
    ]
    assert translate_messages(messages, "anthropic", SOURCES) == messages


def test_another_provider_gets_text_tool_calls_and_results():
    image = {"type": "image", "base64": "AA", "mime_type": "image/png"}
    messages = [
        SystemMessage([{"type": "text", "text": "Be kind.", **MARK}]),
        HumanMessage([{"type": "text", "text": "Look", **MARK}, image]),
        claude(THINKING, {"type": "text", "text": "I call ", "index": 0}, USE, tool_calls=[CALL], id="msg_1"),
        ToolMessage([{"type": "text", "text": "result", **MARK}], tool_call_id="t1"),
    ]
    before = [message.model_copy(deep=True) for message in messages]
    system, human, answer, result = translate_messages(messages, "openai", SOURCES)
    assert system.content == [{"type": "text", "text": "Be kind."}]
    assert human.content == [{"type": "text", "text": "Look"}, image]
    assert (answer.content, answer.id) == ("I call ", None)
    assert answer.tool_calls == [{**CALL, "type": "tool_call"}]
    assert (result.text, result.tool_call_id) == ("result", "t1")
    assert messages == before, "the caller's messages are not altered"


def test_encrypted_reasoning_stays_with_openai():
    reasoning = {"type": "reasoning", "id": "rs_1", "encrypted_content": "E", "summary": []}
    answer = AIMessage(
        [reasoning, {"type": "text", "text": "yes", "id": "msg_1", "annotations": []}],
        additional_kwargs={"reasoning": {"id": "rs_1"}, "refusal": None},
        response_metadata={"crossroute": {"candidate": "o"}},
    )
    assert translate_messages([answer], "openai", SOURCES) == [answer]
    (found,) = translate_messages([answer], "anthropic", SOURCES)
    assert (found.content, found.additional_kwargs) == ("yes", {"refusal": None})


def test_media_that_a_model_made_is_kept():
    picture = {"type": "image", "base64": "AA", "mime_type": "image/png"}
    (found,) = translate_messages([claude({"type": "text", "text": "see"}, picture)], "openai", SOURCES)
    assert found.content == [{"type": "text", "text": "see"}, picture]


TEXT = {"type": "text", "text": "It is 9.", "citations": [{"encrypted_index": "E"}], "annotations": [{}]}
FOUND = {"type": "web_search_result", "url": "u", "encrypted_content": "E"}


@pytest.mark.parametrize(
    "blocks",
    [
        [
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [FOUND]},
        ],
        [{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}],
        [{"type": "executable_code", "executable_code": "1"}, {"type": "code_execution_result"}],
        [
            {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {}},
            {"type": "server_tool_result", "tool_call_id": "s1", "status": "success"},
        ],
    ],
)
def test_what_a_provider_ran_itself_stays_with_it(blocks):
    answer = AIMessage([*blocks, TEXT], response_metadata={"model_provider": "theirs"})
    (found,) = translate_messages([answer], "openai", SOURCES)
    assert found.content == "It is 9."
    assert translate_messages([answer], "theirs", SOURCES) == [answer]
    picture = {"type": "image", "base64": "AA", "mime_type": "image/png"}
    answer = answer.model_copy(update={"content": [*blocks, TEXT, picture]})
    (found,) = translate_messages([answer], "openai", SOURCES)
    assert found.content == [{"type": "text", "text": "It is 9."}, picture]


def test_the_words_of_a_refusal_are_text_elsewhere():
    refusal = AIMessage(
        [{"type": "refusal", "refusal": "No."}], response_metadata={"model_provider": "openai"}
    )
    assert translate_messages([refusal], "anthropic", SOURCES)[0].content == "No."


def test_the_author_of_an_answer_counts_before_the_provider_that_it_names():
    stamp = {"model_provider": "bedrock", "crossroute": {"candidate": "b"}}
    answer = AIMessage([THINKING, {"type": "text", "text": "x"}], response_metadata=stamp)
    sources = {**SOURCES, "b": "amazon_bedrock"}
    assert translate_messages([answer], "amazon_bedrock", sources) == [answer]
    assert translate_messages([answer], "openai", sources)[0].content == "x"


def test_a_candidates_own_ids_stay_as_they_are():
    stamp = {"model_provider": "openai", "crossroute": {"candidate": "o"}}
    call = {"name": "f", "args": {}, "id": "functions.f:0"}
    messages = [
        AIMessage("", tool_calls=[call], response_metadata=stamp),
        ToolMessage("1", tool_call_id="functions.f:0"),
    ]
    assert translate_messages(messages, "openai", SOURCES, "o") == messages
    answer, result = translate_messages(messages, "anthropic", SOURCES, "a")
    assert answer.tool_calls[0]["id"] == result.tool_call_id != "functions.f:0"


def test_an_answer_of_unknown_origin_is_left_alone_unless_it_is_telling():
    plain = AIMessage("hello", id="1")
    assert translate_messages([plain], "openai", SOURCES) == [plain]
    (found,) = translate_messages([AIMessage([THINKING, {"type": "text", "text": "x"}])], "openai", SOURCES)
    assert found.content == "x"


def test_ids_that_others_refuse_are_renamed_in_pairs():
    calls = [
        {"name": "f", "args": {}, "id": "über/1"},
        {"name": "g", "args": {}, "id": ""},
        {"name": "h", "args": {}, "id": "ok"},
    ]
    messages = [
        AIMessage("", tool_calls=calls),
        ToolMessage("1", tool_call_id="über/1"),
        ToolMessage("2", tool_call_id=""),
        ToolMessage("3", tool_call_id="ok"),
    ]
    answer, *results = translate_messages(messages, "openai", SOURCES)
    ids = [call["id"] for call in answer.tool_calls]
    assert ids == [result.tool_call_id for result in results]
    assert ids[2] == "ok"
    assert all(name.isascii() and len(name) <= 40 and name for name in ids)
    assert len(set(ids)) == 3


def test_tools_lose_anthropics_cache_marks_elsewhere():
    @tool(extras=MARK)
    def f(x: int) -> int:
        """F."""
        return x

    native = {"name": "g", "input_schema": {}, **MARK}
    assert translate_tools([f, native], "anthropic") == [f, native]
    found = translate_tools([f, native], "openai")
    assert found[0].extras is None
    assert found[1] == {"name": "g", "input_schema": {}}
