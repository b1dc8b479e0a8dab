"""One call: read a client's request, decide, and return the member's answer in the client's format."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from typing import Any, NamedTuple

from crossroute.calls.settings import CallSettings
from crossroute.calls.spend import Usage
from crossroute.calls.steps import Ask, Steps, adrive
from crossroute.calls.tools import find_unable_members
from crossroute.decision import Decision
from crossroute.errors import UnableError, UnroutableError
from crossroute.escalation import Escalation
from crossroute.routing.policy import Constraints
from crossroute.serve.balancing import Kind, find_kind
from crossroute.serve.errors import RequestError, refuse_malformed
from crossroute.serve.escalated import CheckedAnswer, escalate, remove_logprobs
from crossroute.serve.members import Member
from crossroute.serve.raw_json import RawObject
from crossroute.serve.reading import Reading, make_marks
from crossroute.serve.service import Service
from crossroute.serve.stamps import FIELD, make_stamp
from crossroute.serve.streams import Tail
from crossroute.serve.upstream import ProviderAnswer, ProviderRequest
from crossroute.serve.wire import CHAT, MESSAGES
from crossroute.serve.wire.formats import Wire, WrittenWire
from crossroute.serve.wire.neutral import Part, to_deltas
from crossroute.serve.writing import fit_messages, write_body

OURS = frozenset({FIELD})
STREAMING: dict[str, dict[str, Any]] = {
    "chat": {"stream": True, "stream_options": {"include_usage": True}},
    "messages": {"stream": True},
}
"""Format -> arguments that request a stream with usage."""


class WholeAnswer(NamedTuple):
    """A whole answer for the client, and the decision after the call."""

    content: bytes
    decision: Decision


class Call:
    """One request of a client.

    Args:
        service: The pool.
        wire: The format of the request.
        body: The request.
        settings: How to decide.
        headers: The client's headers that providers read.

    Attributes:
        foresees: Whether qualities and costs are predicted; for a named model only where they are used.

    Raises:
        RequestError: The request does not conform to its format.
    """

    def __init__(
        self,
        service: Service,
        wire: Wire,
        body: RawObject,
        settings: CallSettings,
        headers: Mapping[str, str],
    ) -> None:
        self.service, self.wire, self.body = service, wire, body
        self.settings, self.headers = settings, headers
        with refuse_malformed():
            self.request = wire.read_request(body)
        self.reading = Reading(self.request)
        self.foresees = settings.candidate is None or service.foresees_all

    async def decide(self, *, streamed: bool = False) -> Decision:
        """Choose the member: directly where decisions are quick and the text is short, else in a thread."""
        waits = self.service.waits
        if not (self.foresees or waits):
            return self._decide(streamed)
        decide = partial(self._decide, streamed)
        return await self.service.dispatcher.off_loop(decide, len(self.reading.asked), waits=waits)

    async def count(self) -> bytes:
        """Return the tokens of the request: as a named model counts them, else an estimate."""
        member = self.service.members.get(self.settings.candidate or "")
        if member is None or not member.takes(self.wire.name):
            return json.dumps({"input_tokens": self.reading.tokens}).encode()
        said = self.body.replaced({"model": member.places[0].model}, OURS)
        sent = ProviderRequest(member, self.wire.path, said.encode(), self.headers)
        answered: ProviderAnswer = await self.service.upstream.ask(sent)
        return answered.content

    async def answer(self) -> WholeAnswer:
        """Return the whole answer."""
        decision = await self.decide()
        if decision.max_calls > 1:
            return self._whole(*(await self._escalated(decision)))
        return await adrive(self.service.dispatcher.steps(decision, self._asking), self.service.upstream.ask)

    async def stream(self, told: Callable[[Decision], None]) -> AsyncGenerator[bytes, None]:
        """Yield the stream's bytes.

        Args:
            told: Called with the decision when the stream has content.
        """
        decision = await self.decide(streamed=True)
        if decision.max_calls > 1:
            taken, decision = await self._escalated(decision)
            told(decision)
            yield b"".join(self._as_stream(taken, decision))
            return
        ask = self.service.upstream.ask
        await adrive(self.service.dispatcher.beside(decision, self._asking), ask)
        attempts = self.service.dispatcher.attempts(decision)
        async with aclosing(attempts.astream(self._opening, ask)) as passed:
            begun = False
            async for content in passed:
                if not begun:
                    begun = True
                    told(attempts.decision)
                yield content

    def _opening(self, decision: Decision) -> Steps[tuple[Callable[[], AsyncIterator[Any]], Tail]]:
        """Return the steps to a function that opens a member's stream, and to its tail."""
        sent, source, left_out = self._sent(decision, {}, streamed=True)
        entry = yield from self.service.dispatcher.ledger.begin(decision)
        tail = Tail(
            entry,
            source,
            self.wire,
            self.body,
            left_out=left_out,
            remember=self._remember,
            learn=self._learn,
        )
        return partial(self.service.upstream.stream, sent), tail

    async def _escalated(self, decision: Decision) -> tuple[CheckedAnswer, Decision]:
        """Return the best answer of several, and the decision with all calls.

        Raises:
            UnroutableError: There is no text; then no decision allows more than one call.
        """
        query, how = self.reading.query, self.settings.escalate or Escalation()
        if query is None:
            raise UnroutableError
        return await escalate(self.service, self.request, query, how, decision, sending=self._sent)

    def _as_stream(self, taken: CheckedAnswer, decision: Decision) -> Iterator[bytes]:
        """Yield an answer as a stream."""
        self._remember(taken.heard.parts, taken.heard.id, decision.candidate)
        writer = self.wire.writer(self.body)
        for delta in to_deltas(taken.heard):
            yield from writer.write(delta)
        yield from writer.end(make_stamp(decision, taken.left_out))

    def _decide(self, streamed: bool) -> Decision:
        dispatcher, reading = self.service.dispatcher, self.reading
        settings = self.settings
        if unable := self._unable():
            constraints = settings.constraints or Constraints()
            settings = settings.model_copy(update={"constraints": constraints.without(unable)})
        return dispatcher.decide(
            reading.query if self.foresees else None,
            settings,
            needs=reading.needs,
            current=dispatcher.memory.beginner(reading.marks),
            tool_turn=reading.tool_turn,
            alone=settings.streams_alone if streamed else "",
        )

    def _unable(self) -> dict[str, str]:
        """Return the candidates that do not support all of the tools -> the reason.

        Raises:
            RequestError: All of them.
        """
        if not self.reading.tool_providers:
            return {}
        members, tools = self.service.members, [tool.own for tool in self.request.tools if tool.own]
        other = (name for name, member in members.items() if not member.takes(self.wire.name))
        providers = {name: member.provider for name, member in members.items()}
        unable = dict.fromkeys(other, "takes tools that it runs itself in its own format alone")
        unable |= find_unable_members(providers, tools)
        if len(unable) == len(members):
            own = ", ".join(sorted({str(tool.get("type")) for tool in tools}))
            told = f"tools: providers run {own} themselves, and no model of the pool has that in this format."
            raise RequestError(told, code="unsupported_parameter")
        return {self.service.dispatcher.named(name): why for name, why in unable.items()}

    def _asking(self, decision: Decision, *, final: bool = True) -> Steps[WholeAnswer]:
        """Return the steps to a member's answer, counted."""
        sent, source, left_out = self._sent(decision, {})
        with (yield from self.service.dispatcher.ledger.begin(decision, final=final)) as entry:
            answered: ProviderAnswer = yield Ask(sent)
            body = RawObject.of_bytes(answered.content)
            heard = source.read_answer(body)
            entry.usage = heard.usage
            decision = entry.count()
        return self._whole(CheckedAnswer(body, heard, source, False, left_out), decision)

    def _whole(self, taken: CheckedAnswer, decision: Decision) -> WholeAnswer:
        """Return an answer in the client's format: with a few changes, or rewritten."""
        heard = taken.heard
        self._remember(heard.parts, heard.id, decision.candidate)
        self._learn(decision.candidate, heard.usage)
        told = {FIELD: make_stamp(decision, taken.left_out)}
        if taken.source is not self.wire:
            said = json.dumps(self.wire.write_answer(heard) | told)
        else:
            changes = remove_logprobs(taken.body) if taken.asked_logprobs else {}
            said = taken.body.replaced(changes | told)
        return WholeAnswer(said.encode(), decision)

    def _sent(
        self, decision: Decision, more: Mapping[str, Any], *, streamed: bool = False
    ) -> tuple[ProviderRequest, Wire, list[str]]:
        """Return the request to the decision's candidate, the format of its answer, and the omitted arguments.

        Args:
            decision: The decision.
            more: Arguments to add, by the member's names.
            streamed: Ask for a stream.
        """
        member = self.service.members[decision.candidate]
        place = member.places[0]
        without = self.service.upstream.refused.get(member.name, frozenset())
        left_out = [f"{name!r}, which {member.name} refuses" for name in without if name in self.body]
        source: Wire
        if member.takes(self.wire.name):
            source = self.wire
            with refuse_malformed():
                changes = self._changes(member, streamed)
            kept = {name: value for name, value in changes.items() if name not in without}
            said = self.body.replaced({"model": place.model, **kept, **more}, OURS | without)
        else:
            source = self._written_wire(member)
            with refuse_malformed():
                made, dropped = write_body(self.request, source, member)
            left_out += dropped
            made |= {**(STREAMING[source.name] if streamed else {}), **more, "model": place.model}
            said = json.dumps({name: value for name, value in made.items() if name not in without})
        return (
            ProviderRequest(member, source.path, said.encode(), self.headers, self._tokens(member)),
            source,
            left_out,
        )

    def _changes(self, member: Member, streamed: bool) -> dict[str, Any]:
        """Return the changes of a request for a member with the client's format."""
        changes = member.changes(self.body)
        messages = fit_messages(self.body.get("messages"), member)
        if messages is not None:
            changes["messages"] = messages
        if streamed and self.wire is CHAT:
            changes["stream_options"] = {**(self.body.get("stream_options") or {}), "include_usage": True}
        return changes

    def _tokens(self, member: Member) -> int:
        """Estimate the tokens of a member's input and output, if it has several places; else 0."""
        if len(member.places) < 2:
            return 0
        limits = (
            self.body.get(name) for name in ("max_tokens", "max_completion_tokens", "max_output_tokens")
        )
        limit = next((one for one in limits if isinstance(one, int)), None)
        return self.service.budgets.estimate(*self._size, member.name, limit)

    @cached_property
    def _size(self) -> tuple[Kind, int]:
        return find_kind(self.reading.asked), len(self.body.text.encode(errors="replace"))

    def _learn(self, candidate: str, usage: Usage | None) -> None:
        if usage is not None and len(self.service.members[candidate].places) > 1:
            self.service.budgets.learn(*self._size, usage.input_tokens, candidate, usage.output_tokens)

    def _written_wire(self, member: Member) -> WrittenWire:
        """Return the format for a member that does not take the client's.

        Raises:
            UnableError: The request refers to something that another provider stores.
        """
        if self.request.previous:
            raise UnableError(member.name, "previous_response_id")
        return MESSAGES if member.speaks == "anthropic" else CHAT

    def _remember(self, parts: Sequence[Part], stored: str, candidate: str) -> None:
        marks = make_marks(parts, self.reading.asked)
        self.service.dispatcher.memory.began((*marks, stored), candidate)
