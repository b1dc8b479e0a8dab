"""Events of a decision and of an answer, and a report of spend by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers.base import BaseEventHandler
from pydantic import Field
from typing_extensions import override

from crossroute import Decision, Price
from crossroute.calls.escalation.loop import JUDGE
from crossroute.calls.spend import Spend, Spent, Usage

if TYPE_CHECKING:
    from rich.table import Table


class CrossRouteDecisionEvent(BaseEvent):
    """A member was chosen; emitted before it is called, once a call, or for each member that a call is put to.

    Attributes:
        decision: The member, with predicted quality and cost, and why.
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
        decision: The member that answered, the failures before it, and what it cost.
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


class CrossRouteSpendReport(BaseEventHandler):
    """Add up what answered calls took; print it for a table.

    Calls whose provider told no tokens (OpenAI's streams, unless asked to) count without tokens and USD. A judge
    that costs something is a row of its own.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llama_index_instrumentation import get_dispatcher
        from llamaindex_crossroute import CrossRouteSpendReport

        report = CrossRouteSpendReport()
        get_dispatcher().add_event_handler(report)
        ...
        print(report)
        ```
    """

    spend: Spend = Field(default_factory=Spend, exclude=True)

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteSpendReport"

    @override
    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if not isinstance(event, CrossRouteAnswerEvent):
            return
        timed, cost = (
            event.price is not None and event.price.usd_per_second is not None,
            event.decision.actual_cost,
        )
        if timed and cost is not None and not event.is_sum:
            self.spend.charge(event.decision.candidate, cost, event.usage)
        elif not event.is_sum:
            self.spend.add(event.decision.candidate, event.usage, event.price)
        for cost in event.judgements:
            self.spend.charge(JUDGE, cost)

    @property
    def by_candidate(self) -> dict[str, Spent]:
        """What each member's calls took."""
        return self.spend.by_candidate

    @property
    def total(self) -> Spent:
        """What all calls took."""
        return self.spend.total

    def __rich__(self) -> Table:
        """Draw the members, most expensive first, and their total."""
        return self.spend.__rich__()

    def _repr_html_(self) -> str:
        return self.spend._repr_html_()

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=100, no_color=True, force_terminal=False, force_jupyter=False)
        with console.capture() as capture:
            console.print(self)
        return capture.get().rstrip()
