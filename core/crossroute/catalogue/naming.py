"""Find the candidate of a pool, or the price, for a name in any spelling."""

from __future__ import annotations

from crossroute.candidate import FREE, Candidate, Pool, Price
from crossroute.catalogue.catalogue import Catalogue
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.hosts import LOCAL_CLASSES, is_own_address
from crossroute.catalogue.spelling import take_apart
from crossroute.effort import Effort, EffortLevel, split_effort, with_effort

ADDRESSES = ("base_url", "openai_api_base", "api_base", "api_url", "endpoint")
"""Field names of a server's address in both frameworks' classes."""


def find_candidate(pool: Pool, name: str) -> Candidate | None:
    """Return the candidate of a pool for a name: by name, by alias, or by the catalogue's spellings.

    A spelling that means a free service gives it a price of zero. An effort (`gpt-5.5@low`) without a candidate in the
    pool gives a variant of the model. None if no candidate, or more than one, matches.

    Raises:
        EffortError: The model does not have the effort.
    """
    if name in pool.names:
        return pool[name]
    resolution = Catalogue.bundled().find(name)
    if name in pool:
        found = pool[name]
    else:
        same = _find_candidates(pool, resolution.entry) if resolution else []
        model, told = split_effort(name)
        if told is not None and not same and model in pool:
            return make_variant(pool[model], told)
        if len(same) != 1:
            return None
        found = same[0]
    if resolution and resolution.price != resolution.entry.price:  # free, a batch, or served faster
        found = found.model_copy(update={"price": resolution.price})
    return make_variant(found, resolution.effort) if resolution and resolution.effort else found


def make_variant(candidate: Candidate, told: EffortLevel) -> Candidate:
    """Return the variant of a candidate at an effort.

    A model that the catalogue does not know is assumed to have a medium effort by default.

    Raises:
        EffortError: The model does not have the effort.
    """
    resolution = Catalogue.bundled().find(candidate.name)
    effort = resolution.entry.effort(told) if resolution else Effort(told=str(told))
    aliases = tuple(with_effort(alias, told) for alias in candidate.aliases)
    return candidate.model_copy(
        update={"name": with_effort(candidate.name, told), "aliases": aliases, "effort": effort}
    )


def find_same_model(pool: Pool, candidate: Candidate) -> Candidate | None:
    """Return the candidate of a pool that is the same model as another candidate: by its name, else by an alias."""
    found = (find_candidate(pool, name) for name in (candidate.name, *candidate.aliases))
    return next(filter(None, found), None)


def look_up_price(name: str) -> Price | None:
    """Return the price of a model by its spelling: zero on your own machine, else the catalogue's.

    A model outside of the catalogue needs a prefix of a local server (`ollama/my-own:7b`), since a bare tag may mean
    anything, such as a provider's fine-tuned model.
    """
    resolution = Catalogue.bundled().find(name)
    if resolution:
        return resolution.price
    spelling = take_apart(name)
    own = spelling.free and spelling.prefixes and not Catalogue.bundled().reason(name)
    return FREE if own else None


def find_address(client: object) -> str | None:
    """Return the address of a framework's client of a model, from any of the usual fields.

    >>> class Client: api_base = "http://localhost:8000/v1"
    >>> find_address(Client()), find_address(object())
    ('http://localhost:8000/v1', None)
    """
    told = (getattr(client, name, None) for name in ADDRESSES)
    return next((address for address in told if isinstance(address, str)), None)


def find_own_price(client: object, model: str | None) -> Price | None:
    """Return a price of zero for a client of a model on your own machines; None if there may be a charge.

    A client of a provider's API at a local address may use a gateway to hosted models, so only open weights count as
    local there.

    Args:
        client: A framework's client.
        model: The client's name of the model.
    """
    base_url = find_address(client)
    if base_url and not is_own_address(base_url):
        return None
    if LOCAL_CLASSES & {base.__name__ for base in type(client).__mro__}:
        return None if (model or "").endswith("cloud") else FREE  # Ollama serves such tags from its own
    found = Catalogue.bundled().find(model) if model and base_url else None
    return FREE if found and found.entry.open_weights else None


def _find_candidates(pool: Pool, entry: Entry) -> list[Candidate]:
    """Return the candidates with a name or an alias of a catalogued model."""
    if entry.name in pool:
        return [pool[entry.name]]
    find = Catalogue.bundled().find
    meant = (
        (candidate, (find(spelling) for spelling in (candidate.name, *candidate.aliases)))
        for candidate in pool
    )
    return [candidate for candidate, found in meant if any(one and one.entry is entry for one in found)]
