"""How many tokens the content of a message has: texts, tool calls and results, media, in any provider's form."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from crossroute.calls.dialects import words
from crossroute.tokens import MEDIA_TOKENS, estimate_tokens

MEDIA = words(
    "image image_url input_image audio input_audio file input_file document video media image_file input_video"
)
"""Types of blocks with media; in Bedrock's form, keys of blocks without a type."""

CALLS = words("tool_use function_call tool_call input_json_delta")
"""Types of blocks with a tool call, which an answer may state beside its content, too."""

THOUGHTS = words("reasoning thinking redacted_thinking")
SHOWN = ("thinking", "reasoning", "text", "content")
"""Types of blocks with reasoning, and keys of its text; its encrypted form is not read as text."""

UNREAD = words(
    "type id tool_use_id tool_call_id call_id toolUseId index status cache_control signature thought_signature "
    "thoughtSignature extras annotations citations"
)
"""Keys of values that a model does not read."""

TEXT_FILE = re.compile(
    r"text/|application/(?:[\w.-]+\+)?(?:json|xml|yaml|x-yaml|csv|javascript|x-python|sql)"
)
"""Media types of files that are text."""

FORMATS = dict.fromkeys(("txt", "md", "csv", "html"), "text/plain")
"""Bedrock's formats of documents that are text -> a media type."""

DATA_URL = re.compile(r"data:([^;,]*)[^,]{0,80},")

KEY_TOKENS = 2
"""Tokens of a key in an object and of its signs."""


def count_content(content: Any) -> int:
    """Estimate the tokens of content: a text, a block in any provider's form, or a list of these.

    A picture, a sound or a file counts as `MEDIA_TOKENS`, and a file of text as its text.

    >>> count_content("four words are here"), count_content([{"type": "image_url", "image_url": {"url": "x"}}])
    (4, 1000)
    >>> source = {"type": "text", "media_type": "text/plain", "data": "four words are here"}
    >>> count_content({"type": "document", "source": source})
    4
    """
    if isinstance(content, str):
        return estimate_tokens(content) if content else 0
    if isinstance(content, Mapping):
        return _count_block(content)
    if isinstance(content, (list, tuple)):
        return sum(map(count_content, content))
    return 0 if content is None or isinstance(content, bytes) else 1


def count_file(data: str | bytes | None, mime: str | None = None) -> int:
    """Estimate the tokens of a file.

    Args:
        data: Its content, as it is, in base64 or as a `data:` address; None if it is elsewhere.
        mime: Its media type, if known.

    >>> count_file("data:text/csv;base64,YSxiCjEsMg=="), count_file(b"a,b", "application/pdf")
    (7, 1000)
    """
    head = DATA_URL.match(data) if isinstance(data, str) else None
    if not data or not TEXT_FILE.match((head and head[1]) or mime or ""):
        return MEDIA_TOKENS
    data = data[head.end() :] if head else data
    try:
        held = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        held = data.encode() if isinstance(data, str) else data
    return estimate_tokens(held.decode("utf-8", "replace"))


def _count_block(block: Mapping[str, Any]) -> int:
    kind = block.get("type")
    if kind == "text":
        return count_content(block.get("text"))
    if kind in MEDIA:
        return _count_media(block)
    if kind in THOUGHTS:
        return count_content([block.get(name) for name in SHOWN])
    if kind is None and len(block) == 1 and (name := next(iter(block))) in MEDIA:  # Bedrock's
        return _count_media({**block[name]}) if isinstance(block[name], Mapping) else MEDIA_TOKENS
    read = {key: value for key, value in block.items() if key not in UNREAD}
    return sum(KEY_TOKENS + count_content(value) for value in read.values())


def _count_media(block: Mapping[str, Any]) -> int:
    """Return the tokens of a block with media: those of its text, if that is what it holds."""
    source, file = block.get("source"), block.get("file")
    source = source if isinstance(source, Mapping) else {}
    file = file if isinstance(file, Mapping) else {}
    told = block.get("text") or source.get("text") or source.get("content")
    if told or source.get("type") == "text":  # Anthropic's
        return count_content(told or source.get("data"))
    places = (block.get("base64"), block.get("data"), block.get("file_data"), block.get("url"))
    within = (source.get("data"), source.get("bytes"), source.get("url"), file.get("file_data"))
    data = next((place for place in (*places, *within) if place and isinstance(place, (str, bytes))), None)
    mime = block.get("mime_type") or source.get("media_type") or FORMATS.get(str(block.get("format")))
    return count_file(data, mime if isinstance(mime, str) else None)
