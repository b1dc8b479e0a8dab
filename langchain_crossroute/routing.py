"""Routing: choose the member of a pool for a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from typing_extensions import Unpack

from crossroute import Capability, Constraints, Decision, Price, Router
from crossroute.budgets import Budgets, make_pacer
from crossroute.calls.dialects import OLLAMA, OPENAI
from crossroute.calls.effort_words import read_stated_effort
from crossroute.calls.escalation.loop import EscalationLoop
from crossroute.calls.ledger import Entry
from crossroute.calls.memory import Memory
from crossroute.calls.settings import CallSettings, DispatchOptions
from crossroute.calls.tools import find_unable_members
from crossroute.errors import NoEligibleCandidateError, UnroutableError
from crossroute.escalation import Escalation
from crossroute.routing.members import set_prices
from crossroute.traffic import dispatcher_over, labelled
from langchain_crossroute.bindings import can_be_asked
from langchain_crossroute.members import Member
from langchain_crossroute.messages.reading import Reading, has_content, is_nameless, normalize_roles, read
from langchain_crossroute.messages.reply import (
    KEY,
    TORN,
    MemberResult,
    count_message,
    is_finished,
    is_torn,
    read_finish_reason,
    read_message_cost,
    remove_logprobs,
    stamp,
    states_end,
    sum_usage,
)
from langchain_crossroute.messages.translation import translate_messages


class TooLongError(NoEligibleCandidateError, ContextOverflowError):
    """A conversation is too long for every model; also an error that LangChain's middleware handles."""


if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

TELLING = (OLLAMA, OPENAI)
"""Dialects of models that state a finish reason in each answer, but not in most chunks of a stream."""

UNIVERSAL = (HumanMessage, SystemMessage)
"""Message classes that every provider accepts unchanged if they only contain text."""


CONVERSATION = ("conversation_id", "session_id", "thread_id")
"""Keys of a config's metadata, or of `configurable`, that identify the conversation."""


def _find_trace(callbacks: Any) -> object | None:
    """Return the id of a call's trace if there is a tracer, else of the surrounding run."""
    parent = getattr(callbacks, "parent_run_id", None)
    for handler in getattr(callbacks, "handlers", ()):
        runs = getattr(handler, "run_map", None)
        if isinstance(runs, Mapping) and (run := runs.get(str(parent))) is not None:
            return getattr(run, "trace_id", None) or parent
    return parent


class Routing:
    """The members of a pool and the dispatcher that chooses among them; safe to share.

    Args:
        models: Name or alias of a candidate -> chat model, wrapped chat model or init_chat_model string.
        router: A router, or the name or folder of one.
        handed_on: Fields, such as a cache, to set on models without their own value.
        prices: Model -> price; replaces the router's.
        budgets: Budgets of its calls.
        origin: The fields from which it is built, for comparison by the pool.
        memory: State between calls, from another routing.
        traffic: The log of decisions and calls, or its URL.
        **how: See `Dispatcher`.

    Raises:
        TypeError: A model is not a chat model.
        UnprofiledCandidateError: The router has no profile of a model.
        ValueError: There is no model, or the default is not one of them.
    """

    def __init__(
        self,
        models: Mapping[str, Any],
        router: Router | str | Path,
        *,
        handed_on: dict[str, Any] | None = None,
        prices: Mapping[str, Price] | None = None,
        budgets: Budgets = None,
        origin: Mapping[str, Any] | None = None,
        memory: Memory | None = None,
        traffic: TrafficLog | str | Path | None = None,
        **how: Unpack[DispatchOptions],
    ) -> None:
        self.origin = dict(origin or {})
        self.members = {name: Member.of(name, model, handed_on) for name, model in models.items()}
        self.providers = {name: member.provider for name, member in self.members.items()}
        self._known = {name for name, member in self.members.items() if member.dialect is not None}
        self.telling = {name for name, member in self.members.items() if member.dialect in TELLING}
        self._mixed = {name for name, member in self.members.items() if len(member.providers) > 1}
        abilities = {name: member.ability for name, member in self.members.items()}
        self.is_logged = traffic is not None
        self.dispatcher = dispatcher_over(
            router,
            set_prices(abilities, prices or {}),
            traffic,
            memory=memory,
            pacer=make_pacer(budgets),
            **how,
        )

    def label_calls(self, config: RunnableConfig) -> AbstractContextManager[None]:
        """Label calls within a block by a config: tags, conversation, run and trace."""
        if not self.is_logged:
            return nullcontext()
        said = {**(config.get("configurable") or {}), **(config.get("metadata") or {})}
        trace, run = _find_trace(config.get("callbacks")), config.get("run_id")
        return labelled(
            config.get("tags") or (),
            conversation_id=next((str(said[name]) for name in CONVERSATION if said.get(name)), None),
            run_id=None if run is None else str(run),
            trace_id=None if trace is None else str(trace),
        )

    async def decide_off_loop(
        self, decide: Callable[[], Decision], messages: Sequence[BaseMessage], tools: Sequence[Any] = ()
    ) -> Decision:
        """Return the decision of a function, called in a thread unless it is quick."""
        texts = [one.content for one in messages if isinstance(one.content, str)]
        is_plain = not tools and len(texts) == len(messages)
        return await self.dispatcher.off_loop(decide, sum(map(len, texts)) if is_plain else None)

    def decide(
        self,
        messages: Sequence[BaseMessage],
        settings: CallSettings,
        *,
        tools: Sequence[Any] = (),
        needs: Iterable[Capability] = (),
        arguments: Mapping[str, Any] = MappingProxyType({}),
        either: bool = False,
        speaker: str | None = None,
        alone: str = "",
    ) -> Decision:
        """Choose the member for a conversation's next answer; see `Dispatcher.decide` for what it raises.

        Args:
            messages: The conversation.
            settings: Settings of the decision.
            tools: The tools that come with the call.
            needs: Further capabilities required by the call.
            arguments: The call's arguments; a schema among them is part of its input.
            either: Whether the call needs tools or native structured output.
            speaker: The author of the last answer, if the messages do not name it.
            alone: Reason not to escalate; overrides the settings.
        """
        reading = read(messages, tools, needs, arguments)
        if unable := self._find_unable(tools if reading.tool_providers else (), either):
            constraints = settings.constraints or Constraints()
            settings = settings.model_copy(update={"constraints": constraints.without(unable)})
        try:
            return self.dispatcher.decide(
                reading.query,
                settings,
                needs=reading.needs,
                current=self._find_speaker(reading) or speaker,
                tool_turn=reading.tool_turn,
                alone=alone,
            )
        except NoEligibleCandidateError as error:
            if not error.too_long:
                raise
            raise TooLongError(error.failures) from error

    def start_escalation(
        self,
        decision: Decision,
        messages: Sequence[BaseMessage],
        escalation: Escalation,
        *,
        tools: Sequence[Any] = (),
        arguments: Mapping[str, Any] = MappingProxyType({}),
    ) -> EscalationLoop[Any]:
        """Return the escalation loop of a decision that allows more than one call.

        Raises:
            UnroutableError: There is no text.
        """
        query = read(messages, tools, arguments=arguments).query
        if query is None:
            raise UnroutableError
        askable = {name for name, member in self.members.items() if can_be_asked(member.model)}
        return self.dispatcher.escalated(decision, query, escalation, askable)

    def translate_for(self, candidate: str, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return a conversation in a form that a member's provider accepts."""
        messages = normalize_roles(messages)
        if all(
            isinstance(one.content, str) and isinstance(one, UNIVERSAL) and not one.name for one in messages
        ):
            return messages
        sources = {name: provider for name, provider in self.providers.items() if name not in self._mixed}
        provider = self.providers[candidate]
        reasons = provider != "openai" or self.members[candidate].reasons
        return translate_messages(messages, provider, sources, candidate, reasons=reasons)

    def count_answer(self, entry: Entry, message: AIMessage, *, amid: bool = False) -> AIMessage:
        """Count an answer, remember the author of its tool calls, and return it with its decision.

        Args:
            entry: The call's entry in the ledger.
            message: The answer.
            amid: See `is_torn`.
        """
        entry.usage = count_message(message)
        entry.cost = read_message_cost(message)
        entry.said.append(str(message.text))
        reason = read_finish_reason(message)
        telling = entry.decision.candidate in self.telling or states_end(message)
        cut = telling and not is_finished(message)
        torn = is_torn(message, amid=amid) and (amid or entry.decision.candidate in self._known)
        entry.check(
            reason,
            said=has_content(message),
            cut=cut,
            torn=TORN if torn else "",
            nameless=is_nameless(message),
        )
        decision = entry.count()
        self._remember_author(message, decision)
        return stamp(message, decision)

    def stamp_best(
        self, message: AIMessage, decision: Decision, taken: MemberResult, all_taken: Sequence[MemberResult]
    ) -> AIMessage:
        """Return the best of several counted answers, with the decision and the tokens of all of them."""
        self._remember_author(message, decision)
        message = remove_logprobs(message) if taken.asked_logprobs else message
        usage = sum_usage([one.usage for one in all_taken])
        return stamp(message.model_copy(update={"usage_metadata": usage}), decision)

    @property
    def identities(self) -> dict[str, str]:
        """Member -> a description that identifies its model."""
        told = ((name, member, read_stated_effort(member.model)) for name, member in self.members.items())
        return {
            name: f"{member.model._llm_type}/{member.model_name or ''}{f'@{effort}' if effort else ''}"
            for name, member, effort in told
        }

    def _remember_author(self, message: AIMessage, decision: Decision) -> None:
        if message.tool_calls:
            self.dispatcher.memory.began(
                (call["id"] or "" for call in message.tool_calls), decision.candidate
            )

    def _find_speaker(self, reading: Reading) -> str | None:
        """Return the author of the last answer: by its decision, its tool calls, or its model's name."""
        if reading.last is None:
            return None
        metadata = reading.last.response_metadata
        decision = metadata.get(KEY)
        if isinstance(decision, dict) and isinstance(decision.get("candidate"), str):
            return str(decision["candidate"])
        began = self.dispatcher.memory.beginner(reading.tool_calls)
        return began or self._find_by_model_name(metadata.get("model_name"))

    def _find_by_model_name(self, model_name: object) -> str | None:
        if not model_name:
            return None
        found = [name for name, member in self.members.items() if member.model_name == model_name]
        return found[0] if len(found) == 1 else None  # variants of a model share its name

    def _find_unable(self, tools: Sequence[Any], either: bool) -> dict[str, str]:
        """Return candidate -> reason, for candidates that do not support the call's tools or schema."""
        unable = find_unable_members(self.providers, tools) if tools else {}
        if either:
            mute = (name for name, member in self.members.items() if not member.answers_schemas)
            unable = {**dict.fromkeys(mute, "lacks tools and structured output"), **unable}
        return {self.dispatcher.named(name): why for name, why in unable.items()}
