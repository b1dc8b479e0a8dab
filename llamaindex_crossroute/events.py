"""The events that instrumentation sees: a call was decided, a call was answered."""

from __future__ import annotations

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from typing_extensions import override

from crossroute import Decision, Price
from crossroute.calls.spend import Usage

_dispatcher = get_dispatcher(__name__)


class CrossRouteDecisionEvent(BaseEvent):
    """A member was chosen; emitted before it is called, once a call, or for each member that a call is put to.

    Attributes:
        decision: Who, with predicted quality and cost, and why.
    """

    decision: Decision

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteDecisionEvent"


class CrossRouteAnswerEvent(BaseEvent):
    """A member answered; emitted once a call, of a stream at its end.

    An answer that could not be read, and a stream that broke, are told of as well (`final` is False); the caller
    gets their error.

    A call that may be put to several members tells of each answer first (`final` is False), then of the one that
    was kept, with the sum of what all took.

    Attributes:
        decision: Who answered in the end, who failed before, and what it cost.
        usage: Tokens, where the provider tells them.
        price: What the member charges, where that is known; None for a sum over several.
        final: Whether this is what the caller gets.
        judgements: USD of each judgement that was paid for, beside what members took.
        nested: Whether the member is a pool itself, which tells of its own members.
    """

    decision: Decision
    usage: Usage | None = None
    price: Price | None = None
    final: bool = True
    judgements: tuple[float, ...] = ()
    nested: bool = False

    @property
    def is_sum(self) -> bool:
        """Whether other events told of the same tokens before."""
        return self.nested or (self.final and bool(self.decision.calls))

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteAnswerEvent"


def decided(decision: Decision) -> None:
    """Tell instrumentation who was chosen."""
    _dispatcher.event(CrossRouteDecisionEvent(decision=decision))


def answered(
    decision: Decision,
    usage: Usage | None,
    price: Price | None,
    *,
    final: bool = True,
    judgements: tuple[float, ...] = (),
    nested: bool = False,
) -> None:
    """Tell instrumentation who answered and what that took."""
    _dispatcher.event(
        CrossRouteAnswerEvent(
            decision=decision, usage=usage, price=price, final=final, judgements=judgements, nested=nested
        )
    )
