"""One call: a client's bytes to a decision, the member's answer to the client's bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

from crossroute.calls.attempts import Attempts
from crossroute.calls.settings import CallSettings
from crossroute.calls.steps import Ask, Steps, adrive
from crossroute.decision import Decision
from crossroute.errors import UnableError
from crossroute.serve.events import Event
from crossroute.serve.members import Member
from crossroute.serve.raw_json import RawObject
from crossroute.serve.reading import Reading, marks_of, read
from crossroute.serve.service import Service
from crossroute.serve.streams import Tail
from crossroute.serve.told import FIELD, told_of
from crossroute.serve.upstream import Answered, Sent
from crossroute.serve.wire.formats import CHAT, MESSAGES
from crossroute.serve.wire.neutral import Part, Wire, WrittenWire
from crossroute.serve.writing import written

OURS = frozenset({FIELD})
STREAMING: dict[str, dict[str, Any]] = {
    "chat": {"stream": True, "stream_options": {"include_usage": True}},
    "messages": {"stream": True},
}
"""Format -> what asks for a stream that tells its tokens."""


class Whole(NamedTuple):
    """A whole answer for the client, and the decision as it was carried out."""

    content: bytes
    decision: Decision


class Call:
    """One request of a client.

    Args:
        service: What it is decided and carried out by.
        wire: The format of the request.
        body: The request.
        settings: How to decide.
        headers: Of the client's, those that a provider reads.

    Raises:
        RequestError: Something of the request is not as the format has it.
    """

    def __init__(
        self,
        service: Service,
        wire: Wire,
        body: RawObject,
        settings: CallSettings,
        headers: Mapping[str, str],
    ) -> None:
        self.service, self.wire, self.body, self.settings, self.headers = (
            service,
            wire,
            body,
            settings,
            headers,
        )
        self.request = wire.read_request(body)
        self.reading: Reading = read(self.request)

    async def decide(self) -> Decision:
        """Choose the member; it computes beside the event loop."""
        return await asyncio.to_thread(self._decide)

    async def answer(self) -> Whole:
        """Return the whole answer."""
        attempts = self.service.dispatcher.attempts(await self.decide())
        answer: Whole = await adrive(attempts.steps(self._asking), self.service.upstream.ask)
        return answer

    async def attempts(self) -> Attempts:
        """Return the attempts at a stream."""
        return self.service.dispatcher.attempts(await self.decide())

    async def stream(self, attempts: Attempts) -> AsyncGenerator[bytes, None]:
        """Yield the stream's bytes."""

        async def opening(decision: Decision) -> tuple[Callable[[], AsyncIterator[Any]], Tail]:
            sent, source, left_out = self._sent(decision, streamed=True)
            entry = self.service.dispatcher.ledger.entry(decision)
            tail = Tail(entry, source, self.wire, self.body, left_out=left_out, remember=self._remember)
            return partial(self._events, sent), tail

        async with aclosing(attempts.astream(opening)) as passed:
            async for content in passed:
                yield content

    def _events(self, sent: Sent) -> AsyncIterator[list[Event]]:
        return self.service.upstream.stream(sent)

    def _decide(self) -> Decision:
        dispatcher, reading = self.service.dispatcher, self.reading
        settings = self.settings
        able = self._able()
        if able is not None:
            constraints = dispatcher.among(able, settings.constraints)
            settings = settings.model_copy(update={"constraints": constraints})
        return dispatcher.decide(
            reading.query,
            settings,
            needs=reading.needs,
            current=dispatcher.memory.beginner(reading.marks),
            tool_turn=reading.tool_turn,
            alone=True,
        )

    def _able(self) -> list[str] | None:
        """Return the members that know all of the tools, where not all do."""
        if not self.reading.tool_providers:
            return None
        return [
            name
            for name, member in self.service.members.items()
            if all(map(member.provider.startswith, self.reading.tool_providers))
            and member.takes(self.wire.name)
        ]

    def _asking(self, decision: Decision) -> Steps[Whole]:
        """Return the steps to a member's answer, counted."""
        sent, source, left_out = self._sent(decision)
        with self.service.dispatcher.ledger.entry(decision) as entry:
            answered: Answered = yield Ask(sent)
            body = RawObject.of_bytes(answered.content)
            heard = source.read_answer(body)
            entry.usage = heard.usage
            decision = entry.count()
        self._remember(heard.parts, heard.id, decision.candidate)
        told = {FIELD: told_of(decision, left_out)}
        said = (
            body.replaced(told) if source is self.wire else json.dumps(self.wire.write_answer(heard) | told)
        )
        return Whole(said.encode(), decision)

    def _sent(self, decision: Decision, *, streamed: bool = False) -> tuple[Sent, Wire, list[str]]:
        """Return what is sent to the decision's candidate, the format of its answer, and what was left out."""
        member = self.service.members[decision.candidate]
        place = member.places[0]
        source: Wire
        native = member.takes(self.wire.name)
        without = self.service.upstream.refused.get(member.name, frozenset())
        left_out = [f"{name!r}, which {member.name} refuses" for name in without if name in self.body]
        if native:
            source = self.wire
            changes = {"model": place.model, **member.changes(self.body)}
            if streamed and self.wire is CHAT and "stream_options" not in without:
                changes["stream_options"] = {**(self.body.get("stream_options") or {}), "include_usage": True}
            said = self.body.replaced(changes, OURS | without)
        else:
            source = self._written_wire(member)
            made, dropped = written(self.request, source, member)
            left_out += dropped
            streaming = STREAMING[source.name] if streamed else {}
            said = json.dumps({"model": place.model, **made, **streaming})
        return Sent(member, place, source.path, said.encode(), self.headers), source, left_out

    def _written_wire(self, member: Member) -> WrittenWire:
        """Return the format in which a member is asked that does not take the client's.

        Raises:
            UnableError: It cannot be asked for what another provider keeps.
        """
        if self.request.previous:
            raise UnableError(member.name, "previous_response_id")
        return MESSAGES if member.speaks == "anthropic" else CHAT

    def _remember(self, parts: Sequence[Part], stored: str, candidate: str) -> None:
        marks = marks_of(parts, self.reading.asked)
        self.service.dispatcher.memory.began((*marks, stored), candidate)
