"""One call that may ask several members: each call a child of one run, and the best answer comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda, ensure_config
from langchain_core.runnables.config import merge_configs, var_child_runnable_config

from crossroute import Decision
from crossroute.calls.escalated import Chosen, Escalated
from crossroute.calls.reply import Reply
from crossroute.escalation import Escalation
from langchain_crossroute.asked import Asked
from langchain_crossroute.logprobs import asking
from langchain_crossroute.member import Member
from langchain_crossroute.reply import PARSED, Taken, is_unreadable, message_in, reply_of
from langchain_crossroute.schema import SchemaBinding
from langchain_crossroute.stamp import message_of, with_message

if TYPE_CHECKING:
    from langchain_crossroute.call import Call

NAME = "ChatCrossRoute"
UNSTREAMED = "nostream"
"""LangGraph's tag for runs whose messages are not streamed: only the answer that is kept is to be seen."""


@contextmanager
def unstreamed() -> Iterator[None]:
    """Keep what runs within out of LangGraph's `messages` stream: members, a check, a judge."""
    config = merge_configs(ensure_config(), {"tags": [UNSTREAMED]})
    token = var_child_runnable_config.set(config)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


class EscalatedCall:
    """A decided call whose answers are looked at.

    Args:
        call: The call.
        decision: Who is asked first, and how many may be asked in all.
    """

    def __init__(self, call: Call, decision: Decision) -> None:
        self._call, self._decision = call, decision
        self._schema = call.change if isinstance(call.change, SchemaBinding) else None
        self._escalation = call.settings.escalation or Escalation()
        self._requests = call.routing.logprobs

    def call(self, ask: Callable[[Asked], Any]) -> Any:
        """Return the best answer, asked for by `Asked.invoke` or `Asked.generate`."""

        def within(_: Sequence[BaseMessage], config: RunnableConfig) -> Any:
            def do(decision: Decision) -> Taken:
                def take(logprobs: bool) -> Taken:
                    asked = self._asked(decision, config, logprobs)
                    try:
                        return _taken(ask(asked), asked, logprobs)
                    except Exception as error:
                        return self._unread(error, asked, logprobs)

                return self._requests.call(self._member(decision), take, wanted=self._escalation.logprobs)

            return self._kept(self._calls().call(do, self._read))

        return RunnableLambda(within, name=NAME).invoke(self._call.messages, self._config)

    async def acall(self, ask: Callable[[Asked], Awaitable[Any]]) -> Any:
        """Return the best answer, asked for by `Asked.ainvoke` or `Asked.agenerate`."""

        async def within(_: Sequence[BaseMessage], config: RunnableConfig) -> Any:
            async def do(decision: Decision) -> Taken:
                async def take(logprobs: bool) -> Taken:
                    asked = self._asked(decision, config, logprobs)
                    try:
                        return _taken(await ask(asked), asked, logprobs)
                    except Exception as error:
                        return self._unread(error, asked, logprobs)

                wanted = self._escalation.logprobs
                return await self._requests.acall(self._member(decision), take, wanted=wanted)

            calls = await asyncio.to_thread(self._calls)
            return self._kept(await calls.acall(do, self._read))

        return await RunnableLambda(within, name=NAME).ainvoke(self._call.messages, self._config)

    @property
    def _config(self) -> RunnableConfig:
        """The caller's, and for all that runs within: members, a check, a judge."""
        return merge_configs(self._call.config, {"tags": [UNSTREAMED]})

    def _calls(self) -> Escalated[Taken]:
        call = self._call
        return call.routing.escalated(self._decision, call.messages, self._escalation, tools=call.tools)

    def _member(self, decision: Decision) -> Member:
        return self._call.routing.members[decision.candidate]

    def _asked(self, decision: Decision, config: RunnableConfig, logprobs: bool) -> Asked:
        change = self._call.change if self._schema is None else self._schema.with_raw
        return self._call.within(config, asking(change) if logprobs else change).asked(decision)

    def _unread(self, error: Exception, asked: Asked, logprobs: bool) -> Taken:
        """Return the answer that an error tells of, or raise it where it tells of none."""
        if self._schema is None or not is_unreadable(error):
            raise error
        return _taken(message_in(error), asked, logprobs)._replace(error=error)

    def _read(self, taken: Taken) -> Reply:
        return reply_of(taken, self._call.tools, structured=self._schema is not None)

    def _kept(self, chosen: Chosen[Taken]) -> Any:
        """Return the answer that is kept, as its caller asked for it, with its decision and the sum of tokens.

        Raises:
            Exception: No answer could be read, and this one's error tells why.
        """
        taken = chosen.answer
        if taken.error is not None:
            raise taken.error
        answer, message = taken.answer, message_of(taken.answer)
        if message is not None:
            message = self._call.routing.kept(message, chosen.decision, taken, chosen.answers)
            answer = with_message(answer, message)
        if self._schema is None or self._schema.include_raw:
            return answer
        if not isinstance(answer, dict) or answer.keys() != PARSED:
            return answer
        if answer["parsing_error"] is not None:
            raise answer["parsing_error"]
        return answer["parsed"]


def _taken(answer: Any, asked: Asked, logprobs: bool) -> Taken:
    message = message_of(answer)
    usage = message.usage_metadata if message is not None else None
    return Taken(answer, usage or asked.probe.usage, logprobs)
