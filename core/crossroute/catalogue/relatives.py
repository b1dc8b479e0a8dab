"""Relatives of a model that the catalogue does not list, by family, generation and size.

`ollama/qwen3.9:9b` is a qwen of generation 3.9 with a size between two known ones. This determines the belief about
it (routing/believed.py), but not its identity: the catalogue does not treat it as another model.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from crossroute.candidate import FREE
from crossroute.catalogue.catalogue import Catalogue, Resolution
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.hosts import HOSTS, MAKERS
from crossroute.catalogue.parts import (
    DRESS,
    FORM,
    MOST_TAKEN_OFF,
    OTHER_WORK,
    STEPS,
    TOLD,
    WORD,
    Parts,
    read_parts,
    strip_suffixes,
)
from crossroute.catalogue.spelling import make_key, take_apart
from crossroute.effort import EffortLevel, read_effort, split_effort, with_effort
from crossroute.errors import EffortError
from crossroute.patterns import lazy

HALF, FARTHEST, MOST = 0.7, 1.8, 6
"""Distance, in generations and steps, at which a relative's weight is halved; at which it is zero; and the number of
relatives."""

NEARBY = 0.02
"""Square of the distance below which the weight of a relative hardly increases."""

LOCAL_STEP = -2.0
"""Step of a local model without a tag in a family of several sizes: some 8 billion parameters."""

OLD = 1.5
"""Generations by which the newest model of a name without a number may be behind its family."""

GATEWAY = "openai"
"""The prefix with which compatible gateways serve models of any maker."""

FORM_END = lazy(rf"[-:](?:{FORM})$")
CLOUD = lazy(r"[-:]cloud$")
FASTER = {
    "fast": 2.0,
    "highspeed": 2.0,
    "priority": 2.0,
    "prime": 2.0,
    "ultrafast": 8.0,
    "ultraspeed": 8.0,
    "x": 2.5,
}
"""Suffix of a model that a host serves faster -> its usual price, in those of the model.

Source: genai-prices 0.2.3: 1.5 to 2 times for -fast at Fireworks, Baseten and Cursor; 2 for -prime and -highspeed; 8
and 10 for -ultrafast and -ultraspeed; 2.5 for GLM's FlashX.
"""

SERVED_FASTER = lazy(
    r"(?i)(?P<name>.+?)(?:[-:](?P<told>fast|high-?speed|priority|prime|ultra-?fast|ultra-?speed)|(?<=flash|.-air)(?P<x>x))"
)
MOVES = lazy(
    r"^(?:it move[sd] from (?:model to model|version to version); name|two models share|\w+ versions share)"
)
THOUGHT = lazy("thinking|reasoning|effort|budget")
FORM_TOLD = lazy("^(?:an effort is written|no version of|the name of a deployment)")


class Relative(NamedTuple):
    """A known model from which an unknown one is predicted.

    Attributes:
        entry: The model.
        weight: Its weight among the relatives; they sum to 1.
        larger: Number of steps by which the unknown model is larger.
        newer: Number of generations by which it is newer.
        alike: Whether their names only differ in size.
    """

    entry: Entry
    weight: float
    larger: float
    newer: float
    alike: bool


def resolve_without_suffixes(catalogue: Catalogue, spelling: str) -> Resolution | None:
    """Return the model meant by a spelling without its unlisted date, tag or effort, or None.

    >>> resolve_without_suffixes(Catalogue.bundled(), "claude-opus-5-5-20261001").entry.name
    'claude-opus-5-5'
    >>> resolve_without_suffixes(Catalogue.bundled(), "gpt-5.5 (high)").effort.level
    'high'
    >>> resolve_without_suffixes(Catalogue.bundled(), "ollama/qwen3.6:27b-q3_K_S").entry.name
    'qwen3.6-27b'
    """
    name, told = split_effort(spelling.strip().lstrip("~"))
    free = is_free(name)
    for _ in range(MOST_TAKEN_OFF):
        if found := catalogue.find(name):
            found = found._replace(effort=_check_effort(found.entry, told) or found.effort)
            if free == found.free:
                return found
            return found._replace(free=free, price=FREE if free else found.entry.price)
        if not _may_mean(catalogue, name):
            return None
        if shorter := DRESS.fullmatch(name):
            name = shorter["name"]
        elif (said := TOLD.fullmatch(name)) and (effort := read_effort(said["told"])):
            name, told = said["name"], told or effort
        else:
            break
    same = find_relatives(catalogue, spelling, [entry.name for entry in catalogue]) if ":" in spelling else []
    same = [
        each for each in same if each.alike and not each.larger and not each.newer and each.entry.open_weights
    ]
    if len(same) != 1:
        return None
    entry = same[0].entry
    return Resolution(entry, free, _check_effort(entry, told), FREE if free else entry.price)


def is_free(spelling: str) -> bool:
    """Return whether a spelling has no price a token: one's own machine, or a host's free tier."""
    name = split_effort(spelling.strip())[0]
    return take_apart(name).free and not CLOUD.search(name)


def read_effort_suffix(spelling: str) -> EffortLevel | None:
    """Return the effort that a spelling ends with, in whatever form.

    A length (`-128k`) is the context's, and a word such as `medium` is a size where models of the brand have it.

    >>> read_effort_suffix("gpt-7-medium").level, read_effort_suffix("mistral-medium-latest")
    ('medium', None)
    """
    name, told = split_effort(spelling.strip())
    said = TOLD.fullmatch(strip_suffixes(name.lower()))
    if told or not said:
        return told
    word, stated = said["told"], THOUGHT.search(name.lower())
    if not stated and (word[0].isdigit() or word in _list_size_words(name)):
        return None
    return read_effort(word)


def split_speed(spelling: str) -> tuple[str, float] | None:
    """Return the model that a host serves faster, and its usual price there in those of the model; None without one.

    >>> split_speed("fireworks_ai/glm-5p3-fast"), split_speed("z-ai/glm-5.3-flashx")
    (('fireworks_ai/glm-5p3', 2.0), ('z-ai/glm-5.3-flash', 2.5))
    """
    name, effort = split_effort(spelling.strip())
    found = SERVED_FASTER.fullmatch(name)
    if not found:
        return None
    told = (found["told"] or found["x"]).lower().replace("-", "")
    return with_effort(found["name"], effort) if effort else found["name"], FASTER[told]


def has_sibling_with(word: str, spelling: str) -> bool:
    """Return whether a model of the same brand has a word in its name: `grok-4-fast` is a smaller Grok."""
    return word in _list_words(_read_brand(spelling))


def find_relatives(catalogue: Catalogue, spelling: str, known: Collection[str]) -> list[Relative]:
    """Return the relatives of a model, the nearest first; empty if its name cannot be read.

    Args:
        catalogue: The known models.
        spelling: The unknown model's name.
        known: Names of the possible relatives.

    >>> known = ("qwen3-4b", "qwen3-8b", "qwen3-14b", "gpt-5")
    >>> [each.entry.name for each in find_relatives(Catalogue.bundled(), "ollama/qwen3:10b", known)][:2]
    ['qwen3-8b', 'qwen3-14b']
    """
    name = split_effort(spelling.strip().lower().lstrip("~"))[0]
    taken = take_apart(name)
    parts = read_parts(_strip_prefixes(name, taken.ids[0])) if _may_mean(catalogue, name) else None
    if parts is None:
        return []
    open_only = taken.local or FORM_END.search(taken.ids[0]) is not None
    family = [
        (entry, own)
        for entry in map(catalogue.__getitem__, filter(catalogue.__contains__, known))
        if (own := read_parts(entry.name)) and own.brand == parts.brand
        if entry.open_weights or not open_only
        if all(_may_stand_before(prefix, entry.maker) for prefix in taken.prefixes)
    ]
    readable = _interpret(parts, [own for _, own in family], taken.local)
    return _weigh(readable, family) if readable else []


def _read_brand(name: str) -> str:
    parts = read_parts(_strip_prefixes(name.lower(), take_apart(name).ids[0]))
    return parts.brand if parts else ""


def _list_size_words(name: str) -> frozenset[str]:
    """Return the words of sizes in the names of a brand's models: `medium` for mistral, `max` for qwen."""
    return _list_words(_read_brand(name)) & STEPS.keys()


@lru_cache(64)
def _list_words(brand: str) -> frozenset[str]:
    """Return the words in the names of a brand's models."""
    known = (read_parts(entry.name) for entry in Catalogue.bundled())
    return frozenset().union(*(own.words for own in known if own and own.brand == brand))


def _strip_prefixes(name: str, literal: str) -> str:
    """Return a name without its prefixes, its decimal points kept."""
    start = make_key(name).rfind(literal)
    return name[start : start + len(literal)] if start >= 0 else literal


def _may_mean(catalogue: Catalogue, name: str) -> bool:
    """Return whether a name may be that of a chat model, also if it is refused because its meaning changes."""
    reason = catalogue.reason(name)
    if reason and not (MOVES.search(reason) or FORM_TOLD.match(reason)):
        return False
    return OTHER_WORK.isdisjoint(WORD.findall(name.lower()))


def _may_stand_before(prefix: str, maker: str) -> bool:
    """Return whether a prefix is a host's, this maker's, the protocol of gateways, or unknown."""
    return prefix in HOSTS or prefix == GATEWAY or MAKERS.get(prefix, maker) == maker


def _check_effort(entry: Entry, told: EffortLevel | None) -> EffortLevel | None:
    """Return an effort if a model has it."""
    try:
        return told if told and entry.effort(told) else None
    except EffortError:
        return None


def _interpret(parts: Parts, family: list[Parts], local: bool) -> Parts | None:
    """Interpret the parts of a name within its family; None if a word is unknown there.

    Without a generation it is the newest similar model.
    """
    strange = parts.words - STEPS.keys() - {word for own in family for word in own.words}
    if not family or any(word != "non" and read_effort(word) is None for word in strange):
        return None
    parts = parts._replace(words=parts.words - strange)
    alike = [own for own in family if own.words == parts.words]
    if local and not parts.sizes and any(own.sizes for own in alike):
        parts = parts._replace(step=LOCAL_STEP)
    if parts.generation is not None:
        return parts
    newest, newest_alike = (max((own.generation or 0 for own in each), default=0) for each in (family, alike))
    if parts.sizes == () and newest_alike < newest - OLD:
        return None
    return parts._replace(generation=newest_alike or None)


def _weigh(parts: Parts, family: list[tuple[Entry, Parts]]) -> list[Relative]:
    apart = sorted(((parts.distance(own), entry.name) for entry, own in family))
    near = [
        (2 ** -((far / HALF) ** 2) / (NEARBY + far**2), name) for far, name in apart[:MOST] if far <= FARTHEST
    ]
    total = sum(weight for weight, _ in near)
    found = {entry.name: (entry, own) for entry, own in family}
    relatives = []
    for weight, name in near:
        entry, own = found[name]
        alike = own.words - STEPS.keys() == parts.words - STEPS.keys() and own.generation == parts.generation
        relatives.append(Relative(entry, weight / total, parts.larger(own), parts.newer(own), alike))
    return relatives
