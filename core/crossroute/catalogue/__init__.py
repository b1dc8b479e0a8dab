"""Models that people use: their names in every spelling, prices, context windows and evidence."""

from crossroute.catalogue.catalogue import Catalogue, Resolution
from crossroute.catalogue.entry import Entry
from crossroute.catalogue.evidence import Evidence, rests_on
from crossroute.catalogue.naming import candidate_meant, candidate_named, catalogued_price, told_to

__all__ = [
    "Catalogue",
    "Entry",
    "Evidence",
    "Resolution",
    "candidate_meant",
    "candidate_named",
    "catalogued_price",
    "rests_on",
    "told_to",
]
