"""What the chunks of a stream tell of tokens is counted by one rule, whatever framework they come through."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from pydantic import Field

from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM
from tests.langchain_crossroute import fakes as langchain_fakes
from tests.llamaindex_crossroute import fakes as llamaindex_fakes
from tests.support.routers import STORY

CASES = {
    "at the end": ([None, None, (9, 5)], (9, 5)),
    "the whole so far, in each": ([(9, 1), (9, 3), (9, 5)], (9, 5)),
    "the whole so far, and once more behind it": ([(9, 3), (9, 5), (9, 5)], (9, 5)),
    "the input first, then the output": ([(9, 0), None, (0, 5)], (9, 5)),
    "what was added, in each": ([(9, 1), (0, 2), (0, 3)], (9, 6)),
    "zeros behind it, by a server that counts no more": ([None, (9, 5), (0, 0)], (9, 5)),
    "the input grows, as a tool of the provider's reads": ([(9, 1), (30, 5), None], (30, 5)),
    "nothing": ([None, None, None], None),
}
WORDS = ("I ", "am ", "well")


class LangChainStream(langchain_fakes.ChatFake):
    told: list = Field(default_factory=list)

    def _chunks(self, answer):
        for place, (word, tokens) in enumerate(zip(WORDS, self.told, strict=True)):
            read, written = tokens or (0, 0)
            usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
            last = "last" if place == len(WORDS) - 1 else None
            message = AIMessageChunk(word, usage_metadata=usage if tokens else None, chunk_position=last)
            yield ChatGenerationChunk(message=message)


class LlamaIndexStream(llamaindex_fakes.ChatFake):
    told: list = Field(default_factory=list)

    def _parts(self, messages, kwargs):
        for place, (word, tokens) in enumerate(zip(WORDS, self.told, strict=True)):
            said = ChatMessage(role="assistant", content="".join(WORDS[: place + 1]))
            usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]} if tokens else None
            yield ChatResponse(message=said, delta=word, raw={"usage": usage})


async def gathered(chunks):
    return [chunk async for chunk in await chunks]


def langchain_spent(router, told, way):
    pool = ChatCrossRoute(models={"small": LangChainStream(model_name="small", told=told)}, router=router)

    async def astream():
        return [chunk async for chunk in pool.astream(STORY)]

    list(pool.stream(STORY)) if way == "stream" else asyncio.run(astream())
    return pool.spend.total


def llamaindex_spent(router, told, way):
    pool = CrossRouteLLM({"small": LlamaIndexStream("small", told=told)}, router)
    said = [llamaindex_fakes.user(STORY)]
    list(pool.stream_chat(said)) if way == "stream" else asyncio.run(gathered(pool.astream_chat(said)))
    return pool.spend.total


@pytest.mark.parametrize("way", ["stream", "astream"])
@pytest.mark.parametrize("spent", [langchain_spent, llamaindex_spent])
@pytest.mark.parametrize("case", CASES)
def test_tokens_of_a_stream_count_once(router, case, spent, way):
    told, expected = CASES[case]
    total = spent(router, told, way)
    assert total.calls == 1
    if expected is None:
        assert total.unknown == 1
    else:
        assert (total.usage.input_tokens, total.usage.output_tokens) == expected
