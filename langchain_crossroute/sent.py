"""What was sent of a stream, which is paid for however the stream ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from langchain_core.messages.ai import UsageMetadata

from crossroute import Decision
from langchain_crossroute.routing import Routing
from langchain_crossroute.stamp import UsageProbe, usage_of


class Sent:
    """Counts a stream once: at its end, where it breaks, or where its reader breaks off.

    Args:
        routing: The members.
        decision: Whose stream it is.
        probe: Notes the tokens of a stream that comes parsed.

    Attributes:
        decision: With the actual cost, once the stream is counted.
        usage: Tokens, as told so far.
    """

    def __init__(self, routing: Routing, decision: Decision, probe: UsageProbe) -> None:
        self.decision = decision
        self.usage: UsageMetadata | None = None
        self._routing, self._probe = routing, probe
        self._begun = self._counted = False

    def begin(self, tool_calls: Iterable[str] = ()) -> None:
        """Note that something was sent, and who began these tool calls."""
        self._begun = True
        self._routing.dispatcher.began(tool_calls, self.decision.candidate)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count what was sent within; of nothing, an answer that came and could not be read."""
        try:
            yield
        except BaseException as error:
            if self._begun:
                self.count()
            elif isinstance(error, Exception):
                self._routing.count_unread(self.decision, error, self._probe)
            raise
        self.count()

    def count(self) -> Decision:
        """Count the stream, unless it is counted, and return its decision."""
        if not self._counted:
            self._counted = True
            usage = usage_of(self.usage or self._probe.usage)
            self.decision = self._routing.dispatcher.answered(self.decision, usage)
        return self.decision
