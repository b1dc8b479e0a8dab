"""Events for decisions and answers, and a report of spend from these events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers.base import BaseEventHandler
from pydantic import Field
from typing_extensions import override

from crossroute import Decision, Price
from crossroute.calls.escalation.loop import JUDGE
from crossroute.calls.spend import Spend, Spent, Usage
from crossroute.tables import to_text

if TYPE_CHECKING:
    from rich.table import Table


class CrossRouteDecisionEvent(BaseEvent):
    """A member was chosen; emitted before its call.

    An escalation emits one event for each further call.

    Attributes:
        decision: The decision: the member, its predicted quality and cost, and the reasons.
    """

    decision: Decision

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteDecisionEvent"


class CrossRouteAnswerEvent(BaseEvent):
    """A member answered. Emitted once per call, for a stream at its end.

    It is also emitted for an unreadable answer and for a broken stream (with `final` False), whose error is raised.

    An escalated call emits one event for each answer (with `final` False), then one for the best answer with the sums
    over all.

    Attributes:
        decision: The member that answered, the failures before it, and the cost.
        usage: Tokens, if the provider states them.
        price: The member's price, if known; None for a sum over several.
        final: Whether the caller gets this answer.
        judgements: USD of each judgement, in addition to the members' cost.
        nested: Whether the member is itself a pool, which emits events for its own members.
    """

    decision: Decision
    usage: Usage | None = None
    price: Price | None = None
    final: bool = True
    judgements: tuple[float, ...] = ()
    nested: bool = False

    @property
    def is_sum(self) -> bool:
        """Whether other events state the same tokens."""
        return self.nested or (self.final and bool(self.decision.calls))

    @classmethod
    @override
    def class_name(cls) -> str:
        return "CrossRouteAnswerEvent"


class CrossRouteSpendReport(BaseEventHandler):
    """Add up tokens and USD of answered calls; printing it shows a table.

    Calls without stated tokens (by default, OpenAI's streams) count without tokens and USD. A judge with a cost has its
    own row.

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
        """Calls, tokens and USD by member."""
        return self.spend.by_candidate

    @property
    def total(self) -> Spent:
        """Calls, tokens and USD of all members."""
        return self.spend.total

    def __rich__(self) -> Table:
        """Draw the members, most expensive first, and their total."""
        return self.spend.__rich__()

    def _repr_html_(self) -> str:
        return self.spend._repr_html_()

    def __str__(self) -> str:
        return to_text(self)
