"""The events that instrumentation sees: a call was decided, a call was answered."""

from __future__ import annotations

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from typing_extensions import override

from crossroute import Decision, Price
from crossroute.spend import Usage

_dispatcher = get_dispatcher(__name__)


class CrossRouteDecisionEvent(BaseEvent):
    """A member was chosen; emitted once a call, before the member is called.

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

    Attributes:
        decision: Who answered in the end, who failed before, and what it cost.
        usage: Tokens, where the provider tells them.
        price: What the member charges, where that is known.
    """

    decision: Decision
    usage: Usage | None = None
    price: Price | None = None

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteAnswerEvent"


def decided(decision: Decision) -> None:
    """Tell instrumentation who was chosen."""
    _dispatcher.event(CrossRouteDecisionEvent(decision=decision))


def answered(decision: Decision, usage: Usage | None, price: Price | None) -> None:
    """Tell instrumentation who answered and what that took."""
    _dispatcher.event(CrossRouteAnswerEvent(decision=decision, usage=usage, price=price))
