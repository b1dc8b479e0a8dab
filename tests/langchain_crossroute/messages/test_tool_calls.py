"""Tool calls that can be carried out, and those that cannot."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import StructuredTool, tool
from pydantic import BaseModel, Field

from langchain_crossroute.messages.tool_calls import find_tool_flaw, fits


@tool
def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"sunny in {city} for {days} days"


class Forecast(BaseModel):
    """A forecast."""

    degrees: int = Field(le=60)


PLAIN = {
    "type": "function",
    "function": {
        "name": "trip",
        "description": "Plan a trip.",
        "parameters": {
            "type": "object",
            "properties": {
                "stops": {"type": "array", "items": {"$ref": "#/$defs/Stop"}},
                "by": {"enum": ["train", "ship"]},
                "budget": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            },
            "required": ["stops"],
            "$defs": {
                "Stop": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
            },
        },
    },
}
BY_DICT = StructuredTool.from_function(
    lambda **_: "", name="mcp", description="Of a server.", args_schema=PLAIN["function"]["parameters"]
)
TOOLS = [weather, Forecast, PLAIN, BY_DICT]


def calling(name: str, args: dict[str, Any]) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "1"}])


@pytest.mark.parametrize(
    ("name", "args", "flawed"),
    [
        ("weather", {"city": "Oslo"}, False),
        ("weather", {"city": "Oslo", "days": "3"}, False),  # pydantic converts it
        ("weather", {"city": "Oslo", "days": "soon"}, True),
        ("weather", {"days": 3}, True),
        ("Forecast", {"degrees": 20}, False),
        ("Forecast", {"degrees": 99}, True),
        ("trip", {"stops": [{"city": "Oslo"}], "by": "ship", "budget": None}, False),
        ("trip", {"stops": [], "budget": 12.5, "more": True}, False),
        ("trip", {"stops": [{"town": "Oslo"}]}, True),
        ("trip", {"stops": "Oslo"}, True),
        ("trip", {"stops": [], "by": "car"}, True),
        ("trip", {"stops": [], "budget": "much"}, True),
        ("mcp", {"stops": []}, False),
        ("mcp", {}, True),
    ],
)
def test_arguments_that_a_tool_cannot_take_are_a_flaw(name, args, flawed):
    found = find_tool_flaw(calling(name, args), TOOLS)
    assert found == (f"arguments of {name} fail its schema" if flawed else None)


def test_an_unknown_tool_is_a_flaw_unless_there_may_be_others():
    asked = calling("search", {})
    assert find_tool_flaw(asked, TOOLS) == "unknown tool"
    assert find_tool_flaw(asked, TOOLS, others=True) is None
    assert find_tool_flaw(asked, [*TOOLS, {"type": "web_search"}]) is None, "the provider names its own tools"


def test_arguments_that_are_no_json_are_a_flaw_and_no_call_is_none():
    broken = {"name": "weather", "args": "{city", "id": "1", "error": None, "type": "invalid_tool_call"}
    assert "not a JSON object" in find_tool_flaw(AIMessage("", invalid_tool_calls=[broken]), TOOLS)
    assert find_tool_flaw(AIMessage("Hello"), TOOLS) is None


def test_what_a_schema_leaves_open_fits():
    assert fits({"a": 1}, {}, {})
    assert fits({"a": 1}, True, {})
    assert not fits(1, False, {})
    assert fits(3, {"type": ["integer", "null"]}, {})
    assert fits(None, {"type": ["integer", "null"]}, {})
    assert not fits([], {"type": ["integer", "null"]}, {})
    assert fits({"x": {}}, {"properties": {"x": {"$ref": "#/$defs/missing"}}}, {})
