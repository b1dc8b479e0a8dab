"""Arguments: a call's settings in one provider's words, said in another's.

A pool is called in one vocabulary, and each member has its own. An argument is handed on as it is, renamed, left out
with one warning, or it keeps a member from the call: where leaving it out would change what comes back.

Source: the keywords of langchain-openai 1.7, langchain-anthropic 1.7, langchain-google-genai 4.4, langchain-ollama 1.1
and of LlamaIndex's OpenAI 0.8, Anthropic 0.12, GoogleGenAI and Ollama 0.11, and of the APIs that they hand them to.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from crossroute.calls.forms import FORMS, JSON, SCHEMAS, response_format
from crossroute.errors import DroppedArgumentWarning, UnableError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Dialect(NamedTuple):
    """What one provider's models are told, and in which words.

    Attributes:
        name: The provider's.
        takes: Arguments that they take as they are, of those that any provider knows.
        renamed: Another provider's word -> theirs.
        longest_tool_name: Characters; letters, digits, _ and - alone.
        tool_choices: A tool must be called, any tool may be called, none may -> their words; none that they cannot say.
    """

    name: str
    takes: frozenset[str]
    renamed: Mapping[str, str]
    longest_tool_name: int
    tool_choices: Mapping[str, Any] = {}


SAMPLING = "temperature top_p"
SHARED = "tools tool_choice stream timeout config model"
HTTP = "extra_headers extra_query extra_body"

OPENAI = Dialect(
    "openai",
    _words(
        f"{SHARED} {HTTP} {SAMPLING} stop seed n user logit_bias logprobs top_logprobs presence_penalty "
        "frequency_penalty max_tokens max_completion_tokens reasoning_effort reasoning response_format "
        "parallel_tool_calls strict service_tier metadata store modalities audio prediction verbosity stream_options "
        "stream_usage functions function_call prompt_cache_key safety_identifier web_search_options include text "
        "previous_response_id truncation"
    ),
    {
        "stop_sequences": "stop",
        "max_output_tokens": "max_tokens",
        "num_predict": "max_tokens",
        "max_new_tokens": "max_tokens",
        "random_seed": "seed",
        "candidate_count": "n",
        "thinking_level": "reasoning_effort",
        "effort": "reasoning_effort",
    },
    64,
    {"required": "required", "auto": "auto", "none": "none"},
)

ANTHROPIC = Dialect(
    "anthropic",
    _words(
        f"{SHARED} {HTTP} {SAMPLING} top_k stop stop_sequences max_tokens system metadata service_tier thinking betas "
        "mcp_servers container context_management output_config effort reasoning_effort cache_control inference_geo "
        "parallel_tool_calls strict response_format stream_usage"
    ),
    {
        "max_completion_tokens": "max_tokens",
        "max_output_tokens": "max_tokens",
        "num_predict": "max_tokens",
        "max_new_tokens": "max_tokens",
        "thinking_level": "effort",
    },
    128,
    {"required": "any", "auto": "auto", "none": {"type": "none"}},
)

GOOGLE = Dialect(
    "google",
    _words(
        f"{SHARED} {SAMPLING} top_k stop stop_sequences seed presence_penalty frequency_penalty max_output_tokens "
        "candidate_count safety_settings generation_config thinking_budget thinking_level thinking_config "
        "include_thoughts reasoning_effort response_mime_type response_schema response_json_schema response_modalities "
        "tool_config cached_content functions image_config labels"
    ),
    {
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
        "num_predict": "max_output_tokens",
        "max_new_tokens": "max_output_tokens",
        "random_seed": "seed",
        "n": "candidate_count",
        "effort": "thinking_level",
        "modalities": "response_modalities",
    },
    128,
    {"required": "any", "auto": "auto", "none": "none"},
)

OLLAMA = Dialect(
    "ollama",
    _words(
        f"{SHARED} {SAMPLING} top_k stop seed num_predict num_ctx num_gpu num_thread repeat_last_n repeat_penalty "
        "tfs_z mirostat mirostat_eta mirostat_tau keep_alive options format reasoning response_format logprobs "
        "top_logprobs strict"
    ),
    {
        "max_tokens": "num_predict",
        "max_completion_tokens": "num_predict",
        "max_output_tokens": "num_predict",
        "max_new_tokens": "num_predict",
        "random_seed": "seed",
        "repetition_penalty": "repeat_penalty",
        "stop_sequences": "stop",
        "reasoning_effort": "reasoning",
    },
    10000,
    {"auto": None},
)

LLAMAINDEX_OLLAMA = Dialect(
    "ollama",
    _words(f"{SHARED} think format"),
    {"reasoning_effort": "think", "reasoning": "think"},
    10_000,
    {"auto": None},
)
"""LlamaIndex's class reads its sampling from its fields alone."""

DIALECTS = (OPENAI, ANTHROPIC, GOOGLE, OLLAMA)

BY_CLASS = {
    "BaseChatOpenAI": OPENAI,
    "ChatAnthropic": ANTHROPIC,
    "ChatGoogleGenerativeAI": GOOGLE,
    "ChatOllama": OLLAMA,
    "OpenAI": OPENAI,
    "OpenAIResponses": OPENAI,
    "Anthropic": ANTHROPIC,
    "GoogleGenAI": GOOGLE,
    "Ollama": LLAMAINDEX_OLLAMA,
}
"""Name of a chat model's class, or of one of its bases -> how it is told things."""

VOCABULARY = frozenset(word for dialect in DIALECTS for word in (*dialect.takes, *dialect.renamed))
"""All that any provider knows; what none knows is its user's own, and is handed on."""

NEEDED = _words(
    "n candidate_count logprobs top_logprobs modalities audio functions function_call web_search_options mcp_servers "
    "response_schema response_json_schema response_mime_type response_modalities response_format previous_response_id "
    "system format cached_content"
)
"""Without these, another answer would come back than was asked for."""

UNTOLD = {
    "n": 1,
    "candidate_count": 1,
    "logprobs": False,
    "response_format": {"type": "text"},
    "modalities": ["text"],
    "cache_control": ...,
}
"""Arguments of which this value, or any (...), may be left out without a word."""

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]+")

HOTTEST = {"anthropic": 1.0}
"""Greatest temperature, where it is less than the 2 of others."""


def dialect_of(model: object) -> Dialect | None:
    """Return how a model is told things, by its class; None where that is not known.

    >>> class ChatOllama: ...
    >>> dialect_of(ChatOllama()).name
    'ollama'
    """
    return next((BY_CLASS[base.__name__] for base in type(model).__mro__ if base.__name__ in BY_CLASS), None)


def spoken(
    arguments: Mapping[str, Any],
    dialect: Dialect | None,
    member: str = "the model",
    tools: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a call's arguments in a member's words.

    Args:
        arguments: As the caller gave them, in any provider's words.
        dialect: The member's; None hands all on as it is.
        member: Its name, for warnings.
        tools: Names of the tools that come with the call, which a `tool_choice` may name.

    Raises:
        UnableError: The member cannot do what an argument asks for.

    >>> spoken({"max_tokens": 9, "stop": ["x"]}, GOOGLE)
    {'max_output_tokens': 9, 'stop': ['x']}
    """
    if dialect is None or not arguments:
        return dict(arguments)
    said: dict[str, Any] = {}
    for name, value in arguments.items():
        if name == "response_mime_type" and SCHEMAS & arguments.keys() and name not in dialect.takes:
            continue
        for word, meant in _said(name, value, dialect, member, tools):
            said.setdefault(word, meant)
    return said


def check_tools(names: Sequence[str], dialect: Dialect | None, member: str) -> None:
    """Refuse tools whose names a member's API does not take.

    Raises:
        UnableError: A name is too long, or holds other characters.
    """
    if dialect in (OPENAI, ANTHROPIC) and any(
        not TOOL_NAME.fullmatch(name) or len(name) > dialect.longest_tool_name for name in names
    ):
        raise UnableError(member, "tools")


def _said(
    name: str, value: Any, dialect: Dialect, member: str, tools: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield what becomes of one argument: nothing, or some of the dialect's."""
    if name == "tool_choice":
        yield from _tool_choice(value, dialect, member, tools)
    elif _changes_form(name, dialect) and (form := response_format(name, value)) is not None:
        yield from _form(form, dialect, member)
    elif name == "user" and dialect is ANTHROPIC:
        yield "metadata", {"user_id": value}
    elif (
        name == "temperature" and isinstance(value, (int, float)) and value > HOTTEST.get(dialect.name, value)
    ):
        raise UnableError(member, name)
    elif name in dialect.takes or name not in VOCABULARY:
        yield name, value
    elif name in dialect.renamed:
        yield dialect.renamed[name], value
    elif UNTOLD.get(name, _Never) in (value, ...) or value is None:
        return
    elif name in NEEDED:
        raise UnableError(member, name)
    else:
        warnings.warn(DroppedArgumentWarning(member, name), stacklevel=2)


class _Never:
    """Equal to no value."""


def _tool_choice(
    value: Any, dialect: Dialect, member: str, tools: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield a tool choice in the dialect's words: one that any provider's users give."""
    kind, name = _chosen(value, tools)
    if kind == "tool" and dialect.name != "ollama":
        yield "tool_choice", _named_tool(str(name), dialect)
    elif kind in dialect.tool_choices:
        if dialect.tool_choices[kind] is not None:
            yield "tool_choice", dialect.tool_choices[kind]
    elif kind == "other":
        yield "tool_choice", value
    else:
        raise UnableError(member, "tool_choice")


def _chosen(value: Any, tools: Sequence[str]) -> tuple[str, str | None]:
    """Return what a tool choice means: "required", "auto", "none", "tool" with its name, or "other"."""
    if isinstance(value, Mapping):
        named = value.get("name") or (value.get("function") or {}).get("name")
        return ("tool", named) if named else _chosen(value.get("type"), tools)
    if value is True:
        return ("tool", tools[0]) if len(tools) == 1 else ("required", None)
    if value is False or value is None:
        return ("auto" if value is None else "none"), None
    if value in tools:
        return "tool", value
    return {"any": "required", "required": "required", "auto": "auto", "none": "none"}.get(
        value, "other"
    ), None


def _named_tool(name: str, dialect: Dialect) -> Any:
    if dialect is OPENAI:
        return {"type": "function", "function": {"name": name}}
    return {"type": "tool", "name": name} if dialect is ANTHROPIC else name


def _changes_form(name: str, dialect: Dialect) -> bool:
    return name in FORMS and (name == "response_format" or name not in dialect.takes)


def _form(value: Mapping[str, Any], dialect: Dialect, member: str) -> Iterator[tuple[str, Any]]:
    kind = value.get("type")
    schema = (value.get("json_schema") or {}).get("schema")
    if dialect is GOOGLE and kind in {"json_object", "json_schema"}:
        yield "response_mime_type", "application/json"
        if kind == "json_schema":
            yield "response_json_schema", schema
    elif dialect is LLAMAINDEX_OLLAMA and kind != "text":
        yield "format", "json" if value == JSON else schema
    elif dialect is ANTHROPIC and kind == "json_object":
        raise UnableError(member, "response_format")
    elif dialect is OPENAI or kind != "text":
        yield "response_format", value
