"""Traffic: what was decided, called and graded, kept in a database, and what can be learnt from it.

    >>> from crossroute.traffic import TrafficLog, labelled

Importing loads nothing: SQLAlchemy (`pip install "crossroute[traffic]"`) is imported where a log is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossroute.traffic.labels import labelled

if TYPE_CHECKING:
    from crossroute.traffic.log import TrafficLog

__all__ = ["TrafficLog", "labelled"]


def __getattr__(name: str) -> object:
    if name != "TrafficLog":
        raise AttributeError(f"module 'crossroute.traffic' has no attribute {name!r}")
    from crossroute.traffic.log import TrafficLog

    return TrafficLog
