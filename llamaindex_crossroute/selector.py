"""CrossRouteSelector: choose among query engines or retrievers by the predicted quality and cost of their models."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from llama_index.core.base.base_selector import BaseSelector, MultiSelection, SingleSelection
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.objects import ObjectRetriever
from llama_index.core.prompts.mixin import PromptDictType
from llama_index.core.schema import QueryBundle, QueryType
from llama_index.core.tools import BaseTool, ToolMetadata
from llama_index_instrumentation import get_dispatcher
from typing_extensions import override

from crossroute import Constraints, Decision, Query, Router
from crossroute.calls.settings import CallSettings
from crossroute.decision import Alternative, format_usd
from crossroute.errors import UnroutableError
from crossroute.reading.conversation import Turn
from crossroute.routing.reuse import load_router
from crossroute.routing.router import WIDEST_ROUTER
from llamaindex_crossroute.events import CrossRouteDecisionEvent
from llamaindex_crossroute.messages.reading import Reading, read_messages

Tool = TypeVar("Tool", bound=BaseTool)

instrumentation = get_dispatcher(__name__)


class CrossRouteSelection(MultiSelection):
    """The selected choices, best reward first; a query engine stores it in `metadata["selector_result"]`.

    Attributes:
        decision: The router's decision.
        qualities: Predicted quality of each selection's model, in [0, 1].
        costs: Predicted cost of each selection's model, USD for one call.
    """

    decision: Decision
    qualities: list[float]
    costs: list[float]


class CrossRouteSelector(BaseSelector):
    """Select by the predicted quality and cost of the model of each choice.

    For RouterQueryEngine and RouterRetriever, instead of a selector that calls an LLM.

    Args:
        router: A router, or the name or folder of one. candidates: The model of each choice: choice -> candidate, or
            candidates in the order of the choices. A choice is named by its tool, or else by its text. By default, this
            name is the candidate.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: The reward's lambda in USD; replaces the dial.
        constraints: Conditions that the model of a choice must satisfy.
        max_choices: Maximum number of selections; more than one for engines that combine answers.

    Raises:
        ValueError: `max_choices` is below 1, or the dial is invalid.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llama_index.core.query_engine import RouterQueryEngine
        from llamaindex_crossroute import CrossRouteSelector

        engine = RouterQueryEngine(
            selector=CrossRouteSelector("my-router", candidates={"quick": "gpt-5-mini", "deep": "gpt-5"}),
            query_engine_tools=[quick, deep],
        )
        ```
    """

    def __init__(
        self,
        router: Router | str | Path = WIDEST_ROUTER,
        *,
        candidates: Mapping[str, str] | Sequence[str] | None = None,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        max_choices: int = 1,
    ) -> None:
        if max_choices < 1:
            raise ValueError(f"max_choices must be at least 1, got {max_choices!r}.")
        self._given, self.candidates, self.max_choices = router, candidates, max_choices
        self.cost_preference, self.willingness_to_pay = cost_preference, willingness_to_pay
        # raises an error for two dials, or one out of range
        _ = CallSettings(cost_preference=cost_preference, willingness_to_pay=willingness_to_pay)
        self.constraints = constraints or Constraints()
        self._latest: tuple[tuple[str, ...], Router] | None = None

    @cached_property
    def router(self) -> Router:
        """The router, loaded on first use."""
        return load_router(self._given)

    @override
    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> CrossRouteSelection:
        selection = self._choose(choices, query)
        instrumentation.event(CrossRouteDecisionEvent(decision=selection.decision))
        return selection

    @override
    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> CrossRouteSelection:
        selection = await asyncio.to_thread(self._choose, choices, query)
        instrumentation.event(CrossRouteDecisionEvent(decision=selection.decision))
        return selection

    @override
    def _get_prompts(self) -> PromptDictType:
        return {}

    @override
    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        """Do nothing: there are no prompts."""

    def _choose(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> CrossRouteSelection:
        places = self._match_candidates(choices)
        decision = self._restrict_router(tuple(places)).route(
            Query.of_call(query.query_str),
            cost_preference=self.cost_preference,
            willingness_to_pay=self.willingness_to_pay,
            constraints=self._restrict_constraints(frozenset(places)),
        )
        best = [a for a in decision.alternatives if a.excluded is None][: self.max_choices]
        return CrossRouteSelection(
            selections=[SingleSelection(index=places[a.candidate], reason=_format_reason(a)) for a in best],
            decision=decision,
            qualities=[a.quality for a in best],
            costs=[a.cost for a in best],
        )

    def _restrict_router(self, names: tuple[str, ...]) -> Router:
        """Return the router over the candidates of the choices, with its dial calibrated for these."""
        latest = self._latest
        if latest is None or latest[0] != names:
            latest = self._latest = names, self.router.subset(names)
        return latest[1]

    def _restrict_constraints(self, names: frozenset[str]) -> Constraints:
        """Return the constraints without names that are not candidates of the choices."""
        allow, deny = (
            None if listed is None else frozenset(self.router.pool[name].name for name in listed) & names
            for listed in (self.constraints.allow, self.constraints.deny)
        )
        return self.constraints.model_copy(update={"allow": allow, "deny": deny})

    def _match_candidates(self, choices: Sequence[ToolMetadata]) -> dict[str, int]:
        """Return candidate -> index of its choice."""
        names = [self._find_candidate(place, choice) for place, choice in enumerate(choices)]
        pool = self.router.pool
        places = {pool[name].name: place for place, name in enumerate(names)}
        if len(places) < len(names):
            raise ValueError(
                f"Two choices have the same candidate, {names}. The selector chooses among candidates: give each "
                "choice its own."
            )
        return places

    def _find_candidate(self, place: int, choice: ToolMetadata) -> str:
        name = choice.name or choice.description
        if self.candidates is None:
            return name
        if isinstance(self.candidates, Mapping):
            if name not in self.candidates:
                raise ValueError(
                    f"No candidate for the choice {name!r}; candidates names {sorted(self.candidates)}."
                )
            return self.candidates[name]
        if place >= len(self.candidates):
            raise ValueError(
                f"No candidate for choice {place}, {name!r}; candidates names {len(self.candidates)}."
            )
        return self.candidates[place]


class CrossRouteToolRetriever(ObjectRetriever[Tool]):
    """Retrieve the tools that a selector chooses by the quality and cost of their models.

    For ToolRetrieverRouterQueryEngine, which has no selector.

    Args:
        tools: The tools; at most `selector.max_choices` are retrieved.
        selector: The selector.

    Raises:
        ValueError: There are no tools.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llama_index.core.query_engine import ToolRetrieverRouterQueryEngine
        from llamaindex_crossroute import CrossRouteSelector, CrossRouteToolRetriever

        selector = CrossRouteSelector("my-router", candidates={"quick": "gpt-5-mini", "deep": "gpt-5"})
        engine = ToolRetrieverRouterQueryEngine(CrossRouteToolRetriever([quick, deep], selector))
        ```
    """

    def __init__(self, tools: Sequence[Tool], selector: CrossRouteSelector) -> None:
        # the parent's index and postprocessors are not used: both of its methods are overridden
        if not tools:
            raise ValueError("Expected at least one tool, got none.")
        self.tools, self.selector = tuple(tools), selector

    @override
    def retrieve(self, str_or_query_bundle: QueryType) -> list[Tool]:
        return self._list_tools(
            self.selector.select([tool.metadata for tool in self.tools], str_or_query_bundle)
        )

    @override
    async def aretrieve(self, str_or_query_bundle: QueryType) -> list[Tool]:
        choices = [tool.metadata for tool in self.tools]
        return self._list_tools(await self.selector.aselect(choices, str_or_query_bundle))

    def _list_tools(self, selection: MultiSelection) -> list[Tool]:
        return [self.tools[index] for index in selection.inds]


def route_query(
    query: str | QueryBundle | ChatMessage | Sequence[ChatMessage],
    router: Router | str | Path = WIDEST_ROUTER,
    *,
    cost_preference: float | None = None,
    willingness_to_pay: float | None = None,
    constraints: Constraints | None = None,
) -> Decision:
    """Choose the candidate for a query or a conversation, as CrossRouteLLM would.

    Args:
        query: The question, or messages with the newest last.
        router: A router, or the name or folder of one, which is loaded on each call.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: The reward's lambda in USD; replaces the dial.
        constraints: Conditions that the candidate must satisfy.

    Raises:
        NoEligibleCandidateError: No candidate satisfies the constraints and the requirements of the messages.
        UnroutableError: There is no text to route on.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llamaindex_crossroute import route_query

        print(route_query("What is 17 * 23?", cost_preference=0.8).explain())
        ```
    """
    if isinstance(query, QueryBundle):
        query = query.query_str
    messages = [query] if isinstance(query, ChatMessage) else query
    if isinstance(messages, str):
        reading = Reading(Query.of_turns([Turn("human", messages)]))
    else:
        reading = read_messages(messages)
    if reading.query is None:
        raise UnroutableError
    constraints = constraints or Constraints()
    return load_router(router).route(
        reading.query,
        cost_preference=cost_preference,
        willingness_to_pay=willingness_to_pay,
        constraints=constraints.model_copy(update={"capabilities": constraints.capabilities | reading.needs}),
    )


def _format_reason(alternative: Alternative) -> str:
    return f"{alternative.candidate}: predicted quality {alternative.quality:.3f} for {format_usd(alternative.cost)}"
