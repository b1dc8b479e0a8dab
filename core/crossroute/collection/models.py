"""The candidates of a collection: by name, at an address, as an object, or from a pool's file."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from crossroute.calls.failures import provider_errors
from crossroute.candidate import FREE, Candidate, Price
from crossroute.catalogue import Catalogue, catalogued_price, is_own_address
from crossroute.config import ModelEntry, PoolConfig
from crossroute.data.prices import listed_price
from crossroute.profiler.answerers import Answer, Answerer, answerer_of

NO_KEY = "none"
"""What a server of one's own is given for a key."""


class AskedModel(NamedTuple):
    """A candidate that is asked.

    Attributes:
        candidate: Its name and price.
        ask: (text) -> answer.
        provider: Sets the rate limits: the models of one provider are paced together.
        make: Makes it anew in another process; None where only the object itself can be sent there.
    """

    candidate: Candidate
    ask: Answerer
    provider: str
    make: Callable[[], AskedModel] | None = None


def asked_model(
    spelled: str, *, model: object = None, price: Price | None = None, usd_per_second: float | None = None
) -> AskedModel:
    """Return a candidate to ask.

    Args:
        spelled: `openai:gpt-5-mini`, as `init_chat_model` knows it; `NAME=http://127.0.0.1:8000/v1`, an address that
            speaks OpenAI's API, with `#MODEL` where the model there has another name; `NAME=module:object`, a
            callable, chat model or LLM; `NAME=openai:gpt-5-mini`, a model under another name; or any name, with
            `model`.
        model: What answers: a callable, sync or async, from a text to a text or an `Answer`; a LangChain chat model; a
            LlamaIndex LLM. None makes it of the spelling.
        price: USD per million tokens; by default as the catalogue knows it; nothing for a local server.
        usd_per_second: What a second costs, where that is what is paid; goes before the price.

    Raises:
        CrossRouteError: Its provider refuses to make it: no key is set, for one.
        ValueError: No price is known.
        MissingExtraError: A package that it needs is not installed.
    """
    name, _, place = spelled.partition("=") if model is None else (spelled, "", "")
    made, provider = (model, type(model).__name__) if model is not None else _made(name, place or name)
    paid = FREE if usd_per_second is not None else price or _known_price(name, place)
    known = Catalogue.bundled().find(place or name)
    entry = known.entry.candidate if known else None
    candidate = Candidate(
        name=name,
        price=paid,
        context_window=entry.context_window if entry else None,
        capabilities=entry.capabilities if entry else frozenset(),
    )
    ask = answerer_of(made)
    make = (
        partial(asked_model, spelled, price=price, usd_per_second=usd_per_second) if model is None else None
    )
    return AskedModel(
        candidate, ask if usd_per_second is None else timed(ask, usd_per_second), provider, make
    )


def configured_models(config: PoolConfig, prices: Mapping[str, Price]) -> tuple[AskedModel, ...]:
    """Return the models of a pool's file."""
    return tuple(_configured(entry, prices.get(entry.name, entry.price)) for entry in config.models)


def _configured(entry: ModelEntry, price: Price | None) -> AskedModel:
    made = _chat_model(entry)
    priced = price or _known_price(entry.name, entry.base_url or entry.model)
    asked = asked_model(entry.name, model=made, price=priced, usd_per_second=entry.usd_per_second)
    provider = entry.base_url or entry.model.partition(":")[0]
    return asked._replace(provider=provider, make=partial(_configured, entry, price))


def timed(ask: Answerer, usd_per_second: float) -> Answerer:
    """Return a model whose answers cost the seconds that they take."""

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


def _made(name: str, place: str) -> tuple[object, str]:
    """Return what answers under a spelling, and the provider that sets its rate limits."""
    if place.startswith(("http://", "https://")):
        address, _, model = place.partition("#")
        entry = ModelEntry(name=name, model=f"openai:{model or name}", base_url=address)
        if is_own_address(address):
            entry = entry.model_copy(update={"options": {"api_key": NO_KEY}})
        return _chat_model(entry), address
    found = _object(place)
    return (found, place) if found is not None else (place, place.partition(":")[0])


def _chat_model(entry: ModelEntry) -> object:
    """Return the chat model of an entry.

    Raises:
        CrossRouteError: Its provider refuses to make it: no key is set, for one.
    """
    with provider_errors(entry.name):
        return cast("object", import_module("langchain_crossroute.configured").chat_model(entry))


def _object(place: str) -> object | None:
    """Return the object of a module; None where it is none, and so a model by its name."""
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
    """Whether a module lies in the folder that we run in, so that it cannot be meant as a provider."""
    from pathlib import Path

    return (
        Path.cwd().joinpath(*module.split(".")).with_suffix(".py").exists() and find_spec(module) is not None
    )


def _known_price(name: str, place: str) -> Price:
    if place.startswith(("http://", "https://")) and is_own_address(place):
        return FREE
    for spelled in dict.fromkeys((place, name)):
        if spelled and not spelled.startswith("http"):
            found = catalogued_price(spelled) or listed_price(spelled.partition(":")[2] or spelled)
            if found:
                return found
    raise ValueError(
        f"No price is known of {name!r}. State it: --price {name}=0.25/2, or {name}=0/0 where calls cost nothing."
    )
