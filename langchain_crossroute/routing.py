"""Messages in, decision out: the members, the dispatcher over them, and nothing decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from crossroute import Capability, Constraints, Decision, Price, Router
from crossroute.calls.attempts import MAX_ATTEMPTS, Attempts
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.escalated import Escalated
from crossroute.calls.members import at_prices
from crossroute.errors import UnroutableError
from crossroute.escalation import Escalation
from langchain_crossroute.history import for_provider
from langchain_crossroute.logprobs import LogprobRequests, without_logprobs
from langchain_crossroute.member import Member
from langchain_crossroute.reading import Reading, read
from langchain_crossroute.reply import Taken, message_in, summed
from langchain_crossroute.settings import Settings
from langchain_crossroute.stamp import KEY, UsageProbe, stamped, usage_of


class Routing:
    """The members of a pool and the dispatcher that chooses among them; safe to share.

    Args:
        models: Candidate's name, or alias -> chat model, wrapped chat model or init_chat_model string.
        router: A router, or the name or folder of one.
        default: The model for calls without text; the router need not know it.
        sticky: See `Dispatcher`.
        max_attempts: At most, a call.
        handed_on: Fields for models that have none of their own, such as a cache.
        prices: Model -> price, in place of the router's.
        origin: What it was made for: who holds another makes another.

    Raises:
        TypeError: A model is no chat model.
        UnprofiledCandidateError: The router has no profile of a model.
        ValueError: There is no model, or the default is none of them.
    """

    def __init__(
        self,
        models: Mapping[str, Any],
        router: Router | str | Path,
        *,
        default: str | None = None,
        sticky: bool = True,
        max_attempts: int = MAX_ATTEMPTS,
        handed_on: dict[str, Any] | None = None,
        prices: Mapping[str, Price] | None = None,
        origin: object = None,
    ) -> None:
        self.origin = origin
        self.logprobs = LogprobRequests()
        self.members = {name: Member.of(name, model, handed_on) for name, model in models.items()}
        self.providers = {name: member.provider for name, member in self.members.items()}
        self._mixed = {name for name, member in self.members.items() if len(member.providers) > 1}
        abilities = {name: member.ability for name, member in self.members.items()}
        abilities = at_prices(abilities, prices or {})
        self.dispatcher = Dispatcher(
            router, abilities, default=default, sticky=sticky, max_attempts=max_attempts
        )

    def decide(
        self,
        messages: Sequence[BaseMessage],
        settings: Settings,
        *,
        tools: Sequence[Any] = (),
        needs: Iterable[Capability] = (),
        either: bool = False,
        speaker: str | None = None,
        escalation: Escalation | None = None,
    ) -> Decision:
        """Choose the member for a conversation's next answer; see `Dispatcher.decide` for what it raises.

        Args:
            messages: The conversation.
            settings: How to decide.
            tools: The tools that come with the call.
            needs: What else the call needs.
            either: Whether it needs tools or native structured output, whichever the member has.
            speaker: Who gave the last answer, where the messages do not tell.
            escalation: Whether, and how, more than one may be asked.
        """
        reading = read(messages, tools, needs)
        return self.dispatcher.decide(
            reading.query,
            needs=reading.needs,
            constraints=self._constraints(reading, settings.constraints, either),
            cost_preference=settings.cost_preference,
            willingness_to_pay=settings.willingness_to_pay,
            candidate=settings.candidate,
            current=self._speaker(reading) or speaker,
            tool_turn=reading.tool_turn,
            escalation=escalation,
        )

    def attempts(self, decision: Decision) -> Attempts:
        """Return the attempts of a decided call."""
        return self.dispatcher.attempts(decision)

    def escalated(
        self,
        decision: Decision,
        messages: Sequence[BaseMessage],
        escalation: Escalation,
        *,
        tools: Sequence[Any] = (),
    ) -> Escalated[Any]:
        """Return the calls of a decision that may ask more than one, each counted as it is answered.

        Raises:
            UnroutableError: There is no text; then no decision allows more than one.
        """
        query = read(messages, tools).query
        if query is None:
            raise UnroutableError
        return self.dispatcher.escalated(decision, query, escalation)

    def messages_for(self, candidate: str, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return a conversation as a member's provider can read it."""
        sources = {name: whose for name, whose in self.providers.items() if name not in self._mixed}
        return for_provider(messages, self.providers[candidate], sources, candidate)

    def answered(self, decision: Decision, message: AIMessage) -> AIMessage:
        """Count an answer, remember its tool calls, and return it with its decision."""
        self.dispatcher.began((call["id"] or "" for call in message.tool_calls), decision.candidate)
        return stamped(message, self.dispatcher.answered(decision, usage_of(message.usage_metadata)))

    @contextmanager
    def counting(self, decision: Decision, probe: UsageProbe | None = None) -> Iterator[None]:
        """Count an answer that comes and cannot be read; the error is raised."""
        try:
            yield
        except Exception as error:
            self.count_unread(decision, error, probe)
            raise

    def count_unread(self, decision: Decision, error: Exception, probe: UsageProbe | None) -> None:
        """Count an answer that came and could not be read, as its error or the probe tells."""
        message = message_in(error)
        if message is not None:
            self.dispatcher.answered(decision, usage_of(message.usage_metadata))
        elif probe is not None and probe.answered:
            self.dispatcher.answered(decision, usage_of(probe.usage))

    def kept(
        self, message: AIMessage, decision: Decision, taken: Taken, all_taken: Sequence[Taken]
    ) -> AIMessage:
        """Return an answer that was kept of several, with its decision and the tokens of all.

        They are counted by who asked for them.
        """
        self.dispatcher.began((call["id"] or "" for call in message.tool_calls), decision.candidate)
        message = without_logprobs(message) if taken.asked_logprobs else message
        usage = summed([one.usage for one in all_taken])
        return stamped(message.model_copy(update={"usage_metadata": usage}), decision)

    @property
    def identities(self) -> dict[str, str]:
        """What tells these members from others, by name."""
        kinds = ((name, member.model) for name, member in self.members.items())
        return {
            name: f"{model._llm_type}/{model._get_ls_params().get('ls_model_name', '')}"
            for name, model in kinds
        }

    def _speaker(self, reading: Reading) -> str | None:
        """Return who gave the last answer: as it says, as its tool calls tell, or by its model's name."""
        if reading.last is None:
            return None
        metadata = reading.last.response_metadata
        decision = metadata.get(KEY)
        if isinstance(decision, dict) and isinstance(decision.get("candidate"), str):
            return str(decision["candidate"])
        began = self.dispatcher.beginner(reading.tool_calls)
        return began or self._named(metadata.get("model_name"))

    def _named(self, model_name: object) -> str | None:
        if not model_name:
            return None
        names = (
            (name, member.model._get_ls_params().get("ls_model_name"))
            for name, member in self.members.items()
        )
        return next((name for name, known in names if known == model_name), None)

    def _constraints(
        self, reading: Reading, constraints: Constraints | None, either: bool
    ) -> Constraints | None:
        """Return the constraints, narrowed to the members whose provider knows the call's tools and schema."""
        if not (reading.tool_providers or either):
            return constraints
        able = [
            name
            for name, member in self.members.items()
            if all(map(member.provider.startswith, reading.tool_providers))
            and (member.answers_schemas or not either)
        ]
        return self.dispatcher.among(able, constraints)
