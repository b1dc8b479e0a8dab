"""Hooks: the protocols of observers, pacers and probes of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from crossroute.calls.spend import Usage
from crossroute.candidate import Price
from crossroute.decision import Decision

if TYPE_CHECKING:
    from crossroute.query import Query
    from crossroute.routing.router import Router


@dataclass(frozen=True)
class Called:
    """A call of one candidate that has ended.

    Attributes:
        decision: Its candidate was called; with the actual cost, where that is known.
        usage: Tokens, where they are known; None without an answer.
        cost: USD, likewise.
        price: The price used for the cost; None if the answer stated its cost, or no price is known.
        seconds: Duration of the call, for a stream to its last chunk.
        error: The raised error, if any, including one about an unreadable answer.
        answered: Whether the model answered, at least in part, or may have when its caller cancelled the call (then
            `error` is not an Exception): such a call is paid for.
        final: Whether the caller gets this answer, or the part that arrived. False for a failure, and for each answer
            of an escalation, of which the best is returned.
        answer: Its text, if it is text.
        context: The context variables at the beginning of the call.
    """

    decision: Decision
    usage: Usage | None = None
    cost: float | None = None
    price: Price | None = None
    seconds: float = 0.0
    error: BaseException | None = None
    answered: bool = True
    final: bool = True
    answer: str | None = field(default=None, repr=False)
    context: Context | None = field(default=None, repr=False, compare=False)


class Observer(Protocol):
    """Watches calls: for logs, traces, feedback.

    Its methods run within the call, in any thread. They should be quick, and their errors reach the caller.
    """

    def decided(self, decision: Decision) -> None:
        """Handle the beginning of a call: once a call, and again for each further candidate of an escalation."""
        ...

    def called(self, call: Called) -> None:
        """Handle the end of a candidate's call, by an answer or by an error."""
        ...


@runtime_checkable
class QueryObserver(Observer, Protocol):
    """Watches calls, and receives the query of each."""

    def asked(self, decision: Decision, query: Query | None, router: Router) -> None:
        """Handle a decision, whether or not a call follows; `query` is None if the call has no text."""
        ...


class Pacer(Protocol):
    """Keeps spending within budgets: it sets the willingness to pay, and counts costs.

    `reserve` and `settle` come in pairs, one for each call of a candidate; the pairs of one query share the
    decision's id. The cost of a judge is charged in addition.
    """

    def decide(
        self,
        route: Callable[[float | None], Decision],
        *,
        usual: float,
        asked: float | None = None,
        keys: Iterable[str] = (),
    ) -> Decision:
        """Return the decision for the next call.

        Args:
            route: Decides at a willingness to pay in USD; at the caller's settings for None.
            usual: The willingness to pay of these settings, USD.
            asked: The same, if the caller stated it.
            keys: Keys of the budgets that the call counts for.
        """
        ...

    def holds(self, decision: Decision) -> bool:
        """Return whether a call counts for any budget: for others nothing is reserved or settled."""
        ...

    def reserve(self, decision: Decision) -> None:
        """Reserve the decision's predicted cost; an error raised here prevents the call."""
        ...

    def settle(self, decision: Decision, cost: float | None) -> None:
        """Replace the reserved cost by the actual one, USD: 0 without an answer, None if not known."""
        ...

    def charge(self, decision: Decision, cost: float) -> None:
        """Count USD that were spent on a decision in addition to its candidates' calls."""
        ...


class Probe(Protocol):
    """Counts a call by a framework's callbacks if its answer has no usage or does not reach the caller."""

    @property
    def answered(self) -> bool:
        """Whether a model answered."""
        ...

    @property
    def begun(self) -> bool:
        """Whether words came, of a model that gathers its answer from a stream."""
        ...

    @property
    def cost(self) -> float | None:
        """USD, if a nested pool reports its own cost."""
        ...

    def raised(self, error: BaseException) -> None:
        """Handle the call's error, which may contain an unreadable answer."""
        ...

    def took(self, told: Usage | None) -> Usage | None:
        """Return the tokens of the call, given those that its answer states."""
        ...
