"""Traffic: what was decided, called and graded, kept in a database, and what can be learnt from it.

    >>> from crossroute.traffic import TrafficLog, labelled

Importing loads nothing: SQLAlchemy (`pip install "crossroute[traffic]"`) is imported where a log is first used.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from crossroute.traffic.labels import labelled

if TYPE_CHECKING:
    from crossroute.routing.exploration import Exploration
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.recorder import Recorder

__all__ = ["TrafficLog", "labelled", "recorded"]

LOG = logging.getLogger("crossroute.traffic")


def __getattr__(name: str) -> object:
    if name != "TrafficLog":
        raise AttributeError(f"module 'crossroute.traffic' has no attribute {name!r}")
    from crossroute.traffic.log import TrafficLog

    return TrafficLog


def recorded(
    traffic: TrafficLog | str | Path | None,
    *,
    shadow: str | None = None,
    exploration: Exploration | float | None = None,
) -> Recorder | None:
    """Return the recorder of a log, or of its URL; None where there is no log.

    Args:
        traffic: The log.
        shadow: The model that is always called; it is told where nothing keeps what would have been chosen.
        exploration: How much is tried out; likewise.

    Raises:
        MissingExtraError: The extra `traffic` is not installed.
    """
    if traffic is None:
        for setting, value in (("shadow", shadow), ("exploration", exploration)):
            if value:
                _tell_unkept(setting)
        return None
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.recorder import Recorder

    return Recorder(TrafficLog.of(traffic))


@cache
def _tell_unkept(setting: str) -> None:
    """Tell once that a setting is of little use without a log."""
    LOG.warning(
        "%s is set, and no traffic log: what it shows is not kept, so no report tells of it, and nothing is learnt. "
        'Name a log: traffic="traffic.db".',
        setting,
    )
