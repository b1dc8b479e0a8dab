"""Version 3 of streaming: a stream of the caller's, fed with the events of the chosen member's."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core._api.beta_decorator import LangChainBetaWarning
from langchain_core.language_models._compat_bridge import message_to_events
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream

from crossroute import Decision
from langchain_crossroute.asked import Asked
from langchain_crossroute.call import Call
from langchain_crossroute.escalated import EscalatedCall
from langchain_crossroute.sent import Sent
from langchain_crossroute.stamp import KEY, as_json

FINISH, BLOCK_FINISH = "message-finish", "content-block-finish"


def events(call: Call) -> ChatModelStream:
    """Return a stream that asks a member when it is first read."""
    stream = ChatModelStream()

    def whole(decision: Decision) -> Iterator[Any]:
        yield from message_to_events(EscalatedCall(call, decision).call(Asked.invoke))

    def do(decision: Decision) -> Iterator[Any]:
        asked = call.asked(decision)
        with _beta():
            source: Any = asked.runnable.stream_events(
                asked.messages, asked.config, version="v3", **asked.kwargs
            )
        sent = Sent(call.routing, decision, asked.probe)
        with sent.counting():
            for event in source:
                yield _stamped(sent, event)

    decision = call.decide(streamed=True)
    source = call.routing.attempts(decision).stream(do) if decision.max_calls == 1 else whole(decision)

    def pump() -> bool:
        try:
            stream.dispatch(next(source))
        except StopIteration:
            return False
        except Exception as error:  # the stream raises it where it is read
            stream.fail(error)
            return False
        return True

    stream.bind_pump(pump)
    return stream


async def aevents(call: Call) -> AsyncChatModelStream:
    """Return a stream that asks a member, in a task of its own, when it is first read."""
    stream = AsyncChatModelStream()
    decision = await asyncio.to_thread(call.decide, streamed=True)

    async def whole(decision: Decision) -> AsyncIterator[Any]:
        for event in message_to_events(await EscalatedCall(call, decision).acall(Asked.ainvoke)):
            yield event

    async def do(decision: Decision) -> AsyncIterator[Any]:
        asked = call.asked(decision)
        with _beta():
            source: Any = await asked.runnable.astream_events(
                asked.messages, asked.config, version="v3", **asked.kwargs
            )
        sent = Sent(call.routing, decision, asked.probe)
        with sent.counting():
            async with source:
                async for event in source:
                    yield _stamped(sent, event)

    async def produce() -> None:
        attempts = call.routing.attempts(decision)
        events = attempts.astream(do) if decision.max_calls == 1 else whole(decision)
        try:
            async for event in events:
                stream.dispatch(event)
        except BaseException as error:
            stream.fail(error)
            if not isinstance(error, Exception):
                raise

    async def start() -> None:
        if stream._producer_task is None:
            stream._producer_task = asyncio.get_running_loop().create_task(produce())

    stream.set_start(start)
    return stream


def _stamped(sent: Sent, event: Any) -> Any:
    """Return an event, the last one with the decision in its metadata; remember whose the tool calls are."""
    block = event.get("content") if event.get("event") == BLOCK_FINISH else None
    sent.begin([block.get("id") or ""] if block and block.get("type") == "tool_call" else ())
    sent.usage = event.get("usage") or sent.usage
    if event.get("event") != FINISH:
        return event
    return {**event, "metadata": {**(event.get("metadata") or {}), KEY: as_json(sent.count())}}


class _beta(warnings.catch_warnings):  # noqa: N801
    """Silence the beta warning of the member's stream; the caller's own stream has given it."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", LangChainBetaWarning)
