"""Settings: how a call is decided, and what the pools of all integrations share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypedDict

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from crossroute.budgets import Budget
from crossroute.errors.names import refuse_unknown_arguments
from crossroute.escalation import Escalation
from crossroute.routing.exploration import Exploration
from crossroute.routing.policy import Constraints

LOG = logging.getLogger("crossroute.calls")

MAX_ATTEMPTS = 16

ALIKE = 0.85
"""Similarity from which an unknown key counts as a misspelt setting."""

Escalate = Escalation | bool | Literal["buffer"] | None
"""`Escalation.of` reads it: True escalates, "buffer" also streamed calls, False and None do not."""


def _several(keys: Any) -> Any:
    """Return keys as a set: one alone, or none, is allowed."""
    return frozenset({keys} if isinstance(keys, str) else keys or ())


class CallSettings(BaseModel):
    """How a call is decided.

    Attributes:
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 where neither is given.
        willingness_to_pay: USD, in place of the dial.
        candidate: Take this one, whatever the rest says, and no other if it fails.
        constraints: What the candidate must satisfy; limits on its cost and quality hold where the call has text,
            from which these are predicted.
        escalate: Whether, and how, further candidates are called after a doubtful answer; True and "buffer" become an
            `Escalation`.
        budget_keys: Keys of further budgets that the call counts for, such as "user:ann".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost_preference: float | None = Field(default=None, ge=0, le=1)
    willingness_to_pay: float | None = Field(default=None, gt=0)
    candidate: str | None = None
    constraints: Constraints | None = None
    escalate: Annotated[Escalation | None, BeforeValidator(Escalation.of)] = None
    budget_keys: Annotated[frozenset[str], BeforeValidator(_several)] = frozenset()

    @model_validator(mode="after")
    def _one_dial(self) -> Self:
        if self.cost_preference is not None and self.willingness_to_pay is not None:
            raise ValueError("Give cost_preference or willingness_to_pay, not both.")
        return self

    @property
    def streams_alone(self) -> str:
        """Why a streamed call is not escalated: its first words are sent before the last arrive; "" where it is."""
        return "" if self.escalate is None or self.escalate.buffer_streams else "the answer is streamed"

    def overridden(self, given: Mapping[str, Any] | object | None) -> CallSettings:
        """Return these settings, overridden by those that a mapping or an object (a runtime context) states.

        Raises:
            pydantic.ValidationError: One is out of range or of another type.
        """
        if isinstance(given, Mapping):
            for key in given:
                _tell_misspelt(key)
        found = {name: _read(given, name) for name in type(self).model_fields}
        update = {name: value for name, value in found.items() if value is not None}
        if not update:
            return self
        kept = dict(self)
        if {"cost_preference", "willingness_to_pay"} & update.keys():
            kept |= {"cost_preference": None, "willingness_to_pay": None}
        return CallSettings(**(kept | update))


class PoolFields(BaseModel):
    """Settings of a pool that all integrations share; each adds its models and its framework's fields."""

    model_config = ConfigDict(
        use_attribute_docstrings=True
    )  # subclasses switch it off: reading source takes time

    cost_preference: float | None = Field(default=None, ge=0, le=1)
    """The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default."""

    willingness_to_pay: float | None = Field(default=None, gt=0)
    """USD, in place of the dial."""

    constraints: Constraints | None = None
    """What a model must satisfy."""

    budgets: Budget | Sequence[Budget] | None = None
    """USD that calls may take in a period; several hold at once."""

    budget_keys: frozenset[str] | None = None
    """Keys of further budgets that calls count for, such as "user:ann"; in LangChain a call's tags count as well."""

    default: str | None = None
    """The model for calls without text, such as an image alone; the router need not know it."""

    sticky: bool = True
    """Finish a tool turn with the model that began it, and count the saving of its prompt cache."""

    max_attempts: int = Field(default=MAX_ATTEMPTS, ge=1)
    """At most, a call, over all models."""

    past_filters: bool = False
    """After an answer that a content filter withheld, call another model; otherwise it is raised."""

    traffic: Any = Field(default=None, exclude=True, repr=False)
    """The log of decisions and calls: a `TrafficLog`, its URL, or the path of a SQLite file."""

    exploration: Exploration | float = 0.0
    """Share of the calls that goes to models which may be as good as the best, with a known probability; an
    `Exploration` also says how much that may cost a day."""

    shadow: str | None = None
    """Call this model always, and log which one would have been chosen."""

    shadow_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the calls for which that one is called as well, in the background."""

    _decided_by: ClassVar[tuple[str, ...]] = tuple(CallSettings.model_fields)
    """The fields that make up `CallSettings`."""

    _read: tuple[dict[str, Any], CallSettings] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_dial(self) -> Self:
        """Refuse two dials; also when a field is assigned."""
        _ = self._settings
        return self

    @property
    def _settings(self) -> CallSettings:
        """The settings of a call by the current fields, which may be assigned, and differ in a copy."""
        stated = {name: getattr(self, name) for name in self._decided_by}
        if self._read is None or self._read[0] != stated:
            self._read = stated, CallSettings(**stated)
        return self._read[1]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed.

        Raises:
            TypeError: There is no such field.
        """
        refuse_unknown_arguments(update or (), type(self).model_fields)
        return super().model_copy(update=update, deep=deep)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy that shares models, router, cooldowns and spend: clients hold connections and locks."""
        return self.model_copy()


class DispatchOptions(TypedDict, total=False):
    """Options that a pool passes on to its `Dispatcher`, which documents them."""

    default: str | None
    sticky: bool
    max_attempts: int
    past_filters: bool
    exploration: Exploration | float | None
    shadow: str | None
    shadow_share: float


DISPATCH_OPTIONS = tuple(DispatchOptions.__annotations__)


def refuse_settings(arguments: Iterable[str]) -> None:
    """Refuse settings of the router among the arguments that go to a model.

    Raises:
        TypeError: There is one; the message says where it belongs.
    """
    for name in arguments:
        if name in CallSettings.model_fields:
            copied = "'constraints': {'allow': [...]}" if name == "candidate" else f"{name!r}: ..."
            raise TypeError(
                f"{name!r} is a setting of the router, and no argument of its models. Of one call state it so: "
                f"invoke(..., config={{'configurable': {{{name!r}: ...}}}}) in LangChain, "
                f"llm.model_copy(update={{{copied}}}) in LlamaIndex."
            )


@cache
def _tell_misspelt(key: object) -> None:
    """Log once that a key is likely a misspelt setting; other software's keys stand beside the settings."""
    known = CallSettings.model_fields
    like = (
        get_close_matches(key, known, n=1, cutoff=ALIKE) if isinstance(key, str) and key not in known else []
    )
    if like:
        LOG.warning("%r is no setting of a call, and is passed over. Did you mean %r?", key, like[0])


def _read(given: Mapping[str, Any] | object | None, name: str) -> Any:
    return given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)
