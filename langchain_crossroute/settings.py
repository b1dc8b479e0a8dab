"""What a call may set: the dial, constraints, one candidate, escalation; and where a LangChain call sets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from crossroute import Constraints
from crossroute.escalation import Escalation


class Settings(BaseModel):
    """How a call is decided.

    Attributes:
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 where neither is given.
        willingness_to_pay: USD, in place of the dial.
        candidate: Take this model and no other.
        constraints: What the model must satisfy.
        escalate: Whether, and how, other models are called after a doubtful answer; False turns it off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost_preference: float | None = Field(default=None, ge=0, le=1)
    willingness_to_pay: float | None = Field(default=None, gt=0)
    candidate: str | None = None
    constraints: Constraints | None = None
    escalate: Escalation | bool | Literal["buffer"] | None = None

    @property
    def escalation(self) -> Escalation | None:
        """How to escalate; None where not."""
        return Escalation.of(self.escalate)

    @model_validator(mode="after")
    def _one_dial(self) -> Self:
        if self.cost_preference is not None and self.willingness_to_pay is not None:
            raise ValueError("Give cost_preference or willingness_to_pay, not both.")
        return self

    def overridden(self, given: Mapping[str, Any] | object | None) -> Settings:
        """Return these settings with what a mapping or an object (a runtime context) says in their place.

        Raises:
            pydantic.ValidationError: What it says is out of range or of another type.
        """
        found = {name: _read(given, name) for name in type(self).model_fields}
        update = {name: value for name, value in found.items() if value is not None}
        if not update:
            return self
        kept = dict(self)
        if {"cost_preference", "willingness_to_pay"} & update.keys():
            kept |= {"cost_preference": None, "willingness_to_pay": None}
        return Settings(**(kept | update))

    def configured(self, config: RunnableConfig) -> Settings:
        """Return these settings with what `config["configurable"]` says in their place."""
        return self.overridden(config.get("configurable"))


def _read(given: Mapping[str, Any] | object | None, name: str) -> Any:
    return given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)
