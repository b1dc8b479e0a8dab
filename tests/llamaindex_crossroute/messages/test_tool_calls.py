"""Faults of tool calls."""

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.types import BaseTool, ToolOutput

from llamaindex_crossroute.messages.tool_calls import asks_for_tools, find_tool_flaw
from tests.llamaindex_crossroute.fakes import ChatFake, tool_call


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


class Bare(BaseTool):
    """A tool without a schema."""

    metadata = ToolMetadata(name="bare", description="Bare.", fn_schema=None)

    def __call__(self, text: str) -> ToolOutput:
        return ToolOutput(content=text, tool_name="bare", raw_input={}, raw_output=text)


TOOLS = (FunctionTool.from_defaults(add), Bare())


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (tool_call("add", a=1), None),
        (tool_call("add", a="1", b=3), None),
        (tool_call("bare", anything=1), None),
        (tool_call("add", b=1), "add: a: missing"),
        (tool_call("add", a="one"), "add: a: int_parsing"),
        (tool_call("sub", a=1), "a tool that was not offered"),
        (ChatMessage(role="assistant", content="No tool."), None),
    ],
)
def test_faults_of_calls(message, fault):
    assert find_tool_flaw(ChatResponse(message=message), ChatFake("a"), TOOLS) == fault


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ('{"a": 1}', None),
        ('{"a": ', "add: the arguments are not JSON"),
        ("[1]", "add: the arguments are not JSON"),
    ],
)
def test_faults_of_written_arguments(arguments, fault):
    message = tool_call("add")
    message.blocks[0].tool_kwargs = arguments
    assert find_tool_flaw(ChatResponse(message=message), ChatFake("a"), TOOLS) == fault


@pytest.mark.parametrize("error", [KeyError, AttributeError])
def test_a_member_that_cannot_read_its_own_calls(error):
    class Puzzled(ChatFake):
        def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **kwargs):
            raise error("function")

    message = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [{"id": "1"}]})
    assert asks_for_tools(message)
    fault = find_tool_flaw(ChatResponse(message=message), Puzzled("a"), TOOLS)
    assert fault == f"tool calls cannot be read: {error.__name__}"
