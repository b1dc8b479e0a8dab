"""A pool of one of LlamaIndex's own mocks behaves, on every endpoint, like the mock alone."""

import inspect
from itertools import product

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    DocumentBlock,
    TextBlock,
)
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.llms import mock
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from crossroute.errors import BrokenStreamError
from crossroute.routing.members import Ability
from llamaindex_crossroute import CrossRouteLLM
from llamaindex_crossroute.messages.reply import KEY
from tests.llamaindex_crossroute.fakes import user

MOCKS = {
    "echo": mock.MockLLM,
    "words": lambda: mock.MockLLM(max_tokens=4),
    "chat": lambda: mock.MockLLM(max_tokens=4, is_chat_model=True),
    "system": lambda: mock.MockLLM(
        system_prompt="Be kind.", completion_to_prompt=lambda prompt: f"<{prompt}>"
    ),
    "silent": lambda: mock.MockLLMWithNonyieldingChatStream(max_tokens=2),
    "remembers": lambda: mock.MockLLMWithChatMemoryOfLastCall(max_tokens=2),
    "functions": lambda: mock.MockFunctionCallingLLM(is_chat_model=True, system_prompt="Be kind."),
    "functions-remembers": lambda: mock.MockFunctionCallingLLMWithChatMemoryOfLastCall(is_chat_model=True),
}


def say():
    """A prompt of its own for each call: LlamaIndex's programs leave their output parser on it."""
    return PromptTemplate("Say {query_str}")


class Song(BaseModel):
    """A song."""

    name: str = "Ja"


def now(place: str = "here") -> str:
    """Say the time."""
    return f"noon {place}"


NOW = FunctionTool.from_defaults(now)
ENDPOINTS = {
    "chat": lambda llm: llm.chat([user("hello")]),
    "achat": lambda llm: llm.achat([user("hello")]),
    "stream_chat": lambda llm: llm.stream_chat([user("hello")]),
    "astream_chat": lambda llm: llm.astream_chat([user("hello")]),
    "chat_document": lambda llm: llm.chat([ChatMessage(role="user", blocks=DOCUMENT)]),
    "complete": lambda llm: llm.complete("hello"),
    "acomplete": lambda llm: llm.acomplete("hello", formatted=True),
    "stream_complete": lambda llm: llm.stream_complete("hello"),
    "astream_complete": lambda llm: llm.astream_complete("hello"),
    "predict": lambda llm: llm.predict(say(), query_str="hello"),
    "apredict": lambda llm: llm.apredict(say(), query_str="hello"),
    "stream": lambda llm: llm.stream(say(), query_str="hello"),
    "astream": lambda llm: llm.astream(say(), query_str="hello"),
    "structured_predict": lambda llm: llm.structured_predict(Song, say(), query_str="hello"),
    "astructured_predict": lambda llm: llm.astructured_predict(Song, say(), query_str="hello"),
    "stream_structured_predict": lambda llm: llm.stream_structured_predict(Song, say(), query_str="hello"),
    "astream_structured_predict": lambda llm: llm.astream_structured_predict(Song, say(), query_str="hello"),
    "as_structured_llm": lambda llm: llm.as_structured_llm(Song).chat([user("hello")]),
    "predict_and_call": lambda llm: llm.predict_and_call([NOW], "hello"),
    "apredict_and_call": lambda llm: llm.apredict_and_call([NOW], "hello"),
}
TOOL_ENDPOINTS = {
    "chat_with_tools": lambda llm: llm.chat_with_tools([NOW], "hello"),
    "achat_with_tools": lambda llm: llm.achat_with_tools([NOW], user_msg=user("hello"), verbose=True),
    "stream_chat_with_tools": lambda llm: llm.stream_chat_with_tools([NOW], chat_history=[user("hello")]),
    "astream_chat_with_tools": lambda llm: llm.astream_chat_with_tools([NOW], "hello", tool_required=True),
    "get_tool_calls": lambda llm: [
        call.model_dump(exclude={"tool_id"})
        for call in llm.get_tool_calls_from_response(llm.chat_with_tools([NOW], "hello"))
    ],
}
DOCUMENT = [TextBlock(text="hello"), DocumentBlock(data=b"aGVsbG8=")]


async def outcome(ask, llm):
    """What an endpoint gives or raises, and the LLM events that it makes, less what is ours or chance."""
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm.callback_manager = CallbackManager([debug])
    try:
        given = ask(llm)
        given = await given if inspect.isawaitable(given) else given
        if inspect.isasyncgen(given):
            given = [chunk async for chunk in given]
        elif inspect.isgenerator(given):
            given = list(given)
    except Exception as error:
        given = (type(error), str(error).replace("CrossRouteLLM", ""))
    events = [len(debug.get_events(kind)) for kind in (CBEventType.LLM, CBEventType.TEMPLATING)]
    return plain(given), events


def plain(given):
    if isinstance(given, list):
        return [plain(part) for part in given]
    if isinstance(given, (ChatResponse, CompletionResponse)):
        given.additional_kwargs.pop(KEY, None)
    if isinstance(given, BaseModel):
        dumped = given.model_dump()
        for block in dumped.get("message", {}).get("blocks", []):
            block.pop("tool_call_id", None)
        return type(given).__name__, dumped
    return str(given)


SILENT = [("silent", "stream_chat"), ("silent", "astream_chat")]
"""Streams that end without a word: an error in a pool, nothing where a model is asked alone."""


@pytest.mark.parametrize(
    ("name", "endpoint"), [pair for pair in product(MOCKS, ENDPOINTS) if pair not in SILENT]
)
async def test_a_pool_of_one_behaves_like_its_member(router, name, endpoint):
    await same(router, MOCKS[name], ENDPOINTS[endpoint])


@pytest.mark.parametrize(("name", "endpoint"), SILENT)
async def test_a_stream_without_a_word_is_a_broken_one(router, name, endpoint):
    pool = CrossRouteLLM({"large": MOCKS[name]()}, router)
    given, _ = await outcome(ENDPOINTS[endpoint], pool)
    assert BrokenStreamError.__name__ in given
    assert "without a finish reason" in given


@pytest.mark.parametrize("endpoint", TOOL_ENDPOINTS)
@pytest.mark.parametrize("name", [name for name in MOCKS if name.startswith("functions")])
async def test_tools_in_a_pool_of_one_behave_like_its_members(router, name, endpoint):
    await same(router, MOCKS[name], TOOL_ENDPOINTS[endpoint])


async def same(router, make, ask):
    pool = CrossRouteLLM(
        {"large": make()}, router, abilities={"large": Ability(capabilities=frozenset({"files", "tools"}))}
    )
    pooled = await outcome(ask, pool)
    alone = make()
    assert pooled == await outcome(ask, alone)
    for field in ("last_called_chat_function", "last_chat_messages"):
        if hasattr(alone, field):
            assert getattr(pool.llms["large"], field) == getattr(alone, field)


@pytest.mark.parametrize("name", MOCKS)
def test_metadata_is_the_members(router, name):
    alone, pool = MOCKS[name](), CrossRouteLLM({"large": MOCKS[name]()}, router)
    assert pool.metadata.model_dump(exclude={"model_name"}) == alone.metadata.model_dump(
        exclude={"model_name"}
    )
