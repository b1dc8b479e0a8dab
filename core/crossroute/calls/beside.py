"""Calls beside the request path: in shadow mode, what would have been chosen is asked for a share of the calls.

Nobody waits for such a call and nothing it raises reaches the caller; the ledger counts it, and observers are told.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from crossroute.decision import Decision

LOG = logging.getLogger("crossroute.calls")
AT_ONCE = 8
"""Calls under way beside the others; while there are so many, no further one is made."""
SHADOW, CHOSEN = "shadow: ", " would have been chosen"
ASKED = "shadow: asked beside, and not returned"


def shadowed(decision: Decision, shadow: str) -> Decision:
    """Return the decision for the model that answers in shadow mode, which says what would have been chosen."""
    if shadow == decision.candidate:
        return decision
    decision = decision.switched(shadow, f"{SHADOW}{decision.candidate}{CHOSEN}")
    return decision.model_copy(update={"max_calls": 1})


def would_be(decision: Decision) -> str | None:
    """Return what shadow mode kept from being chosen."""
    said = next((reason for reason in decision.reasons if reason.endswith(CHOSEN)), None)
    return said and said.removeprefix(SHADOW).removesuffix(CHOSEN)


class Beside:
    """Draws calls to be asked beside the others, and makes them; safe to share between threads and tasks.

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

    def drawn(self, decision: Decision) -> Decision | None:
        """Return the decision to ask for beside another; None for most."""
        if not self.share or random.random() >= self.share:
            return None
        would = would_be(decision)
        return None if would is None else decision.switched(would, ASKED)

    def run(self, ask: Callable[[], object]) -> None:
        """Make a call in a thread of its own."""
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._run, args=(ask,), name="crossroute-beside", daemon=True).start()

    def start(self, asking: Coroutine[Any, Any, object]) -> None:
        """Make a call as a task of the running event loop, in a context of its own: no tracer or stream sees it."""
        if not self._free.acquire(blocking=False):
            asking.close()
            return
        task = Context().run(asyncio.ensure_future, self._await(asking))
        self._tasks.add(task)  # a loop keeps no tasks alive
        task.add_done_callback(self._tasks.discard)

    def __reduce__(self) -> tuple[type[Beside], tuple[float]]:
        return Beside, (self.share,)

    def _run(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except Exception as error:  # the ledger has told it
            LOG.debug("A call beside the request path failed: %s", type(error).__name__)
        finally:
            self._free.release()

    async def _await(self, asking: Coroutine[Any, Any, object]) -> None:
        try:
            await asking
        except Exception as error:
            LOG.debug("A call beside the request path failed: %s", type(error).__name__)
        finally:
            self._free.release()
