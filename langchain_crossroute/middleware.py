"""CrossRouteMiddleware: route each model step of an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import ensure_config
from typing_extensions import NotRequired, Self

from crossroute import Capability, Constraints, Decision, Price, Router
from crossroute.budgets import Budgets
from crossroute.calls.ledger import Entry
from crossroute.calls.settings import MAX_ATTEMPTS, CallSettings
from crossroute.calls.spend import Spend
from crossroute.calls.steps import Ask, Run, Steps, adrive, drive
from crossroute.calls.tools import check_provider_tools
from crossroute.escalation import Escalation
from crossroute.routing.exploration import Exploration
from crossroute.routing.members import name_models
from crossroute.routing.router import WIDEST_ROUTER
from langchain_crossroute.agent_models import AgentModels, LastModelCallback, hear_models, is_innermost
from langchain_crossroute.bindings import list_arguments
from langchain_crossroute.configured import read_arguments
from langchain_crossroute.escalated import EscalatedStep
from langchain_crossroute.members import MissingPackageError, find_model_effort, model_name
from langchain_crossroute.messages.reading import change_answers
from langchain_crossroute.messages.reply import make_trace_config, summarize_for_trace
from langchain_crossroute.messages.translation import translate_tools
from langchain_crossroute.probe import ToolCallProbe, UsageProbe
from langchain_crossroute.routing import Routing

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ExtendedModelResponse,
        ModelRequest,
        ModelResponse,
        PrivateStateAttr,
    )
    from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
    from langgraph.types import Command
except ImportError as error:
    raise MissingPackageError("CrossRouteMiddleware", "langchain") from error

if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

ANTHROPIC_SETTINGS, OPENAI_SETTINGS = frozenset({"cache_control"}), frozenset({"prompt_cache_key"})
"""Model settings that only one provider accepts."""

Request = ModelRequest[Any]
Response = ModelResponse[Any]
Extended = ExtendedModelResponse[Any]


class CrossRouteState(AgentState[Any]):
    """The agent's state, with the decision of the last step: `{"candidate": ..., "quality": ..., ...}`."""

    crossroute_route: NotRequired[Annotated[dict[str, Any], PrivateStateAttr]]


class CrossRouteMiddleware(AgentMiddleware[CrossRouteState, Any, Any]):
    """Route each model step of `create_agent`, deepagents or LangGraph.

    The agent binds its tools and chooses its structured-output strategy for the chosen model. A
    runtime context may set `cost_preference`, `willingness_to_pay`, `candidate` and `constraints` for a run.

    Example:
        ```python
        router = CrossRouteMiddleware(models={"small": small, "large": large}, router="my-router")
        agent = create_agent(model=small, tools=[search], middleware=[router], context_schema=dict)
        agent.invoke({"messages": [("user", "...")]}, context={"cost_preference": 0.8})
        ```

    Args:
        models: Name or alias of a candidate -> chat model or `init_chat_model` string; or a list of these, named by
            their models.
        router: A router, or the name or folder of one; `universal` by default.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: The reward's lambda in USD; replaces the dial.
        constraints: Conditions that a model must satisfy.
        default: The model for steps without text to route on.
        sticky: Finish a tool turn with the model that began it; False routes each step separately.
        max_attempts: Maximum number of attempts per step, over all models.
        past_filters: After an answer that a content filter withheld, call another model instead of raising the error.
        prices: Model -> price in USD per million tokens; replaces the router's.
        budgets: Limits in USD over a period; several hold at once. `budget_keys` of a runtime context are the keys of
            further budgets that a run counts for.
        escalate: Verify each step's answer, and call another model if that is expected to pay; never within a tool
            turn, or if the answer calls tools correctly.
        traffic: The log of decisions and calls: a `TrafficLog`, its URL, or the path of a SQLite file.
        exploration: Share of the steps that goes to models that may be as good as the best.
        shadow: Always call this model, and log the router's choice (shadow mode).
        shadow_share: In shadow mode, the share of the steps for which the router's choice is also called, in the
            background.

    Raises:
        TypeError: An object is not a chat model, or is a wrapped one, to which an agent cannot bind tools.
        UnprofiledCandidateError: The router has no profile of a model.
    """

    state_schema = CrossRouteState

    def __init__(
        self,
        models: Mapping[str, Any] | Sequence[Any],
        router: Router | str | Path = WIDEST_ROUTER,
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        default: str | None = None,
        sticky: bool = True,
        max_attempts: int = MAX_ATTEMPTS,
        past_filters: bool = False,
        prices: Mapping[str, Price] | None = None,
        budgets: Budgets = None,
        escalate: Escalation | bool | None = None,
        traffic: TrafficLog | str | Path | None = None,
        exploration: Exploration | float = 0.0,
        shadow: str | None = None,
        shadow_share: float = 0.0,
    ) -> None:
        super().__init__()
        self.routing = Routing(
            name_models(models, model_name, find_model_effort),
            router,
            default=default,
            sticky=sticky,
            max_attempts=max_attempts,
            past_filters=past_filters,
            prices=prices,
            budgets=budgets,
            traffic=traffic,
            exploration=exploration,
            shadow=shadow,
            shadow_share=shadow_share,
        )
        wrapped = [
            name for name, member in self.routing.members.items() if member.runnable is not member.model
        ]
        if wrapped:
            raise TypeError(f"Model {wrapped[0]!r} is wrapped; an agent needs the chat model itself.")
        self._agents = AgentModels(self.routing.members)
        self.settings = CallSettings(
            cost_preference=cost_preference,
            willingness_to_pay=willingness_to_pay,
            constraints=constraints,
            escalate=escalate,
        )

    @classmethod
    def from_config(cls, path: str | Path, **changes: Any) -> Self:
        """Return the middleware over the pool of a crossroute.toml; see `ChatCrossRoute.from_config`."""
        return cls(**(read_arguments(path) | changes))

    @property
    def name(self) -> str:
        """The class's name; when `create_agent` reads it, the agent's model is recorded."""
        self._agents.note_agent()
        return type(self).__name__

    @property
    def spend(self) -> Spend:
        """Tokens and USD so far, by model."""
        return self.routing.dispatcher.spend

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Response]) -> Extended:
        """Run a step with the chosen model, or with the model that another middleware set."""
        heard = None if is_innermost(handler) else LastModelCallback()
        return drive(self._steps(request, heard), handler)

    async def awrap_model_call(
        self, request: Request, handler: Callable[[Request], Awaitable[Response]]
    ) -> Extended:
        """Run a step asynchronously; the decision is made in a thread."""
        heard = None if is_innermost(handler) else LastModelCallback()
        return await adrive(self._steps(request, heard), handler)

    def _steps(self, request: Request, heard: LastModelCallback | None) -> Steps[Extended]:
        """Return the steps to the model's answer.

        Args:
            request: The request of the step.
            heard: Records the answering model if an inner middleware may call another one.
        """
        set_elsewhere = self._agents.is_set_elsewhere(request.model)
        member = self._agents.find_member(request.model) if set_elsewhere else None
        if set_elsewhere and member is None:
            return ExtendedModelResponse(model_response=(yield Ask(request)))
        decision, settings = yield Run(self._decide, (request, member))
        asked = partial(self._build_request, request)
        if decision.max_calls > 1 and settings.escalate is not None:
            instead = partial(self._agents.find_replacement, heard=heard)
            step = EscalatedStep(self.routing, settings.escalate, request, asked, (heard, instead))
            return _extend(*(yield from step.steps(decision)))

        def asking(decision: Decision, *, final: bool = True) -> Steps[Extended]:
            calls = ToolCallProbe()
            begun = self.routing.dispatcher.ledger.begin(decision, UsageProbe(), final=final)
            with (yield from begun) as entry:
                with hear_models(heard, calls, config=make_trace_config(decision)):
                    response: Response = yield Ask(asked(decision))
                self._set_author(heard, entry)
                count = partial(self.routing.count_answer, entry, amid=calls.is_amid_call)
                result = change_answers(response.result, count)
            return _extend(replace(response, result=result), entry.decision)

        return (yield from self.routing.dispatcher.steps(decision, asking))

    def _set_author(self, heard: LastModelCallback | None, entry: Entry) -> None:
        """Set the author of an answer if an inner middleware called another model."""
        member = self._agents.find_replacement(entry.decision.candidate, heard)
        if heard is None or member is None:
            return
        entry.priced = bool(member)
        told = entry.decision.because(f"{heard.called} answered: another middleware called it")
        entry.decision = told.model_copy(update={"candidate": member}) if member else told

    def _decide(self, request: Request, member: str | None) -> tuple[Decision, CallSettings]:
        route = cast("CrossRouteState", request.state).get("crossroute_route") or {}
        context = request.runtime.context if request.runtime is not None else None
        schema = request.response_format
        needs: set[Capability] = set()
        if isinstance(schema, (ProviderStrategy, ToolStrategy)):
            needs.add("structured_output" if isinstance(schema, ProviderStrategy) else "tools")
        settings = self.settings.overridden(context)
        if member is not None:
            settings = settings.overridden({"candidate": member})
        with self.routing.label_calls(ensure_config()):
            decision = self.routing.decide(
                [*_list_system_messages(request), *request.messages],
                settings,
                tools=request.tools,
                needs=needs,
                arguments=list_arguments(request),
                either=schema is not None and not needs,
                speaker=route.get("candidate"),
            )
        return decision, settings

    def _build_request(self, request: Request, decision: Decision) -> Request:
        """Build the request for the chosen model, without content that only other providers accept."""
        name = decision.candidate
        provider = self.routing.providers[name]
        check_provider_tools(request.tools, provider, name)
        system: list[Any] = self.routing.translate_for(name, _list_system_messages(request))
        messages: list[Any] = self.routing.translate_for(name, request.messages)
        foreign = (ANTHROPIC_SETTINGS if provider != "anthropic" else frozenset()) | (
            OPENAI_SETTINGS if provider != "openai" else frozenset()
        )
        return request.override(
            model=self.routing.members[name].model,
            messages=messages,
            system_message=system[0] if system else None,
            tools=translate_tools(request.tools, provider),
            model_settings={
                key: value for key, value in request.model_settings.items() if key not in foreign
            },
        )


def _extend(response: Response, decision: Decision) -> Extended:
    command: Command[Any] = Command(update={"crossroute_route": summarize_for_trace(decision)})
    return ExtendedModelResponse(model_response=response, command=command)


def _list_system_messages(request: Request) -> list[BaseMessage]:
    return [] if request.system_message is None else [request.system_message]
