"""The fields of `crossroute.toml`: a pool of models and its settings.

Keys are never in the file, which names environment variables instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import Self

from crossroute.budgets import Budget
from crossroute.calls.settings import MAX_ATTEMPTS
from crossroute.candidate import Price
from crossroute.config.entries import Amount, Entry, EscalationEntry, FloorEntry, ModelEntry
from crossroute.escalation import Escalation
from crossroute.routing.members import Ability, router_over
from crossroute.routing.policy import Constraints
from crossroute.routing.router import WIDEST_ROUTER, Router

DIALS = ("cost_preference", "willingness_to_pay")


def _escalation(given: Any) -> Any:
    """Read true and "buffer" as settings."""
    if given is False:
        return None
    if given is True or given == "buffer":
        return {"buffer_streams": given == "buffer"}
    if not isinstance(given, Mapping | EscalationEntry | None):
        raise ValueError(f'expected true, false, "buffer" or a table, got {given!r}')
    return given


class PoolConfig(Entry):
    """A pool: its models, its router and its settings.

    Attributes:
        router: A router's name or folder; a folder is searched next to the file first.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: USD, instead of the dial.
        default: The model for calls without text.
        sticky: Finish a tool turn with the model that began it.
        max_attempts: Most attempts per call, over all models.
        constraints: Conditions that a model must satisfy.
        escalate: true, "buffer" (streams as well), or a table of settings.
        floor: A promise of quality.
        budgets: Budgets of its calls; a server has further ones of its own.
        traffic: The log of calls: the path of a SQLite file, or a URL; a server may have one of its own.
        exploration: Share of the calls for models that may be as good.
        shadow: Call this model always, and log which one would have been chosen.
        shadow_share: Share of the calls for which that one is called as well, in the background.
        models: The models, in order.
        server: The `[server]` table, unread.
    """

    router: str = Field(default=WIDEST_ROUTER, min_length=1)
    cost_preference: float | None = Field(default=None, ge=0, le=1)
    willingness_to_pay: Amount | None = None
    default: str | None = None
    sticky: bool = True
    max_attempts: int = Field(default=MAX_ATTEMPTS, ge=1)
    constraints: Constraints | None = None
    escalate: Annotated[EscalationEntry | None, BeforeValidator(_escalation)] = None
    floor: FloorEntry | None = None
    budgets: tuple[Budget, ...] = ()
    traffic: str | None = Field(default=None, min_length=1)
    exploration: float = Field(default=0.0, ge=0, lt=1)
    shadow: str | None = None
    shadow_share: float = Field(default=0.0, ge=0, le=1)
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    server: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [model.name for model in self.models]
        for row, name in enumerate(names):
            if name in names[:row]:
                raise conflict_error(
                    ("models", row, "name"), f"{name!r} is taken. Give each model a name of its own"
                )
        limits = self.constraints or Constraints()
        default = () if self.default is None else (self.default,)
        shadow = () if self.shadow is None else (self.shadow,)
        for place, named in (
            (("default",), default),
            (("shadow",), shadow),
            (("constraints", "allow"), limits.allow or ()),
            (("constraints", "deny"), limits.deny),
        ):
            for name in set(named) - set(names):
                raise conflict_error(
                    place, f"{name!r} is no model's name. Expected {', '.join(map(repr, names))}"
                )
        if None not in (self.cost_preference, self.willingness_to_pay):
            raise conflict_error(DIALS[1:], "give cost_preference or willingness_to_pay, not both")
        if self.shadow_share and self.shadow is None:
            raise conflict_error(
                ("shadow_share",), "needs shadow, the name of the model that is always called"
            )
        return self

    @property
    def abilities(self) -> dict[str, Ability]:
        """Name -> the file's facts on each model."""
        return {model.name: model.ability for model in self.models}

    @property
    def prices(self) -> dict[str, Price]:
        """Name -> the price that the file states."""
        return {model.name: model.paid for model in self.models if model.paid is not None}

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of decisions and attempts, by the names of the integrations' arguments."""
        names = (
            *DIALS,
            "default",
            "sticky",
            "max_attempts",
            "constraints",
            "traffic",
            "exploration",
            "shadow",
            "shadow_share",
        )
        escalate = None if self.escalate is None else Escalation(**dict(self.escalate))
        told = {"router": self._promised(), "escalate": escalate, "budgets": self.budgets or None}
        return {name: getattr(self, name) for name in names} | told

    def _promised(self) -> Router | str:
        """Return the router, with the file's floor, if any."""
        if self.floor is None:
            return self.router
        return self.floor.on(router_over(self.router, self.abilities, default=self.default))


def conflict_error(place: tuple[str | int, ...], told: str) -> PydanticCustomError:
    """Return the error for a value that conflicts with others, for a validator of their common table."""
    return PydanticCustomError("misplaced", "{told}", {"told": told, "place": place})
