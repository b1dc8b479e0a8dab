"""What is known of a candidate, in plain words: measured, by published scores, or by a prior alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from crossroute.candidate import Candidate
from crossroute.catalogue.catalogue import Catalogue

Evidence = Literal["measured", "published scores", "prior"]


def rests_on(candidate: Candidate) -> Evidence:
    """Return what a candidate's profile rests on.

    Measured are those with outcomes; without one, its beliefs rest on published scores where training took some into
    account, or its profile was made of them, else on what its maker, family, date, size, price and reasoning lead to
    expect: a prior. Scores that the catalogue lists beside, such as those of an update, move no prediction.
    """
    profile = candidate.profile
    if profile and any(profile.evidence):
        return "measured"
    if profile and profile.belief is None:
        return "published scores"
    found = Catalogue.bundled().find(candidate.name)
    return "published scores" if found and published(found.entry.name) else "prior"


def published(name: str) -> tuple[str, ...]:
    """Return the publishers of a model's scores that the bundled router takes into account."""
    return tuple(_published().get(name, ()))


@cache
def _published() -> Mapping[str, list[str]]:
    return json.loads(files("crossroute.catalogue").joinpath("published.json").read_text("utf-8"))  # type: ignore[no-any-return]
