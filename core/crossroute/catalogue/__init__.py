"""The catalogue of known models: names in every spelling, prices, context windows and evidence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crossroute.catalogue.billing import BilledPrice, billed
from crossroute.catalogue.catalogue import Catalogue, Evidence, Resolution, rests_on
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.hosts import is_own_address
from crossroute.catalogue.layers import Layer, add_layer, read_layers, undo_layer
from crossroute.catalogue.naming import (
    address_of,
    at_effort,
    candidate_meant,
    candidate_named,
    catalogued_price,
    price_of_own,
)

if TYPE_CHECKING:
    from crossroute.catalogue.relatives import Relative, effort_said, is_free, relatives_of, undressed
    from crossroute.catalogue.updates import STALE_DAYS, Change, Release, changes, read_update, stale

__all__ = [
    "STALE_DAYS",
    "BilledPrice",
    "Catalogue",
    "Change",
    "Entry",
    "Evidence",
    "Layer",
    "Relative",
    "Release",
    "Resolution",
    "add_layer",
    "address_of",
    "at_effort",
    "billed",
    "candidate_meant",
    "candidate_named",
    "catalogued_price",
    "changes",
    "effort_said",
    "is_free",
    "is_own_address",
    "price_of_own",
    "read_layers",
    "read_update",
    "relatives_of",
    "rests_on",
    "stale",
    "undo_layer",
    "undressed",
]

_OF_RELATIVES = ("Relative", "effort_said", "is_free", "relatives_of", "undressed")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "relatives" if name in _OF_RELATIVES else "updates"
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
