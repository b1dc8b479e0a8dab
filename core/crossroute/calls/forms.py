"""Forms: JSON, or JSON of a schema, as an answer is asked for in each provider's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMAS = frozenset({"response_schema", "response_json_schema"})
"""Google's words for a schema, beside which its `response_mime_type` says nothing more."""

FORMS = SCHEMAS | {"response_format", "response_mime_type", "format"}
"""OpenAI's word, Google's, and Ollama's."""

TEXT, JSON = {"type": "text"}, {"type": "json_object"}
MIME_TYPES: Mapping[Any, Any] = {"text/plain": TEXT, "application/json": JSON}


def response_format(name: str, value: Any) -> Mapping[str, Any] | None:
    """Return the form that an argument asks for in OpenAI's words, or None where it cannot be said in them.

    >>> response_format("response_mime_type", "application/json")
    {'type': 'json_object'}
    >>> response_format("format", {"type": "object"})["json_schema"]["schema"]
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
