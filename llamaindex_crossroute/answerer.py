"""A LlamaIndex LLM as CrossRoute's profiling asks it: a text in, an answer with its tokens out."""

from __future__ import annotations

from collections.abc import Callable

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import LLM

from crossroute.profiler.answerers import Answer
from llamaindex_crossroute.stamp import usage_of


def answerer(model: object) -> Callable[[str], Answer] | None:
    """Return what profiling can ask, from several threads; None where the model is no LlamaIndex LLM.

    crossroute.profile_model(answerer(OpenAI(model="gpt-5-mini")), name="gpt-5-mini", price=...)
    """
    if not isinstance(model, LLM):
        return None

    def ask(query: str) -> Answer:
        # clients that await are tied to one event loop
        response = model.chat([ChatMessage(role=MessageRole.USER, content=query)])
        usage = usage_of(response)
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else {}
        return Answer(text=response.message.content or "", **tokens)

    return ask
