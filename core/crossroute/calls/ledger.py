"""The ledger: count each call of a candidate once, however it ends, and report it to observers and a pacer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING

from typing_extensions import Self

from crossroute.calls.blame import find_noted_answer, note_answer
from crossroute.calls.ending import CALLING, FAILED, WITHHELD
from crossroute.calls.faults import note
from crossroute.calls.handlers import is_given_up, is_of_handler
from crossroute.calls.hooks import Called, Observer, Pacer, Probe, QueryObserver
from crossroute.calls.rejected import find_rejected_answer
from crossroute.calls.spend import Spend, Usage
from crossroute.calls.steps import Run, Steps
from crossroute.candidate import Price
from crossroute.decision import Decision
from crossroute.errors import BrokenStreamError, FilteredAnswerError, NoAnswerError

LOG = logging.getLogger("crossroute.calls")
PAID = "%s answered, which is paid for; a handler of the caller's then raised %s, with that answer if it was whole"
NAMELESS = "called a tool without naming it"
if TYPE_CHECKING:
    from crossroute.query import Query
    from crossroute.routing.router import Router


class Ledger:
    """Counts each call of a candidate once, however it ends; safe to share between threads.

    Args:
        spend: Sums by candidate.
        price: Candidate -> its price, or None.
        observers: Notified of every call.
        pacer: Reserves money before a call, and settles its cost after it.
        past_filters: Whether an answer withheld by a content filter is an error, so that another model is called.
    """

    def __init__(
        self,
        spend: Spend,
        price: Callable[[str], Price | None],
        *,
        observers: Iterable[Observer] = (),
        pacer: Pacer | None = None,
        past_filters: bool = False,
    ) -> None:
        self.spend, self.price, self.past_filters = spend, price, past_filters
        self.observers, self.pacer = tuple(observers), pacer
        self._asking = tuple(one for one in self.observers if isinstance(one, QueryObserver))

    def asked(self, decision: Decision, query: Query | None, router: Router) -> None:
        """Notify query observers of a decision and its query."""
        for observer in self._asking:
            observer.asked(decision, query, router)

    def decided(self, decision: Decision) -> None:
        """Notify observers, and the log, that a call begins."""
        LOG.debug(
            "%s is called: quality %.3g, %.2g USD predicted, %.2g USD willing; %s",
            decision.candidate,
            decision.quality,
            decision.cost,
            decision.willingness_to_pay,
            "; ".join(decision.reasons) or "the best reward",
        )
        for observer in self.observers:
            observer.decided(decision)

    def judged(self, decision: Decision, name: str, cost: float) -> float:
        """Count USD of a judgement, and return them."""
        if self.pacer is not None:
            self.pacer.charge(decision, cost)
        return self.spend.charge(name, cost)

    def entry(self, decision: Decision, probe: Probe | None = None, *, final: bool = True) -> Entry:
        """Return the entry of one call of the decision's candidate, to be made within its `with` block.

        Args:
            decision: The decision at the beginning of the call.
            probe: Counts tokens that the answer does not contain.
            final: Whether the caller gets this answer.
        """
        return Entry(self, decision, probe, final=final)

    def begin(self, decision: Decision, probe: Probe | None = None, *, final: bool = True) -> Steps[Entry]:
        """Return the steps to the entry of one call, for which the pacer has reserved money.

        Args:
            decision: As for `entry`.
            probe: Likewise.
            final: Likewise.
        """
        entry = self.entry(decision, probe, final=final)
        yield from entry.reserve()
        return entry


class Entry:
    """One call of a candidate: counted when it ends, breaks, or when the reader of its stream stops.

    A failed call counts if an answer arrived (unreadable, or a part of a stream), since it is paid for. A call
    cancelled by its caller counts as well: its provider bills at least the input, unless the request was not sent.

    Attributes:
        decision: The decision, with the actual cost once the call is counted.
        usage: Tokens stated by the answer.
        cost: USD, if the answer states its cost.
        beside: Tokens stated separately from the usage, such as those of a cache.
        begun: Whether a part of the answer reached the caller.
        counted: Whether the call is counted.
        said: The parts of its text.
        priced: Whether the candidate's price applies to its tokens; not if another model answered.
    """

    def __init__(self, ledger: Ledger, decision: Decision, probe: Probe | None, *, final: bool) -> None:
        self.decision, self.begun, self.priced = decision, False, True
        self.usage: Usage | None = None
        self.cost: float | None = None
        self.beside: Usage | None = None
        self.said: list[str] = []
        self._ledger, self._probe, self._final, self._context = ledger, probe, final, copy_context()
        pacer = ledger.pacer
        self._pacer = pacer if pacer is not None and pacer.holds(decision) else None
        self.counted = self._reserved = self._dropped = False
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @property
    def answered(self) -> bool:
        """Whether the model answered, by the probe."""
        return self._probe is not None and self._probe.answered

    def reserve(self) -> Steps[None]:
        """Return the step that reserves money, which may wait for the pacer; without it, `with` waits itself."""
        if self._pacer is None:
            return
        try:
            yield Run(self._reserve, (self._pacer,))
        except BaseException:
            self.release()
            raise

    def _reserve(self, pacer: Pacer) -> None:
        pacer.reserve(self.decision)
        with self._lock:
            self._reserved = True
        if self._dropped:
            self.release()

    def release(self) -> None:
        """Release the money reserved for a call that is not made; if a thread still reserves it, when that is done."""
        with self._lock:
            self._dropped, held, self._reserved = True, self._reserved, False
        if held and self._pacer is not None:
            self._pacer.settle(self.decision, 0.0)

    def __enter__(self) -> Self:
        if self._pacer is not None and not self._reserved:
            self._reserve(self._pacer)
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        answered = error is None or self.begun or self._came_before(error) or is_given_up(error)
        if answered:
            if error is not None and is_of_handler(error):
                LOG.warning(PAID, self.decision.candidate, type(error).__name__)
            self.count(error)
        elif not self.counted:
            self._close(
                Called(
                    self.decision,
                    seconds=self._seconds,
                    error=error,
                    answered=False,
                    final=False,
                    context=self._context,
                )
            )

    def _came_before(self, error: BaseException) -> bool:
        """Return whether an answer, or a part, arrived before an error: by the probe, a note, or its stack frames."""
        if self._probe is not None:
            self._probe.raised(error)
            if self.answered:
                note_answer(error)
                return True
        known = find_noted_answer(error) or find_rejected_answer(error)
        if known is not None:
            self.usage, self.cost = known
        return known is not None or (self._probe is not None and self._probe.begun)

    def count(self, error: BaseException | None = None) -> Decision:
        """Count the call, unless it is counted, and return its decision."""
        if self.counted:
            return self.decision
        self.counted = True
        name, usage, cost = self.decision.candidate, self.usage, self.cost
        if self._probe is not None:
            usage = self._probe.took(usage)
            cost = self._probe.cost if cost is None else cost
        usage = usage and usage.completed(self.beside)
        price = self._ledger.price(name) if self.priced and cost is None else None
        if price is not None and price.usd_per_second is not None:
            cost = self._seconds * price.usd_per_second
        elif price is not None and self._is_untold(usage, price):
            price = None
        if cost is None:
            cost = self._ledger.spend.add(name, usage, price)
        else:
            self._ledger.spend.charge(name, cost, usage)
        self.decision = self.decision.model_copy(update={"actual_cost": cost})
        final = self._final and not isinstance(error, Exception)
        answer = "".join(self.said) or None
        self._close(
            Called(
                self.decision,
                usage,
                cost,
                price,
                self._seconds,
                error,
                final=final,
                answer=answer,
                context=self._context,
            )
        )
        return self.decision

    def _is_untold(self, usage: Usage | None, price: Price) -> bool:
        """Return whether the usage of an answer with text lacks input or output: that was left out."""
        if usage is None or not any(self.said):
            return False
        read, written = usage.input_tokens, usage.output_tokens
        return read > 0 == written or (written > 0 == read and price.input > 0)

    def check(
        self,
        finish_reason: str | None,
        *,
        said: bool,
        cut: bool = False,
        torn: str = "",
        nameless: bool = False,
    ) -> None:
        """Raise an error for an answer that failed or has no content, so that another model is called.

        Args:
            finish_reason: The provider's finish reason.
            said: Whether it has content, or had, in a stream that has begun.
            cut: Whether its provider states finish reasons, but stated none.
            torn: The remedy for an answer built from a stream that was cut; empty for any other.
            nameless: Whether it calls a tool without a name, which cannot be run.

        Raises:
            BrokenStreamError: It is torn; the call is counted.
            FilteredAnswerError: A content filter withheld it; the call is counted.
            NoAnswerError: It failed, is empty, or calls a tool without a name; the call is counted.
        """
        ended = (finish_reason or "").lower()
        if torn:
            self.count()
            raise BrokenStreamError(self.decision.candidate, torn)
        if nameless and ended not in FAILED | WITHHELD:
            self.count()
            raise NoAnswerError(self.decision.candidate, NAMELESS)
        if self.begun or (said and ended not in FAILED and not nameless):
            return
        if ended in WITHHELD and self._ledger.past_filters:
            self.count()
            raise FilteredAnswerError(self.decision.candidate)
        if ended in FAILED | CALLING or cut:
            self.count()
            raise NoAnswerError(self.decision.candidate)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _close(self, called: Called) -> None:
        if self._pacer is not None:
            self._pacer.settle(called.decision, called.cost if called.answered else 0.0)
        try:
            for observer in self._ledger.observers:
                observer.called(called)
        except Exception as error:
            note(error, handler=True)
            raise
