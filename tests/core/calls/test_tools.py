"""Tools: whose they are, and ids that every provider takes."""

import pytest

from crossroute.calls.tools import READABLE, check_provider_tools, find_tool_provider, make_readable_id
from crossroute.errors import UnableError


@pytest.mark.parametrize(
    ("tool", "provider"),
    [
        ({"type": "function", "function": {"name": "add"}}, None),
        ({"type": "computer_20250124", "name": "computer"}, "anthropic"),
        ({"type": "mcp_toolset"}, "anthropic"),
        ({"type": "custom", "name": "add", "input_schema": {}}, "anthropic"),
        ({"type": "custom", "name": "add"}, "openai"),
        ({"type": "web_search_preview_2025_03_11"}, "openai"),
        ({"code_execution": {}}, "google"),
        ({"name": "add", "parameters": {}}, None),
        ({"type": "somebody_elses"}, None),
        ({"type": 7}, None),
        (len, None),
    ],
)
def test_a_tool_tells_which_provider_runs_it(tool, provider):
    assert find_tool_provider(tool) == provider


def test_a_tool_of_another_provider_is_refused():
    search, google = {"type": "web_search_20250305"}, {"google_search": {}}
    check_provider_tools([search, {"type": "function"}], "anthropic", "claude")
    check_provider_tools([google], "google_genai", "gemini")
    check_provider_tools([search], "a-host-of-its-own", "own")  # which may know it
    with pytest.raises(UnableError, match=r"'gpt'.*web_search_20250305|web_search_20250305.*'gpt'"):
        check_provider_tools([search], "openai", "gpt")
    with pytest.raises(UnableError, match="google_search"):
        check_provider_tools([google], "openai", "gpt")


@pytest.mark.parametrize("name", ["functions.look:0", "", None, "x" * 41, "früh"])
def test_an_id_that_some_do_not_take_is_digested_alike_each_time(name):
    made = make_readable_id(name, "place")
    assert READABLE.fullmatch(made)
    assert made == make_readable_id(name, "place") != make_readable_id("functions.look:1")
    assert make_readable_id("call_1") == "call_1"
    assert make_readable_id("", "1") != make_readable_id("", "2")
