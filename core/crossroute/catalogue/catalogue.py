"""The catalogue: known models by name, with outcomes, published scores, or a prior."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from crossroute.candidate import FREE, Price
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.layers import read_layers
from crossroute.catalogue.spelling import Spelling, make_key, take_apart
from crossroute.effort import LEVELS, EffortLevel, read_effort, split_effort, with_effort
from crossroute.errors import UnknownModelError
from crossroute.errors.names import find_similar

_FINE_TUNE = re.compile(r"\bft:([^:]+):")
_SAID_EFFORT = re.compile(r"(.+?)[-:\s]+\(?(?:thinking[-\s])?([a-z]+|\d+k)\)?")
_DATED = re.compile(r"(.+?)[-@](\d{8}|\d{4}-\d\d-\d\d)")
_SAID_OTHERWISE = re.compile(
    r"(.+)@(?!(?:latest|default|stable|preview|beta|exp|experimental)$)([a-z][a-z_-]*)"
)
"""A word behind an @ that names no version."""


class Resolution(NamedTuple):
    """The model meant by a spelling.

    Attributes:
        entry: The model.
        free: Whether this spelling has no price per token: on your own machine, or a host's free tier.
        effort: The effort in the spelling, if any: `gpt-5.5@low`.
        price: Its price for this spelling: zero if free, lower for batches, higher for faster service.
    """

    entry: Entry
    free: bool
    effort: EffortLevel | None = None
    price: Price | None = None


class Catalogue:
    """Models by name. `resolve` accepts any spelling in use, and refuses ambiguous ones.

    >>> Catalogue.bundled().resolve("bedrock/us.anthropic.claude-3-haiku-20240307-v1:0").entry.name
    'claude-3-haiku'

    Args:
        entries: The models; a spelling may only mean one of them.
        refused: Spelling -> why it is ambiguous.
    """

    def __init__(self, entries: Iterable[Entry], refused: Mapping[str, str] | None = None) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._refused = {make_key(spelling): reason for spelling, reason in (refused or {}).items()}
        self._by_key: dict[str, Entry] = {}
        for entry in self._entries.values():
            for spelling in {make_key(name) for name in (entry.name, *entry.aliases, *entry.variants)}:
                if spelling in self._by_key:
                    raise ValueError(
                        f"Two models answer to {spelling!r}: {self._by_key[spelling].name!r} and {entry.name!r}."
                    )
                self._by_key[spelling] = entry

    @staticmethod
    @cache
    def bundled() -> Catalogue:
        """Return CrossRoute's catalogue with the user's updates, read on first use.

        Raises:
            DataError: An update cannot be read.
        """
        text = files("crossroute.catalogue").joinpath("catalogue.json").read_text("utf-8")
        held = json.loads(text)
        rows = (_date_prices(row, held["price_lists"]) for row in held["candidates"])
        entries = {entry.name: entry for entry in map(Entry.model_validate, rows)}
        for layer in read_layers():
            entries |= {entry.name: entry for entry in layer.entries}
        return Catalogue(entries.values(), held["refused"])

    def find(self, spelling: str) -> Resolution | None:
        """Return the model meant by a spelling; None if that is ambiguous."""
        model, told = split_effort(spelling)
        taken = take_apart(model)
        if self._reason(taken):
            return None
        # only open weights have number formats, and only they run on one's own machine
        for names, open_only in ((taken.ids, taken.local), (taken.plain_ids, True)):
            for name in _with_and_without_prefix(taken, names):
                entry = self._by_key.get(name)
                listed = not taken.prefixes and name in taken.ids  # in full, such as claude-v2:0
                if (
                    entry
                    and taken.may_be_made_by(entry.maker)
                    and (entry.open_weights or listed or not open_only)
                ):
                    return _resolve_serving(entry, name, taken, told)
        return None

    def resolve(self, spelling: str) -> Resolution:
        """Return the model that a spelling means.

        Raises:
            UnknownModelError: That is not sure; names the nearest models and the profiling command.
        """
        found = self.find(spelling)
        if found is None:
            raise UnknownModelError(spelling, self.nearest(spelling), self.reason(spelling))
        return found

    def reason(self, spelling: str) -> str | None:
        """Return why a spelling is ambiguous, if known."""
        taken = take_apart(split_effort(spelling)[0])
        return self._reason(taken) or self._because_of_form(spelling.strip().lower(), taken)

    def nearest(self, spelling: str, count: int = 4) -> tuple[str, ...]:
        """Return the names of the models with the most similar spellings, the most similar first."""
        wanted = take_apart(split_effort(spelling)[0]).ids[0]
        found = (
            self._by_key[name].name for name in find_similar(wanted, tuple(self._by_key), count=4 * count)
        )
        return tuple(dict.fromkeys(found))[:count]

    def search(self, text: str) -> list[Entry]:
        """Return the models with every word of a text in a name, the maker, a capability or a data set."""
        return [entry for entry in self if entry.matches(text)]

    def _reason(self, taken: Spelling) -> str | None:
        names = _with_and_without_prefix(taken, taken.ids)
        for name in names:
            if name in self._by_key:
                return None
            if name in self._refused:
                return self._refused[name]
        return None

    def _because_of_form(self, spelling: str, taken: Spelling) -> str | None:
        """Return why an unlisted spelling is ambiguous, if its form shows that."""
        if (tuned := _FINE_TUNE.search(spelling)) and (base := self.find(tuned[1])):
            return f"it is a fine-tune of {base.entry.name}, and answers as nobody measured"
        if taken.ids[0].endswith("-latest"):
            return "it moves from model to model; name the model"
        if reason := self._because_of_suffix(spelling):
            return reason
        if {"azure", "azure_openai", "azure_ai"} & set(taken.prefixes):
            return (
                "the name of a deployment does not say which model it is; name the candidate after the model, "
                "models={'gpt-5-mini': ...}"
            )
        return None

    def _because_of_suffix(self, spelling: str) -> str | None:
        """Return why the spelling of a known model is ambiguous with what stands behind it."""
        said = _SAID_EFFORT.fullmatch(spelling)
        if said and (told := read_effort(said[2])) and self.find(said[1]):
            return f"an effort is written behind an @: {with_effort(said[1], told)!r}"
        if (other := _SAID_OTHERWISE.fullmatch(spelling)) and self.find(other[1]):
            return f"{other[2]!r} is no effort: these are {', '.join(LEVELS)}, and budgets such as 16k"
        if (dated := _DATED.fullmatch(spelling)) and (base := self.find(dated[1])):
            return f"no version of {base.entry.name} of that date is known; {dated[1]!r} names the known one"
        return None

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def _date_prices(row: dict[str, Any], lists: Mapping[str, str]) -> dict[str, Any]:
    """Set the date of a row's prices without one to that of the list named in their source."""
    variants = row.get("variants", {}).values()
    for price in filter(None, (row.get("price"), *(variant.get("price") for variant in variants))):
        if listed := lists.get(price["source"].split(":")[0]):
            price.setdefault("as_of", listed)
    return row


def _resolve_serving(entry: Entry, name: str, taken: Spelling, told: EffortLevel | None) -> Resolution | None:
    """Return the meaning of a model's spelling with its kind of service; None if there is no such service."""
    variant = next((one for spelling, one in entry.variants.items() if make_key(spelling) == name), None)
    price = variant.price if variant and variant.price else entry.price
    if variant and variant.effort:
        told = told or read_effort(variant.effort)
    if taken.tier == "thinking":
        if entry.reasoning != "optional":
            return None
        told = told or read_effort("thinking")
    return Resolution(entry, taken.free, told, FREE if taken.free else price)


def _with_and_without_prefix(taken: Spelling, names: Iterable[str]) -> list[str]:
    """Return the ids to look up: `prefix/id` first, since the id alone may mean another model."""
    prefixes = [
        make_key("/".join(taken.prefixes[-count:])) for count in (2, 1) if len(taken.prefixes) >= count
    ]
    names = tuple(names)
    return [*(f"{prefix}/{name}" for prefix in prefixes for name in names), *names]
