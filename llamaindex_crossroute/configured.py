"""Create LlamaIndex LLMs from a crossroute.toml."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from llama_index.core.llms import LLM

from crossroute.config import ModelEntry, read_config
from crossroute.errors import ConfigError


class Provider(NamedTuple):
    """The LlamaIndex class of a provider.

    Attributes:
        package: Its package on PyPI.
        kind: Name of the class.
        renamed: Argument -> its name in the class, if different.
    """

    package: str
    kind: str
    renamed: Mapping[str, str] = {}


PROVIDERS = {
    "openai": Provider("llama-index-llms-openai", "OpenAI", {"base_url": "api_base"}),
    "anthropic": Provider("llama-index-llms-anthropic", "Anthropic"),
    "google_genai": Provider("llama-index-llms-google-genai", "GoogleGenAI"),
    "ollama": Provider("llama-index-llms-ollama", "Ollama", {"timeout": "request_timeout"}),
    "mistralai": Provider("llama-index-llms-mistralai", "MistralAI", {"base_url": "endpoint"}),
    "groq": Provider("llama-index-llms-groq", "Groq", {"base_url": "api_base"}),
    "deepseek": Provider("llama-index-llms-deepseek", "DeepSeek", {"base_url": "api_base"}),
    "openrouter": Provider("llama-index-llms-openrouter", "OpenRouter", {"base_url": "api_base"}),
    "bedrock_converse": Provider("llama-index-llms-bedrock-converse", "BedrockConverse"),
}
"""Provider, by its name in `init_chat_model` -> LlamaIndex's class."""

COMPATIBLE = Provider("llama-index-llms-openai-like", "OpenAILike", {"base_url": "api_base"})
"""Class for compatible servers, and for models that the class for OpenAI does not know."""


def read_arguments(path: str | Path) -> dict[str, Any]:
    """Read the arguments of a pool from a crossroute.toml: LLMs, router, prices and settings.

    Raises:
        ConfigError: The file is invalid, the environment variable of a key or a package is missing, or LlamaIndex has
            no such provider or setting.
    """
    config = read_config(path)
    abilities = {
        name: ability.model_copy(update={"price": None}) for name, ability in config.abilities.items()
    }
    llms = {entry.name: make_llm(entry) for entry in config.models}
    return {"llms": llms, "abilities": abilities, "prices": config.prices, **config.settings}


def make_llm(entry: ModelEntry) -> LLM:
    """Return the LLM of an entry."""
    if entry.deployments:
        raise ConfigError(
            f"Model {entry.name!r} has several deployments, but a LlamaIndex LLM has one address. Keep one of them, or "
            "serve the file with `crossroute serve` and use the server's address."
        )
    prefix, _, model = entry.model.partition(":")
    if not model:
        prefix, model = "openai", entry.model
    provider = PROVIDERS.get(prefix)
    if provider is None:
        known = ", ".join(PROVIDERS)
        raise ConfigError(f"Model {entry.name!r} has the provider {prefix!r}. Expected one of {known}.")
    if prefix == "openai" and not _is_known(model):
        return _create(COMPATIBLE, model, entry, _state_model(entry))
    return _create(provider, model, entry, {})


def _create(provider: Provider, model: str, entry: ModelEntry, told: dict[str, Any]) -> LLM:
    (place,) = entry.places
    stated = {"base_url": place.base_url, "api_key": place.key()}
    stated = {name: value for name, value in stated.items() if value is not None} | entry.arguments
    arguments = {provider.renamed.get(name, name): value for name, value in stated.items()}
    return cast("LLM", _class(provider)(model=model, **told, **arguments))


def _state_model(entry: ModelEntry) -> dict[str, Any]:
    """Return the facts about a model that the class for compatible servers needs as arguments."""
    tools = entry.capabilities is None or "tools" in entry.capabilities
    window = {"context_window": entry.context_window} if entry.context_window else {}
    return {"is_chat_model": True, "is_function_calling_model": tools, **window}


def _is_known(model: str) -> bool:
    """Return whether the class for OpenAI knows a model's name, and so its context window."""
    module = import_module("llama_index.llms.openai.utils")
    return model in module.ALL_AVAILABLE_MODELS


def _class(provider: Provider) -> Any:
    module = provider.package.removeprefix("llama-index-llms-").replace("-", "_")
    try:
        return getattr(import_module(f"llama_index.llms.{module}"), provider.kind)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{provider.kind} needs another package. Install it with: pip install {provider.package}"
        ) from error
