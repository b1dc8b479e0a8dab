"""Tell what the prediction of a candidate rests on: outcomes, published scores, a prior, or its relatives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from crossroute.candidate import Candidate
from crossroute.catalogue.catalogue import Catalogue

Evidence = Literal["measured", "published scores", "prior", "relatives"]


def find_evidence(candidate: Candidate) -> Evidence:
    """Return the evidence behind a candidate's profile.

    Candidates with outcomes are measured. Other beliefs are based on published scores if training or the profile used
    some, and else on maker, family, date, size, price and reasoning: a prior. Further scores in the catalogue, such as
    those of an update, do not affect predictions. A model that the catalogue does not list is estimated from its
    relatives.
    """
    profile = candidate.profile
    if profile and any(profile.evidence):
        return "measured"
    if profile and profile.belief is None:
        return "published scores"
    catalogue = Catalogue.bundled()
    meant = map(catalogue.find, (candidate.name, *candidate.aliases))
    found = next((one.entry.name for one in meant if one), None)
    if found:
        return "published scores" if find_publishers(found) else "prior"
    return "relatives" if profile and _has_relatives(candidate.name) else "prior"


def find_publishers(name: str) -> tuple[str, ...]:
    """Return the publishers of a model's scores that the bundled router takes into account."""
    return tuple(_read_publishers().get(name, ()))


@cache
def _has_relatives(name: str) -> bool:
    from crossroute.catalogue.relatives import find_relatives  # read for unlisted models only

    catalogue = Catalogue.bundled()
    return bool(find_relatives(catalogue, name, [entry.name for entry in catalogue]))


@cache
def _read_publishers() -> Mapping[str, list[str]]:
    return json.loads(files("crossroute.catalogue").joinpath("published.json").read_text("utf-8"))  # type: ignore[no-any-return]
