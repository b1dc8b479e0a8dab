"""Arguments: one provider's words in another's; what is left out, and what keeps a member from a call."""

import pytest
from pydantic import create_model

from crossroute.calls.arguments import check_tools, count_schema_tokens, translate_arguments
from crossroute.calls.dialects import ANTHROPIC, GOOGLE, LLAMAINDEX_OLLAMA, OLLAMA, OPENAI, dialect_of
from crossroute.errors import DroppedArgumentWarning, UnableError

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}
OF_SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}

ALIKE = [
    ({"max_completion_tokens": 20}, ANTHROPIC, {"max_tokens": 20}),
    ({"max_completion_tokens": 20}, GOOGLE, {"max_output_tokens": 20}),
    ({"max_tokens": 20}, OLLAMA, {"num_predict": 20}),
    ({"max_output_tokens": 20}, OPENAI, {"max_tokens": 20}),
    ({"stop_sequences": ["x"]}, OPENAI, {"stop": ["x"]}),
    ({"user": "u1"}, ANTHROPIC, {"metadata": {"user_id": "u1"}}),
    ({"reasoning_effort": "low"}, OLLAMA, {"reasoning": "low"}),
    ({"n": 2}, GOOGLE, {"candidate_count": 2}),
    ({"n": 1}, ANTHROPIC, {}),
    # arguments within one
    (
        {"generation_config": {"max_output_tokens": 9, "temperature": 0}},
        OPENAI,
        {"max_tokens": 9, "temperature": 0},
    ),
    ({"generation_config": {"maxOutputTokens": 9}, "max_tokens": 7}, ANTHROPIC, {"max_tokens": 7}),
    ({"generation_config": {"topP": 0.5}}, GOOGLE, {"generation_config": {"topP": 0.5}}),
    ({"options": {"num_predict": 9}}, OPENAI, {"max_tokens": 9}),
    ({"options": {"num_predict": 9}}, OLLAMA, {"options": {"num_predict": 9}}),
    ({"logprobs": False}, ANTHROPIC, {}),
    ({"response_format": {"type": "json_object"}}, GOOGLE, {"response_mime_type": "application/json"}),
    ({"response_format": {"type": "text"}}, ANTHROPIC, {}),
    ({"response_format": {"type": "json_object"}}, OPENAI, {"response_format": {"type": "json_object"}}),
    ({"temperature": 0.5, "top_p": 0.9}, ANTHROPIC, {"temperature": 0.5, "top_p": 0.9}),
    ({"my_own": 1}, ANTHROPIC, {"my_own": 1}),
    ({"seed": 1}, None, {"seed": 1}),
    # the same word, another provider's values
    ({"service_tier": "auto"}, ANTHROPIC, {"service_tier": "auto"}),
    ({"service_tier": "default"}, ANTHROPIC, {"service_tier": "standard_only"}),
    ({"service_tier": "standard_only"}, OPENAI, {"service_tier": "default"}),
    ({"service_tier": "flex"}, OPENAI, {"service_tier": "flex"}),
    ({"service_tier": None}, ANTHROPIC, {}),
    ({"service_tier": "flex"}, GOOGLE, {"service_tier": "flex"}),
    ({"service_tier": "default"}, GOOGLE, {"service_tier": "standard"}),
    ({"service_tier": "standard"}, OPENAI, {"service_tier": "default"}),
    ({"service_tier": "standard"}, ANTHROPIC, {"service_tier": "standard_only"}),
    ({"prompt_cache_retention": "24h"}, OPENAI, {"prompt_cache_retention": "24h"}),
    ({"media_resolution": "MEDIA_RESOLUTION_LOW"}, GOOGLE, {"media_resolution": "MEDIA_RESOLUTION_LOW"}),
    ({"speed": "fast"}, ANTHROPIC, {"speed": "fast"}),
    ({"think": True}, OLLAMA, {"think": True}),
    ({"metadata": {"user_id": "u1", "team": "a"}}, ANTHROPIC, {"metadata": {"user_id": "u1"}}),
    ({"metadata": {"team": "a"}}, OPENAI, {"metadata": {"team": "a"}}),
    # an answer's form
    ({"response_mime_type": "application/json"}, OPENAI, {"response_format": {"type": "json_object"}}),
    ({"response_mime_type": "application/json"}, LLAMAINDEX_OLLAMA, {"format": "json"}),
    ({"response_mime_type": "text/plain"}, ANTHROPIC, {}),
    ({"format": "json"}, GOOGLE, {"response_mime_type": "application/json"}),
    ({"format": ""}, GOOGLE, {}),
    ({"format": SCHEMA}, OPENAI, {"response_format": OF_SCHEMA}),
    ({"response_schema": SCHEMA}, ANTHROPIC, {"response_format": OF_SCHEMA}),
    (
        {"response_mime_type": "application/json", "response_schema": SCHEMA},
        OPENAI,
        {"response_format": OF_SCHEMA},
    ),
    ({"response_format": OF_SCHEMA}, LLAMAINDEX_OLLAMA, {"format": SCHEMA}),
    ({"response_mime_type": "application/json"}, GOOGLE, {"response_mime_type": "application/json"}),
    # spellings of other hosts
    ({"max_new_tokens": 20}, OPENAI, {"max_tokens": 20}),
    ({"random_seed": 1, "repetition_penalty": 1.1}, OLLAMA, {"seed": 1, "repeat_penalty": 1.1}),
    # a tool must be called, as any provider's users say it
    ({"tool_choice": "required"}, ANTHROPIC, {"tool_choice": "any"}),
    ({"tool_choice": {"type": "any"}}, OPENAI, {"tool_choice": "required"}),
    ({"tool_choice": True}, ANTHROPIC, {"tool_choice": {"type": "tool", "name": "look"}}),
    ({"tool_choice": "look"}, OPENAI, {"tool_choice": {"type": "function", "function": {"name": "look"}}}),
    (
        {"tool_choice": {"type": "function", "function": {"name": "look"}}},
        ANTHROPIC,
        {"tool_choice": {"type": "tool", "name": "look"}},
    ),
    ({"tool_choice": "none"}, ANTHROPIC, {"tool_choice": {"type": "none"}}),
    ({"tool_choice": "auto"}, OLLAMA, {}),
    # LangChain: no effect
    ({"tool_choice": False}, OPENAI, {}),
    ({"tool_choice": None}, ANTHROPIC, {}),
]


@pytest.mark.parametrize(("given", "dialect", "said"), ALIKE)
def test_an_argument_is_said_in_the_members_words(given, dialect, said):
    assert translate_arguments(given, dialect, tools=["look"]) == said


@pytest.mark.parametrize(
    ("given", "dialect"),
    [
        ({"seed": 1}, ANTHROPIC),
        ({"service_tier": "flex"}, ANTHROPIC),
        ({"metadata": {"team": "a"}}, ANTHROPIC),
        ({"presence_penalty": 0.1}, ANTHROPIC),
        ({"top_k": 5}, OPENAI),
        ({"thinking": {"type": "enabled"}}, OPENAI),
        ({"logit_bias": {}}, GOOGLE),
        ({"extra_body": {"x": 1}}, OLLAMA),
        ({"service_tier": "scale"}, GOOGLE),
        ({"prompt_cache_retention": "24h"}, ANTHROPIC),
        ({"prompt_cache_options": {"ttl": "30m"}}, GOOGLE),
        ({"max_tool_calls": 3}, OLLAMA),
        ({"moderation": {"model": "m"}}, ANTHROPIC),
        ({"speed": "fast"}, OPENAI),
        ({"user_profile_id": "u"}, GOOGLE),
        ({"media_resolution": "MEDIA_RESOLUTION_LOW"}, OPENAI),
        ({"think": True}, OPENAI),
    ],
)
def test_what_a_member_has_no_word_for_is_left_out_with_a_warning(given, dialect):
    with pytest.warns(DroppedArgumentWarning, match=f"'small' has no argument '{next(iter(given))}'"):
        assert translate_arguments({**given, "temperature": 0.1}, dialect, "small") == {"temperature": 0.1}


@pytest.mark.parametrize(
    ("given", "dialect"),
    [
        ({"n": 2}, ANTHROPIC),
        ({"logprobs": True}, ANTHROPIC),
        ({"response_format": {"type": "json_object"}}, ANTHROPIC),
        ({"response_mime_type": "application/json"}, ANTHROPIC),
        ({"response_mime_type": "text/x.enum"}, OPENAI),
        ({"format": SCHEMA["type"]}, OPENAI),
        ({"temperature": 1.5}, ANTHROPIC),
        ({"tool_choice": "required"}, OLLAMA),
        ({"mcp_servers": [{}]}, OPENAI),
        ({"functions": []}, ANTHROPIC),
        ({"instructions": "Be brief."}, ANTHROPIC),
        ({"system_instruction": "Be brief."}, OPENAI),
        ({"prompt": {"id": "pmpt_1"}}, GOOGLE),
        ({"conversation": "conv_1"}, ANTHROPIC),
        ({"background": True}, ANTHROPIC),
        ({"output_format": SCHEMA}, OPENAI),
        ({"speech_config": {}}, OPENAI),
    ],
)
def test_what_would_change_the_answer_keeps_a_member_from_the_call(given, dialect):
    with pytest.raises(UnableError, match="cannot do what"):
        translate_arguments(given, dialect, "small")


def test_tools_whose_names_an_api_does_not_take_keep_a_member_from_the_call():
    check_tools(["look_up-1"], OPENAI, "small")
    check_tools(["a" * 70, "b"], ANTHROPIC, "small")
    check_tools(["crm.search"], None, "small")
    for name, dialect in (("a" * 70, OPENAI), ("crm.search", OPENAI), ("crm.search", ANTHROPIC)):
        with pytest.raises(UnableError):
            check_tools([name], dialect, "small")


def test_a_models_words_are_told_by_its_class_or_its_bases():
    base = type("BaseChatOpenAI", (), {})
    assert dialect_of(type("ChatSomething", (base,), {})()) is OPENAI
    assert dialect_of(object()) is None


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "f"}])
def test_one_tool_at_a_time_in_anthropics_words_is_kept(choice):
    alone = {"tool_choice": {**choice, "disable_parallel_tool_use": True}}
    assert translate_arguments(alone, ANTHROPIC) == alone
    said = translate_arguments({"tool_choice": choice}, OPENAI)
    assert translate_arguments(alone, OPENAI) == {**said, "parallel_tool_calls": False}
    assert translate_arguments(alone, GOOGLE) == translate_arguments({"tool_choice": choice}, GOOGLE)


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ({"temperature": 0, "format": "json", "text": "words", "response_format": None}, False),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"title": "City"}}}}, True),
        ({"response_schema": list[int]}, True),
        ({"response_format": create_model("Page", title=str)}, True),
        ({"response_schema": object()}, False),
        ({"response_format": [1, 2]}, False),
    ],
)
def test_the_tokens_of_a_schema_are_counted_wherever_it_stands(arguments, counts):
    assert (count_schema_tokens(arguments) > 0) is counts
