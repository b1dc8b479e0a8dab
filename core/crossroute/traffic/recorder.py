"""Record a dispatcher's decisions and calls in a traffic log, and update its router from the log.

In the background it follows the router that the log has adopted, warns about drift and, if the log has `learn=True`,
corrects the router's predictions from grades and costs.
"""

from __future__ import annotations

import logging
import time
from weakref import ReferenceType, ref

from crossroute.cache import LRUCache
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.hooks import Called
from crossroute.decision import Decision
from crossroute.errors import CrossRouteError, TrafficError
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.traffic.labels import current_labels
from crossroute.traffic.learning import learn_from_log
from crossroute.traffic.log import TrafficLog
from crossroute.traffic.logged import read_logged
from crossroute.traffic.registry import load_adopted, read_adopted
from crossroute.traffic.report import build_report
from crossroute.traffic.rows import DecisionRecord, now

logger = logging.getLogger("crossroute.traffic")

PENDING = 4096
"""Maximum number of decisions that wait for the start of their call."""
LOOK_S = 5.0
"""Seconds between two checks for the adopted router."""
STUDY_S, STUDY_SHARE = 60.0, 0.01
"""Minimum seconds between two evaluations of the log, and their maximum share of the time."""
LATEST = 5_000
"""Number of latest decisions that are evaluated."""


class Recorder:
    """An observer that writes decisions and calls to a traffic log.

    Args:
        log: The log.
    """

    def __init__(self, log: TrafficLog) -> None:
        self.log = log
        self._pending = LRUCache[str, DecisionRecord](PENDING)
        self._dispatcher: ReferenceType[Dispatcher] | None = None
        self._own: Router | None = None
        self._followed: Router | None = None
        self._adopted: str | None = None
        self._looked = 0.0
        self._study_at, self._seen = 0.0, (0, 0)
        self._drifted: set[tuple[str, str]] = set()

    def asked(self, decision: Decision, query: Query | None, router: Router) -> None:
        """Keep a decision's query until its call begins."""
        self._pending.put(decision.id, DecisionRecord(decision, query, router, current_labels(), now()))

    def decided(self, decision: Decision) -> None:
        """Write a decision whose call begins; further candidates of an escalation belong to the first."""
        about = self._pending.pop(decision.id)
        if about is not None:
            self.log.put(about._replace(decision=decision))

    def called(self, call: Called) -> None:
        """Write a call that ended."""
        self.log.put((call, now()))

    def follow(self, dispatcher: Dispatcher) -> None:
        """Make a dispatcher use the router that the log has adopted, now and whenever that changes."""
        self._dispatcher = ref(dispatcher)
        self._own = self._followed = dispatcher.router
        self.log.watch(self.look)

    def look(self) -> None:
        """Switch to the adopted router if it has changed, and evaluate the log; at most every few seconds."""
        if time.monotonic() - self._looked < LOOK_S and self._looked:
            return
        self._looked = time.monotonic()
        dispatcher = None if self._dispatcher is None else self._dispatcher()
        if dispatcher is None or self._own is None:
            return
        found = read_adopted(self.log)
        if found != self._adopted:
            self._adopted = found
            self._follow(dispatcher, self._own, found)
        if time.monotonic() >= self._study_at:
            began = time.monotonic()
            self._study(dispatcher)
            took = time.monotonic() - began
            self._study_at = time.monotonic() + max(STUDY_S, took / STUDY_SHARE)

    def _follow(self, dispatcher: Dispatcher, own: Router, found: str | None) -> None:
        try:
            dispatcher.take_over(own if found is None else load_adopted(self.log, found))
        except CrossRouteError as error:
            logger.warning("The router %s adopted in the traffic log cannot be used: %s", found, error)
        else:
            self._followed = dispatcher.router
            logger.info("Now routing with %s.", found or "the original router")

    def _study(self, dispatcher: Dispatcher) -> None:
        """Warn about drift, and learn, if there are new grades or calls."""
        seen = self.log.counts()
        if seen == self._seen or not seen[0]:
            return
        self._seen = seen
        try:
            logged = read_logged(self.log, latest=LATEST)
        except TrafficError:  # no answered decision yet
            return
        self._warn({(row.candidate, what) for row in build_report(logged).rows for what in row.drift})
        if self.log.learn and self._followed is not None:
            try:
                dispatcher.take_over(learn_from_log(self._followed, logged))
            except CrossRouteError as error:
                logger.warning("Learning from the traffic log failed: %s", error)

    def _warn(self, drifted: set[tuple[str, str]]) -> None:
        for candidate, what in sorted(drifted - self._drifted):
            logger.warning(
                "The %s of %s has drifted from its prediction; see crossroute traffic report.",
                what,
                candidate,
            )
        self._drifted = drifted
