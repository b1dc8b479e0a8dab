"""Efforts: set how hard an LLM thinks, by the fields of its class."""

from __future__ import annotations

from typing import Any, cast

from llama_index.core.llms import LLM

from crossroute.calls.effort_words import Api, Words, beside_thinking, effort_words, warn_untold
from crossroute.catalogue import address_of
from crossroute.effort import EffortLevel


def at_effort(llm: LLM, effort: EffortLevel) -> LLM:
    """Return a copy of an LLM with an effort set; the LLM itself, where its class has no such field.

    The copy shares the LLM's clients, also those that are opened later.
    """
    api = api_of(llm)
    if api is None:
        warn_untold(type(llm))
        return llm
    words = effort_words(api, llm.metadata.model_name, effort, base_url=address_of(llm))
    if api == "google":
        return _with_thinking(llm, words)
    view = llm.model_copy(update=_fields(llm, api, words))
    object.__setattr__(view, "__pydantic_private__", llm.__pydantic_private__)
    return view


def api_of(llm: LLM) -> Api | None:
    """Return the effort vocabulary of an LLM's class; None where it has none."""
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


def effort_of(llm: LLM) -> str | None:
    """Return the effort in an LLM's own fields: a level, or a thinking budget; None without one."""
    thinking = getattr(llm, "thinking_dict", None) or {}
    if budget := thinking.get("budget_tokens"):
        return f"budget={budget}"
    options = getattr(llm, "reasoning_options", None) or {}
    switch = getattr(llm, "thinking", None)
    if isinstance(switch, bool):
        return "high" if switch else "none"
    level = getattr(llm, "reasoning_effort", None) or options.get("effort") or switch
    return level if isinstance(level, str) else None


def _fields(llm: LLM, api: Api, words: Words) -> dict[str, Any]:
    """Return the fields that set an effort, merged with their present values.

    LlamaIndex's classes for OpenAI send an effort only for models that they list, so it is also set among the
    additional arguments.
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
    return {"thinking_dict": words.get("thinking"), "additional_kwargs": further, **_room(llm, words)}


def _room(llm: Any, words: Words) -> Words:
    """Return the limits to set beside thinking; the class's own default, 512 tokens, is no limit that was stated."""
    stated = llm.max_tokens if llm.max_tokens != type(llm).model_fields["max_tokens"].default else None
    return beside_thinking(words, max_tokens=stated, temperature=llm.temperature)


def _with_thinking(llm: LLM, words: Words) -> LLM:
    """Return a view of a Gemini LLM, whose settings are no field: they are another dict in the view alone."""
    from google.genai.types import ThinkingConfig

    view: Any = llm.model_copy()
    held = dict(view._generation_config)
    shown = dict(held.get("thinking_config") or {}).get("include_thoughts")
    view._generation_config = {**held, "thinking_config": ThinkingConfig(include_thoughts=shown, **words)}
    return cast("LLM", view)
