"""Efforts: set the reasoning effort of a chat model by the fields of its class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel

from crossroute.calls.effort_words import Api, adjust_to_thinking, translate_effort, warn_unsettable
from crossroute.catalogue import find_address
from crossroute.effort import EffortLevel


class EffortKeywords(NamedTuple):
    """The effort keywords of a chat model's class.

    Attributes:
        api: The provider's vocabulary.
        fields: Keyword -> field, if it has another name.
    """

    api: Api
    fields: Mapping[str, str] = MappingProxyType({})


def effort_fields(model: BaseChatModel, effort: EffortLevel) -> dict[str, Any]:
    """Return the fields that set a chat model's effort; empty if its class has none."""
    speech = find_speech(model)
    if speech is None:
        warn_unsettable(type(model))
        return {}
    name = str(model._get_ls_params().get("ls_model_name", ""))
    words = translate_effort(speech.api, name, effort, base_url=find_address(model))
    update = {speech.fields.get(word, word): value for word, value in words.items()}
    if speech.api == "anthropic":
        stated = {name: getattr(model, name, None) for name in ("max_tokens", "temperature")}
        update |= adjust_to_thinking(words, **stated)
    return _unset_conflicts(model, {name: _merge_field(model, name, value) for name, value in update.items()})


def find_speech(model: BaseChatModel) -> EffortKeywords | None:
    """Return the effort keywords of a chat model's class, or None."""
    fields, kind = type(model).model_fields, model._llm_type
    if "anthropic" in kind and "thinking" in fields:
        return EffortKeywords("anthropic")
    if "thinking_budget" in fields:
        level = next(
            (name for name, info in fields.items() if info.alias == "thinking_level"), "thinking_level"
        )
        return EffortKeywords("google", {"thinking_level": level})
    if "ollama" in kind and "reasoning" in fields:
        return EffortKeywords("ollama", {"think": "reasoning"})
    if "reasoning_effort" not in fields:
        return None
    responds = getattr(model, "use_responses_api", None) or getattr(model, "reasoning", None) is not None
    return EffortKeywords("openai_responses" if responds and "reasoning" in fields else "openai")


def _unset_conflicts(model: BaseChatModel, update: dict[str, Any]) -> dict[str, Any]:
    """Extend an update to unset fields that the provider rejects in combination with it."""
    fields = type(model).model_fields
    if "output_config" in fields and "reasoning_effort" in fields:
        update = update | {"reasoning_effort": None}  # would override the effort
    if "thinking_budget" in update and getattr(model, "reasoning_effort", None):
        update = update | {"reasoning_effort": None}
    return update


def _merge_field(model: BaseChatModel, field: str, value: Any) -> Any:
    """Merge a value with the present value of a field, such as an effort with a summary."""
    held = getattr(model, field, None)
    if field in ("reasoning", "output_config", "extra_body") and isinstance(held, dict):
        return {**held, **value}
    return value
