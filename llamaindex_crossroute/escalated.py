"""Escalated calls: several members may be called, and the best answer is returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.output_parsers.base import OutputParserException
from llama_index.core.tools import BaseTool

from crossroute import Decision
from crossroute.calls.escalation.loop import Chosen, Escalated
from crossroute.calls.handlers import is_of_handler
from crossroute.calls.reply import Reply
from crossroute.calls.steps import Ask, Steps
from llamaindex_crossroute.members import asking
from llamaindex_crossroute.messages.reading import Reading
from llamaindex_crossroute.messages.reply import RESPONSES, Given, given, stamped, unfit
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.routing import Routing

MISFITS = (ValueError, TypeError, KeyError, AssertionError, OutputParserException)
"""Errors that endpoints raise for an answer that does not fit its schema."""


class EscalatedCall:
    """A call that may go to several members; each of their calls is an LLM event.

    An error that an endpoint raises for an answer that does not fit its schema is evidence. It is raised if no answer
    is better.

    Args:
        routing: The members.
        loop: Chooses the next member, and the best answer.
        reading: What the call says.
        tools: The tools that the call offers.
    """

    def __init__(
        self, routing: Routing, loop: Escalated[Given[Any]], reading: Reading, tools: Sequence[BaseTool]
    ) -> None:
        self._routing, self._loop, self._reading, self._tools = routing, loop, reading, tools

    def steps(self) -> Steps[Any]:
        """Return the steps to the best answer."""
        return self._kept((yield from self._loop.steps(self._asking)))

    def _asking(self, decision: Decision, logprobs: bool) -> Steps[tuple[Given[Any], Reply]]:
        llm = self._routing.asked(decision.candidate)
        with UsageProbe(keep_chunks=True) as probe:
            try:
                value = yield Ask(asking(llm) if logprobs else llm)
            except Exception as error:
                if not isinstance(error, MISFITS) or is_of_handler(error) or not probe.answered:
                    probe.note(error)
                    raise
                return unfit(error, probe)
        return given(value, probe, llm, self._tools)

    def _kept(self, chosen: Chosen[Given[Any]]) -> Any:
        kept = chosen.answer
        self._routing.kept(chosen, kept.message, self._reading)
        if kept.error is not None:
            raise kept.error
        usage = None if chosen.usage is None else chosen.usage.model_dump()
        stamp = {**chosen.decision.as_json(), "usage": usage}
        if isinstance(kept.value, list):
            return [_stamped(part, stamp) for part in kept.value]
        return _stamped(kept.value, stamp)


def _stamped(value: Any, stamp: dict[str, Any]) -> Any:
    return stamped(value, stamp) if isinstance(value, RESPONSES) else value
