"""Members: the LLMs of a pool, and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole
from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW
from llama_index.core.llms import LLM

from crossroute import Candidate
from crossroute.calls.providers import provider_of_client
from crossroute.catalogue import price_of_own
from crossroute.profiler.answerers import Answer
from crossroute.routing.members import Ability
from llamaindex_crossroute.efforts import effort_of
from llamaindex_crossroute.messages.reply import usage_of

NAME = "CrossRoute"
LOGPROBS = frozenset({"logprobs", "top_logprobs"})
"""Fields that request log-probabilities, of LlamaIndex's OpenAI and what is built on it."""


def model_name(llm: LLM) -> str | None:
    """Return the name of an LLM's model; None where it states none.

    Raises:
        TypeError: It is no LLM, but a name, say.
    """
    if not isinstance(llm, LLM):
        raise TypeError(f"Expected an LLM of LlamaIndex, such as OpenAI(model=...), got {llm!r}.")
    name = llm.metadata.model_name
    return None if name == LLMMetadata().model_name else name


def calls_tools(llm: LLM) -> bool:
    """Return whether an LLM's metadata says that it calls functions."""
    return llm.metadata.is_function_calling_model


def ability_of(llm: LLM, candidate: Candidate, stated: Ability | None = None) -> Ability:
    """Return an LLM's capabilities: as stated; tools and context by its metadata; the rest by its candidate.

    A context window of 3,900 tokens is LlamaIndex's default; it counts as unknown.

    Args:
        llm: The LLM.
        candidate: Its entry in the router or the catalogue.
        stated: By the user.
    """
    known = candidate.capabilities
    window = llm.metadata.context_window
    by_metadata = Ability(
        capabilities=known | {"tools"} if calls_tools(llm) else known - {"tools"},
        context_window=window if window > 0 and window != DEFAULT_CONTEXT_WINDOW else None,
        effort=effort_of(llm),
        model=model_name(llm),
        price=price_of_own(llm, model_name(llm)),
        provider=provider_of_client(llm),
    )
    said = {} if stated is None else {field: value for field, value in stated if value is not None}
    return by_metadata.model_copy(update=said)


def common_metadata(llms: Mapping[str, LLM], usual: str) -> LLMMetadata:
    """Return metadata that is true of every member, or of the pool.

    The context window is that of the member that is likely to answer: members with less room are passed over.

    Args:
        llms: The members.
        usual: The member that would take an ordinary call.
    """
    members = [llm.metadata for llm in llms.values()]
    roles = {metadata.system_role for metadata in members}
    return LLMMetadata(
        context_window=llms[usual].metadata.context_window,
        num_output=llms[usual].metadata.num_output,
        is_chat_model=any(metadata.is_chat_model for metadata in members),
        is_function_calling_model=any(calls_tools(llm) for llm in llms.values()),
        model_name=f"{NAME}({', '.join(llms)})",
        system_role=roles.pop() if len(roles) == 1 else MessageRole.SYSTEM,
    )


def can_be_asked(llm: LLM) -> bool:
    """Return whether log-probabilities can be requested from an LLM, and its user left that open."""
    if not type(llm).model_fields.keys() >= LOGPROBS or getattr(llm, "logprobs", None) is not None:
        return False
    return LOGPROBS.isdisjoint(getattr(llm, "additional_kwargs", {}))


def asking(llm: LLM) -> LLM:
    """Return a copy of an LLM that requests log-probabilities; it shares the clients, also those opened later."""
    # one alternative a token: llama.cpp tells nothing for none
    view = llm.model_copy(update={"logprobs": True, "top_logprobs": 1})
    object.__setattr__(view, "__pydantic_private__", llm.__pydantic_private__)
    return view


def answerer(model: object) -> Callable[[str], Answer] | None:
    """Return a function for profiling, safe to call from several threads; None where the model is no LlamaIndex LLM.

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
