"""CrossRouteRunnable: return a decision for an input, or run the chain of the chosen candidate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, ensure_config
from langchain_core.runnables.base import RunnableLike, coerce_to_runnable

from crossroute import Constraints, Decision, Router, UnknownCandidateError
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.settings import CallSettings
from crossroute.routing.members import Ability
from crossroute.routing.reuse import load_router
from crossroute.routing.router import WIDEST_ROUTER
from langchain_crossroute.messages.reading import read


class CrossRouteRunnable(Runnable[Any, Decision]):
    """Return a decision for an input, without a call.

    The name of a candidate may be an `init_chat_model` string, so that the decision can configure a model.

    Example:
        ```python
        route = CrossRouteRunnable(["small", "large"], router="my-router", text=lambda x: x["question"])
        route.invoke({"question": "What is 17 * 23?"}).candidate

        chain = route.pick({"small": quick_chain, "large": thorough_chain})
        ```

    Args:
        candidates: Names or aliases of candidates; by default all of the router's.
        router: A router, or the name or folder of one.
        text: Returns the part of an input to route on: a string, a message or messages; by default the input itself.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: The reward's lambda in USD; replaces the dial.
        constraints: Conditions that a candidate must satisfy.
        default: The candidate for inputs without text.

    Raises:
        UnprofiledCandidateError: The router has no profile of a candidate.
    """

    def __init__(
        self,
        candidates: Iterable[str] | None = None,
        router: Router | str | Path = WIDEST_ROUTER,
        *,
        text: Callable[[Any], Any] | None = None,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        default: str | None = None,
    ) -> None:
        self.name = "CrossRouteRunnable"
        router = load_router(router)
        names = router.pool.names if candidates is None else tuple(candidates)
        self.dispatcher = Dispatcher(router, dict.fromkeys(names, Ability()), default=default)
        self.settings = CallSettings(
            cost_preference=cost_preference, willingness_to_pay=willingness_to_pay, constraints=constraints
        )
        self._text = text

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Decision:
        """Return the decision for an input; `config["configurable"]` may set the dial."""
        config = ensure_config(config)
        settings = self.settings.overridden(config.get("configurable"))
        return self._call_with_config(lambda given: self._decide(given, settings), input, config, **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Decision:
        """Return the decision for an input, made in a thread."""
        config = ensure_config(config)
        settings = self.settings.overridden(config.get("configurable"))

        async def decide(given: Any) -> Decision:
            return await asyncio.to_thread(self._decide, given, settings)

        return await self._acall_with_config(decide, input, config, **kwargs)

    def pick(self, branches: Mapping[str, RunnableLike[Any, Any]]) -> Runnable[Any, Any]:  # type: ignore[override]
        """Return a runnable that passes its input to the branch of the chosen candidate.

        It replaces `Runnable.pick`, which selects keys of a dict, since a decision is not a dict.

        Args:
            branches: Candidate, by name or alias -> chain; the choice is limited to these candidates, and to
                those that the constraints allow.

        Raises:
            UnknownCandidateError: A branch's name, or a requested candidate, is not one of the candidates.
        """
        named = self.dispatcher.named
        chains: dict[str, Runnable[Any, Any]] = {
            named(name): coerce_to_runnable(branch) for name, branch in branches.items()
        }

        def choose(given: Any, config: RunnableConfig) -> Runnable[Any, Any]:
            settings = self.settings.overridden(config.get("configurable"))
            if settings.candidate is not None and named(settings.candidate) not in chains:
                raise UnknownCandidateError(settings.candidate, tuple(chains))
            limits = self.dispatcher.among(chains, settings.constraints)
            return chains[self._decide(given, settings.model_copy(update={"constraints": limits})).candidate]

        async def achoose(given: Any, config: RunnableConfig) -> Runnable[Any, Any]:
            return await asyncio.to_thread(choose, given, config)

        return RunnableLambda(choose, achoose, name="CrossRoutePick")

    def _decide(self, given: Any, settings: CallSettings) -> Decision:
        reading = read(to_messages(given if self._text is None else self._text(given)))
        return self.dispatcher.decide(reading.query, settings, needs=reading.needs)


def to_messages(given: Any) -> list[BaseMessage]:
    """Return an input as messages: a prompt's, a message, messages, or a text.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(given, PromptValue):
        return given.to_messages()
    if isinstance(given, str):
        return [HumanMessage(given)]
    if isinstance(given, BaseMessage):
        return [given]
    if isinstance(given, (list, tuple)):
        return convert_to_messages(given)
    raise TypeError(
        f"Cannot route on a {type(given).__name__}: expected a text, messages or a prompt. Give a function that "
        'returns the text, such as text=lambda input: input["question"].'
    )
