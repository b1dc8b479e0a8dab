"""The models that CrossRoute knows by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from crossroute.catalogue.entry import Entry
from crossroute.catalogue.spelling import Spelling, key, take_apart
from crossroute.effort import Told, split_effort
from crossroute.errors import UnknownModelError

_NEAR = 0.6
"""Least similarity, in [0, 1], of a name that is suggested."""


class Resolution(NamedTuple):
    """Which model a spelling means.

    Attributes:
        entry: The model.
        free: Whether, so spelled, nobody charges by the token: one's own machine, or a host's free tier.
        effort: How hard it is told to think, where the spelling says so: `gpt-5.5@low`.
    """

    entry: Entry
    free: bool
    effort: Told | None = None


class Catalogue:
    """Models by name: `resolve` takes any spelling in use, and refuses what is not surely one model.

    >>> Catalogue.bundled().resolve("bedrock/us.anthropic.claude-3-haiku-20240307-v1:0").entry.name
    'claude-3-haiku'

    Args:
        entries: The models; no two may answer to one spelling.
        refused: Spelling -> why it means no one model.
    """

    def __init__(self, entries: Iterable[Entry], refused: Mapping[str, str] | None = None) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._refused = {key(spelling): reason for spelling, reason in (refused or {}).items()}
        self._by_key: dict[str, Entry] = {}
        for entry in self._entries.values():
            for spelling in {key(name) for name in (entry.name, *entry.aliases)}:
                if spelling in self._by_key:
                    raise ValueError(
                        f"Two models answer to {spelling!r}: {self._by_key[spelling].name!r} and {entry.name!r}."
                    )
                self._by_key[spelling] = entry

    @staticmethod
    @cache
    def bundled() -> Catalogue:
        """Return the catalogue that comes with CrossRoute, read when first asked for."""
        text = files("crossroute.catalogue").joinpath("catalogue.json").read_text("utf-8")
        held = json.loads(text)
        return Catalogue(map(Entry.model_validate, held["candidates"]), held["refused"])

    def find(self, spelling: str) -> Resolution | None:
        """Return the model that a spelling means; None where that is not sure."""
        spelling, told = split_effort(spelling)
        taken = take_apart(spelling)
        if self._reason(taken):
            return None
        for names, open_only in ((taken.ids, False), (taken.plain_ids, True)):
            for name in _with_and_without_prefix(taken, names):
                entry = self._by_key.get(name)
                if entry and taken.may_be_made_by(entry.maker) and (entry.open_weights or not open_only):
                    return Resolution(entry, taken.free, told)
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
        """Return why a spelling means no one model, where that is known."""
        return self._reason(take_apart(split_effort(spelling)[0]))

    def nearest(self, spelling: str, count: int = 4) -> tuple[str, ...]:
        """Return the names of the models whose spellings are most like this one, the most alike first."""
        wanted = take_apart(spelling).ids[0]
        likeness: dict[str, float] = {}
        for name, entry in self._by_key.items():
            alike = SequenceMatcher(None, wanted, name).ratio()
            likeness[entry.name] = max(alike, likeness.get(entry.name, 0.0))
        ranked = sorted(likeness, key=lambda name: (-likeness[name], name))
        return tuple(name for name in ranked[:count] if likeness[name] >= _NEAR)

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

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def _with_and_without_prefix(taken: Spelling, names: Iterable[str]) -> list[str]:
    """Return what to look up: `prefix/id` means one model where the id alone may mean another."""
    prefixes = [key(prefix) for prefix in taken.prefixes[-1:]]
    names = tuple(names)
    return [*(f"{prefix}/{name}" for prefix in prefixes for name in names), *names]
