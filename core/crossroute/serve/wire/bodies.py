"""Read bodies of any format: fields of the expected types, tools, texts, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossroute.calls.counting import read_response
from crossroute.calls.spend import Usage
from crossroute.serve.errors import RequestError

TYPES: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def check_types(body: Mapping[str, Any], expected: Mapping[str, tuple[type, ...]]) -> None:
    """Refuse fields of a request with a wrong type; null counts as missing.

    Raises:
        RequestError: A field has a wrong type.

    >>> check_types({"stream": "yes"}, {"stream": (bool,)})
    Traceback (most recent call last):
    ...
    crossroute.serve.errors.RequestError: stream: expected a boolean, got a string.
    """
    for name, types in expected.items():
        value = body.get(name)
        if value is not None and type(value) not in types:
            words = " or ".join(TYPES[one] for one in types)
            raise RequestError(f"{name}: expected {words}, got {TYPES.get(type(value), 'another type')}.")


def read_tools(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tools of a request; an empty list if it has none.

    Raises:
        RequestError: They are not a list of objects.
    """
    value = body.get("tools")
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise RequestError("tools: expected a list of objects.")
    return value


def read_messages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the messages of a request.

    Raises:
        RequestError: There are none, or they are not objects.
    """
    said = body.get("messages")
    if not said or not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise RequestError("messages: expected a list of objects such as {role, content}.")
    return said


def find_usage(body: Mapping[str, Any]) -> Usage | None:
    """Return the tokens stated by an answer in any format; None if it states none.

    >>> find_usage({"usage": {"prompt_tokens": 9, "completion_tokens": 3}, "service_tier": "flex"}).tier
    0.5
    """
    return read_response(body)


def to_list(content: Any) -> list[Any]:
    """Return the items of a content that is a list or missing.

    Raises:
        TypeError: It is something else.
    """
    if content is not None and not isinstance(content, list):
        raise TypeError("content")
    return content or []


def name_tool(tool: Mapping[str, Any]) -> str:
    """Return a tool's name.

    Raises:
        TypeError: It has no name.
    """
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise TypeError("name")
    return name


def write_openai_error(kind: str, message: str) -> dict[str, Any]:
    """Return the body of an error as OpenAI's formats have it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
