"""What is read of bodies of any format: tokens by the rule that the integrations have, types, messages."""

import pytest

from crossroute.calls.spend import Usage
from crossroute.serve.errors import RequestError
from crossroute.serve.wire.bodies import check_types, listed, messages_in, named, objects_in, usage_in

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
    assert usage_in({"usage": told}) == usage


@pytest.mark.parametrize("told", [None, {}, "none", {"prompt_tokens": 0, "completion_tokens": 0}])
def test_what_nobody_counted_is_unknown_and_not_free(told):
    assert usage_in({"usage": told}) is None


def test_a_service_tier_has_its_price():
    told = {name: usage_in({"usage": CHAT, "service_tier": name}) for name in ("flex", "priority", "default")}
    assert [usage and usage.tier for usage in told.values()] == [0.5, 2.0, 1.0]


@pytest.mark.parametrize("said", [None, [], "hello", ["hello"], {"role": "user"}])
def test_messages_are_a_list_of_objects(said):
    with pytest.raises(RequestError, match="messages: expected a list of objects"):
        messages_in({"messages": said})


def test_a_boolean_is_no_number():
    with pytest.raises(RequestError, match="n: expected a whole number, got a boolean"):
        check_types({"n": True}, {"n": (int,)})
    check_types({"n": None}, {"n": (int,)})


def test_lists_and_names_are_what_they_should_be():
    assert objects_in({}, "tools") == [] == listed(None)
    with pytest.raises(RequestError, match="tools: expected a list of objects"):
        objects_in({"tools": {}}, "tools")
    with pytest.raises(TypeError):
        listed("text")
    with pytest.raises(TypeError):
        named({"name": ""})
