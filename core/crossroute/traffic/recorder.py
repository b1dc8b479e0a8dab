"""The recorder: writes a dispatcher's decisions and calls to a traffic log, and has it follow the log's router."""

from __future__ import annotations

import logging
import time
from weakref import ReferenceType, ref

from crossroute.cache import LRUCache
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.ledger import Called
from crossroute.decision import Decision
from crossroute.errors import CrossRouteError
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.traffic.labels import current_labels
from crossroute.traffic.log import TrafficLog
from crossroute.traffic.registry import adopted, load_adopted
from crossroute.traffic.rows import Decided, now

logger = logging.getLogger("crossroute.traffic")

PENDING = 4096
"""Decisions that are remembered until their call begins."""
LOOK_S = 5.0
"""Between two looks at which router the log has adopted."""


class Recorder:
    """An observer that keeps what it is told in a traffic log.

    Args:
        log: Where to.
    """

    def __init__(self, log: TrafficLog) -> None:
        self.log = log
        self._pending = LRUCache[str, Decided](PENDING)
        self._dispatcher: ReferenceType[Dispatcher] | None = None
        self._own: Router | None = None
        self._adopted: str | None = None
        self._looked = 0.0

    def asked(self, decision: Decision, query: Query | None, router: Router) -> None:
        """Remember what a decision was about, until its call begins."""
        self._pending.put(decision.id, Decided(decision, query, router, current_labels(), now()))

    def decided(self, decision: Decision) -> None:
        """Write a decision whose call begins; further candidates of an escalation belong to the first."""
        about = self._pending.pop(decision.id)
        if about is not None:
            self.log.put(about._replace(decision=decision))

    def called(self, call: Called) -> None:
        """Write a call that ended."""
        self.log.put((call, now()))

    def follow(self, dispatcher: Dispatcher) -> None:
        """Have a dispatcher decide by the router that the log adopts, now and whenever that changes."""
        self._dispatcher, self._own = ref(dispatcher), dispatcher.router
        self.log.watch(self.look)

    def look(self) -> None:
        """Take the adopted router over, if it is another; asked too often, do nothing."""
        if time.monotonic() - self._looked < LOOK_S and self._looked:
            return
        self._looked = time.monotonic()
        dispatcher = None if self._dispatcher is None else self._dispatcher()
        if dispatcher is None or self._own is None:
            return
        found = adopted(self.log)
        if found == self._adopted:
            return
        self._adopted = found
        try:
            dispatcher.take_over(self._own if found is None else load_adopted(self.log, found))
        except CrossRouteError as error:
            logger.warning("The router %s of the traffic log was not taken over: %s", found, error)
        else:
            logger.info("Routing by %s from now on.", found or "the router that was given")
