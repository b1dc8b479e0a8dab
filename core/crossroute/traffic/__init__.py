"""Log decisions, calls and grades of live traffic in a database, and learn from them.

    >>> from crossroute.traffic import TrafficLog, labelled

SQLAlchemy (`pip install "crossroute[traffic]"`) is imported on first use of a log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import Unpack

from crossroute.traffic.labels import labelled

if TYPE_CHECKING:
    from crossroute.calls.dispatch import Dispatcher
    from crossroute.calls.hooks import Observer, Pacer
    from crossroute.calls.memory import Memory
    from crossroute.calls.settings import DispatchOptions
    from crossroute.routing.members import Ability
    from crossroute.routing.router import Router
    from crossroute.traffic.log import TrafficLog

__all__ = ["TrafficLog", "dispatcher_over", "labelled"]

LOG = logging.getLogger("crossroute.traffic")


def __getattr__(name: str) -> object:
    if name != "TrafficLog":
        raise AttributeError(f"module 'crossroute.traffic' has no attribute {name!r}")
    from crossroute.traffic.log import TrafficLog

    return TrafficLog


def dispatcher_over(
    router: Router | str | Path,
    members: Mapping[str, Ability],
    traffic: TrafficLog | str | Path | None,
    *,
    observers: Iterable[Observer] = (),
    memory: Memory | None = None,
    pacer: Pacer | None = None,
    **how: Unpack[DispatchOptions],
) -> Dispatcher:
    """Build a dispatcher that records its calls in a traffic log and uses the router that the log has adopted.

    Args:
        router: A router, or the name or folder of one.
        members: Name of each model -> what the integration knows about it.
        traffic: The log, its URL or the path of a SQLite file. Without one, shadow mode and exploration log a warning
            that nothing is recorded.
        observers: Called before the log.
        memory: See `Dispatcher`.
        pacer: See `Dispatcher`.
        **how: See `Dispatcher`.

    Raises:
        MissingExtraError: The extra `traffic` is not installed.
        UnprofiledCandidateError: As `Dispatcher`, like its other errors.
    """
    from crossroute.calls.dispatch import Dispatcher

    if traffic is None:
        for setting in ("shadow", "exploration"):
            if how.get(setting):
                _warn_unrecorded(setting)
        return Dispatcher(router, members, observers=observers, memory=memory, pacer=pacer, **how)
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.recorder import Recorder

    recorder = Recorder(TrafficLog.of(traffic))
    dispatcher = Dispatcher(
        router, members, observers=(*observers, recorder), memory=memory, pacer=pacer, **how
    )
    recorder.follow(dispatcher)
    return dispatcher


@cache
def _warn_unrecorded(setting: str) -> None:
    """Warn once that a setting is of little use without a log."""
    LOG.warning(
        "%s is set without a traffic log, so its results are neither reported nor learned from. "
        'Name a log: traffic="traffic.db".',
        setting,
    )
