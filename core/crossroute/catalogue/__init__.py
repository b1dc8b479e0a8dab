"""The catalogue of known models: names in every spelling, prices, context windows and evidence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crossroute.catalogue.billing import BilledPrice, add_rates
from crossroute.catalogue.catalogue import Catalogue, Resolution
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.evidence import Evidence, find_evidence
from crossroute.catalogue.hosts import is_own_address
from crossroute.catalogue.layers import Layer, add_layer, read_layers, undo_layer
from crossroute.catalogue.naming import (
    find_address,
    find_candidate,
    find_own_price,
    find_same_model,
    look_up_price,
    make_variant,
)

if TYPE_CHECKING:
    from crossroute.catalogue.relatives import (
        Relative,
        find_relatives,
        has_sibling_with,
        is_free,
        read_effort_suffix,
        resolve_without_suffixes,
        split_speed,
    )
    from crossroute.catalogue.updates import (
        STALE_DAYS,
        Change,
        Release,
        find_stale_prices,
        list_changes,
        read_update,
    )

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
    "add_rates",
    "find_address",
    "find_candidate",
    "find_evidence",
    "find_own_price",
    "find_relatives",
    "find_same_model",
    "find_stale_prices",
    "has_sibling_with",
    "is_free",
    "is_own_address",
    "list_changes",
    "look_up_price",
    "make_variant",
    "read_effort_suffix",
    "read_layers",
    "read_update",
    "resolve_without_suffixes",
    "split_speed",
    "undo_layer",
]

_OF_RELATIVES = frozenset(
    (
        "Relative",
        "find_relatives",
        "has_sibling_with",
        "is_free",
        "read_effort_suffix",
        "resolve_without_suffixes",
    )
) | {"split_speed"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "relatives" if name in _OF_RELATIVES else "updates"
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
