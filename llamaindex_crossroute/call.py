"""One call: decide, send it to members until one answers, and attach the decision to the answer."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Callable,
    Container,
    Generator,
    Sequence,
)
from functools import partial
from typing import Any, cast

from llama_index.core.base.llms.types import ChatResponse
from llama_index.core.llms import LLM
from llama_index.core.output_parsers.base import OutputParserException
from llama_index.core.tools import BaseTool
from pydantic import BaseModel

from crossroute import Decision, Query
from crossroute.calls.attempts import Attempts
from crossroute.calls.blame import find_fault
from crossroute.calls.closing import StreamResources, aread_and_close, read_and_close
from crossroute.calls.counting import get_field, read_cost
from crossroute.calls.escalation.loop import EscalationLoop, EscalationResult
from crossroute.calls.handlers import is_given_up, is_of_handler
from crossroute.calls.ledger import Entry
from crossroute.calls.rejected import note_heard
from crossroute.calls.reply import Reply
from crossroute.calls.settings import CallSettings
from crossroute.calls.steps import Ask, Run, Steps, adrive, drive
from crossroute.escalation import Escalation
from llamaindex_crossroute.members import LOGPROBS, can_be_asked, request_logprobs
from llamaindex_crossroute.messages.reading import Reading, has_content, is_nameless
from llamaindex_crossroute.messages.reply import (
    RESPONSES,
    MemberResult,
    finish_reason,
    is_finished,
    read_answer,
    read_unfit,
    stamp,
    states_end,
    text_of,
    usage_of,
)
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.routing import Routing
from llamaindex_crossroute.streams import FirstSource, Source, Tail

ERROR = "error"

MISFITS = (ValueError, TypeError, KeyError, AssertionError, OutputParserException)
"""Errors that endpoints raise for an answer that does not fit its schema."""


class Call:
    """A call to the pool: decide once, then send it to members until one answers.

    Args:
        routing: The members, and the dispatcher that chooses among them.
        reading: The facts of the call.
        send: Calls a member's endpoint, once per attempt.
        settings: Settings of the decision.
        tools: The call's tools.
        options: Names of the arguments that the user set for this call.
        unescalated: Reason not to escalate; empty to allow it. Failover still applies.
        schema: The class into which its streams are parsed.
    """

    def __init__(
        self,
        routing: Routing,
        reading: Reading,
        send: Callable[[LLM], Any],
        settings: CallSettings,
        *,
        tools: Sequence[BaseTool] = (),
        options: Container[str] = (),
        unescalated: str = "",
        schema: type[BaseModel] | None = None,
    ) -> None:
        self.routing, self.reading, self.send = routing, reading, send
        self.settings, self.schema = settings, schema
        self.tools, self.options, self.unescalated = tools, options, unescalated

    def answer(self) -> Any:
        """Return the answer."""
        return drive(self._steps(self._decide(self.unescalated)), self.send)

    async def aanswer(self) -> Any:
        """Return the answer; a slow decision is made in a thread."""
        return await adrive(self._steps(await self._adecide(self.unescalated)), self.send)

    def stream(self) -> Generator[Any, None, None]:
        """Return the chunks; the member's stream is opened immediately, as without a pool."""
        decision = self._decide(self._streamed)
        if decision.max_calls > 1:
            chunks: list[Any] = drive(self._steps(decision), self._gather)
            return (chunk for chunk in chunks)
        drive(self.routing.dispatcher.beside(decision, self._ask_member), lambda llm: self._gather(llm)[-1])
        attempts = self.routing.dispatcher.attempts(decision)
        first = FirstSource(drive(self._open_stream(attempts, attempts.decision), self.send))
        opening = partial(self._prepare_stream, attempts, first, Source.chunks)
        return cast(Generator[Any, None, None], attempts.stream(opening, self.send))

    async def astream(self) -> AsyncGenerator[Any, None]:
        """Return the chunks, asynchronously; the member's stream is opened immediately, as without a pool."""
        decision = await self._adecide(self._streamed)
        if decision.max_calls > 1:
            return _replay(await adrive(self._steps(decision), self._agather))
        await adrive(self.routing.dispatcher.beside(decision, self._ask_member), self._aread_last)
        attempts = self.routing.dispatcher.attempts(decision)
        first = FirstSource(await adrive(self._open_stream(attempts, attempts.decision), self.send))
        return attempts.astream(partial(self._prepare_stream, attempts, first, Source.achunks), self.send)

    def prepare(self) -> Any:
        """Return the arguments as prepared by the chosen member, without calling it."""
        return self.send(self._prepare_member(self._decide(self.unescalated)))

    def _gather(self, llm: LLM) -> list[Any]:
        return list(read_and_close(self.send(llm), StreamResources()))

    async def _agather(self, llm: LLM) -> list[Any]:
        return [chunk async for chunk in aread_and_close(await self.send(llm), StreamResources())]

    async def _aread_last(self, llm: LLM) -> Any:
        return (await self._agather(llm))[-1]

    def _prepare_member(self, decision: Decision) -> LLM:
        return self.routing.asked(decision.candidate)

    def _decide(self, unescalated: str) -> Decision:
        """Choose the member; `unescalated` is as in `Call`."""
        return self.routing.decide(self.reading, self.settings, alone=unescalated)

    async def _adecide(self, unescalated: str) -> Decision:
        decide = partial(self._decide, unescalated)
        return await self.routing.dispatcher.off_loop(decide, len(self.reading.question))

    @property
    def _streamed(self) -> str:
        """Reason not to escalate a streamed call; empty to allow it."""
        return self.unescalated or self.settings.streams_alone

    def _steps(self, decision: Decision) -> Steps[Any]:
        if decision.max_calls == 1:
            return (yield from self.routing.dispatcher.steps(decision, self._ask_member))
        chosen = yield from (yield from self._start_loop(decision)).steps(self._ask_for_escalation)
        return self._finish(chosen)

    def _start_loop(self, decision: Decision) -> Steps[EscalationLoop[MemberResult[Any]]]:
        """Return the steps to the escalation loop of a decision that allows more than one call."""
        query, escalation = cast(Query, self.reading.query), cast(Escalation, self.settings.escalate)
        decided = any(name in self.options for name in LOGPROBS)
        askable = {name for name, llm in self.routing.llms.items() if not decided and can_be_asked(llm)}
        loop: EscalationLoop[MemberResult[Any]] = yield Run(
            self.routing.dispatcher.escalated, (decision, query, escalation, askable)
        )
        return loop

    def _ask_for_escalation(
        self, decision: Decision, logprobs: bool
    ) -> Steps[tuple[MemberResult[Any], Reply]]:
        """Return the steps to a member's answer, or to the error about its schema, with its facts.

        Such an error is raised if no other answer is better.
        """
        llm = self._prepare_member(decision)
        with UsageProbe(keep_chunks=True) as probe:
            try:
                value = yield Ask(request_logprobs(llm) if logprobs else llm)
            except Exception as error:
                if not isinstance(error, MISFITS) or is_of_handler(error) or not probe.answered:
                    note_heard(error, probe)
                    raise
                return read_unfit(error, probe)
        return read_answer(value, probe, llm, self.tools)

    def _finish(self, chosen: EscalationResult[MemberResult[Any]]) -> Any:
        """Return the best of several answers, with its decision and the tokens of all."""
        kept = chosen.answer
        self.routing.remember_best(chosen, kept.message, self.reading)
        if kept.error is not None:
            raise kept.error
        usage = None if chosen.usage is None else chosen.usage.model_dump()
        told = {**chosen.decision.as_json(), "usage": usage}
        parts = kept.value if isinstance(kept.value, list) else [kept.value]
        parts = [stamp(part, told) if isinstance(part, RESPONSES) else part for part in parts]
        return parts if isinstance(kept.value, list) else parts[0]

    def _ask_member(self, decision: Decision, *, final: bool = True) -> Steps[Any]:
        """Return the steps to a member's answer, counted and with the decision."""
        probe = UsageProbe()
        with (yield from self.routing.dispatcher.ledger.begin(decision, probe, final=final)) as entry:
            with probe:
                answer = yield Ask(self._prepare_member(decision))
            return self._stamp(answer, entry) if isinstance(answer, RESPONSES) else answer

    def _stamp(self, answer: Any, entry: Entry) -> Any:
        entry.usage = usage_of(answer)
        entry.cost = read_cost(get_field(answer.raw, "usage"), get_field(answer.raw, "_hidden_params"))
        text, reason = text_of(answer), finish_reason(answer)
        reason = (
            ERROR if get_field(answer.raw, ERROR) else reason
        )  # an error next to the choices, with status 200
        entry.said.append(text)
        said = bool(text) or (isinstance(answer, ChatResponse) and has_content(answer.message))
        cut = reason is None and states_end(answer) and not is_finished(answer)
        nameless = isinstance(answer, ChatResponse) and is_nameless(answer.message)
        entry.check(reason, said=said, cut=cut, nameless=nameless)
        decision = entry.count()
        if isinstance(answer, ChatResponse):
            self.routing.began(decision, answer.message, self.reading)
        return stamp(answer, decision.as_json())

    def _prepare_stream(
        self, attempts: Attempts, first: FirstSource, way: Callable[[Source], Any], decision: Decision
    ) -> Steps[tuple[Callable[[], Any], Tail]]:
        """Return the steps to a function that reads a member's stream, and to its tail; the first stream is open."""
        opened = first.take() or (yield from self._open_stream(attempts, decision))
        return partial(way, opened), Tail(self.routing, self.reading, opened.entry, self.schema)

    def _open_stream(self, attempts: Attempts, decision: Decision) -> Steps[Source]:
        """Return the steps to a member's stream, or to an error at its opening after which another member is called."""
        probe = UsageProbe()
        entry = self.routing.dispatcher.ledger.entry(decision, probe)
        try:
            yield from entry.reserve()
            return Source((yield from self._open_source(entry, probe)), entry, probe)
        except Exception as error:
            if not attempts.raises(find_fault(error)):
                return Source(None, entry, probe, error)
            with entry:
                raise

    def _open_source(self, entry: Entry, probe: UsageProbe) -> Steps[Any]:
        """Return the step that opens a member's stream; a call that is cancelled meanwhile is counted."""
        try:
            with probe:
                return (yield Ask(self._prepare_member(entry.decision)))
        except BaseException as error:
            if is_given_up(error):
                entry.count(error)
            raise


async def _replay(chunks: Sequence[Any]) -> AsyncGenerator[Any, None]:
    for chunk in chunks:
        yield chunk
