"""What the LlamaIndex examples run on without a key: stand-ins for LLMs, and an embedding that is no stand-in.

What a stand-in says is made up. Which of them is asked, why, and what that costs is not: the bundled router
`universal` knows the models that they stand in for by what those did on recorded questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from crossroute.encoder import load_encoder
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseAsyncGen, ChatResponseGen
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import LLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.mock import MockFunctionCallingLLM


class StandIn(MockFunctionCallingLLM):
    """LlamaIndex's own mock of a chat model, which tells tokens as well: four characters each.

    `response_generator` is a plain function of the messages that says what it answers.
    """

    def _said(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        message = self.response_generator(messages, **kwargs)
        if not isinstance(message, ChatMessage):
            raise TypeError(f"A stand-in's response_generator gives a ChatMessage, got {type(message)}.")
        read = sum(len(given.content or "") for given in messages) // 4
        usage = {"prompt_tokens": read, "completion_tokens": len(str(message.blocks)) // 4}
        return ChatResponse(message=message, delta=message.content, raw={"usage": usage})

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer."""
        return self._said(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer."""
        return self._said(messages, kwargs)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer in one chunk."""

        def chunks() -> ChatResponseGen:
            yield self._said(messages, kwargs)

        return chunks()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Answer in one chunk."""

        async def chunks() -> ChatResponseAsyncGen:
            yield self._said(messages, kwargs)

        return chunks()


class StaticEmbedding(BaseEmbedding):
    """The encoder that the router reads queries with: token vectors that come with CrossRoute."""

    def _get_text_embedding(self, text: str) -> list[float]:
        vector: list[float] = load_encoder("static").encode([text])[0].tolist()
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def stand_ins(*names: str) -> dict[str, LLM]:
    """Return a stand-in for each model, which quotes what it is given: name -> LLM."""
    return {name: StandIn(is_chat_model=True, response_generator=quote) for name in names}


def quote(messages: Sequence[ChatMessage], **kwargs: Any) -> ChatMessage:
    """Answer a query engine's prompt with what of its context is nearest the question."""
    prompt = messages[-1].content or ""
    context, _, question = prompt.partition("Query: ")
    words = set(re.findall(r"\w{4,}", question.lower()))
    sentences = re.findall(r"[^\n.]+\.", context)
    shared = [len(words & set(re.findall(r"\w{4,}", sentence.lower()))) for sentence in sentences]
    nearest = [sentence for sentence, count in zip(sentences, shared, strict=True) if count == max(shared)]
    return ChatMessage(role="assistant", content="".join(nearest).strip())
