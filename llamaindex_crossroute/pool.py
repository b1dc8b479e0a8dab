"""The fields of CrossRouteLLM, and the routing that is built from them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import BaseTool
from llama_index.core.types import PydanticProgramMode
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import to_jsonable_python
from typing_extensions import Never, Self, override

from crossroute import Budget, Constraints, Price, Query, Router
from crossroute.calls.effort_words import read_stated_effort
from crossroute.calls.settings import (
    DISPATCH_OPTIONS,
    MAX_ATTEMPTS,
    CallSettings,
    PoolFields,
    refuse_settings,
)
from crossroute.calls.spend import Spend
from crossroute.errors.names import describe_unknown_argument
from crossroute.escalation import Escalation
from crossroute.reading.conversation import Turn
from crossroute.routing.exploration import Exploration
from crossroute.routing.members import Ability, name_models
from crossroute.routing.router import WIDEST_ROUTER
from llamaindex_crossroute.call import Call
from llamaindex_crossroute.members import common_metadata, model_name
from llamaindex_crossroute.messages.reading import Reading
from llamaindex_crossroute.routing import Routing

if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

OWN_FIELDS = (
    *("router", "cost_preference", "willingness_to_pay", "constraints"),
    *("default", "sticky", "max_attempts", "past_filters"),
)

ROUTED_BY = ("llms", "router", "abilities", "prices", "budgets", "traffic", *DISPATCH_OPTIONS)

Escalate = Escalation | Literal["buffer"] | StrictBool | None
"""Whether to escalate: True, "buffer" to include streamed calls, or settings."""


class MemberPool(PoolFields, FunctionCallingLLM):
    """The fields of CrossRouteLLM; child classes add the endpoints."""

    model_config = ConfigDict(use_attribute_docstrings=False)

    _decided_by: ClassVar[tuple[str, ...]] = tuple(CallSettings.model_fields.keys() - {"candidate"})

    router: Router | str | Path = Field(description="A router, or the name or folder of one.")
    escalate: Escalate = Field(default=None, description="Whether to escalate, or settings of escalation.")
    llms: dict[str, LLM] = Field(exclude=True, description="Candidate's name or alias -> LLM.")
    abilities: dict[str, Ability] = Field(
        default_factory=dict, description="Abilities of members beyond their metadata."
    )
    prices: dict[str, Price] = Field(
        default_factory=dict, description="USD per million tokens; replaces the router's price."
    )
    # inherited; the members have their own
    system_prompt: str | None = Field(default=None, exclude=True)
    pydantic_program_mode: PydanticProgramMode = Field(default=PydanticProgramMode.DEFAULT, exclude=True)

    _made: Routing = PrivateAttr()

    def __init__(
        self,
        llms: dict[str, LLM] | Sequence[LLM],
        router: Router | str | Path = WIDEST_ROUTER,
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        default: str | None = None,
        sticky: bool = True,
        max_attempts: int = MAX_ATTEMPTS,
        past_filters: bool = False,
        abilities: dict[str, Ability] | None = None,
        prices: dict[str, Price] | None = None,
        escalate: Escalate = None,
        budgets: Budget | list[Budget] | None = None,
        budget_keys: frozenset[str] | None = None,
        traffic: TrafficLog | str | Path | None = None,
        exploration: Exploration | float = 0.0,
        shadow: str | None = None,
        shadow_share: float = 0.0,
        callback_manager: CallbackManager | None = None,
        **misspelt: Never,
    ) -> None:
        if misspelt:
            arguments = signature(type(self)).parameters.keys() - {"misspelt"}
            raise TypeError(describe_unknown_argument(min(misspelt), sorted(arguments)))
        super().__init__(
            llms=name_models(llms, model_name, read_stated_effort),
            router=router,
            cost_preference=cost_preference,
            willingness_to_pay=willingness_to_pay,
            constraints=constraints,
            default=default,
            sticky=sticky,
            max_attempts=max_attempts,
            past_filters=past_filters,
            abilities=abilities or {},
            prices=prices or {},
            escalate=escalate,
            budgets=budgets,
            budget_keys=budget_keys,
            traffic=traffic,
            exploration=exploration,
            shadow=shadow,
            shadow_share=shadow_share,
        )
        self._made = Routing(**self._parts)
        self._made.dispatcher  # noqa: B018 - raises here for what is wrong with the members
        if callback_manager is None:
            # members keep their own; engines trace through the pool's, which is that of the first member
            super().__setattr__("callback_manager", next(iter(self.llms.values())).callback_manager)
        else:
            self.callback_manager = callback_manager

    @model_validator(mode="after")
    def _check_default(self) -> Self:
        """Raise an error for a default that is not a member, before the router is loaded and on assignment."""
        if self.default is not None and self.default not in self.llms:
            raise ValueError(
                f"The default {self.default!r} is not among the members {', '.join(map(repr, self.llms))}."
            )
        return self

    @property
    @override
    def metadata(self) -> LLMMetadata:
        return common_metadata(self.llms, self._routing.usual(self._settings))

    @property
    def spend(self) -> Spend:
        """Tokens and USD of this pool's calls, by member."""
        return self._routing.memory.spend

    @property
    def _routing(self) -> Routing:
        """The routing for the current fields: they may be assigned, and differ in a copy."""
        if not self._made.is_of(self._parts):
            self._made = Routing(**self._parts).after(self._made)
        return self._made

    @property
    def _parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ROUTED_BY}

    def _call(
        self,
        reading: Reading | str,
        send: Callable[[LLM], Any],
        options: Collection[str] | None = None,
        *,
        tools: Sequence[BaseTool] = (),
        unescalated: str = "",
        schema: type[BaseModel] | None = None,
    ) -> Call:
        """Return the call for a reading, with the current fields as settings.

        Args:
            reading: The facts of the call, or a completion's prompt.
            send: Calls a member's endpoint.
            options: The arguments that the user set for the call, or their names.
            tools: The call's tools.
            unescalated: Reason not to escalate; empty to allow it.
            schema: The class into which its streams are parsed.
        """
        if options:
            refuse_settings(options)
        if isinstance(reading, str):
            reading = Reading(Query.of_turns([Turn("human", reading)]))
        elif not isinstance(reading, Reading):
            raise TypeError(f"A prompt must be a str, got {type(reading).__name__}. For messages, call chat.")
        given = options if isinstance(options, Mapping) else {}
        return Call(
            self._routing,
            reading.with_arguments({"response_format": schema, **given}),
            send,
            self._settings,
            options=options or (),
            tools=tools,
            unescalated=unescalated,
            schema=schema,
        )

    @override
    def _extend_messages(self, messages: list[ChatMessage]) -> list[ChatMessage]:
        """Add the members' common system prompt, if they have one; programs over the pool need it."""
        prompts = {llm.system_prompt for llm in self.llms.values()}
        return next(iter(self.llms.values()))._extend_messages(messages) if len(prompts) == 1 else messages

    @field_validator("router", mode="before")
    @classmethod
    def _router_given(cls, router: Any) -> Any:
        if router is None:
            raise ValueError(
                "A router object is not serialized with its pool. Pass it: from_dict(data, llms=..., router=...)."
            )
        return router

    @field_serializer("router")
    def _router_by_name(self, router: Router | str | Path) -> str | None:
        return None if isinstance(router, Router) else str(router)

    @field_serializer("abilities", "prices")
    def _stated_as_json(self, stated: dict[str, Ability] | dict[str, Price]) -> dict[str, Any]:
        return {name: one.model_dump(mode="json", exclude_none=True) for name, one in stated.items()}

    @field_serializer("budgets", "constraints")
    def _as_json(self, stated: Budget | list[Budget] | Constraints | None) -> Any:
        return to_jsonable_python(stated)

    @field_serializer("budget_keys")
    def _keys_as_json(self, keys: frozenset[str] | None) -> list[str] | None:
        return None if keys is None else sorted(keys)

    @field_serializer("escalate")
    def _escalate_without_code(self, escalate: Escalate) -> Any:
        """Return the settings without check and judge, which are functions and must be passed again after loading."""
        if not isinstance(escalate, Escalation):
            return escalate
        return escalate.model_dump(exclude={"check", "judge"}, exclude_defaults=True)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        """Set a callback manager also on the members, since `Settings.llm = ...` sets only the pool's."""
        if name == "callback_manager":
            for llm in self.llms.values():
                llm.callback_manager = value
        super().__setattr__(name, value)

    @override
    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps(self.escalate)
        except (
            pickle.PicklingError,
            AttributeError,
            TypeError,
        ) as error:  # LlamaIndex would drop the field silently
            raise TypeError(
                f"The check or judge of escalate cannot be pickled: {error}. Give a function defined in a module."
            ) from error
        return super().__getstate__()

    @override
    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickle without calling __init__, unlike LlamaIndex's method."""
        BaseModel.__setstate__(self, state)

    @override
    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Return a representation with the members' names, without keys and clients."""
        yield "llms", list(self.llms)
        yield from ((name, getattr(self, name)) for name in OWN_FIELDS)
        yield "escalate", self._escalate_without_code(self.escalate)
