"""The neutral form: what each format writes, it reads again."""

import json

import pytest

from crossroute.calls.spend import Usage
from crossroute.serve.events import EventReader
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire import CHAT, MESSAGES, RESPONSES
from crossroute.serve.wire.neutral import (
    Answer,
    Message,
    Request,
    StreamEnd,
    StreamStart,
    Text,
    TextDelta,
    Thought,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    UsageDelta,
    join_words,
    to_deltas,
)

FORMATS = [CHAT, MESSAGES, RESPONSES]
USAGE = Usage(input_tokens=100, output_tokens=20, cached_input_tokens=60)
SAID = Answer((Text("Paris."),), "stop", USAGE, "a1", "large")
CUT = Answer((Text("Par"),), "length", USAGE, "a1", "large")
ASKS = Answer(
    (
        Thought("Look it up."),
        Text("One moment."),
        ToolCall("c1", "look", '{"at": 1}'),
        ToolCall("c2", "see", "{}"),
    ),
    "tools",
    USAGE,
    "a1",
    "large",
)


@pytest.fixture(params=FORMATS, ids=lambda wire: wire.name)
def wire(request):
    return request.param


def stream_of(wire, answer):
    """The neutral form of what a format writes of an answer's stream."""
    writer = wire.writer({"stream_options": {"include_usage": True}})
    parts = [part for delta in to_deltas(answer) for part in writer.write(delta)]
    events, reader = EventReader(), wire.reader()
    written = b"".join([*parts, *writer.end({"candidate": "large"})])
    return [delta for event in events.feed(written) for delta in reader.read(event)], written


@pytest.mark.parametrize("answer", [SAID, CUT, ASKS], ids=["said", "cut", "asks"])
def test_a_whole_answer_is_read_as_it_was_written(wire, answer):
    read = wire.read_answer(json.loads(json.dumps(wire.write_answer(answer))))
    assert (read.text, read.finish, read.model) == (answer.text, answer.finish, answer.model)
    assert read.usage == answer.usage
    assert [(call.name, json.loads(call.arguments)) for call in read.calls] == [
        (call.name, json.loads(call.arguments)) for call in answer.calls
    ]


@pytest.mark.parametrize("answer", [SAID, CUT, ASKS], ids=["said", "cut", "asks"])
def test_a_stream_is_read_as_it_was_written(wire, answer):
    deltas, written = stream_of(wire, answer)
    said = [delta for delta in deltas if isinstance(delta, TextDelta)]
    assert "".join(one.text for one in said if not one.thought) == answer.text
    assert [one.text for one in said if one.thought] == [
        part.text for part in answer.parts if isinstance(part, Thought)
    ]
    arguments: dict[int, str] = {}
    for delta in deltas:
        if isinstance(delta, ToolCallDelta):
            arguments[delta.index] = arguments.get(delta.index, "") + delta.arguments
    assert [json.loads(one) for one in arguments.values()] == [
        json.loads(call.arguments) for call in answer.calls
    ]
    assert [delta.usage for delta in deltas if isinstance(delta, UsageDelta)][-1] == USAGE
    assert [delta.finish for delta in deltas if isinstance(delta, StreamEnd)] == [answer.finish]
    assert isinstance(deltas[0], StreamStart)
    assert b'"crossroute"' in written


@pytest.mark.parametrize("finish", ["stop", "length", "tools", "filter"])
def test_why_an_answer_ended_survives_each_format(wire, finish):
    call = (ToolCall("c1", "look", "{}"),) if finish == "tools" else ()
    written = wire.write_answer(Answer((Text("Yes"), *call), finish))
    assert wire.read_answer(json.loads(json.dumps(written))).finish == finish


@pytest.mark.parametrize("wire", [CHAT, MESSAGES], ids=lambda wire: wire.name)
def test_a_request_is_read_as_it_was_written(wire):
    said = (
        Message("system", (Text("Be terse."),)),
        Message("human", (Text("Where is it?"),)),
        Message("answer", (Text("I look."), ToolCall("c1", "look", '{"at": 1}'))),
        Message("tool", (ToolResult("c1", (Text("Here."),)),)),
    )
    tools = (Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "integer"}}}),)
    written = wire.write_request(Request(said, tools), {"max_tokens": 9})
    read = wire.read_request(RawObject(json.dumps({"model": "m", **written})))
    assert "".join(one.text for one in read.messages if one.role == "system") == "Be terse."
    texts = [one.text for one in read.messages if one.role != "system"]
    assert "".join(texts) == "Where is it?I look.Here."
    assert [part for one in read.messages for part in one.parts if isinstance(part, ToolCall)] == [
        said[2].parts[1]
    ]
    assert [(tool.name, tool.description, dict(tool.schema)) for tool in read.tools] == [
        ("look", "Looks.", dict(tools[0].schema))
    ]


def test_words_are_those_of_the_parts_and_of_tools_results():
    result = ToolResult("c1", (Text("Here."),))
    assert Message("tool", (result, Text(" So."))).text == "Here. So."
    assert join_words((Text("a"), Thought("b"), Text("c"))) == "ac"
