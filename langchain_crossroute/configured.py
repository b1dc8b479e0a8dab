"""Create LangChain chat models from a crossroute.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from crossroute.config import Deployment, ModelEntry, read_config
from langchain_crossroute.members import PROFILE, init_model


def read_arguments(path: str | Path) -> dict[str, Any]:
    """Read the arguments of a pool from a crossroute.toml: models, router, prices and settings.

    Raises:
        ConfigError: The file is invalid, or the environment variable of a key is not set.
        MissingPackageError: A provider's package is not installed.
    """
    config = read_config(path)
    models = {entry.name: chat_model(entry) for entry in config.models}
    return {"models": models, "prices": config.prices or None, **config.settings}


def chat_model(entry: ModelEntry) -> Runnable[Any, Any]:
    """Return the chat model of an entry; each deployment is the fallback of the ones before it."""
    first, *others = (_make_model(entry, place) for place in entry.places)
    return first.with_fallbacks(others) if others else first


def _make_model(entry: ModelEntry, place: Deployment) -> BaseChatModel:
    spelled = place.model or entry.model
    stated = {"base_url": place.base_url, "api_key": place.key()}
    arguments = {name: value for name, value in stated.items() if value is not None} | entry.arguments
    model = init_model(spelled, **arguments)
    profile = _profile(entry)
    return model.model_copy(update={"profile": {**(model.profile or {}), **profile}}) if profile else model


def _profile(entry: ModelEntry) -> dict[str, Any]:
    """Return an entry's facts about its model as a LangChain model profile."""
    can = entry.capabilities
    stated: dict[str, Any] = {} if can is None else {key: name in can for name, key in PROFILE.items()}
    return stated | ({"max_input_tokens": entry.context_window} if entry.context_window else {})
