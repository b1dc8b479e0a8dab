"""The models of a collection: by name, at a URL, as a Python object, or from a crossroute.toml."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from crossroute.calls.failures import shorten_provider_errors
from crossroute.candidate import FREE, Candidate, Price
from crossroute.catalogue import Catalogue, is_own_address, look_up_price
from crossroute.config import ModelEntry, PoolConfig
from crossroute.data.prices import look_up_listed_price
from crossroute.profiler.answerers import Answer, Answerer, adapt_model

NO_KEY = "none"
"""API key that is sent to a local server."""


class AskedModel(NamedTuple):
    """A candidate with the function that calls it.

    Attributes:
        candidate: Its name and price.
        ask: (text) -> answer.
        provider: Provider; models of one provider share its rate limit.
        make: Factory to make it in another process; None if the object itself has to be sent there.
    """

    candidate: Candidate
    ask: Answerer
    provider: str
    make: Callable[[], AskedModel] | None = None


def asked_model(
    spelled: str, *, model: object = None, price: Price | None = None, usd_per_second: float | None = None
) -> AskedModel:
    """Create a model for a collection.

    Args:
        spelled: `openai:gpt-5-mini`, as for LangChain's `init_chat_model`; `NAME=http://127.0.0.1:8000/v1`, the URL of
            a server with OpenAI's API, plus `#MODEL` if the model has another name there; `NAME=module:object`, a
            callable, chat model or LLM; `NAME=openai:gpt-5-mini`, a model under another name; or any name, with
            `model`.
        model: A sync or async callable from a text to a text or an `Answer`, a LangChain chat model, or a LlamaIndex
            LLM. None creates it from `spelled`.
        price: USD per million tokens; by default the catalogue's, and 0 for a local server.
        usd_per_second: Cost of a second, USD, for models that are paid by time; overrides the price.

    Raises:
        CrossRouteError: The provider's package cannot create it, for example because no API key is set.
        ValueError: No price is known.
        MissingExtraError: A required package is not installed.
    """
    name, _, place = spelled.partition("=") if model is None else (spelled, "", "")
    made, provider = (model, type(model).__name__) if model is not None else _load_model(name, place or name)
    paid = FREE if usd_per_second is not None else price or _find_price(name, place)
    known = Catalogue.bundled().find(place or name)
    entry = known.entry.candidate if known else None
    candidate = Candidate(
        name=name,
        price=paid,
        context_window=entry.context_window if entry else None,
        capabilities=entry.capabilities if entry else frozenset(),
    )
    ask = adapt_model(made)
    make = (
        partial(asked_model, spelled, price=price, usd_per_second=usd_per_second) if model is None else None
    )
    return AskedModel(
        candidate, ask if usd_per_second is None else charge_by_time(ask, usd_per_second), provider, make
    )


def create_configured_models(config: PoolConfig, prices: Mapping[str, Price]) -> tuple[AskedModel, ...]:
    """Create the models of a crossroute.toml."""
    return tuple(
        _create_configured_model(entry, prices.get(entry.name, entry.price)) for entry in config.models
    )


def _create_configured_model(entry: ModelEntry, price: Price | None) -> AskedModel:
    made = _chat_model(entry)
    priced = price or _find_price(entry.name, entry.base_url or entry.model)
    asked = asked_model(entry.name, model=made, price=priced, usd_per_second=entry.usd_per_second)
    provider = entry.base_url or entry.model.partition(":")[0]
    return asked._replace(provider=provider, make=partial(_create_configured_model, entry, price))


def charge_by_time(ask: Answerer, usd_per_second: float) -> Answerer:
    """Wrap a model that is paid by time: the cost of an answer is its duration times the price of a second."""

    def costed(said: str | Answer, begun: float) -> Answer:
        return Answer.of(said).model_copy(update={"cost": (time.perf_counter() - begun) * usd_per_second})

    if inspect.iscoroutinefunction(ask) or inspect.iscoroutinefunction(getattr(ask, "__call__", None)):  # noqa: B004

        async def aask(text: str) -> Answer:
            begun = time.perf_counter()
            return costed(await cast("Any", ask(text)), begun)

        return aask

    def ask_here(text: str) -> Answer:
        begun = time.perf_counter()
        return costed(cast("str | Answer", ask(text)), begun)

    return ask_here


def _load_model(name: str, place: str) -> tuple[object, str]:
    """Return the model for a spelling, and its provider."""
    if place.startswith(("http://", "https://")):
        address, _, model = place.partition("#")
        entry = ModelEntry(name=name, model=f"openai:{model or name}", base_url=address)
        if is_own_address(address):
            entry = entry.model_copy(update={"options": {"api_key": NO_KEY}})
        return _chat_model(entry), address
    found = _import_object(place)
    return (found, place) if found is not None else (place, place.partition(":")[0])


def _chat_model(entry: ModelEntry) -> object:
    """Create the chat model of an entry.

    Raises:
        CrossRouteError: The provider's package cannot create it, for example because no API key is set.
    """
    with shorten_provider_errors(entry.name):
        return cast("object", import_module("langchain_crossroute.configured").chat_model(entry))


def _import_object(place: str) -> object | None:
    """Import an object spelled module:name; return None if there is no such module, so that it is a model name."""
    from crossroute.profiler.own_queries import load_object

    module, _, name = place.partition(":")
    if not name or not module.replace(".", "_").isidentifier():
        return None
    try:
        return cast("object", load_object(place))
    except ValueError:
        if _is_written(module):
            raise
        return None


def _is_written(module: str) -> bool:
    """Return whether a module is in the working directory, so that it cannot be a provider name."""
    from pathlib import Path

    return (
        Path.cwd().joinpath(*module.split(".")).with_suffix(".py").exists() and find_spec(module) is not None
    )


def _find_price(name: str, place: str) -> Price:
    if place.startswith(("http://", "https://")) and is_own_address(place):
        return FREE
    for spelled in dict.fromkeys((place, name)):
        if spelled and not spelled.startswith("http"):
            found = look_up_price(spelled) or look_up_listed_price(spelled.partition(":")[2] or spelled)
            if found:
                return found
    raise ValueError(
        f"No price is known for {name!r}. State it: --price {name}=0.25/2, or {name}=0/0 if calls are free."
    )
