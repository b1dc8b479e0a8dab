"""Members: the models of a pool's file with their addresses, keys and formats."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from crossroute.calls.arguments import check_tools, translate_arguments
from crossroute.calls.dialects import ANTHROPIC, OPENAI, Dialect
from crossroute.calls.effort_words import Api, adjust_to_thinking, translate_effort
from crossroute.catalogue import Catalogue
from crossroute.config import Deployment, ModelEntry
from crossroute.effort import EffortLevel, read_effort, split_effort
from crossroute.errors import ConfigError, DroppedArgumentWarning, check_extra
from crossroute.serve import library
from crossroute.serve.wire.neutral import Request

Speaks = Literal["openai", "anthropic", "litellm"]
"""The format of a model's API; `litellm`: another, called through litellm."""


class Provider(NamedTuple):
    """A provider's API: address, format and key.

    Attributes:
        speaks: The wire format of its API.
        base_url: Its address; empty if each user has another one.
        key: Environment variable of its key; empty if it needs none.
        header: The header with the key.
        elsewhere: Environment variable with another address, as in its own clients.
    """

    speaks: Speaks
    base_url: str
    key: str
    header: str = "Authorization"
    elsewhere: str = ""


PROVIDERS = {
    "openai": Provider("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", elsewhere="OPENAI_BASE_URL"),
    "anthropic": Provider(
        "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "x-api-key", "ANTHROPIC_BASE_URL"
    ),
    "azure_openai": Provider("openai", "", "AZURE_OPENAI_API_KEY", "api-key"),
    "azure_ai": Provider("openai", "", "AZURE_AI_API_KEY", "api-key"),
    "google_genai": Provider(
        "openai", "https://generativelanguage.googleapis.com/v1beta/openai", "GOOGLE_API_KEY"
    ),
    "ollama": Provider("openai", "http://127.0.0.1:11434/v1", ""),
    "mistralai": Provider("openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq": Provider("openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "deepseek": Provider("openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "openrouter": Provider("openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together": Provider("openai", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "fireworks": Provider("openai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "xai": Provider("openai", "https://api.x.ai/v1", "XAI_API_KEY"),
    "nvidia": Provider("openai", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
    "perplexity": Provider("openai", "https://api.perplexity.ai", "PPLX_API_KEY"),
    "cohere": Provider("openai", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY"),
    "huggingface": Provider("openai", "https://router.huggingface.co/v1", "HF_TOKEN"),
    library.NAME: Provider("litellm", "", ""),
}
"""Provider, as `init_chat_model` calls it -> its API. Source: their references, as of November 2026."""

OWN_KEYS = frozenset(
    {"default_headers", "use_responses_api", "model_kwargs", "extra_body", "max_retries", "streaming"}
)
"""Options of LangChain's classes that are not arguments of a request."""


@dataclass(frozen=True)
class Place:
    """A place at which a model is served.

    Attributes:
        model: Its name there.
        base_url: Its address.
        headers: Headers with its key; never shown.
        name: Unique among the places.
        weight: Its share of the calls.
        window: Tokens of input and output together; None for the model's own window.
        most_calls: Concurrent calls; None without a limit.
        key: Its key, for litellm; other places have theirs in a header.
    """

    model: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    name: str = ""
    weight: float = 1.0
    window: int | None = None
    most_calls: int | None = None
    key: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Its host."""
        return urlsplit(self.base_url).hostname or ""


@dataclass(frozen=True)
class Member:
    """A model of the pool.

    Attributes:
        name: Name of its candidate.
        entry: Its entry in the file.
        provider: Its provider's name in the file.
        speaks: The wire format of its API.
        places: The places at which it is served.
    """

    name: str
    entry: ModelEntry
    provider: str
    speaks: Speaks
    places: tuple[Place, ...]

    @classmethod
    def of(cls, entry: ModelEntry, environment: Mapping[str, str] | None = None) -> Member:
        """Return the member of an entry.

        Raises:
            ConfigError: Its provider is not known, or a key is missing.
        """
        name, _ = _provider_of(entry.model)
        places = tuple(_place(entry, at, one, environment) for at, one in enumerate(entry.places))
        return cls(entry.name, entry, name, PROVIDERS[name].speaks, places)

    @property
    def dialect(self) -> Dialect:
        """The dialect of its arguments."""
        return ANTHROPIC if self.speaks == "anthropic" else OPENAI

    @property
    def has_responses(self) -> bool:
        """Whether it has OpenAI's Responses API: OpenAI's own models, and those that the file marks."""
        stated = self.entry.options.get("use_responses_api")
        return self.speaks == "openai" and (
            bool(stated) if stated is not None else self.places[0].host == "api.openai.com"
        )

    def takes(self, wire: str) -> bool:
        """Return whether it takes requests of a format unchanged."""
        native = {"chat": self.speaks == "openai", "responses": self.has_responses}
        return native.get(wire, self.speaks == "anthropic")

    @cached_property
    def stated(self) -> dict[str, Any]:
        """Arguments in the file for calls that do not state them, by its API's names."""
        options = {name: value for name, value in self.entry.options.items() if name not in OWN_KEYS}
        extra = {**self.entry.options.get("model_kwargs", {}), **self.entry.options.get("extra_body", {})}
        limits = {"temperature": self.entry.temperature, "max_tokens": self.entry.max_tokens}
        said = {name: value for name, value in limits.items() if value is not None}
        words = self._effort()
        return said | options | extra | words

    def changes(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the changes to a request in its own format, except the model.

        OpenAI's own models get `max_completion_tokens` for `max_tokens`, which reasoning models refuse.
        """
        changes = {name: value for name, value in self.stated.items() if name not in asked}
        own = self.speaks == "openai" and self.places[0].host == "api.openai.com"
        limit = changes.pop("max_tokens", None) if own else None
        if limit is not None and not {"max_completion_tokens", "max_output_tokens"} & asked.keys():
            changes["max_completion_tokens"] = limit
        return self._fitting(changes, asked)

    def arguments(self, request: Request) -> tuple[dict[str, Any], list[str]]:
        """Return a request's arguments by its dialect's names, and the omitted ones.

        Raises:
            UnableError: It cannot do what an argument requires.
        """
        names = [tool.name for tool in request.tools]
        check_tools(names, self.dialect, self.name)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", DroppedArgumentWarning)
            said = translate_arguments(request.arguments, self.dialect, self.name, names)
        return said, [str(one.message) for one in told]

    def effort_told(self, level: str) -> dict[str, Any]:
        """Return the arguments that set an effort, such as `low`; empty if that is not an effort."""
        return self._words_of(read_effort(level))

    def _effort(self) -> dict[str, Any]:
        _, told = split_effort(self.name)
        return self._words_of(read_effort(self.entry.effort) if self.entry.effort else told)

    def _words_of(self, told: EffortLevel | None) -> dict[str, Any]:
        if told is None:
            return {}
        api: Api = "anthropic" if self.speaks == "anthropic" else "openai"
        words = translate_effort(api, self.places[0].model, told, base_url=self.entry.base_url)
        return {**words.pop("extra_body", {}), **words}

    def _fitting(self, changes: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        """Add the limits that Anthropic requires for thinking, unless the request states them."""
        if self.speaks != "anthropic" or not isinstance(changes.get("thinking"), Mapping):
            return changes
        said = {**asked, **changes}
        limits = {name: said.get(name) for name in ("max_tokens", "temperature")}
        return changes | adjust_to_thinking(changes, **limits)


@lru_cache(1024)
def endpoint(base_url: str, speaks: Speaks, path: str) -> str:
    """Return the address of an endpoint of an API."""
    base = base_url.rstrip("/")
    if speaks == "anthropic" and not base.endswith("/v1"):
        base += "/v1"
    address, question, rest = base.partition("?")
    return f"{address}{path}{question}{rest}"


def _provider_of(spelled: str) -> tuple[str, str]:
    """Return the provider in a spelling, and the provider's name of the model.

    Raises:
        ConfigError: The provider is unknown.
    """
    prefix, sign, model = spelled.partition(":")
    if sign and prefix in PROVIDERS:
        return prefix, model
    if sign and prefix.replace("_", "").isalpha() and not Catalogue.bundled().find(spelled):
        raise ConfigError(
            f"The provider {prefix!r} of {spelled!r} is not served. Expected one of {', '.join(PROVIDERS)}; what else "
            f"speaks OpenAI's API is openai: with its base_url, and all else {library.NAME}:{prefix}/{model}."
        )
    return ("anthropic" if spelled.startswith("claude") else "openai"), spelled


def _place(entry: ModelEntry, at: int, place: Deployment, environment: Mapping[str, str] | None) -> Place:
    name, model = _provider_of(place.model or entry.model)
    provider = PROVIDERS[name]
    if provider.speaks != PROVIDERS[_provider_of(entry.model)[0]].speaks:
        raise ConfigError(
            f"Model {entry.name!r}: {name} speaks another API than {entry.model!r}. Make it an own model."
        )
    model, _ = split_effort(model)
    variables = os.environ if environment is None else environment
    base_url = place.base_url or variables.get(provider.elsewhere) or provider.base_url
    by_library = provider.speaks == "litellm"
    if by_library:
        check_extra(library.FEATURE, library.NAME, library.NAME)
    elif not base_url:
        raise ConfigError(f"Model {entry.name!r}: {name} has no address of its own. State base_url.")
    headers = {**entry.options.get("default_headers", {})}
    key = place.key(environment) or _usual_key(entry, provider, place, environment)
    if key and not by_library:
        headers[provider.header] = f"Bearer {key}" if provider.header == "Authorization" else key
    return Place(
        model,
        base_url,
        headers,
        key=key if by_library else None,
        name=f"{entry.name}#{at}",
        weight=place.weight,
        window=place.context_window,
        most_calls=place.most_calls,
    )


def _usual_key(
    entry: ModelEntry, provider: Provider, place: Deployment, environment: Mapping[str, str] | None
) -> str | None:
    found = (os.environ if environment is None else environment).get(provider.key) if provider.key else None
    if found or not provider.key or place.base_url is not None:
        return found
    raise ConfigError(
        f"Model {entry.name!r} needs a key: set {provider.key}, or name another variable as api_key_env."
    )
