"""Routing: the members of a pool, their dispatcher, and the events of their calls."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ThinkingBlock
from llama_index.core.llms import LLM
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import NullEventHandler
from typing_extensions import Self, Unpack

from crossroute import Decision, Price, Router
from crossroute.budgets import Budgets, make_pacer
from crossroute.calls.dialects import ANTHROPIC, dialect_of
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.escalation.loop import EscalationResult
from crossroute.calls.hooks import Called
from crossroute.calls.memory import Memory
from crossroute.calls.settings import CallSettings, DispatchOptions
from crossroute.calls.spend import Spend
from crossroute.calls.tools import check_provider_tools
from crossroute.effort import split_effort
from crossroute.routing.members import Ability, find_member, make_unprofiled, set_prices
from crossroute.routing.reuse import load_router
from crossroute.traffic import dispatcher_over
from llamaindex_crossroute.events import CrossRouteAnswerEvent, CrossRouteDecisionEvent
from llamaindex_crossroute.members import calls_tools, model_name, read_ability, set_effort
from llamaindex_crossroute.messages.reading import Reading, find_question, is_plain, make_marks
from llamaindex_crossroute.messages.reply import find_candidate
from llamaindex_crossroute.messages.translation import make_readable, translate_for_class
from llamaindex_crossroute.probe import tell_outer

if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

instrumentation = get_dispatcher(__name__)


def _has_handlers() -> bool:
    """Return whether the pool's events have a handler; otherwise they are not created."""
    source = instrumentation
    while True:
        if any(type(handler) is not NullEventHandler for handler in source.event_handlers):
            return True
        if not source.propagate:
            return False
        source = source.parent


class Instrumentation:
    """Observer that emits LlamaIndex events of decisions and answers, and reports tokens and cost to an outer pool.

    Args:
        llms: Candidate -> LLM.
    """

    def __init__(self, llms: Mapping[str, LLM]) -> None:
        self._llms = llms

    def decided(self, decision: Decision) -> None:
        """Emit the event of a chosen member."""
        if _has_handlers():
            instrumentation.event(CrossRouteDecisionEvent(decision=decision))

    def called(self, call: Called) -> None:
        """Emit the event of an answer, with tokens and cost."""
        if not call.answered:
            return
        if call.decision.max_calls == 1:
            tell_outer(call.usage, call.cost)
        if not _has_handlers():
            return
        nested = isinstance(getattr(self._llms[call.decision.candidate], "spend", None), Spend)
        instrumentation.event(
            CrossRouteAnswerEvent(
                decision=call.decision, usage=call.usage, price=call.price, final=call.final, nested=nested
            )
        )


class Routing:
    """The members, and the dispatcher that chooses among them, built on first use.

    Copies of a pool share it. A pickle contains its arguments, from which it is rebuilt.

    Args:
        llms: Name or alias of a candidate -> LLM.
        router: A router, or the name or folder of one.
        abilities: Capabilities of members beyond their metadata.
        prices: Member -> price; replaces the router's.
        budgets: Budgets of its calls.
        traffic: The log of decisions and calls, or its URL.
        **how: See `Dispatcher`.
    """

    def __init__(
        self,
        llms: Mapping[str, LLM],
        router: Router | str | Path,
        abilities: Mapping[str, Ability],
        *,
        prices: Mapping[str, Price] | None = None,
        budgets: Budgets = None,
        traffic: TrafficLog | str | Path | None = None,
        **how: Unpack[DispatchOptions],
    ) -> None:
        self.llms, self.router, self.abilities = dict(llms), router, dict(abilities)
        self._efforts = {name: split_effort(name)[1] for name in llms}
        self.prices, self.budgets, self.traffic, self.how = dict(prices or {}), budgets, traffic, how
        self.memory = Memory()
        self._loaded = router if isinstance(router, Router) else None
        self._dispatcher: Dispatcher | None = None
        self._usual: tuple[CallSettings, str] | None = None
        self._lock = threading.Lock()

    def is_of(self, parts: Mapping[str, Any]) -> bool:
        """Return whether it was built from these arguments."""
        own = {**self.__dict__, **self.how}
        for name, part in parts.items():  # noqa: SIM110 - in every call, and a generator takes longer
            if own[name] is not part and not _same(own[name], part):
                return False
        return True

    def after(self, other: Routing) -> Self:
        """Return this routing with another one's memory, and with its loaded router if it is the same.

        The memory of log-probabilities only applies to the same LLMs.
        """
        self.memory = other.memory if _same(self.llms, other.llms) else other.memory.of_other_models()
        if _same(self.router, other.router):
            self._loaded = other._loaded
        return self

    @property
    def dispatcher(self) -> Dispatcher:
        """The dispatcher; the first call loads the router."""
        with self._lock:
            if self._dispatcher is None:
                self._dispatcher = self._build_dispatcher()
            return self._dispatcher

    def usual(self, settings: CallSettings) -> str:
        """Return the member for an ordinary call."""
        if self._usual is None or self._usual[0] is not settings:
            self._usual = settings, self.dispatcher.usual(settings)
        return self._usual[1]

    @property
    def calls_tools(self) -> bool:
        """Whether any member calls tools."""
        return any(map(calls_tools, self.llms.values()))

    def asked(self, name: str) -> LLM:
        """Return the LLM of a member, with the effort in its name set."""
        told = self._efforts[name]
        return self.llms[name] if told is None else set_effort(self.llms[name], told)

    def decide(self, reading: Reading, settings: CallSettings, *, alone: str = "") -> Decision:
        """Choose the member for a call; see `Dispatcher.decide`."""
        return self.dispatcher.decide(
            reading.query,
            settings,
            needs=reading.needs,
            current=self.memory.beginner(reading.marks) if reading.marks else None,
            tool_turn=reading.tool_turn,
            alone=alone,
        )

    def began(self, decision: Decision, message: ChatMessage, reading: Reading) -> None:
        """Remember the author of a message."""
        self.memory.began(make_marks(message, reading.question), decision.candidate)

    def remember_best(
        self, chosen: EscalationResult[Any], message: ChatMessage | None, reading: Reading
    ) -> None:
        """Remember the author of the best answer, and emit the tokens and cost of all answers."""
        decision = chosen.decision
        if message is not None:
            self.began(decision, message, reading)
        price = self.dispatcher.price(decision.candidate) if len(decision.calls) == 1 else None
        tell_outer(chosen.usage, decision.actual_cost)
        instrumentation.event(
            CrossRouteAnswerEvent(
                decision=decision, usage=chosen.usage, price=price, judgements=chosen.judgements
            )
        )

    def readable(self, messages: Sequence[ChatMessage], llm: LLM) -> list[ChatMessage]:
        """Return the messages for a member, in a new list, since OpenAI's class appends to it.

        Reasoning by members of another class is removed, since providers reject reasoning that they did not sign.
        """
        if all(map(is_plain, messages)):
            return list(messages)
        own = [self._without_foreign_reasoning(messages, place, llm) for place in range(len(messages))]
        return make_readable(own, is_anthropics=dialect_of(llm) is ANTHROPIC)

    def arguments(self, llm: LLM, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a call's arguments under the names of a member's provider."""
        if not given:
            return {}
        name = next((name for name, one in self.llms.items() if one is llm), llm.metadata.model_name)
        dialect = dialect_of(llm)
        if dialect is not None and given.get("tools"):
            check_provider_tools(given["tools"], dialect.name, name)
        return translate_for_class(given, dialect, name)

    def _without_foreign_reasoning(
        self, messages: Sequence[ChatMessage], place: int, llm: LLM
    ) -> ChatMessage:
        message = messages[place]
        kept = [block for block in message.blocks if not isinstance(block, ThinkingBlock)]
        if len(kept) == len(message.blocks):
            return message
        author = self.llms.get(
            self.memory.beginner(make_marks(message, find_question(messages[:place]))) or ""
        )
        if author is None or author.class_name() == llm.class_name():
            return message
        return message.model_copy(update={"blocks": kept})

    def author(self, response: ChatResponse) -> Any:
        """Return the member that can parse a response: its author, else the first that calls tools."""
        llm = self.llms.get(find_candidate(response) or "")
        if llm is not None and hasattr(llm, "get_tool_calls_from_response"):
            return llm
        return next(filter(calls_tools, self.llms.values()), None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        left_out = dict.fromkeys(("memory", "_loaded", "_dispatcher", "_usual", "_lock"))
        return {**self.__dict__, **left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.memory, self._lock = Memory(), threading.Lock()

    def _build_dispatcher(self) -> Dispatcher:
        if self._loaded is None:
            self._loaded = load_router(self.router)
        pool = self._loaded.pool
        known = {
            name: find_member(pool, name, model_name(llm)) or make_unprofiled(name, model_name(llm))
            for name, llm in self.llms.items()
        }
        abilities = {
            name: read_ability(llm, known[name], self.abilities.get(name)) for name, llm in self.llms.items()
        }
        return dispatcher_over(
            self._loaded,
            set_prices(abilities, self.prices),
            self.traffic,
            observers=[Instrumentation(self.llms)],
            memory=self.memory,
            pacer=make_pacer(self.budgets),
            **self.how,
        )


def _same(one: Any, other: Any) -> bool:
    """Return whether two arguments are the same; models are compared by identity."""
    if isinstance(one, dict) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(map(is_, one.values(), map(other.__getitem__, one)))
    return one is other or (not isinstance(one, Router) and bool(one == other))
