"""Escalated calls: several members may be called, and the best answer is returned.

In a call of ChatCrossRoute, the members' runs are children of one run. In a model step of an agent, each request goes
to the agent's own handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from langchain_core.messages import BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda, ensure_config
from langchain_core.runnables.config import merge_configs, var_child_runnable_config

from crossroute import Decision
from crossroute.calls.escalation.loop import EscalationLoop, EscalationResult
from crossroute.calls.rejected import note_heard
from crossroute.calls.reply import Reply
from crossroute.calls.steps import Ask, Run, Steps, adrive, drive
from crossroute.escalation import Escalation
from langchain_crossroute.agent_models import LastModelCallback, hear_models
from langchain_crossroute.bindings import SchemaBinding, list_arguments, request_logprobs
from langchain_crossroute.messages.reading import change_answers, find_answers
from langchain_crossroute.messages.reply import (
    PARSED,
    MemberResult,
    build_reply,
    complete_usage,
    find_message,
    replace_message,
)
from langchain_crossroute.probe import UsageProbe, find_rejected_message, is_unreadable
from langchain_crossroute.routing import Routing

if TYPE_CHECKING:
    from langchain.agents.middleware.types import ModelRequest, ModelResponse
    from langchain_core.language_models import BaseChatModel

    from langchain_crossroute.call import Call, Request

NAME = "ChatCrossRoute"
UNSTREAMED = "nostream"
"""LangGraph's tag for runs whose messages are not streamed, since only the best answer is shown."""


@contextmanager
def hide_from_stream() -> Iterator[None]:
    """Keep runs within the block (members, a check, a judge) out of LangGraph's `messages` stream."""
    config = merge_configs(ensure_config(), {"tags": [UNSTREAMED]})
    token = var_child_runnable_config.set(config)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


class EscalatedCall:
    """A call that may go to several members.

    Args:
        call: The call.
        decision: The decision for the first member, with the maximum number of calls.
    """

    def __init__(self, call: Call, decision: Decision) -> None:
        self._call, self._decision = call, decision
        self._schema = call.change if isinstance(call.change, SchemaBinding) else None

    def answer(self, send: Callable[[Request], Any]) -> Any:
        """Return the best answer to `Request.invoke`, or to `Request.generate`."""

        def within(_: Sequence[BaseMessage], config: RunnableConfig) -> Any:
            return drive(self._steps(config), send)

        return RunnableLambda(within, name=NAME).invoke(self._call.messages, self._config)

    async def aanswer(self, send: Callable[[Request], Awaitable[Any]]) -> Any:
        """Return the best answer to `Request.ainvoke`, or to `Request.agenerate`."""

        async def within(_: Sequence[BaseMessage], config: RunnableConfig) -> Any:
            return await adrive(self._steps(config), send)

        return await RunnableLambda(within, name=NAME).ainvoke(self._call.messages, self._config)

    @property
    def _config(self) -> RunnableConfig:
        """The caller's config, for the members, the check and the judge."""
        return merge_configs(self._call.config, {"tags": [UNSTREAMED]})

    def _steps(self, config: RunnableConfig) -> Steps[Any]:
        loop: EscalationLoop[MemberResult] = yield Run(self._start_loop)
        return self._finish((yield from loop.steps(partial(self._ask_member, config))))

    def _start_loop(self) -> EscalationLoop[MemberResult]:
        call = self._call
        escalation = call.settings.escalate or Escalation()
        return call.routing.start_escalation(
            self._decision, call.messages, escalation, tools=call.tools, arguments=call.arguments
        )

    def _ask_member(
        self, config: RunnableConfig, decision: Decision, logprobs: bool
    ) -> Steps[tuple[MemberResult, Reply]]:
        """Return the steps to a member's answer, or to an error that contains one."""
        change = self._call.change if self._schema is None else self._schema.with_raw
        request = self._call.with_config(config, request_logprobs(change) if logprobs else change).request(
            decision
        )
        answer, failure = None, None
        try:
            answer = yield Ask(request)
        except Exception as error:
            if self._schema is None or not is_unreadable(error):
                note_heard(error, request.probe)
                raise
            answer, failure = find_rejected_message(error), error
        message = find_message(answer)
        usage = complete_usage(message) if message is not None else None
        taken = MemberResult(answer, usage or request.probe.usage, logprobs, failure)
        amid = request.probe.is_amid_call
        return taken, build_reply(taken, self._call.tools, structured=self._schema is not None, amid=amid)

    def _finish(self, chosen: EscalationResult[MemberResult]) -> Any:
        """Return the best answer in the form that its caller expects, with its decision and the sum of tokens.

        Raises:
            Exception: No answer could be read; the error of the best one.
        """
        taken = chosen.answer
        if taken.error is not None:
            raise taken.error
        answer, message = taken.answer, find_message(taken.answer)
        if message is not None:
            message = self._call.routing.stamp_best(message, chosen.decision, taken, chosen.answers)
            answer = replace_message(answer, message)
        if self._schema is None or self._schema.include_raw:
            return answer
        if not isinstance(answer, dict) or answer.keys() != PARSED:
            return answer
        if answer["parsing_error"] is not None:
            raise answer["parsing_error"]
        return answer["parsed"]


class Step(NamedTuple):
    """The result of a step by one member.

    Attributes:
        response: The response; None for an error.
        taken: Its answer.
    """

    response: ModelResponse[Any] | None
    taken: MemberResult


class EscalatedStep:
    """A model step of an agent that may call several members.

    Args:
        routing: The members.
        escalation: The limits.
        request: The agent's request.
        asked: Builds the request for a decision's member.
        elsewhere: The callback that records models of inner middleware, and a function that returns the member that
            answered instead of the chosen one.
    """

    def __init__(
        self,
        routing: Routing,
        escalation: Escalation,
        request: ModelRequest[Any],
        asked: Callable[[Decision], ModelRequest[Any]],
        elsewhere: tuple[LastModelCallback | None, Callable[[str], str | None]],
    ) -> None:
        self._heard, self._instead = elsewhere
        self._routing, self._escalation, self._request, self._asked = routing, escalation, request, asked
        self._bubble: Exception | None = None

    def steps(self, decision: Decision) -> Steps[tuple[ModelResponse[Any], Decision]]:
        """Return the steps to the best response, its answer with the decision and the sum of tokens.

        Raises:
            Exception: No answer could be read; the error of the best one.
            GraphBubbleUp: A step was interrupted, which is control flow of the graph, not a failure of a model.
        """
        loop: EscalationLoop[Step] = yield Run(self._start_loop, (decision,))
        with hide_from_stream():
            chosen = yield from loop.steps(self._ask_member)
        if self._bubble is not None:
            raise self._bubble
        response, taken = chosen.answer
        if response is None:
            raise taken.error or RuntimeError("A model step returned neither a response nor an error.")
        all_taken = [step.taken for step in chosen.answers]
        kept = partial(self._routing.stamp_best, decision=chosen.decision, taken=taken, all_taken=all_taken)
        result = change_answers(response.result, kept)
        return replace(response, result=result), chosen.decision

    def _start_loop(self, decision: Decision) -> EscalationLoop[Step]:
        system, tools = self._request.system_message, self._request.tools
        messages = [*([system] if system else []), *self._request.messages]
        arguments = list_arguments(self._request)
        return self._routing.start_escalation(
            decision, messages, self._escalation, tools=tools, arguments=arguments
        )

    def _ask_member(self, decision: Decision, logprobs: bool) -> Steps[tuple[Step, Reply]]:
        """Return the steps to a member's response, or to an error that contains an answer."""
        request = self._asked(decision)
        if logprobs:
            request = request.override(model=cast("BaseChatModel", request_logprobs(None)(request.model)))
        try:
            with hear_models(self._heard):
                response: ModelResponse[Any] = yield Ask(request)
        except Exception as error:
            from langgraph.errors import GraphBubbleUp

            if isinstance(error, GraphBubbleUp):
                self._bubble = error
            message = find_rejected_message(error)
            if message is None:
                note_heard(error, UsageProbe())
                raise
            taken = MemberResult(message, complete_usage(message), logprobs, error)
            return Step(None, taken), self._build_reply(None, taken)
        message = next(find_answers(response.result), None)
        taken = MemberResult(message, complete_usage(message) if message is not None else None, logprobs)
        reply = replace(self._build_reply(response, taken), instead=self._instead(decision.candidate))
        return Step(response, taken), reply

    def _build_reply(self, response: ModelResponse[Any] | None, taken: MemberResult) -> Reply:
        refused = response is not None and any(isinstance(one, ToolMessage) for one in response.result)
        if response is not None and response.structured_response is not None:
            return build_reply(taken, structured=True)
        if refused or response is None:  # the agent reported the schema error to the model, or raised it
            error = taken.error or ValueError("The structured output does not fit its schema.")
            return build_reply(taken._replace(error=error), structured=True)
        return build_reply(taken, self._request.tools, others=True)
