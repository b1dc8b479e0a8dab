"""Arguments: translate a call's keywords from one provider's names to another's.

A pool is called with any provider's keywords, and each member takes its own. An argument is passed on, renamed, left
out with one warning, or it excludes a member from the call, if the answer would differ without it.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, PydanticUserError, TypeAdapter

from crossroute.calls.dialects import (
    ANTHROPIC,
    GOOGLE,
    HOTTEST,
    LLAMAINDEX_OLLAMA,
    OPENAI,
    VOCABULARY,
    Dialect,
    words,
)
from crossroute.errors import DroppedArgumentWarning, UnableError
from crossroute.tokens import estimate_tokens

SCHEMAS = frozenset({"response_schema", "response_json_schema"})
"""Google's keywords for a schema, which make its `response_mime_type` redundant."""

FORMS = SCHEMAS | {"response_format", "response_mime_type", "format"}
"""OpenAI's word, Google's, and Ollama's."""

HOLDING_SCHEMAS = FORMS - {"response_mime_type"} | {"output_format", "output_config", "text_format", "text"}
"""Arguments that may contain a schema of the answer: these, Anthropic's, and those of OpenAI's Responses API."""

TEXT, JSON = {"type": "text"}, {"type": "json_object"}
MIME_TYPES: Mapping[Any, Any] = {"text/plain": TEXT, "application/json": JSON}

NEEDED = words(
    "n candidate_count logprobs top_logprobs modalities audio functions function_call web_search_options mcp_servers "
    "response_schema response_json_schema response_mime_type response_modalities response_format previous_response_id "
    "system format cached_content instructions conversation prompt background output_format system_instruction "
    "speech_config response_logprobs"
)
"""Arguments without which the answer would not be the requested one."""

UNTOLD = {
    "n": 1,
    "candidate_count": 1,
    "logprobs": False,
    "response_format": {"type": "text"},
    "modalities": ["text"],
    "cache_control": ...,
}
"""Arguments that may be left out without a warning at this value, or at any (...)."""

TIERS: Mapping[str, Mapping[str, str]] = {
    "openai": {"standard_only": "default", "standard": "default"},
    "anthropic": {"auto": "auto", **dict.fromkeys(("default", "standard_only", "standard"), "standard_only")},
    "google": {
        "flex": "flex",
        "priority": "priority",
        **dict.fromkeys(("default", "standard_only", "standard"), "standard"),
    },
}
"""Provider -> its names of service tiers, by any provider's."""

GROUPS = words("generation_config options")
"""Arguments that hold others: Google's and Ollama's."""

CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]+")


def translate_arguments(
    arguments: Mapping[str, Any],
    dialect: Dialect | None,
    member: str = "the model",
    tools: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a call's arguments translated for a member.

    Args:
        arguments: The caller's arguments, with any provider's keywords.
        dialect: The member's dialect; None passes all on unchanged.
        member: Its name, for warnings.
        tools: Names of the tools that come with the call, which a `tool_choice` may name.

    Raises:
        UnableError: The member does not support an argument.

    >>> translate_arguments({"max_tokens": 9, "stop": ["x"]}, GOOGLE)
    {'max_output_tokens': 9, 'stop': ['x']}
    >>> translate_arguments({"generation_config": {"maxOutputTokens": 9, "temperature": 0}}, OPENAI)
    {'max_tokens': 9, 'temperature': 0}
    """
    if dialect is None or not arguments:
        return dict(arguments)
    said: dict[str, Any] = {}
    arguments = _unpack(arguments, dialect)
    for name, value in arguments.items():
        if name == "response_mime_type" and SCHEMAS & arguments.keys() and name not in dialect.takes:
            continue
        for word, meant in _translate(name, value, dialect, member, tools):
            said.setdefault(word, meant)
    return said


def check_tools(names: Sequence[str], dialect: Dialect | None, member: str) -> None:
    """Refuse tools with names that a member's API does not accept.

    Raises:
        UnableError: A name is too long, or contains other characters.
    """
    if dialect in (OPENAI, ANTHROPIC) and any(
        not TOOL_NAME.fullmatch(name) or len(name) > dialect.longest_tool_name for name in names
    ):
        raise UnableError(member, "tools")


def _unpack(arguments: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    """Return the arguments, then those within a group that the dialect does not know."""
    groups = GROUPS & (arguments.keys() - dialect.takes)
    if not groups:
        return arguments
    unpacked = {name: value for name, value in arguments.items() if name not in groups}
    for group in groups:
        value = arguments[group]
        grouped = value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value
        for name, told in grouped.items() if isinstance(grouped, Mapping) else [(group, value)]:
            unpacked.setdefault(CAPITAL.sub(r"_\1", name).lower(), told)
    return unpacked


def _translate(
    name: str, value: Any, dialect: Dialect, member: str, tools: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the dialect's arguments for one argument: none, one or several."""
    if name == "tool_choice":
        yield from _translate_tool_choice(value, dialect, member, tools)
    elif _changes_form(name, dialect) and (form := to_response_format(name, value)) is not None:
        yield from _translate_format(form, dialect, member)
    elif name == "user" and dialect is ANTHROPIC:
        yield "metadata", {"user_id": value}
    elif (name == "service_tier" and dialect.name in TIERS) or (
        name == "metadata" and dialect in (OPENAI, ANTHROPIC)
    ):
        meant = (
            _translate_tier(value, dialect) if name == "service_tier" else _translate_metadata(value, dialect)
        )
        if meant:
            yield name, meant
        elif value:
            warnings.warn(DroppedArgumentWarning(member, name), stacklevel=2)
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


def _translate_tier(value: Any, dialect: Dialect) -> Any:
    """Return a service tier by a provider's name for it, or None where it has no such tier."""
    own = TIERS[dialect.name]
    return own.get(str(value), value if dialect is OPENAI else None)


def _translate_metadata(value: Any, dialect: Dialect) -> Any:
    """Return the metadata of a request; Anthropic only accepts the user id."""
    if dialect is OPENAI or not isinstance(value, Mapping):
        return value
    return {name: told for name, told in value.items() if name == "user_id"}


class _Never:
    """Equal to no value."""


def _translate_tool_choice(
    value: Any, dialect: Dialect, member: str, tools: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the dialect's form of a tool choice in any provider's form; False and None have no effect."""
    if value is False or value is None:
        return
    if isinstance(value, Mapping) and value.get("disable_parallel_tool_use"):  # Anthropic's
        if dialect is ANTHROPIC:
            yield "tool_choice", value
            return
        if dialect is OPENAI:
            yield "parallel_tool_calls", False
    kind, name = _parse_tool_choice(value, tools)
    if kind == "tool" and dialect.name != "ollama":
        yield "tool_choice", _named_tool(str(name), dialect)
    elif kind in dialect.tool_choices:
        if dialect.tool_choices[kind] is not None:
            yield "tool_choice", dialect.tool_choices[kind]
    elif kind == "other":
        yield "tool_choice", value
    else:
        raise UnableError(member, "tool_choice")


def _parse_tool_choice(value: Any, tools: Sequence[str]) -> tuple[str, str | None]:
    """Return the kind of a tool choice, "required", "auto", "none", "tool" or "other", and the tool's name."""
    if isinstance(value, Mapping):
        named = value.get("name") or (value.get("function") or {}).get("name")
        return ("tool", named) if named else _parse_tool_choice(value.get("type"), tools)
    if value is True:
        return ("tool", tools[0]) if len(tools) == 1 else ("required", None)
    if value in tools:
        return "tool", value
    return {"any": "required", "required": "required", "auto": "auto", "none": "none"}.get(
        value, "other"
    ), None


def _named_tool(name: str, dialect: Dialect) -> Any:
    if dialect is OPENAI:
        return {"type": "function", "function": {"name": name}}
    return {"type": "tool", "name": name} if dialect is ANTHROPIC else name


def count_schema_tokens(arguments: Mapping[str, Any]) -> int:
    """Estimate the tokens of the answer's schema in a call's arguments, which is sent and billed as input.

    >>> count_schema_tokens({"temperature": 0}), count_schema_tokens({"response_format": int})
    (0, 6)
    """
    schemas = (_describe_schema(arguments[name]) for name in HOLDING_SCHEMAS & arguments.keys())
    return sum(estimate_tokens(schema) for schema in schemas if schema)


def _describe_schema(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return (
        ""
        if value is None or isinstance(value, str) or not isinstance(value, Hashable)
        else _describe_type(value)
    )


@lru_cache(64)
def _describe_type(value: Any) -> str:
    """Return the JSON schema of a type, or an empty text where it has none."""
    try:
        if hasattr(value, "model_json_schema"):
            schema = value.model_json_schema()
        else:
            is_earlier = hasattr(value, "__fields__")  # a class of pydantic 1
            schema = value.schema() if is_earlier else TypeAdapter[Any](value).json_schema()
        return json.dumps(schema, ensure_ascii=False)
    except (PydanticUserError, TypeError, ValueError):
        return ""


def to_response_format(name: str, value: Any) -> Mapping[str, Any] | None:
    """Return OpenAI's `response_format` for an argument of any provider, or None where it has no equivalent.

    >>> to_response_format("response_mime_type", "application/json")
    {'type': 'json_object'}
    >>> to_response_format("format", {"type": "object"})["json_schema"]["schema"]
    {'type': 'object'}
    """
    if name == "response_format":
        return value if isinstance(value, Mapping) else None
    if name == "response_mime_type":
        return MIME_TYPES.get(value) if isinstance(value, str) else None
    if name == "format" and not isinstance(value, Mapping):
        return JSON if value == "json" else None if value else TEXT
    schema = value.model_json_schema() if hasattr(value, "model_json_schema") else value
    named = {"name": "answer", "schema": schema}
    return {"type": "json_schema", "json_schema": named} if isinstance(schema, Mapping) else None


def _changes_form(name: str, dialect: Dialect) -> bool:
    return name in FORMS and (name == "response_format" or name not in dialect.takes)


def _translate_format(value: Mapping[str, Any], dialect: Dialect, member: str) -> Iterator[tuple[str, Any]]:
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
