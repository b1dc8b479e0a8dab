"""Tokens of content, in every provider's form, alone and as both integrations count them."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from llama_index.core.base.llms.types import (
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
)
from llama_index.core.llms import ChatMessage
from pydantic import BaseModel, Field

from crossroute.calls.content import count_content, count_file
from crossroute.tokens import MEDIA_TOKENS, estimate_tokens
from langchain_crossroute.messages.reading import count_message_tokens, count_tool_tokens
from llamaindex_crossroute.messages.reading import read_messages

LONG = "The quick brown fox jumps over the lazy dog near the river bank. " * 300
BYTES = LONG.encode()
BASE64 = base64.b64encode(BYTES).decode()
TOKENS = estimate_tokens(LONG)
TEXT = {"type": "text", "text": LONG}
TEXTS: dict[str, dict[str, Any]] = {
    "Anthropic's text": {"type": "document", "source": {"type": "text", "data": LONG}},
    "Anthropic's content": {"type": "document", "source": {"type": "content", "content": [TEXT]}},
    "Anthropic's base64": {
        "type": "document",
        "source": {"type": "base64", "media_type": "text/plain", "data": BASE64},
    },
    "LangChain's text": {"type": "text-plain", "text": LONG, "mime_type": "text/plain"},
    "LangChain's former text": {"type": "file", "source_type": "text", "text": LONG},
    "LangChain's base64": {"type": "file", "base64": BASE64, "mime_type": "application/json"},
    "OpenAI's file": {"type": "file", "file": {"file_data": f"data:text/csv;base64,{BASE64}"}},
    "the Responses API's file": {"type": "input_file", "file_data": f"data:text/csv;base64,{BASE64}"},
    "Google's": {"type": "media", "mime_type": "text/plain", "data": BASE64},
    "Bedrock's": {"document": {"format": "txt", "name": "x", "source": {"bytes": BYTES}}},
    "a search result": {"type": "search_result", "title": "x", "source": "y", "content": [TEXT]},
    "a tool's result": {"type": "tool_result", "tool_use_id": "1", "content": [TEXT]},
    "a server's tool": {"type": "server_tool_result", "tool_call_id": "1", "output": LONG},
    "another block": {"type": "non_standard", "value": {"any": LONG}},
    "no type": {"text": LONG},
}
PICTURE = {"type": "base64", "media_type": "image/png", "data": BASE64}
PICTURES: dict[str, dict[str, Any]] = {
    "an address": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
    "Bedrock's": {"image": {"format": "png", "source": {"bytes": BYTES}}},
    "within a tool's result": {
        "type": "tool_result",
        "tool_use_id": "1",
        "content": [{"type": "image", "source": PICTURE}],
    },
    "a PDF": {"type": "file", "base64": BASE64, "mime_type": "application/pdf"},
    "a file elsewhere": {"type": "file", "file": {"file_id": "file-1"}},
}
NEARLY = {"rel": 0.02, "abs": 20}


@pytest.mark.parametrize("block", TEXTS.values(), ids=TEXTS)
def test_a_text_counts_as_its_text_wherever_it_is(block):
    assert count_content([block]) == pytest.approx(TOKENS, **NEARLY)
    assert count_message_tokens([HumanMessage([block])]) == pytest.approx(TOKENS, **NEARLY)


@pytest.mark.parametrize("block", PICTURES.values(), ids=PICTURES)
def test_a_picture_or_a_file_counts_as_a_thousand_wherever_it_is(block):
    assert count_content([block]) == pytest.approx(MEDIA_TOKENS, **NEARLY)
    assert count_message_tokens([HumanMessage([block])]) == pytest.approx(MEDIA_TOKENS, **NEARLY)


@pytest.mark.parametrize(
    ("data", "mime", "tokens"),
    [
        (LONG, "text/plain", TOKENS),
        (BYTES, "text/markdown", TOKENS),
        (BASE64, "application/ld+json", TOKENS),
        (f"data:text/html;charset=utf-8;base64,{BASE64}", None, TOKENS),
        (BYTES, "application/pdf", MEDIA_TOKENS),
        (BYTES, None, MEDIA_TOKENS),
        (None, "text/plain", MEDIA_TOKENS),
        ("", "text/plain", MEDIA_TOKENS),
    ],
)
def test_a_file_of_text_is_decoded(data, mime, tokens):
    assert count_file(data, mime) == tokens


def test_reasoning_counts_by_its_words_and_not_by_its_cipher():
    block = {"type": "reasoning", "id": "r", "reasoning": "four words are here", "encrypted_content": LONG}
    assert count_content(block) == 4


CALL = {"name": "f", "args": {"a": LONG}, "id": "1"}
ANSWERS = {
    "a call": AIMessage("", tool_calls=[CALL]),
    "an invalid call": AIMessage(
        "", invalid_tool_calls=[{"name": "f", "args": LONG, "id": "1", "error": "x"}]
    ),
    "Anthropic's block beside it": AIMessage(
        [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": LONG}}], tool_calls=[CALL]
    ),
    "the Responses API's": AIMessage(
        [{"type": "function_call", "call_id": "1", "name": "f", "arguments": json.dumps({"a": LONG})}],
        tool_calls=[CALL],
    ),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_tool_call_counts_once(answer):
    told = [HumanMessage("x"), answer, ToolMessage("ok", tool_call_id="1")]
    assert count_message_tokens(told) == pytest.approx(TOKENS, **NEARLY)


class Inner(BaseModel):
    a: str = Field(description=LONG)


class Outer(BaseModel):
    """Take forms."""

    forms: list[Inner]


class Typed(TypedDict):
    """Take a form."""

    a: Annotated[str, ..., LONG]


TOOLS = {
    "a class": Inner,
    "a class within one": Outer,
    "a typed dict": Typed,
    "a structured tool": StructuredTool.from_function(
        lambda: 1, name="f", description="d", args_schema=Inner
    ),
    "definitions": StructuredTool.from_function(lambda: 1, name="f", description="d", args_schema=Outer),
    "a dict": {"type": "function", "function": {"name": "f", "description": LONG}},
}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_tool_counts_with_all_that_its_arguments_say(tool):
    assert count_tool_tokens([tool]) == pytest.approx(TOKENS, rel=0.05)


DOCUMENT = {"document_mimetype": "text/plain"}
BLOCKS = {
    "bytes": (DocumentBlock(data=BYTES, **DOCUMENT), TOKENS),
    "base64": (DocumentBlock(data=BASE64.encode(), **DOCUMENT), TOKENS),
    "a PDF": (DocumentBlock(data=BYTES, document_mimetype="application/pdf"), MEDIA_TOKENS),
    "a picture": (ImageBlock(image=BYTES, image_mimetype="image/png"), MEDIA_TOKENS),
    "what may be cited": (CitableBlock(title="x", source="y", content=[TextBlock(text=LONG)]), TOKENS),
    "what was cited": (
        CitationBlock(cited_content=TextBlock(text=LONG), source="s", title="t", additional_location_info={}),
        TOKENS,
    ),
}


@pytest.mark.parametrize(("block", "tokens"), BLOCKS.values(), ids=BLOCKS)
def test_llamaindex_s_blocks_count_likewise(block, tokens):
    reading = read_messages([ChatMessage(role="user", blocks=[TextBlock(text="Sum this up"), block])])
    assert reading.query is not None
    assert reading.query.input_tokens == pytest.approx(tokens, **NEARLY)
