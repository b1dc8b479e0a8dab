"""Traffic: decisions, calls and grades in a database, and learning from them.

    >>> from crossroute.traffic import TrafficLog, labelled

Importing loads nothing: SQLAlchemy (`pip install "crossroute[traffic]"`) is imported where a log is first used.
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
    """Return the dispatcher of a pool: a traffic log keeps its calls, and says which router it follows.

    Args:
        router: A router, or the name or folder of one.
        members: Name, or alias, of each model -> what it can do.
        traffic: The log, its URL or the path of a SQLite file; without one it is told where the pool tries something
            out that nothing keeps.
        observers: Are told of its calls before the log.
        memory: See `Dispatcher`.
        pacer: See `Dispatcher`.
        **how: See `Dispatcher`.

    Raises:
        MissingExtraError: The extra `traffic` is not installed.
        UnprofiledCandidateError: See `Dispatcher`, as of the other errors.
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
    """Tell once that a setting is of little use without a log."""
    LOG.warning(
        "%s is set, and no traffic log: what it shows is not kept, so no report tells of it, and nothing is learnt. "
        'Name a log: traffic="traffic.db".',
        setting,
    )
