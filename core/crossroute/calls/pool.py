"""The settings that the pools of all integrations share, and how their copies behave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from crossroute.budgets import Budget
from crossroute.calls.attempts import MAX_ATTEMPTS
from crossroute.calls.settings import CallSettings
from crossroute.errors.names import refuse_strangers
from crossroute.routing.exploration import Exploration
from crossroute.routing.policy import Constraints


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
        refuse_strangers(update or (), type(self).model_fields)
        return super().model_copy(update=update, deep=deep)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy that shares models, router, cooldowns and spend: clients hold connections and locks."""
        return self.model_copy()
