"""The service: a pool's file made into a dispatcher, members and a client."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossroute.budgets.state import State, open_state
from crossroute.calls.hooks import Observer
from crossroute.calls.providers import find_provider
from crossroute.calls.settings import CallSettings
from crossroute.candidate import Candidate, Capability, Pool
from crossroute.catalogue import find_candidate
from crossroute.config import ModelEntry, PoolConfig, read_config
from crossroute.errors import ConfigError, EffortError
from crossroute.errors.names import suggest_name
from crossroute.routing.members import Ability
from crossroute.serve.balancing import TokenBudgets
from crossroute.serve.errors import RequestError
from crossroute.serve.guard import Guard
from crossroute.serve.keys import Keys
from crossroute.serve.members import Member
from crossroute.serve.metrics import Metrics
from crossroute.serve.overview import Board, Folder, Overview
from crossroute.serve.rates import LocalCounters, Rates
from crossroute.serve.settings import EmbeddingModel, ServerSettings, read_settings
from crossroute.serve.shared import Shared, SharedBoard, SharedCounters, SharedMemory, SharedState
from crossroute.serve.spending import KeyBudgets
from crossroute.serve.upstream import Upstream
from crossroute.traffic import dispatcher_over

if TYPE_CHECKING:
    from crossroute.traffic import TrafficLog

FOLDER = "CROSSROUTE_FOLDER"
"""Environment variable with a folder that the processes of a server share."""
POOL = "crossroute"
"""The model name for a routed call; `crossroute:0.8` sets the dial."""
DIALS = (0.0, 0.2, 0.5, 0.8, 1.0)
"""Those that `/v1/models` lists."""
UNTOLD: frozenset[Capability] = frozenset({"tools", "structured_output", "vision", "audio", "files"})


class Service:
    """A pool that is served.

    Args:
        config: The file's configuration.
        settings: The server's settings in the file.
        observers: Notified of every call.
        environment: Variables with the keys; by default the process's.

    Raises:
        ConfigError: A key or a provider is missing.
        UnprofiledCandidateError: The router has no profile of a model.
    """

    def __init__(
        self,
        config: PoolConfig,
        settings: ServerSettings,
        *,
        observers: tuple[Observer, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.config, self.settings = config, settings
        self.members = {entry.name: Member.of(entry, environment) for entry in config.models}
        how = config.settings
        self.call_settings = CallSettings(
            **{
                name: how[name]
                for name in ("cost_preference", "willingness_to_pay", "constraints", "escalate")
            }
        )
        self._spellings = read_spellings(config.models)
        self.keys = Keys(settings.keys_file)
        shared = None if settings.redis is None else Shared(settings.redis)
        counters, share = (
            (LocalCounters(), 1 / settings.workers) if shared is None else (SharedCounters(shared), 1.0)
        )
        self.guard = Guard(self.keys, Rates(counters), share)
        self.metrics, self.overview = Metrics(), Overview(self._board(shared))
        self.traffic = None if settings.traffic is None else open_traffic_log(settings)
        self._budgets: KeyBudgets = KeyBudgets(
            self.keys,
            (*config.budgets, *settings.budgets),
            settings.spending,
            make_opener(shared, settings.redis),
        )
        self._watched = bool(observers) or self.traffic is not None
        self.dispatcher = dispatcher_over(
            how["router"],
            {name: _read_ability(member) for name, member in self.members.items()},
            self.traffic,
            observers=(self.metrics, self.overview, self.guard, *observers),
            memory=None if shared is None else SharedMemory(shared),
            pacer=self._budgets,
            default=how["default"],
            sticky=how["sticky"],
            max_attempts=how["max_attempts"],
            exploration=how["exploration"],
            shadow=how["shadow"],
            shadow_share=how["shadow_share"],
        )
        self.embeddings = {model.name: _embedding_member(model, environment) for model in settings.embeddings}
        self._settings_of = lru_cache(1024)(lambda model: self.call_settings.overridden(self.chosen(model)))
        self.upstream = Upstream(settings)
        self.budgets = TokenBudgets()

    @classmethod
    def of(cls, path: str | Path, *, workers: int | None = None, **given: Any) -> Service:
        """Return the service of a file.

        Args:
            path: The file.
            workers: Number of processes; replaces the file's.
            given: Further arguments.

        Raises:
            ConfigError: The file is invalid.
        """
        config = read_config(path)
        settings = read_settings(config, Path(path))
        settings = settings if workers is None else settings.model_copy(update={"workers": workers})
        return cls(config, settings, **given)

    def _board(self, shared: Shared | None) -> Board | None:
        """Return the board for the processes' counters: in Redis, else in a folder of the server."""
        if shared is not None:
            return SharedBoard(shared, "+".join(self.members))
        folder = os.environ.get(FOLDER)
        return None if folder is None else Folder(Path(folder))

    @property
    def foresees_all(self) -> bool:
        """Whether named models are predicted, too: for budgets, the log, or other observers."""
        return self._watched or self._budgets.hold

    @property
    def waits(self) -> bool:
        """Whether a decision waits for stored state: of a budget, or in Redis."""
        return self.settings.redis is not None or self._budgets.hold

    def settings_for(self, model: Any) -> CallSettings:
        """Return the settings of a call by the model that its client names; raises as `chosen`."""
        return self._settings_of(model if isinstance(model, str) else repr(model) if model else "")

    def chosen(self, model: Any) -> dict[str, Any]:
        """Return the settings for a client's model name.

        Raises:
            RequestError: There is no such model.
        """
        if not isinstance(model, str) or not model:
            raise RequestError(
                f'model: expected "{POOL}", "{POOL}:0.8" or a model of the pool, got {model!r}.'
            )
        name, sign, dial = model.partition(":")
        if model == POOL:
            return {}
        if name == POOL and sign:
            return {"cost_preference": _parse_dial(dial)}
        if model in self.members:
            return {"candidate": model}
        meant = find_member(self._spellings, model)
        if meant is not None:
            return {"candidate": meant}
        known = (POOL, f"{POOL}:0.8", *self.members)
        near = suggest_name(model.strip().lower(), known)
        raise RequestError(
            f"Unknown model {model!r}.{near} Expected one of {', '.join(known)}.",
            status=404,
            code="model_not_found",
        )


Spellings = tuple[tuple[Pool, Mapping[str, str | None]], ...]


def read_spellings(models: Iterable[ModelEntry]) -> Spellings:
    """Return the members by their names, and by their models' names: None for a model of several members.

    Each comes with the pool in which a spelling is looked up.
    """
    models = tuple(models)
    count = Counter(entry.model for entry in models)
    by_name: dict[str, str | None] = {entry.name: entry.name for entry in models}
    by_model = {entry.model: entry.name if count[entry.model] == 1 else None for entry in models}
    return tuple((Pool(Candidate(name=name) for name in names), names) for names in (by_name, by_model))


def find_member(spellings: Spellings, model: str) -> str | None:
    """Return the one member that a spelling of its name, else of its model, means; None if there is none.

    Args:
        spellings: See `read_spellings`.
        model: The client's spelling.
    """
    for pool, members in spellings:
        with suppress(EffortError):
            found = find_candidate(pool, model)
            if found is not None and found.name in members:
                return members[found.name]
    return None


def make_opener(shared: Shared | None, url: str | None) -> Callable[[str | Path | None], State]:
    """Return a function that opens the state of budgets; the shared Redis is waited for only briefly."""

    def opened(place: str | Path | None) -> State:
        return SharedState(shared, str(place)) if shared is not None and place == url else open_state(place)

    return opened


def open_traffic_log(settings: ServerSettings) -> TrafficLog:
    """Return the log of traffic that the settings name.

    Raises:
        MissingExtraError: The extra `traffic` is not installed.
    """
    from crossroute.traffic import TrafficLog

    return TrafficLog(str(settings.traffic), keep_text=settings.keep_text)


def _read_ability(member: Member) -> Ability:
    """Return a member's abilities in the file; those that neither it nor the catalogue states are unknown."""
    ability = member.entry.ability
    untold = frozenset() if ability.capabilities is not None else UNTOLD
    answering = {find_provider(place.base_url, member.provider) for place in member.places}
    provider = answering.pop() if len(answering) == 1 else None
    return ability.model_copy(update={"untold": untold, "effort": member.entry.effort, "provider": provider})


def _embedding_member(model: EmbeddingModel, environment: Mapping[str, str] | None) -> Member:
    entry = ModelEntry(
        name=model.name,
        model=model.model or f"openai:{model.name}",
        base_url=model.base_url,
        api_key_env=model.api_key_env,
    )
    member = Member.of(entry, environment)
    if member.speaks != "openai":
        raise ConfigError(
            f"Embeddings of {entry.model!r} are not served: expected a model with OpenAI's API."
        )
    return member


def _parse_dial(text: str) -> float:
    try:
        dial = float(text)
    except ValueError:
        dial = -1.0
    if not 0 <= dial <= 1:
        raise RequestError(
            f"model: expected a dial from 0 (quality first) to 1 (cheapest), such as {POOL}:0.8, got {text!r}.",
            status=404,
            code="model_not_found",
        )
    return dial
