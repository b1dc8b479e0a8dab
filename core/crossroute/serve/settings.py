"""The `[server]` table of `crossroute.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from crossroute.config import PoolConfig
from crossroute.config.entries import Address, Amount, Variable
from crossroute.errors import ConfigError
from crossroute.errors.names import suggest_name

MEGABYTE = 1_000_000
SPENDING = "crossroute-spending.sqlite3"


def _read_variable(told: str) -> str:
    if not told.startswith("$"):
        return told
    found = os.environ.get(told[1:])
    if not found:
        raise ValueError(f"the environment variable {told[1:]} is not set")
    return found


Stated = Annotated[str, AfterValidator(_read_variable)]
"""A place, or the environment variable that names it, such as $REDIS_URL: a password is in no file."""


class EmbeddingModel(BaseModel):
    """A model for embeddings, passed through.

    Attributes:
        name: As clients ask for it.
        model: As `init_embeddings` knows it ("openai:text-embedding-3-small"); the name by default.
        base_url: Address of the API; the provider's own by default.
        api_key_env: Environment variable that holds the key; the provider's usual one by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    model: str | None = Field(default=None, min_length=1)
    base_url: Address | None = None
    api_key_env: Variable | None = None


class ServerBudget(BaseModel):
    """A budget over the calls of all keys, or of some.

    Attributes:
        usd: That calls may take in each period.
        per: The period.
        key: A name as calls are counted under it, such as "key:ann"; None counts all.
        pace: Spread the money over the period.
        then: What happens when it is gone.
        zone: Time zone of the period.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: float = Field(gt=0, allow_inf_nan=False)
    per: Literal["day", "month", "total"] = "month"
    key: str | None = None
    pace: bool = False
    then: Literal["cheapest", "refuse"] = "cheapest"
    zone: str = "UTC"


class ServerSettings(BaseModel):
    """How the server listens and what it allows; limits are a request's.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        workers: Processes.
        most_bytes: Of a request's body.
        most_headers: Of a request; all together may have 64 kB.
        body_timeout_s: Until a request's body has come.
        connect_timeout_s: Until a provider takes a connection.
        answer_timeout_s: Until a provider says something, and between two pieces of a stream; a model's own `timeout`
            goes before it.
        send_timeout_s: Until a client takes a piece of its answer.
        drain_s: For streams under way when the server stops.
        most_streams: Calls under way at once, of a worker; others are told to come again.
        embeddings: Models for embeddings, passed through.
        keys_file: Of keys, beside the crossroute.toml unless it is an absolute path.
        budgets: Over the calls of all keys, or of some; each key may have one of its own.
        state: Where spending is kept: a SQLite file, or a Redis. `$NAME` stands for an environment variable, here and
            below.
        redis: What servers share: cooldowns, rates, tool turns, and spending where `state` does not say otherwise.
        traffic: The log of traffic: a file, or a URL of SQLite or PostgreSQL. Feedback needs it.
        keep_text: Keep the text of queries in the log.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    workers: int = Field(default=1, ge=1)
    most_bytes: int = Field(default=32 * MEGABYTE, gt=0)
    most_headers: int = Field(default=100, gt=0)
    body_timeout_s: Amount = 30.0
    connect_timeout_s: Amount = 5.0
    answer_timeout_s: Amount = 120.0
    send_timeout_s: Amount = 60.0
    drain_s: Amount = 30.0
    most_streams: int = Field(default=4096, gt=0)
    embeddings: tuple[EmbeddingModel, ...] = ()
    keys_file: Path = Path("crossroute-keys.json")
    budgets: tuple[ServerBudget, ...] = ()
    state: Stated | None = Field(default=None, repr=False)
    redis: Stated | None = Field(default=None, repr=False)
    traffic: Stated | None = Field(default=None, repr=False)
    keep_text: bool = False

    @property
    def spending(self) -> str:
        """Where spending is kept."""
        return self.state or self.redis or SPENDING

    def beside(self, folder: Path) -> ServerSettings:
        """Return the settings with files that are relative to a folder."""
        update: dict[str, object] = {"keys_file": folder / self.keys_file}
        if self.state is None and self.redis is None:
            update["state"] = str(folder / SPENDING)
        for name in ("state", "traffic"):
            place = getattr(self, name)
            if place is not None and "://" not in place:
                update[name] = str(folder / place)
        return self.model_copy(update=update)


def read_settings(config: PoolConfig, path: Path) -> ServerSettings:
    """Return what the file says of its server.

    Raises:
        ConfigError: A value is not as expected.
    """
    try:
        return ServerSettings.model_validate(config.server).beside(path.resolve().parent)
    except ValidationError as error:
        raise _fault(path, error) from None


def _fault(path: Path, error: ValidationError) -> ConfigError:
    from crossroute.config.located import LocatedToml

    first = error.errors(include_url=False)[0]
    told = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "extra_forbidden":
        known = ServerSettings.model_fields
        told = f"unknown key.{suggest_name(str(first['loc'][-1]), known)} Expected {', '.join(known)}"
    return LocatedToml(path).fault(("server", *first["loc"]), f"{told}, got {first['input']!r}.")
