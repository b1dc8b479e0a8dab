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
        decision: As it stood: its candidate was called. It carries the actual cost, where that is known.
        usage: Tokens, where they are known; None where no answer came.
        cost: USD, likewise.
        price: By which the cost was computed, from tokens or seconds; None where a nested pool reported its cost, or
            none is known.
        seconds: From the beginning of the call to its end, for a stream to its last chunk.
        error: What was raised, if anything was; also where an answer came and could not be read.
        answered: Whether the model answered, in part at least: such a call is paid for.
        final: Whether the caller gets this answer, as far as it came. False for a failure, and for each answer of
            an escalation, of which the best is returned.
        answer: Its text, where it came as text.
        context: The variables that held where the call began.
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

    Its methods run within the call, in any thread: they should be quick, and what they raise reaches the caller.
    """

    def decided(self, decision: Decision) -> None:
        """Take note that a call begins: once a call, and again for each further candidate of an escalation."""
        ...

    def called(self, call: Called) -> None:
        """Take note that a candidate's call ended, by an answer or by an error."""
        ...


@runtime_checkable
class QueryObserver(Observer, Protocol):
    """Watches calls, and is told what each was about."""

    def asked(self, decision: Decision, query: Query | None, router: Router) -> None:
        """Take note of a decision, whether or not a call follows; `query` is None where the call holds no text."""
        ...


class Pacer(Protocol):
    """Keeps spend within a budget: it sets the willingness to pay, and follows what is spent.

    `reserve` and `settle` come in pairs, one for each call of a candidate; the pairs of one query share the
    decision's id. What a judge costs is charged beside them.
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
            route: Decides at a willingness to pay in USD; None: as the caller's settings have it.
            usual: USD that these amount to.
            asked: The same where the caller stated it.
            keys: What the call counts for.
        """
        ...

    def holds(self, decision: Decision) -> bool:
        """Return whether a call counts on any budget: of others nothing is reserved or settled."""
        ...

    def reserve(self, decision: Decision) -> None:
        """Set the decision's predicted cost aside; an error raised here keeps the call from being made."""
        ...

    def settle(self, decision: Decision, cost: float | None) -> None:
        """Put in place of what was set aside the USD that the call took: 0 where no answer came, None if not known."""
        ...

    def charge(self, decision: Decision, cost: float) -> None:
        """Count USD that were spent for a decision beside its candidates' calls."""
        ...


class Probe(Protocol):
    """What was overheard of a call, where its answer comes without its tokens, or does not reach the caller."""

    @property
    def answered(self) -> bool:
        """Whether a model answered."""
        ...

    @property
    def cost(self) -> float | None:
        """USD, where a nested pool reports its own cost."""
        ...

    def raised(self, error: BaseException) -> None:
        """Take note of the error that the call raised: some hold the answer that could not be read."""
        ...

    def took(self, told: Usage | None) -> Usage | None:
        """Return the tokens of the call, given those that its answer tells."""
        ...
