"""Find, change and configure the innermost chat model of a runnable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable

Change = Callable[[BaseChatModel], Runnable[Any, Any]]


def copy_model(model: BaseChatModel, update: dict[str, Any]) -> BaseChatModel:
    """Copy a chat model with other fields, so that caches distinguish the two."""
    copy = model.model_copy(update=update)
    vars(copy).pop("_serialized", None)  # LangChain's cached form of the old fields
    return copy


def complete_model(model: BaseChatModel, handed_on: dict[str, Any]) -> BaseChatModel:
    """Return a chat model with the given fields set, except those that it sets itself."""
    free = type(model).model_fields.keys() - model.model_fields_set
    update = {field: value for field, value in handed_on.items() if field in free}
    return copy_model(model, update) if update else model


def change_innermost(runnable: Runnable[Any, Any], change: Change, name: str) -> Runnable[Any, Any]:
    """Return a runnable with its innermost chat model and the model's fallbacks changed.

    Raises:
        TypeError: It contains no chat model.
    """
    if isinstance(runnable, BaseChatModel):
        return change(runnable)
    if isinstance(runnable, DynamicRunnable):
        return runnable.model_copy(update={"default": change_innermost(runnable.default, change, name)})
    if _is_configurable(runnable):
        return runnable
    if isinstance(runnable, RunnableBindingBase):
        return runnable.model_copy(update={"bound": change_innermost(runnable.bound, change, name)})
    if isinstance(runnable, RunnableWithFallbacks):
        fallbacks = [change_innermost(fallback, change, name) for fallback in runnable.fallbacks]
        return runnable.model_copy(
            update={"runnable": change_innermost(runnable.runnable, change, name), "fallbacks": fallbacks}
        )
    raise TypeError(describe_refusal(name, runnable))


def find_innermost(runnable: Runnable[Any, Any]) -> BaseChatModel:
    """Return the chat model that is called first."""
    runnable = configure(runnable, {})
    while not isinstance(runnable, BaseChatModel):
        around = cast("RunnableBindingBase[Any, Any] | RunnableWithFallbacks[Any, Any]", runnable)
        runnable = around.bound if isinstance(around, RunnableBindingBase) else around.runnable
    return runnable


def configure(runnable: Runnable[Any, Any], config: RunnableConfig) -> Runnable[Any, Any]:
    """Return a runnable with its configurable fields and alternatives set by a call's config."""
    if isinstance(runnable, DynamicRunnable):
        return configure(runnable.prepare(config)[0], config)
    if _is_configurable(runnable):
        return cast("Any", runnable)._model(config)  # type: ignore[no-any-return]
    if isinstance(runnable, RunnableBindingBase):
        bound = configure(runnable.bound, config)
        return runnable if bound is runnable.bound else runnable.model_copy(update={"bound": bound})
    if isinstance(runnable, RunnableWithFallbacks):
        parts = [configure(one, config) for one in runnable.runnables]
        return runnable.model_copy(update={"runnable": parts[0], "fallbacks": parts[1:]})
    return runnable


def _is_configurable(runnable: object) -> bool:
    """Return whether a runnable is from `init_chat_model(configurable_fields=...)`, whose class has no public name."""
    return type(runnable).__name__ == "_ConfigurableModel"


def construct_values(model: BaseChatModel, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the values that the model's constructor derives for fields, in addition to those already set."""
    kind = type(model)
    named = {name: info.alias or name for name, info in kind.model_fields.items()}
    given = {named[name]: getattr(model, name) for name in model.model_fields_set if name in named}
    try:
        made = kind(**given, **{named[name]: value for name, value in fields.items()})
    except (TypeError, ValueError):  # its constructor does not accept its own fields
        return fields
    return {name: getattr(made, name) for name in fields}


def find_models(runnable: Runnable[Any, Any]) -> list[BaseChatModel]:
    """Return all chat models that may answer."""
    if isinstance(runnable, RunnableWithFallbacks):
        return [model for one in runnable.runnables for model in find_models(one)]
    return (
        find_models(runnable.bound)
        if isinstance(runnable, RunnableBindingBase)
        else [find_innermost(runnable)]
    )


def describe_refusal(name: str, given: object) -> str:
    """Return the error message for an object that is not a chat model."""
    return (
        f"Model {name!r} is a {type(given).__name__}. Expected a chat model, one within .bind(), "
        ".with_config(), .with_retry() or .with_fallbacks(), or a string for init_chat_model such as "
        "'openai:gpt-5-mini'."
    )
