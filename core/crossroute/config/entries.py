"""Tables of a pool's file: models, their deployments, escalation, and the quality floor."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crossroute.candidate import Capability, Name, Price
from crossroute.data.prices import priced
from crossroute.data.readers import read_outcomes
from crossroute.decision import BEST
from crossroute.effort import LEVELS, SIGN, split_effort
from crossroute.errors import ConfigError
from crossroute.escalation.evidence import Kind
from crossroute.routing.members import Ability
from crossroute.routing.router import Router

STATED = "stated in the configuration"
VARIABLE = re.compile(r"[A-Za-z_]\w*")
TOKENS_PER_SECOND = 30.0
"""Speed of a small model on a CPU, if none is stated."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an address such as http://127.0.0.1:8000/v1, got {url!r}")
    return url


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ValueError(
            "expected the name of an environment variable, such as OPENAI_API_KEY, not its value"
        )
    return name


def _effort(told: str | None) -> str | None:
    if told is not None and split_effort(f"model{SIGN}{told}")[1] is None:
        raise ValueError(f"expected {', '.join(LEVELS)}, or a thinking budget such as 16k, got {told!r}")
    return told


def _price(given: Any) -> Any:
    """Read "0.25/2" as a price; one without a source gets this file as its source."""
    if isinstance(given, str):
        try:
            read, written = map(float, given.split("/"))
        except ValueError:
            raise ValueError(
                f"expected USD per million tokens, {{ input = 0.25, output = 2 }} or '0.25/2', got {given!r}"
            ) from None
        given = {"input": read, "output": written}
    return {"source": STATED, **given} if isinstance(given, Mapping) else given


Address = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, AfterValidator(_variable)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Entry(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Deployment(Entry):
    """A place at which a model is served.

    Attributes:
        model: Its name for `init_chat_model` ("azure_openai:my-deployment"); by default the entry's.
        base_url: Address of the API; the provider's own by default.
        api_key_env: Environment variable that holds the key; the provider's usual one by default.
        weight: Its share of the calls relative to the others, if a server balances them.
        context_window: Tokens of input and output together, if less than the model's.
        most_calls: Most concurrent calls, if a server balances them; further calls go to other places.
    """

    model: str | None = Field(default=None, min_length=1)
    base_url: Address | None = None
    api_key_env: Variable | None = None
    weight: Amount = 1.0
    context_window: int | None = Field(default=None, gt=0)
    most_calls: int | None = Field(default=None, gt=0)

    def key(self, environment: Mapping[str, str] | None = None) -> str | None:
        """Return the key; None if the provider's package reads its usual variable.

        Raises:
            ConfigError: The variable is not set.
        """
        if self.api_key_env is None:
            return None
        found = (os.environ if environment is None else environment).get(self.api_key_env)
        if not found:
            raise ConfigError(
                f"The environment variable {self.api_key_env}, which api_key_env names, is not set. "
                f"Set it: export {self.api_key_env}=..."
            )
        return found


class ModelEntry(Entry):
    """One model of the pool.

    Attributes:
        name: Its candidate's name, in any spelling; by default that of `model`.
        model: Its name for `init_chat_model` ("openai:gpt-5-mini").
        base_url: Address of the API; the provider's own by default.
        api_key_env: Environment variable that holds the key; the provider's usual one by default.
        effort: A level ("low") or a thinking budget ("16k").
        price: USD per million tokens; replaces the known one: { input = 0.25, output = 2 }, or "0.25/2".
        usd_per_second: Price of a second, for a model on your own machine; takes precedence over tokens.
        tokens_per_second: Its output speed there, for predicting seconds; measured by `crossroute collect`.
        context_window: Tokens of input and output together; replaces the known value.
        capabilities: Capabilities other than text; replace the known ones.
        temperature: Temperature of each call.
        max_tokens: Longest answer of each call.
        timeout: Timeout of each call, seconds.
        options: Further arguments of the framework's chat model.
        deployments: Other places of the same model, called if the first fails.
    """

    name: Name
    model: str = Field(min_length=1)
    base_url: Address | None = None
    api_key_env: Variable | None = None
    effort: Annotated[str | None, AfterValidator(_effort)] = None
    price: Annotated[Price | None, BeforeValidator(_price)] = None
    usd_per_second: Amount | None = None
    tokens_per_second: Amount = TOKENS_PER_SECOND
    context_window: int | None = Field(default=None, gt=0)
    capabilities: frozenset[Capability] | None = None
    temperature: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, gt=0)
    timeout: Amount | None = None
    options: dict[str, Any] = {}
    deployments: tuple[Deployment, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """Set the default name: that of the model, with its effort if it has one."""
        if not isinstance(given, Mapping) or not isinstance(given.get("model"), str):
            return given
        name, effort = given.get("name", given["model"]), given.get("effort")
        if isinstance(name, str) and isinstance(effort, str) and split_effort(name)[1] is None:
            name = f"{name}{SIGN}{effort}"
        return {**given, "name": name}

    @property
    def places(self) -> tuple[Deployment, ...]:
        """The places of the model, in the order of calls."""
        own = Deployment(model=self.model, base_url=self.base_url, api_key_env=self.api_key_env)
        return (own, *(one.model_copy(update={"model": one.model or self.model}) for one in self.deployments))

    @property
    def ability(self) -> Ability:
        """The file's facts on it, in place of known ones."""
        return Ability(capabilities=self.capabilities, context_window=self.context_window, price=self.paid)

    @property
    def paid(self) -> Price | None:
        """Its price: by time if set, else the stated one, else None."""
        if self.usd_per_second is not None:
            return Price.by_second(self.usd_per_second, self.tokens_per_second)
        return self.price

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the framework's chat model, without those of a place, by LangChain's names."""
        stated = {name: getattr(self, name) for name in ("temperature", "max_tokens", "timeout")}
        return {name: value for name, value in stated.items() if value is not None} | self.options


class EscalationEntry(Entry):
    """Whether answers are checked: the settings of `Escalation` that are no code."""

    max_calls: int = Field(default=2, ge=1)
    max_cost: float | None = Field(default=None, ge=0)
    max_latency_s: float | None = Field(default=None, ge=0)
    usd_per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    answers: Kind | None = None
    logprobs: bool = True
    buffer_streams: bool = False


class FloorEntry(Entry):
    """A quality floor, proved when the file is read; see `Router.with_floor`.

    Attributes:
        outcomes: The file or folder of outcomes, searched next to the crossroute.toml first.
        drop: Most that the mean quality may be below the reference's.
        against: The reference: "best", or a candidate of the outcomes.
        confidence: Probability with which this holds.
        max_calls: Most calls per query.
        by_task: Whether it holds in each task of the outcomes separately.
    """

    outcomes: str = Field(min_length=1)
    drop: float = Field(default=0.02, gt=0, lt=1)
    against: str = BEST
    confidence: float = Field(default=0.9, gt=0, lt=1)
    max_calls: int = Field(default=1, ge=1)
    by_task: bool = False

    def on(self, router: Router) -> Router:
        """Return a router with this floor.

        Raises:
            FloorError: The outcomes do not prove it.
        """
        outcomes = priced(read_outcomes(self.outcomes))
        told = {name: getattr(self, name) for name in ("drop", "against", "confidence", "max_calls")}
        return router.with_floor(outcomes, **told, groups="task" if self.by_task else None)
