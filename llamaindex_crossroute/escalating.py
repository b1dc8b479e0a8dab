"""A call that may be put to several members: each answer is looked at, the best one is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from llama_index.core.output_parsers.base import OutputParserException
from llama_index.core.tools import BaseTool

from crossroute import Decision
from crossroute.calls.escalated import Chosen, Escalated
from crossroute.calls.reply import Reply
from llamaindex_crossroute import events
from llamaindex_crossroute.facts import RESPONSES, Given, given, unfit
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.reading import Reading
from llamaindex_crossroute.routing import Routing
from llamaindex_crossroute.stamp import as_json, stamped

T = TypeVar("T")

MISFITS = (ValueError, TypeError, KeyError, AssertionError, OutputParserException)
"""What endpoints raise of an answer that does not fit its schema."""


class Escalating:
    """The members' calls for one query; each is an LLM event of its own.

    What an endpoint raises of an answer that does not fit its schema is evidence. It is raised if that answer is
    the best there is.

    Args:
        routing: The members.
        loop: Who is called next, and whose answer is kept.
        reading: What the call says.
        tools: Those that the call offers.
        ask_logprobs: Whether members are asked for log-probabilities.
    """

    def __init__(
        self,
        routing: Routing,
        loop: Escalated[Any],
        reading: Reading,
        tools: Sequence[BaseTool],
        *,
        ask_logprobs: bool,
    ) -> None:
        self._routing, self._loop, self._reading = routing, loop, reading
        self._tools, self._ask_logprobs = tools, ask_logprobs

    def answer(self, do: Callable[[Any], T]) -> T:
        """Return the answer that is kept."""

        def ask(decision: Decision) -> Given[T]:
            name, llm = decision.candidate, self._begun(decision)
            with UsageProbe(keep_chunks=True) as probe:
                try:
                    value = self._routing.logprobs.call(name, llm, do, wanted=self._ask_logprobs)
                except MISFITS as error:
                    return self._unfit(decision, error, probe)
            return self._given(decision, value, probe)

        chosen: Chosen[Given[T]] = self._loop.call(ask, _facts)
        return self._kept(chosen)

    async def aanswer(self, do: Callable[[Any], Awaitable[T]]) -> T:
        """Return the answer that is kept, awaited."""

        async def ask(decision: Decision) -> Given[T]:
            name, llm = decision.candidate, self._begun(decision)
            with UsageProbe(keep_chunks=True) as probe:
                try:
                    value = await self._routing.logprobs.acall(name, llm, do, wanted=self._ask_logprobs)
                except MISFITS as error:
                    return self._unfit(decision, error, probe)
            return self._given(decision, value, probe)

        chosen: Chosen[Given[T]] = await self._loop.acall(ask, _facts)
        return self._kept(chosen)

    def _begun(self, decision: Decision) -> Any:
        if decision.calls or not decision.failures:  # a failover is the same call once more
            events.decided(decision)
        return self._routing.llms[decision.candidate]

    def _given(self, decision: Decision, value: T, probe: UsageProbe) -> Given[T]:
        got = given(value, probe, self._routing.llms[decision.candidate], self._tools)
        self._routing.answered_among(decision, got.facts)
        return got

    def _unfit(self, decision: Decision, error: Exception, probe: UsageProbe) -> Given[Any]:
        if not probe.responses:  # nobody has answered: the error is not about an answer
            raise error
        got = unfit(error, probe)
        self._routing.answered_among(decision, got.facts)
        return got

    def _kept(self, chosen: Chosen[Given[T]]) -> T:
        kept = chosen.answer
        self._routing.kept(chosen, kept.message, self._reading)
        if kept.error is not None:
            raise kept.error
        usage = None if chosen.usage is None else chosen.usage.model_dump()
        stamp = {**as_json(chosen.decision), "usage": usage}
        if isinstance(kept.value, list):
            return cast(T, [_stamped(part, stamp) for part in kept.value])
        return cast(T, _stamped(kept.value, stamp))


def _facts(got: Given[Any]) -> Reply:
    return got.facts


def _stamped(value: Any, stamp: dict[str, Any]) -> Any:
    return stamped(value, stamp) if isinstance(value, RESPONSES) else value
