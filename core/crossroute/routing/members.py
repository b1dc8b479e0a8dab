"""Restrict a router to the models that a user names, in any spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Candidate, Capability, Pool, Price
from crossroute.catalogue import Catalogue, find_candidate, find_same_model, look_up_price, make_variant
from crossroute.effort import read_effort, split_effort, with_effort
from crossroute.errors import EffortError, UnknownCandidateError, UnprofiledCandidateError
from crossroute.routing.believed import estimate_by_relatives
from crossroute.routing.reuse import load_router, over
from crossroute.routing.router import Router

Model = TypeVar("Model")

UNSTATED = frozenset({"effort", "model", "provider", "untold"})
"""Fields of `Ability` that are not fields of `Candidate`."""


class Ability(BaseModel):
    """What an integration knows about one of its models; None keeps the router's value.

    Attributes:
        capabilities: Capabilities other than text.
        context_window: Tokens of input and output together.
        price: Replaces the candidate's price.
        model: The provider's model name; used if the router does not know the member's name.
        untold: Capabilities that are unknown: the member is tried if no other one is known to have them.
        effort: The effort in its own settings, such as `low`; used if its name states none and the model supports it.
        provider: OpenTelemetry's name of the provider, for traces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capabilities: frozenset[Capability] | None = None
    context_window: int | None = Field(default=None, gt=0)
    price: Price | None = None
    model: str | None = None
    untold: frozenset[Capability] = frozenset()
    effort: str | None = None
    provider: str | None = None

    def stated_on(self, candidate: Candidate, name: str) -> Candidate:
        """Return the candidate renamed, with the fields set here overriding its own."""
        candidate = self._as_told(candidate)
        others = {candidate.name, *candidate.aliases} - {name}
        known = {field: value for field, value in self if value is not None and field not in UNSTATED}
        return candidate.model_copy(update={"name": name, "aliases": tuple(sorted(others)), **known})

    def _as_told(self, candidate: Candidate) -> Candidate:
        """Return the variant of the candidate at the effort of the member's settings."""
        told = read_effort(self.effort) if self.effort and not split_effort(candidate.name)[1] else None
        try:
            return candidate if told is None else make_variant(candidate, told)
        except EffortError:  # the catalogue does not know this effort of the model: keep the candidate
            return candidate


def name_models(
    models: Mapping[str, Model] | Iterable[Model],
    name_of: Callable[[Model], str | None],
    effort_of: Callable[[Model], str | None] = lambda model: None,
) -> dict[str, Model]:
    """Return models by name; models of a list are named by their provider's model name.

    If several have the same name, their efforts are appended: `gpt-5.5@low`, `gpt-5.5@high`.

    Args:
        models: Name -> model, or models.
        name_of: Returns a model's name; None if it has none.
        effort_of: Returns a model's effort; None if it has none.

    Raises:
        TypeError: `models` is a single model.
        ValueError: A model of a list has no name, or two have the same.
    """
    if isinstance(models, Mapping):
        return dict(models)
    if isinstance(models, (str, BaseModel)):  # pydantic's models pass for iterables of their fields
        one = models if isinstance(models, str) else type(models).__name__
        raise TypeError(f"Expected several models, got one, {one!r}; put it in a list.")
    named = [(_read_name(model, name_of), model) for model in models]
    asked = Counter(name for name, _ in named)
    found: dict[str, Model] = {}
    for name, model in named:
        told = read_effort(effort_of(model) or "") if asked[name] > 1 else None
        own = with_effort(name, told) if told else name
        if own in found:
            raise ValueError(f"Two models are named {own!r}. Give them names in a dict, or leave one out.")
        found[own] = model
    return found


def _read_name(model: Model, name_of: Callable[[Model], str | None]) -> str:
    name = name_of(model)
    if not name:
        raise ValueError(
            f"An object of type {type(model).__name__} has no model name. Give models by name: "
            '{"gpt-5-mini": ..., "claude-opus-4-5": ...}.'
        )
    return name


def set_prices(abilities: Mapping[str, Ability], prices: Mapping[str, Price]) -> dict[str, Ability]:
    """Return the abilities with the given prices.

    Raises:
        ValueError: A price is given for an unknown name.
    """
    unknown = prices.keys() - abilities.keys()
    if unknown:
        raise ValueError(f"A price is given for {min(unknown)!r}, expected one of {', '.join(abilities)}.")
    stated = {name: {"price": prices[name]} if name in prices else {} for name in abilities}
    return {name: ability.model_copy(update=stated[name]) for name, ability in abilities.items()}


def make_unprofiled(name: str, model: str | None = None) -> Candidate:
    """Return a candidate without a profile for a model that the router does not know, from the catalogue if listed.

    Args:
        name: Its name.
        model: The provider's model name, used if the catalogue does not know `name`.
    """
    spelled = model if model and Catalogue.bundled().find(name) is None else name
    resolution = Catalogue.bundled().find(spelled)
    known = resolution.entry.candidate if resolution else Candidate(name=name)
    return known.model_copy(update={"price": look_up_price(spelled)})


def find_member(pool: Pool, name: str, model: str | None = None) -> Candidate | None:
    """Return the candidate of a member by its name or its provider's model name; None if neither can be resolved.

    A model that the router does not know gets a prior estimated from its relatives (believed.py).
    """
    spelled = (name, model) if model else (name,)
    found = next(filter(None, (find_candidate(pool, each) for each in spelled)), None)
    return found or next(filter(None, (estimate_by_relatives(pool, each) for each in spelled)), None)


def router_over(
    router: Router | str | Path, members: Mapping[str, Ability], *, default: str | None = None
) -> Router:
    """Return a router over the members, each under its own name.

    A name is a candidate's name, an alias, or any spelling that the catalogue knows for the same model:
    `openai:gpt-4o`, `bedrock/anthropic.claude-3-haiku-20240307-v1:0`. A local model (`ollama/llama3.1:8b`) or a host's
    free tier costs nothing unless a price is stated. Any other name (`fast`) is resolved by `Ability.model`. A model
    that the router does not know is estimated from its family, generation and size, if its name states these
    (`ollama/qwen3.9:9b`).

    Args:
        router: A router, or the name or folder of one.
        members: Name of each model -> what the integration knows about it.
        default: The member for calls that cannot be routed; the only one that the router need not know.

    Raises:
        UnprofiledCandidateError: The router cannot resolve a member's name.
        ValueError: There is no member, or the default is not one.
    """
    if not isinstance(members, Mapping):
        raise TypeError(f"Expected models by name, {{'gpt-5-mini': Ability()}}, got {members!r}.")
    if not members:
        raise ValueError("Expected at least one model, got none.")
    if default is not None and default not in members:
        raise ValueError(f"The default {default!r} is not among the models {', '.join(map(repr, members))}.")
    router = load_router(router)
    found = {name: find_member(router.pool, name, ability.model) for name, ability in members.items()}
    known = {name: candidate for name, candidate in found.items() if candidate is not None}
    for name in members:
        if not known or (name not in known and name != default):
            raise UnprofiledCandidateError(name, router.pool.names, Catalogue.bundled().reason(name))
    return over_candidates(router, known, members)


def over_candidates(
    router: Router, named: Mapping[str, Candidate], abilities: Mapping[str, Ability]
) -> Router:
    """Return a router over some of its candidates, renamed.

    Args:
        router: The router.
        named: New name -> candidate. A candidate may have several names, such as at two hosts; its aliases then stand
            for the first.
        abilities: New name -> fields that override the candidate's.
    """
    taken = set(named)
    members: list[Candidate] = []
    for name, candidate in named.items():
        member = abilities[name].stated_on(candidate, name)
        aliases = tuple(alias for alias in member.aliases if alias not in taken)
        taken.update(aliases)
        members.append(member.model_copy(update={"aliases": aliases}))
    return over(router, Pool(members))


def over_pool(router: Router, pool: Pool) -> Router:
    """Return a router over the candidates of a pool, under the pool's names and at its prices.

    Raises:
        UnknownCandidateError: The router does not know a candidate, in any spelling.
    """
    from crossroute.data.prices import ESTIMATED

    named: dict[str, Candidate] = {}
    for candidate in pool:
        own = find_same_model(router.pool, candidate)
        if own is None:
            reason = Catalogue.bundled().reason(candidate.name)
            raise UnknownCandidateError(candidate.name, router.pool.names, reason)
        named[candidate.name] = own
    paid = {each.name: each.price for each in pool if each.price and each.price.source != ESTIMATED}
    return over_candidates(router, named, {name: Ability(price=paid.get(name)) for name in named})


def rename_to_pool(pool: Pool, start: Router) -> Router:
    """Return a router with its candidates renamed to a pool's names for the same models.

    A candidate that the pool names twice is included twice.
    """
    meant = {candidate.name: find_same_model(start.pool, candidate) for candidate in pool}
    names: dict[str, list[str]] = {candidate.name: [] for candidate in start.pool}
    for name, own in meant.items():
        if own:
            names[start.pool[own.name].name].append(name)
    if all(name == own for own, found in names.items() for name in found):
        return start
    taken = list_spellings(pool)
    renamed: list[Candidate] = []
    for candidate in start.pool:
        others = (
            {candidate.name, *candidate.aliases} - taken if names[candidate.name] else {*candidate.aliases}
        )
        for name in names[candidate.name] or [candidate.name]:
            price = (meant.get(name) or candidate).price
            update = {"name": name, "aliases": tuple(sorted(others)), "price": price}
            renamed.append(candidate.model_copy(update=update))
            others = set()
    router = start.over(Pool(renamed))
    sources = start.provenance.get("sources", {})
    renamed_sources = {
        name: sources[own] for own, found in names.items() for name in found or [own] if own in sources
    }
    router.provenance = start.provenance | ({"sources": renamed_sources} if sources else {})
    return router


def list_spellings(pool: Pool) -> set[str]:
    """Return all names and aliases of a pool."""
    return {spelling for candidate in pool for spelling in (candidate.name, *candidate.aliases)}
