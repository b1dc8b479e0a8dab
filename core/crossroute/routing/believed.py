"""Estimate a model that a router does not know from its relatives: same family, other generation or size.

    logit quality = weighted mean over relatives of
        (theirs + A_STEP_UP * steps larger + A_GENERATION * generations newer)

in each cluster, and likewise for the ability by kind of work. Log tokens and log price are weighted means, the price
shifted by A_STEP_DEARER per step. Siblings that differ only in size bound the quality and the price, so that sizes keep
their order.
Source: fitted to the bundled router's pool, each model left out in turn: `python benchmarks/relatives.py`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np

from crossroute.candidate import FREE, Belief, Candidate, Pool, Price, Profile
from crossroute.catalogue import (
    Catalogue,
    Relative,
    find_candidate,
    find_relatives,
    has_sibling_with,
    is_free,
    make_variant,
    read_effort_suffix,
    resolve_without_suffixes,
    split_speed,
)
from crossroute.errors import EffortError
from crossroute.numeric import Floats, logit, sigmoid

LOG = logging.getLogger("crossroute.routing")

A_STEP_UP, A_GENERATION = 0.55, 0.45
"""Difference in ability, in logits, per step of size and per generation."""

A_STEP_DEARER = 0.6
"""Difference in log price per step of size."""

GUESS_ERROR = 0.55
"""Additional standard error, in logits, of an estimate from relatives."""

HELD = 0.01
"""Qualities are clipped to [HELD, 1 - HELD]."""


def estimate_by_relatives(pool: Pool, name: str) -> Candidate | None:
    """Estimate a candidate that a pool does not hold; None if its name has no known relatives.

    A name that differs from a pool's model only by a date, a tag or an unlisted effort resolves to that model.

    Args:
        pool: Candidates with profiles that include beliefs.
        name: The user's spelling, which the candidate gets as its name.
    """
    catalogue = Catalogue.bundled()
    if same := resolve_without_suffixes(catalogue, name):
        found = find_candidate(pool, same.entry.name)
        if found is not None:
            found = (
                found if same.price == same.entry.price else found.model_copy(update={"price": same.price})
            )
            LOG.info("%r is resolved to %r.", name, same.entry.name)
            return make_variant(found, same.effort) if same.effort else found
    if served := _estimate_served(pool, name):
        return served
    known = {
        spelling: candidate
        for candidate in pool
        if candidate.profile and candidate.profile.belief and candidate.effort is None
        for spelling in (candidate.name, *candidate.aliases)
        if spelling in catalogue
    }
    family = find_relatives(catalogue, name, known)
    if not family:
        return None
    LOG.warning(
        "The router does not know %r: its predictions are estimated from %s. To measure it: crossroute profile.",
        name,
        ", ".join(each.entry.name for each in family[:3]),
    )
    return _at_named_effort(average_relatives(name, family, known), name)


def _estimate_served(pool: Pool, name: str) -> Candidate | None:
    """Return a model that a host serves faster, at its usual price there; None if the name means no such thing."""
    model, dearer = split_speed(name) or ("", 1.0)
    found = find_candidate(pool, model)
    if found is None and model and not has_sibling_with("fast", model):
        found = estimate_by_relatives(pool, model)
    if found is None or found.price is None:
        return None
    LOG.warning(
        "%r is taken for %r, served faster at %g times its price; state the price if it is another.",
        name,
        model,
        dearer,
    )
    said = f"{dearer:g} times the price of {found.name}, as what is served faster"
    scaled = {"input": found.price.input * dearer, "output": found.price.output * dearer, "source": said}
    return found.model_copy(update={"price": Price(**scaled)})


def average_relatives(name: str, family: Sequence[Relative], known: Mapping[str, Candidate]) -> Candidate:
    """Return a candidate with the weighted average of its relatives' profiles.

    Args:
        name: Its name.
        family: Its relatives.
        known: Their candidates, by catalogue name.
    """
    own = [known[each.entry.name] for each in family]
    weight = np.array([each.weight for each in family])
    shift = np.array([A_STEP_UP * each.larger + A_GENERATION * each.newer for each in family])
    profiles = [each.profile for each in own if each.profile]
    beliefs = [each.belief for each in profiles if each.belief]
    quality = _shift_mean(logit(np.array([each.quality for each in profiles]), HELD), weight, shift, family)
    profile = Profile(
        quality=tuple(sigmoid(quality).tolist()),
        log_tokens=tuple((weight @ np.array([each.log_tokens for each in profiles])).tolist()),
        evidence=(0.0,) * quality.size,
        learned_price=profiles[0].learned_price,
        made_by=profiles[0].made_by,
        belief=Belief(
            ability=tuple(_shift_mean(_stack("ability", beliefs), weight, shift, family).tolist()),
            ability_error=_widen_error("ability_error", beliefs, weight),
            log_tokens=tuple((weight @ _stack("log_tokens", beliefs)).tolist()),
            log_tokens_error=_widen_error("log_tokens_error", beliefs, weight),
        ),
    )
    windows = [each.context_window for each in own if each.context_window]
    return Candidate(
        name=name,
        price=_estimate_price(name, family, own),
        context_window=min(windows) if windows else None,
        capabilities=frozenset.intersection(*(each.capabilities for each in own)),
        profile=profile,
    )


def _shift_mean(values: Floats, weight: Floats, shift: Floats, family: Sequence[Relative]) -> Floats:
    """Return the weighted mean of shifted values, shape (k,), bounded by siblings of other sizes."""
    moved = weight @ (values + shift[:, None])
    below = [row for row, each in zip(values, family, strict=True) if each.alike and each.larger > 0]
    above = [row for row, each in zip(values, family, strict=True) if each.alike and each.larger < 0]
    if below:
        moved = np.maximum(moved, np.max(below, axis=0))
    return np.minimum(moved, np.min(above, axis=0)) if above else moved


def _stack(field: str, beliefs: Sequence[Belief]) -> Floats:
    return np.array([getattr(belief, field) for belief in beliefs])


def _widen_error(field: str, beliefs: Sequence[Belief], weight: Floats) -> tuple[float, ...]:
    return tuple(np.sqrt(weight @ _stack(field, beliefs) ** 2 + GUESS_ERROR**2).tolist())


def _estimate_price(name: str, family: Sequence[Relative], own: Sequence[Candidate]) -> Price | None:
    if is_free(name):
        return FREE
    paid = [(each, one.price) for each, one in zip(family, own, strict=True) if one.price]
    total = sum(each.weight for each, _ in paid)
    if not total:
        return None

    def mean(field: str) -> float:
        logs = (
            each.weight * (math.log(getattr(price, field) + 1e-6) + A_STEP_DEARER * each.larger)
            for each, price in paid
        )
        siblings = [(each.larger, getattr(price, field)) for each, price in paid if each.alike]
        least = max((usd for larger, usd in siblings if larger > 0), default=0.0)
        most = min((usd for larger, usd in siblings if larger < 0), default=math.inf)
        return round(min(max(math.exp(sum(logs) / total), least), most), 4)

    named = ", ".join(each.entry.name for each, _ in paid[:3])
    return Price(input=mean("input"), output=mean("output"), source=f"estimated from {named}")


def _at_named_effort(candidate: Candidate, name: str) -> Candidate:
    """Return the candidate's variant at the effort that the name states."""
    effort = read_effort_suffix(name)
    try:
        return make_variant(candidate, effort) if effort else candidate
    except EffortError:
        return candidate
