"""Work in the background: calls of shadow mode, and decisions that would block an event loop.

No caller waits for a call in shadow mode, or gets its errors. The ledger counts it, and observers are notified.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from crossroute.decision import Decision

LOG = logging.getLogger("crossroute.calls")
AT_ONCE = 8
"""Calls in the background at once; while there are so many, no further one is made."""
QUICK_S, SLOW_S = 0.005, 0.01
LEARNED = 0.2
"""The weight of a new decision in the moving average of their seconds."""
SHORT = 4_000
"""Characters of a text that is read in no time."""
SHADOW, CHOSEN = "shadow: ", " would have been chosen"
UNRETURNED = "shadow: asked beside, and not returned"
"""Reason of a decision whose call is made in the background."""


def switch_to_shadow(decision: Decision, shadow: str) -> Decision:
    """Return the decision for the model that answers in shadow mode, with the original choice as a reason."""
    if shadow == decision.candidate:
        return decision
    decision = decision.switched(shadow, f"{SHADOW}{decision.candidate}{CHOSEN}")
    return decision.model_copy(update={"max_calls": 1})


def find_shadowed_choice(decision: Decision) -> str | None:
    """Return the original choice that shadow mode replaced, or None."""
    said = next((reason for reason in decision.reasons if reason.endswith(CHOSEN)), None)
    return said and said.removeprefix(SHADOW).removesuffix(CHOSEN)


class ShadowCalls:
    """Draws a share of the calls to repeat in the background, and makes them; safe to share between threads and tasks.

    Args:
        share: Of the calls, in [0, 1].

    Raises:
        ValueError: The share is out of range.
    """

    def __init__(self, share: float = 0.0) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"shadow_share must be in [0, 1], got {share!r}.")
        self.share = share
        self._free = threading.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()

    def draw(self, decision: Decision) -> Decision | None:
        """Return the decision for a call in the background; None for most."""
        if random.random() >= self.share:
            return None
        would = find_shadowed_choice(decision)
        return None if would is None else decision.switched(would, UNRETURNED)

    def run(self, ask: Callable[[], object]) -> None:
        """Make a call in a thread of its own."""
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._run, args=(ask,), name="crossroute-shadow", daemon=True).start()

    def start(self, asking: Coroutine[Any, Any, object]) -> None:
        """Make a call as a task of the running event loop, in a context of its own: no tracer or stream sees it."""
        if not self._free.acquire(blocking=False):
            asking.close()
            return
        task = Context().run(asyncio.ensure_future, self._await(asking))
        self._tasks.add(task)  # a loop keeps no tasks alive
        task.add_done_callback(self._tasks.discard)

    def __reduce__(self) -> tuple[type[ShadowCalls], tuple[float]]:
        return ShadowCalls, (self.share,)

    def _run(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except Exception as error:  # the ledger has told it
            LOG.debug("A call in the background failed: %s", type(error).__name__)
        finally:
            self._free.release()

    async def _await(self, asking: Coroutine[Any, Any, object]) -> None:
        try:
            await asking
        except Exception as error:
            LOG.debug("A call in the background failed: %s", type(error).__name__)
        finally:
            self._free.release()


class OffLoop:
    """Makes decisions in a thread, unless they are quick: for callers in an event loop.

    Args:
        waits: Whether a decision may wait for stored state, unless a call states otherwise.
    """

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits
        self._decision_s = SLOW_S  # of a processor's time, until it is known

    async def __call__(
        self, decide: Callable[[], Decision], characters: int | None, *, waits: bool | None = None
    ) -> Decision:
        """Return a function's decision, made in a thread unless that would take longer than the decision.

        Args:
            decide: Makes the decision.
            characters: Length of its text; None if it reads more than text.
            waits: Whether it may wait for stored state.
        """
        if waits is None:
            waits = self._waits
        if waits or characters is None or characters >= SHORT or self._decision_s >= QUICK_S:
            return await asyncio.to_thread(self._time, decide)
        return self._time(decide)

    def _time(self, decide: Callable[[], Decision]) -> Decision:
        began = time.thread_time()
        try:
            return decide()
        finally:
            taken = min(time.thread_time() - began, SLOW_S)
            self._decision_s += LEARNED * (taken - self._decision_s)
