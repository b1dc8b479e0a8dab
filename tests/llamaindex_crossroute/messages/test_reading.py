"""Reading: what a call is routed on, what it needs, which member spoke before."""

from types import SimpleNamespace

import pytest
from llama_index.core import ChatPromptTemplate, PromptTemplate
from llama_index.core.agent.react.formatter import ReActChatFormatter
from llama_index.core.agent.react.types import ActionReasoningStep, ObservationReasoningStep
from llama_index.core.agent.workflow import ReActAgent
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.prompts import RichPromptTemplate
from llama_index.core.prompts.chat_prompts import CHAT_CONTENT_QA_PROMPT
from llama_index.core.prompts.default_prompt_selectors import DEFAULT_TEXT_QA_PROMPT_SEL
from llama_index.core.tools import FunctionTool

from llamaindex_crossroute.messages.reading import find_tool_calls, make_marks, read_messages, read_prompt
from tests.llamaindex_crossroute.fakes import ChatFake, tool_call, user
from tests.support.conversations import CONVERSATIONS


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD = FunctionTool.from_defaults(add)


def result(call_id, text="5"):
    return ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": call_id})


def answer(text):
    return ChatMessage(role="assistant", content=text)


def test_the_last_users_turn_is_the_query_and_the_system_frames_it():
    reading = read_messages(
        [ChatMessage(role="system", content="Be brief."), user("Hi"), answer("Hello"), user("A"), user("B")]
    )
    assert reading.query.text == "A\n\nB"
    assert reading.query.system == "Be brief."
    assert reading.query.input_tokens == 5 * 4 + (3 + 1 + 1 + 1 + 1)  # each message is framed
    assert not reading.tool_turn
    assert reading.needs == frozenset()


def test_without_a_user_the_last_text_is_the_query():
    assert read_messages([answer("first"), answer("last")]).query.text == "last"
    assert read_messages([]).query is None


@pytest.mark.parametrize("role", ["tool", "function"])
def test_a_tool_turn_is_known_by_its_calls(role):
    asked = tool_call("add", "call-1", a=2, b=3)
    returned = ChatMessage(role=role, content="5", additional_kwargs={"tool_call_id": "call-1"})
    reading = read_messages([user("2 + 3?"), asked, returned])
    assert reading.tool_turn
    assert reading.query.text == "2 + 3?"
    assert reading.needs == {"tools"}
    assert reading.marks == tuple(make_marks(asked, "2 + 3?"))
    assert not read_messages([user("2 + 3?"), asked, returned, answer("5"), user("thanks")]).tool_turn


def test_tool_calls_are_told_apart_by_all_that_is_known_of_them():
    first, second = tool_call("add", "", a=2, b=3), tool_call("add", "", a=2, b=4)
    assert make_marks(first, "?") == make_marks(tool_call("add", "", a=2, b=3), "?")
    assert make_marks(first, "?") != make_marks(second, "?")
    assert make_marks(first, "?") != make_marks(first, "!"), "asked in another conversation"
    assert make_marks(tool_call("add", "add", a=2, b=3), "?") == make_marks(first, "?"), (
        "Gemini: no id of its own"
    )
    assert make_marks(tool_call("add", "1", a=2, b=3), "?") != make_marks(first, "?")
    assert read_messages([user("?"), first, result("")]).marks == tuple(make_marks(first, "?"))
    assert make_marks(ChatMessage(role="assistant", content=""), "?") == []


@pytest.mark.parametrize(
    "kept",
    [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}},
        SimpleNamespace(id="c1", function=SimpleNamespace(name="add", arguments='{"a": 2}')),
        {"toolUseId": "c1", "name": "add", "input": '{"a": 2}'},
    ],
)
def test_tool_calls_kept_beside_the_message_are_tool_calls(kept):
    beside = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [kept]})
    assert find_tool_calls(beside) == [("c1", "add", '{"a": 2}')]
    block = ToolCallBlock(tool_call_id="c1", tool_name="add", tool_kwargs='{"a": 2}')
    assert make_marks(beside, "?") == make_marks(ChatMessage(role="assistant", blocks=[block]), "?")


def test_the_marks_of_an_earlier_answer_are_those_that_it_had_when_it_was_given():
    reading = read_messages([user("A"), answer("a"), user("B"), answer("b"), user("C")])
    assert reading.marks == tuple(make_marks(answer("b"), "B"))


def test_results_of_earlier_turns_need_tools_as_well():
    asked = tool_call("add", "call-1", a=2, b=3)
    messages = [user("2 + 3?"), asked, result("call-1"), answer("5"), user("thanks")]
    assert read_messages(messages).needs == {"tools"}


def test_a_picture_is_routed_on_the_text_before_it():
    picture = ChatMessage(role="user", blocks=[ImageBlock(image=b"aGVsbG8=")])
    assert read_messages([user("What is it?"), answer("Which?"), picture]).query.text == "Which?"
    assert read_messages([ChatMessage(role="system", content="Describe."), picture]).query.text == "Describe."
    assert read_messages([picture]).query is None


def test_tools_count_and_are_needed():
    bare, armed = read_messages([user("Hi")]), read_messages([user("Hi")], [ADD])
    assert armed.needs == {"tools"}
    assert armed.query.input_tokens > bare.query.input_tokens + 10


def test_media_are_needed_also_within_blocks():
    blocks = [TextBlock(text="see"), ImageBlock(image=b"aGVsbG8="), AudioBlock(audio=b"aGVsbG8=")]
    assert read_messages([ChatMessage(role="user", blocks=blocks)]).needs == {"vision", "audio"}
    cited = CitableBlock(title="t", source="s", content=[DocumentBlock(data=b"aGVsbG8=")])
    assert read_messages([ChatMessage(role="user", blocks=[TextBlock(text="see"), cited])]).needs == {"files"}


@pytest.mark.parametrize("role", [MessageRole.USER, MessageRole.TOOL])
def test_react_observations_are_not_the_users(role):
    steps = [
        ActionReasoningStep(thought="add", action="add", action_input={"a": 2, "b": 3}),
        ObservationReasoningStep(observation="5"),
    ]
    messages = ReActChatFormatter(observation_role=role).format([ADD], [user("2 + 3?")], steps)
    assert read_messages(messages).query.text == "2 + 3?"
    assert read_messages(messages).needs == frozenset(), "text alone, whatever its role"
    assert read_messages([user("Observation: it rains")]).query.text == "Observation: it rains"


@pytest.mark.parametrize("said", ["", "Action: but none"])
async def test_what_react_tries_again_is_routed_on_the_question(said):
    class Clumsy(ChatFake):
        def _said(self, messages, kwargs):
            super()._said(messages, kwargs)
            first = len(self.asked) == 1
            return answer(said if first else "Thought: I can answer without using any more tools.\nAnswer: 5")

    clumsy = Clumsy("small")
    assert str(await ReActAgent(tools=[add], llm=clumsy, streaming=False).run("2 + 3?")) == "5"
    again = clumsy.asked[1][0]
    assert again[-1].role == "user"
    assert again[-1].content != "2 + 3?"
    assert read_messages(again).query.text == "2 + 3?"


def test_query_engines_are_routed_on_their_question():
    prompt = DEFAULT_TEXT_QA_PROMPT_SEL.partial_format(query_str="Who wrote it?")
    reading = read_prompt(prompt, {"context_str": "long " * 400})
    assert reading.query.text == "Who wrote it?"
    assert reading.query.input_tokens > 400
    mapped = PromptTemplate("{q}", template_var_mappings={"query_str": "q"})
    assert read_prompt(mapped, {"query_str": "mapped"}).query.text == "mapped"


def test_other_prompts_are_routed_on_their_text():
    assert (
        read_prompt(PromptTemplate("A name for {topic}."), {"topic": "cats"}).query.text == "A name for cats."
    )
    chat = ChatPromptTemplate([ChatMessage(role="system", content="S"), user("About {topic}")])
    assert read_prompt(chat, {"topic": "dogs"}).query.text == "About dogs"


def test_images_in_a_prompt_are_seen_beside_its_question():
    image = ChatMessage(role="user", blocks=[TextBlock(text="{query_str}"), ImageBlock(image=b"aGVsbG8=")])
    assert read_prompt(ChatPromptTemplate([image]), {"query_str": "what?"}).needs == {"vision"}


def test_what_a_rich_prompt_renders_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where such a prompt may read files
    shown = '{% chat role="user" %}{{ query_str }} {{ picture | image }}{% endchat %}'
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
    pictured = {"query_str": "what?", "picture": "p.png"}
    assert read_prompt(RichPromptTemplate(shown), pictured).needs == {"vision"}
    image = ImageBlock(image=b"aGVsbG8=", image_mimetype="image/png")
    context = [ChatMessage(role="user", blocks=[TextBlock(text="word " * 400), image])]
    reading = read_prompt(CHAT_CONTENT_QA_PROMPT, {"query_str": "what?", "context_messages": context})
    assert reading.query.text == "what?"
    assert reading.query.input_tokens > 1_400
    assert reading.needs == {"vision"}


@pytest.mark.parametrize("case", CONVERSATIONS, ids=lambda case: case.name)
def test_a_conversation_is_read_by_its_next_call(case):
    roles = {"human": MessageRole.USER, "answer": MessageRole.ASSISTANT, "tool": MessageRole.TOOL}
    turns = [ChatMessage(turn.text, role=roles[turn.role]) for turn in case.turns]
    found = read_messages([ChatMessage("Be brief.", role=MessageRole.SYSTEM), *turns]).query
    assert all(words in found.instance_view for words in case.read)
    assert not any(words in found.instance_view for words in case.unread)
    assert found.text_tokens + found.context_tokens == found.input_tokens
