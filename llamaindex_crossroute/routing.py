"""The members of a pool and the dispatcher over them; nothing is decided here."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ThinkingBlock
from llama_index.core.llms import LLM
from typing_extensions import Self

from crossroute import Constraints, Decision, Price, Router
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.escalated import Chosen
from crossroute.calls.members import Ability, at_prices, unprofiled
from crossroute.calls.memory import Memory
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Spend, Usage
from crossroute.catalogue import candidate_named
from crossroute.escalation import Escalation
from llamaindex_crossroute import events
from llamaindex_crossroute.logprobs import LogprobAsker
from llamaindex_crossroute.member import ability_of, calls_tools
from llamaindex_crossroute.probe import UsageProbe, tell_outer
from llamaindex_crossroute.reading import Reading, marks, question
from llamaindex_crossroute.stamp import candidate_of


class Dials(NamedTuple):
    """How a call is decided: see `Dispatcher.decide`."""

    cost_preference: float | None
    willingness_to_pay: float | None
    constraints: Constraints | None
    escalation: Escalation | None = None


class Routing:
    """The members, and the dispatcher that chooses among them, built when it is first asked.

    Copies of a pool share it; a pickle takes what it was made of, and builds it again.

    Args:
        llms: Candidate's name, or alias -> LLM.
        router: A router, or the name or folder of one.
        abilities: What is known of members beyond their metadata.
        default: See `Dispatcher`, as for the rest.
        sticky: ...
        max_attempts: ...
        prices: Member -> price, in place of the router's.
    """

    def __init__(
        self,
        llms: Mapping[str, LLM],
        router: Router | str | Path,
        abilities: Mapping[str, Ability],
        *,
        default: str | None,
        sticky: bool,
        max_attempts: int,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self.llms, self.router, self.abilities = dict(llms), router, dict(abilities)
        self.prices = dict(prices or {})
        self.default, self.sticky, self.max_attempts = default, sticky, max_attempts
        self.logprobs = LogprobAsker()
        self.memory = Memory()
        self._loaded = router if isinstance(router, Router) else None
        self._dispatcher: Dispatcher | None = None
        self._lock = threading.Lock()

    def is_of(self, parts: Mapping[str, Any]) -> bool:
        """Return whether it was made of these parts, by the names of its arguments."""
        return all(_same(getattr(self, name), part) for name, part in parts.items())

    def after(self, other: Routing) -> Self:
        """Return it with what another remembers, and with the other's router where that is the same.

        What was learnt of the log-probabilities of members holds for the same LLMs alone.
        """
        if _same(self.llms, other.llms):
            self.memory, self.logprobs = other.memory, other.logprobs
        else:
            self.memory = other.memory.of_other_models()
        if _same(self.router, other.router):
            self._loaded = other._loaded
        return self

    @property
    def dispatcher(self) -> Dispatcher:
        """The dispatcher; the first call loads the router."""
        with self._lock:
            if self._dispatcher is None:
                self._dispatcher = self._built()
            return self._dispatcher

    @property
    def calls_tools(self) -> bool:
        """Whether any member does."""
        return any(map(calls_tools, self.llms.values()))

    def decide(self, reading: Reading, dials: Dials) -> Decision:
        """Choose the member for a call; see `Dispatcher.decide` for what it raises."""
        return self.dispatcher.decide(
            reading.query,
            needs=reading.needs,
            current=self.dispatcher.beginner(reading.marks),
            tool_turn=reading.tool_turn,
            **dials._asdict(),
        )

    def answered(
        self,
        decision: Decision,
        usage: Usage | None,
        message: ChatMessage | None,
        reading: Reading,
        *,
        cost: float | None = None,
        final: bool = True,
    ) -> Decision:
        """Count an answer, remember who gave it, tell instrumentation, and return what it cost.

        Args:
            decision: Who answered.
            usage: Its tokens, where they are known.
            message: The message, where there is one.
            reading: What the call says.
            cost: USD, where the member is a pool and says it.
            final: Whether this is what the caller gets, be it as far as it came.
        """
        if message is not None:
            self.dispatcher.began(marks(message, reading.question), decision.candidate)
        decision = self.dispatcher.answered(decision, usage, cost=cost)
        price = self.dispatcher.price(decision.candidate) if cost is None else None
        tell_outer(usage, decision.actual_cost)
        events.answered(decision, usage, price, final=final, nested=self._is_pool(decision))
        return decision

    @contextmanager
    def counting(self, decision: Decision, probe: UsageProbe, reading: Reading) -> Iterator[None]:
        """Count an answer that comes and cannot be read, as its LLM events tell; the error is raised."""
        try:
            yield
        except Exception:
            if probe.responses:
                self.answered(decision, probe.usage, None, reading, cost=probe.cost, final=False)
            raise

    def answered_among(self, decision: Decision, reply: Reply) -> None:
        """Tell instrumentation of one answer among those to a call; who puts it to several counts them."""
        usage, cost = reply.usage, reply.cost
        price = self.dispatcher.price(decision.candidate) if cost is None else None
        if usage is not None and cost is None:
            cost = usage.cost(price)
        decision = decision.model_copy(update={"actual_cost": cost})
        events.answered(decision, usage, price, final=False, nested=self._is_pool(decision))

    def kept(self, chosen: Chosen[Any], message: ChatMessage | None, reading: Reading) -> None:
        """Remember whose answer was kept and tell instrumentation what all answers took together."""
        decision = chosen.decision
        if message is not None:
            self.dispatcher.began(marks(message, reading.question), decision.candidate)
        price = self.dispatcher.price(decision.candidate) if len(decision.calls) == 1 else None
        tell_outer(chosen.usage, decision.actual_cost)
        events.answered(decision, chosen.usage, price, judgements=chosen.judgements)

    def readable(self, messages: Sequence[ChatMessage], llm: LLM) -> list[ChatMessage]:
        """Return the messages for a member: a list of its own, since OpenAI's appends to it.

        What is known to be the reasoning of another kind of member is left out: providers sign theirs, and
        refuse what others signed or did not sign.
        """
        return [self._without_foreign_reasoning(messages, place, llm) for place in range(len(messages))]

    def _without_foreign_reasoning(
        self, messages: Sequence[ChatMessage], place: int, llm: LLM
    ) -> ChatMessage:
        message = messages[place]
        kept = [block for block in message.blocks if not isinstance(block, ThinkingBlock)]
        if len(kept) == len(message.blocks):
            return message
        author = self.llms.get(self.dispatcher.beginner(marks(message, question(messages[:place]))) or "")
        if author is None or author.class_name() == llm.class_name():
            return message
        return message.model_copy(update={"blocks": kept})

    def _is_pool(self, decision: Decision) -> bool:
        """Return whether the chosen member counts what its own members take."""
        return isinstance(getattr(self.llms[decision.candidate], "spend", None), Spend)

    def author(self, response: ChatResponse) -> Any:
        """Return the member that can parse a response: who gave it, else the first that calls tools."""
        llm = self.llms.get(candidate_of(response) or "")
        if llm is not None and hasattr(llm, "get_tool_calls_from_response"):
            return llm
        return next(filter(calls_tools, self.llms.values()), None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        left_out = dict.fromkeys(("memory", "_loaded", "_dispatcher", "_lock"))
        return {**self.__dict__, **left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.memory, self._lock = Memory(), threading.Lock()

    def _built(self) -> Dispatcher:
        if self._loaded is None:
            self._loaded = (
                self.router if isinstance(self.router, Router) else Router.from_pretrained(self.router)
            )
        pool = self._loaded.pool
        known = {name: candidate_named(pool, name) or unprofiled(name) for name in self.llms}
        abilities = {
            name: ability_of(llm, known[name], self.abilities.get(name)) for name, llm in self.llms.items()
        }
        return Dispatcher(
            self._loaded,
            at_prices(abilities, self.prices),
            default=self.default,
            sticky=self.sticky,
            max_attempts=self.max_attempts,
            memory=self.memory,
        )


def _same(one: Any, other: Any) -> bool:
    """Return whether two parts are one: models are, where they are the same object."""
    if isinstance(one, dict) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(one[name] is other[name] for name in one)
    return one is other or (not isinstance(one, Router) and bool(one == other))
