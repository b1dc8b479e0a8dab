"""The door for integrations: SQLAlchemy is imported only where there is a log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.recorder import Recorder


def recorded(traffic: TrafficLog | str | Path | None) -> Recorder | None:
    """Return the recorder of a log, or of its URL; None where there is no log.

    Raises:
        MissingExtraError: The extra `traffic` is not installed.
    """
    if traffic is None:
        return None
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.recorder import Recorder

    return Recorder(TrafficLog.of(traffic))
