"""Unknown names in messages: the known names that are most alike, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from shlex import quote

MANY = 12
"""Number of names up to which an error lists all; beyond it, only similar ones."""

ALIKE = 0.6
"""Least similarity, in [0, 1], of a suggested name of another family."""


def suggest_remedy(name: str, known: tuple[str, ...], reason: str | None = None) -> str:
    """Return the remedy for a name that is unknown, for a reason if one is known."""
    model, _, effort = name.partition("@")
    if effort and model in known and reason is None:
        return f"An effort is made a candidate where models are named: `router.subset([{name!r}])`, or `--candidates`."
    return (
        f"Use one of these, or profile it (`crossroute profile {quote(name)}`) and add it with "
        "`router.with_candidates(...)`."
    )


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Return the question whether a similar known name was meant; empty without one.

    >>> suggest_name("cost_prefrence", ["router", "cost_preference"])
    " Did you mean 'cost_preference'?"
    """
    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def find_similar(name: str, known: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the known names most similar to one, the most similar first: of its family, if there is one.

    >>> find_similar("claude-4.5-sonnet", ["claude-sonnet-4", "claude-sonnet-4-5", "command-r"], count=2)
    ('claude-sonnet-4-5', 'claude-sonnet-4')
    """
    words, others = _words(name), {other: _words(other) for other in known}
    family = [other for other, its in others.items() if its[:1] == words[:1]]
    family = family or [other for other, its in others.items() if words[:1] and words[0] in its]
    likeness = {other: _similarity(words, others[other]) for other in family or others}
    ranked = sorted(likeness, key=lambda other: (-likeness[other], other))
    return tuple(other for other in ranked[:count] if family or likeness[other] >= ALIKE)


def _words(name: str) -> list[str]:
    """Split a model's name into words and versions, without its provider."""
    return re.findall(r"[a-z]+|\d+", re.sub(r"^.*/|^[a-z_]+:(?=[a-z])", "", name.lower()))


def _similarity(one: list[str], other: list[str]) -> float:
    """Return the similarity of two names, in [0, 1], in any order of their words."""
    as_written = SequenceMatcher(None, "-".join(one), "-".join(other)).ratio()
    return max(as_written, SequenceMatcher(None, "-".join(sorted(one)), "-".join(sorted(other))).ratio())


def describe_unknown_argument(name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown argument: the one that was likely meant, and all known ones."""
    known = list(known)
    return f"Unknown argument {name!r}.{suggest_name(name, known)} Expected {', '.join(known)}."


def refuse_unknown_arguments(given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse unknown fields, which pydantic would ignore.

    Raises:
        TypeError: There is one.
    """
    known = list(known)
    if strangers := sorted(set(given) - set(known)):
        raise TypeError(describe_unknown_argument(strangers[0], known))


def list_names(name: str, known: tuple[str, ...]) -> str:
    """Return the known names as text; of many, those most similar to the unknown one."""
    shown = known if len(known) <= MANY else find_similar(name, known, count=5)
    if known and not shown:
        return f"{len(known)} others, none alike (`crossroute candidates` lists models)"
    more = len(known) - len(shown)
    return ", ".join(map(repr, shown)) + (f" and {more} others" if more else "")
