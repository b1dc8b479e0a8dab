"""What is read of bodies of any format: tokens by the rule that the integrations have, types, messages."""

import pytest

from crossroute.calls.spend import Usage
from crossroute.serve.errors import RequestError
from crossroute.serve.wire.bodies import (
    check_types,
    find_usage,
    name_tool,
    read_messages,
    read_tools,
    to_list,
)

CHAT = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 60},
}
MESSAGES = {
    "input_tokens": 30,
    "output_tokens": 20,
    "cache_read_input_tokens": 60,
    "cache_creation_input_tokens": 10,
    "cache_creation": {"ephemeral_1h_input_tokens": 4},
}
RESPONSES = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 120,
}
ALL = Usage(input_tokens=100, output_tokens=20, cached_input_tokens=60)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (CHAT, ALL),
        (MESSAGES, ALL.model_copy(update={"cache_write_tokens": 6, "cache_write_1h_tokens": 4})),
        (RESPONSES, ALL),
    ],
    ids=["chat", "messages", "responses"],
)
def test_each_format_tells_the_same_tokens(told, usage):
    assert find_usage({"usage": told}) == usage


@pytest.mark.parametrize("told", [None, {}, "none", {"prompt_tokens": 0, "completion_tokens": 0}])
def test_what_nobody_counted_is_unknown_and_not_free(told):
    assert find_usage({"usage": told}) is None


def test_a_service_tier_has_its_price():
    told = {
        name: find_usage({"usage": CHAT, "service_tier": name}) for name in ("flex", "priority", "default")
    }
    assert [usage and usage.tier for usage in told.values()] == [0.5, 2.0, 1.0]


@pytest.mark.parametrize("said", [None, [], "hello", ["hello"], {"role": "user"}])
def test_messages_are_a_list_of_objects(said):
    with pytest.raises(RequestError, match="messages: expected a list of objects"):
        read_messages({"messages": said})


def test_a_boolean_is_no_number():
    with pytest.raises(RequestError, match="n: expected a whole number, got a boolean"):
        check_types({"n": True}, {"n": (int,)})
    check_types({"n": None}, {"n": (int,)})


def test_lists_and_names_are_what_they_should_be():
    assert read_tools({}) == [] == to_list(None)
    with pytest.raises(RequestError, match="tools: expected a list of objects"):
        read_tools({"tools": {}})
    with pytest.raises(TypeError):
        to_list("text")
    with pytest.raises(TypeError):
        name_tool({"name": ""})
