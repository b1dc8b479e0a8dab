"""Members: the LLMs of a pool, their abilities, and copies with an effort or log-probabilities set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole
from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW
from llama_index.core.llms import LLM

from crossroute import Candidate
from crossroute.calls.effort_words import (
    Api,
    Words,
    adjust_to_thinking,
    read_stated_effort,
    translate_effort,
    warn_unsettable,
)
from crossroute.calls.providers import find_client_provider
from crossroute.catalogue import find_address, find_own_price
from crossroute.effort import EffortLevel
from crossroute.profiler.answerers import Answer
from crossroute.routing.members import Ability
from llamaindex_crossroute.messages.reply import usage_of

NAME = "CrossRoute"
LOGPROBS = frozenset({"logprobs", "top_logprobs"})
"""Fields that request log-probabilities, in LlamaIndex's OpenAI and its subclasses."""


def model_name(llm: LLM) -> str | None:
    """Return the name of an LLM's model, or None.

    Raises:
        TypeError: It is not an LLM.
    """
    if not isinstance(llm, LLM):
        raise TypeError(f"Expected an LLM of LlamaIndex, such as OpenAI(model=...), got {llm!r}.")
    name = llm.metadata.model_name
    return None if name == LLMMetadata().model_name else name


def calls_tools(llm: LLM) -> bool:
    """Return whether an LLM calls functions, by its metadata."""
    return llm.metadata.is_function_calling_model


def read_ability(llm: LLM, candidate: Candidate, stated: Ability | None = None) -> Ability:
    """Return an LLM's ability: as stated; tools and context window from its metadata; the rest from its candidate.

    A context window of 3,900 tokens, LlamaIndex's default, counts as unknown.

    Args:
        llm: The LLM.
        candidate: Its candidate in the router or the catalogue.
        stated: The ability that the user states.
    """
    known = candidate.capabilities
    window = llm.metadata.context_window
    by_metadata = Ability(
        capabilities=known | {"tools"} if calls_tools(llm) else known - {"tools"},
        context_window=window if window > 0 and window != DEFAULT_CONTEXT_WINDOW else None,
        effort=read_stated_effort(llm),
        model=model_name(llm),
        price=find_own_price(llm, model_name(llm)),
        provider=find_client_provider(llm),
    )
    said = {} if stated is None else {field: value for field, value in stated if value is not None}
    return by_metadata.model_copy(update=said)


def common_metadata(llms: Mapping[str, LLM], usual: str) -> LLMMetadata:
    """Return metadata that holds for every member.

    The context window is that of the member for an ordinary call: if an input exceeds another member's, that member is
    not eligible.

    Args:
        llms: The members.
        usual: The member for an ordinary call.
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
    """Return whether log-probabilities can be requested from an LLM, unless the user has set that."""
    if not type(llm).model_fields.keys() >= LOGPROBS or getattr(llm, "logprobs", None) is not None:
        return False
    return LOGPROBS.isdisjoint(getattr(llm, "additional_kwargs", {}))


def request_logprobs(llm: LLM) -> LLM:
    """Return a copy of an LLM that requests log-probabilities; it shares the clients, also those opened later."""
    # one alternative per token, since llama.cpp returns nothing for none
    view = llm.model_copy(update={"logprobs": True, "top_logprobs": 1})
    object.__setattr__(view, "__pydantic_private__", llm.__pydantic_private__)
    return view


def set_effort(llm: LLM, effort: EffortLevel) -> LLM:
    """Return a copy of an LLM with an effort set; the LLM itself if its class has no such field.

    The copy shares the LLM's clients, including those opened later.
    """
    api = find_api(llm)
    if api is None:
        warn_unsettable(type(llm))
        return llm
    words = translate_effort(api, llm.metadata.model_name, effort, base_url=find_address(llm))
    if api == "google":
        return _with_thinking(llm, words)
    view = llm.model_copy(update=_merge_fields(llm, api, words))
    object.__setattr__(view, "__pydantic_private__", llm.__pydantic_private__)
    return view


def find_api(llm: LLM) -> Api | None:
    """Return the effort vocabulary of an LLM's class, or None."""
    fields = type(llm).model_fields
    if "thinking_dict" in fields:
        return "anthropic"
    if "reasoning_options" in fields:
        return "openai_responses"
    if "reasoning_effort" in fields:
        return "openai"
    if "thinking" in fields and "keep_alive" in fields:
        return "ollama"
    return "google" if isinstance(getattr(llm, "_generation_config", None), dict) else None


def answerer(model: object) -> Callable[[str], Answer] | None:
    """Return a thread-safe function for profiling; None if the model is not a LlamaIndex LLM.

    crossroute.profile_model(answerer(OpenAI(model="gpt-5-mini")), name="gpt-5-mini", price=...)
    """
    if not isinstance(model, LLM):
        return None

    def ask(query: str) -> Answer:
        # synchronous: async clients are tied to one event loop
        response = model.chat([ChatMessage(role=MessageRole.USER, content=query)])
        usage = usage_of(response)
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else {}
        return Answer(text=response.message.content or "", **tokens)

    return ask


def _merge_fields(llm: LLM, api: Api, words: Words) -> dict[str, Any]:
    """Return the fields that set an effort, merged with their present values.

    LlamaIndex's classes for OpenAI send an effort only for models in their list, so it is also set in the additional
    arguments.
    """
    further = dict(getattr(llm, "additional_kwargs", None) or {})
    if api == "ollama":
        return {"thinking": words["think"]}
    if api == "openai":
        return {"reasoning_effort": words.get("reasoning_effort"), "additional_kwargs": further | words}
    if api == "openai_responses":
        options = {**(getattr(llm, "reasoning_options", None) or {}), **words["reasoning"]}
        return {"reasoning_options": options, "additional_kwargs": further | {"reasoning": options}}
    output = {**further.get("output_config", {}), **words.get("output_config", {})}
    further |= {"output_config": output} if output else {}
    return {"thinking_dict": words.get("thinking"), "additional_kwargs": further, **_set_limits(llm, words)}


def _set_limits(llm: Any, words: Words) -> Words:
    """Return the token limits required for thinking, unless the user states another than the default of 512 tokens."""
    stated = llm.max_tokens if llm.max_tokens != type(llm).model_fields["max_tokens"].default else None
    return adjust_to_thinking(words, max_tokens=stated, temperature=llm.temperature)


def _with_thinking(llm: LLM, words: Words) -> LLM:
    """Return a copy of a Gemini LLM with its own dict of settings, since the settings are not a field."""
    from google.genai.types import ThinkingConfig

    view: Any = llm.model_copy()
    held = dict(view._generation_config)
    shown = dict(held.get("thinking_config") or {}).get("include_thoughts")
    view._generation_config = {**held, "thinking_config": ThinkingConfig(include_thoughts=shown, **words)}
    return cast("LLM", view)
