"""Check an answer's tool calls: the tool exists, and the arguments fit its schema.

The check is lenient: an argument that a tool may convert is not a flaw, and finer rules of a schema are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

from crossroute.calls.tools import find_tool_provider
from langchain_crossroute.messages.reading import is_named

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, int, float),
    "boolean": (bool, str, int),
    "null": (type(None),),
}


def find_tool_flaw(message: AIMessage, tools: Sequence[Any], *, others: bool = False) -> str | None:
    """Return the fault in an answer's tool calls, in one line, or None.

    Args:
        message: The answer.
        tools: The bound tools.
        others: Whether there may be other tools, so that an unknown one is not a fault.
    """
    if message.invalid_tool_calls:
        return "tool arguments are not a JSON object"
    if not message.tool_calls:
        return None
    known = {_find_name(tool): tool for tool in tools if find_tool_provider(tool) is None and is_named(tool)}
    others = others or len(known) < len(tools)
    for call in message.tool_calls:
        if call["name"] not in known:
            if not others:
                return "unknown tool"
        elif not _accepts(known[call["name"]], call["args"]):
            return f"arguments of {call['name']} fail its schema"
    return None


def fits(value: Any, schema: Any, root: dict[str, Any]) -> bool:
    """Return whether a value fits a JSON schema in types, required keys and enumerations.

    >>> city = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    >>> fits({"name": "Oslo"}, city, city), fits({}, city, city), fits({"name": ["Oslo"]}, city, city)
    (True, False, False)
    """
    if not isinstance(schema, dict):
        return schema is not False
    if "$ref" in schema:
        return fits(value, _resolve_reference(str(schema["$ref"]), root), root)
    for union in ("anyOf", "oneOf"):
        if union in schema and not any(fits(value, part, root) for part in schema[union]):
            return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_kind(value, kind) for kind in kinds):
        return False
    return _parts_fit(value, schema, root)


def _parts_fit(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        if not value.keys() >= set(schema.get("required", ())):
            return False
        return all(fits(part, parts[key], root) for key, part in value.items() if key in parts)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return all(fits(part, schema["items"], root) for part in value)
    return True


def _is_kind(value: Any, kind: str) -> bool:
    if kind in {"integer", "number"}:
        try:
            return float(value) is not None and not isinstance(value, (list, dict))
        except (TypeError, ValueError):
            return False
    return isinstance(value, JSON_TYPES.get(kind, (object,)))


def _resolve_reference(pointer: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for key in pointer.lstrip("#/").split("/"):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found


def _accepts(tool: Any, args: dict[str, Any]) -> bool:
    schema = tool.tool_call_schema if isinstance(tool, BaseTool) else tool
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        try:
            schema.model_validate(args)
        except ValidationError:
            return False
        return True
    parameters = convert_to_openai_tool(tool)["function"].get("parameters") or {}
    return fits(args, parameters, parameters)


def _find_name(tool: Any) -> str:
    return tool.name if isinstance(tool, BaseTool) else str(convert_to_openai_tool(tool)["function"]["name"])
