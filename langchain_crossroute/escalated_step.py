"""One model step of an agent that may ask several members; the best answer goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.errors import GraphBubbleUp

from crossroute import Decision
from crossroute.calls.escalated import Chosen, Escalated
from crossroute.calls.reply import Reply
from crossroute.escalation import Escalation
from langchain_crossroute.escalated import unstreamed
from langchain_crossroute.reply import Taken, message_in, reply_of
from langchain_crossroute.routing import Routing

if TYPE_CHECKING:
    from langchain.agents.middleware.types import ModelRequest, ModelResponse


class Step(NamedTuple):
    """What a step of one member brought: the response, and what its answer tells; no response for an error."""

    response: ModelResponse[Any] | None
    taken: Taken


class EscalatedStep:
    """A decided step whose answers are looked at.

    Args:
        routing: The members.
        escalation: How.
        request: The agent's.
        ask: (decision, whether with log-probabilities) -> the request as the chosen member takes it.
    """

    def __init__(
        self,
        routing: Routing,
        escalation: Escalation,
        request: ModelRequest[Any],
        ask: Callable[[Decision, bool], ModelRequest[Any]],
    ) -> None:
        self._routing, self._escalation, self._request, self._ask = routing, escalation, request, ask
        self._bubble: GraphBubbleUp | None = None

    def call(
        self, decision: Decision, handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> Chosen[Step]:
        """Return the best step."""

        def do(decision: Decision) -> Step:
            def take(logprobs: bool) -> Step:
                try:
                    return _step(handler(self._ask(decision, logprobs)), logprobs)
                except Exception as error:
                    return self._unread(error, logprobs)

            member = self._routing.members[decision.candidate]
            return self._routing.logprobs.call(member, take, wanted=self._escalation.logprobs)

        with unstreamed():
            return self._calls(decision).call(do, self._read)

    async def acall(
        self, decision: Decision, handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> Chosen[Step]:
        """Return the best step."""

        async def do(decision: Decision) -> Step:
            async def take(logprobs: bool) -> Step:
                try:
                    return _step(await handler(self._ask(decision, logprobs)), logprobs)
                except Exception as error:
                    return self._unread(error, logprobs)

            member = self._routing.members[decision.candidate]
            return await self._routing.logprobs.acall(member, take, wanted=self._escalation.logprobs)

        calls = await asyncio.to_thread(self._calls, decision)
        with unstreamed():
            return await calls.acall(do, self._read)

    def kept(self, chosen: Chosen[Step]) -> ModelResponse[Any]:
        """Return the response that is kept, its answer with the decision and the sum of tokens.

        Raises:
            Exception: No answer could be read, and this one's error tells why.
            GraphBubbleUp: A step was interrupted: the graph's own control flow, and no failure of a model.
        """
        if self._bubble is not None:
            raise self._bubble
        response, taken = chosen.answer
        if response is None:
            raise taken.error or RuntimeError("a step brought neither a response nor an error")
        all_taken = [step.taken for step in chosen.answers]
        result = [
            self._routing.kept(message, chosen.decision, taken, all_taken)
            if isinstance(message, AIMessage)
            else message
            for message in response.result
        ]
        return replace(response, result=result)

    def _calls(self, decision: Decision) -> Escalated[Step]:
        system, tools = self._request.system_message, self._request.tools
        messages = [*([system] if system else []), *self._request.messages]
        return self._routing.escalated(decision, messages, self._escalation, tools=tools)

    def _unread(self, error: Exception, logprobs: bool) -> Step:
        """Return the answer that an error tells of, or raise it where it tells of none."""
        if isinstance(error, GraphBubbleUp):
            self._bubble = error
        message = message_in(error)
        if message is None:
            raise error
        return Step(None, Taken(message, message.usage_metadata, logprobs, error))

    def _read(self, step: Step) -> Reply:
        response, taken = step
        refused = response is not None and any(isinstance(one, ToolMessage) for one in response.result)
        if response is not None and response.structured_response is not None:
            return reply_of(taken, structured=True)
        if refused or response is None:  # the agent tells the model what failed the schema, or raised it
            error = taken.error or ValueError("structured output that fails its schema")
            return reply_of(taken._replace(error=error), structured=True)
        return reply_of(taken, self._request.tools, others=True)


def _step(response: ModelResponse[Any], logprobs: bool) -> Step:
    message = next((one for one in response.result if isinstance(one, AIMessage)), None)
    usage = message.usage_metadata if message is not None else None
    return Step(response, Taken(message, usage, logprobs))
