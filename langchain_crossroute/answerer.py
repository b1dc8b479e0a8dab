"""A LangChain chat model as CrossRoute's profiling asks it: a text in, an answer with its tokens out."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable

from crossroute.profiler.answerers import Answer
from langchain_crossroute.member import Member
from langchain_crossroute.stamp import usage_of


def answerer(model: object) -> Callable[[str], Answer] | None:
    """Return what profiling can ask, from several threads; None where the model is no LangChain model.

        crossroute.profile_model(answerer("openai:gpt-5-mini"), name="gpt-5-mini", price=...)

    Args:
        model: A chat model, one within `.bind()`, `.with_retry()` or the like, or an `init_chat_model` string.
    """
    if not isinstance(model, (str, BaseChatModel, Runnable)):
        return None
    member = Member.of(model if isinstance(model, str) else "model", model)

    def ask(query: str) -> Answer:
        message = member.runnable.invoke(query)  # clients that await are tied to one event loop
        if not isinstance(message, AIMessage):
            raise TypeError(f"Expected an AIMessage of {member.name!r}, got {type(message).__name__}.")
        usage = usage_of(message.usage_metadata)
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else {}
        return Answer(text=str(message.text), **tokens)

    return ask
