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
from crossroute.files import place_beside

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
        name: Its name in requests.
        model: Its name for `init_embeddings` ("openai:text-embedding-3-small"); by default `name`.
        base_url: Address of the API; the provider's own by default.
        api_key_env: Environment variable that holds the key; the provider's usual one by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    model: str | None = Field(default=None, min_length=1)
    base_url: Address | None = None
    api_key_env: Variable | None = None


class ServerBudget(BaseModel):
    """A budget for the calls of all keys, or of some.

    Attributes:
        usd: Most USD of calls in each period.
        per: The period.
        key: A label of calls, such as "key:ann"; None counts all.
        pace: Spread the money over the period.
        then: What happens when it is spent.
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
    """Addresses and limits of the server.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        workers: Processes.
        most_bytes: Maximum size of a request's body.
        most_headers: Maximum number of a request's headers, which may have 64 kB in total.
        body_timeout_s: Seconds until a request's body has arrived.
        connect_timeout_s: Seconds until a provider accepts a connection.
        answer_timeout_s: Seconds until a provider's first content, and between chunks of a stream; a model's own
            `timeout` takes precedence.
        send_timeout_s: Seconds until a client accepts a chunk of its answer.
        drain_s: Seconds for running streams when the server stops.
        most_streams: Most concurrent calls of a worker; others get 503 with Retry-After.
        embeddings: Models for embeddings, passed through.
        keys_file: File of keys; a relative path is relative to the crossroute.toml.
        budgets: Budgets for the calls of all keys, or of some; each key may have its own.
        state: Store of spending: a SQLite file, or a Redis. `$NAME` stands for an environment variable, here and
            below.
        redis: Store shared by servers: cooldowns, rates, tool turns, and spending unless `state` is set.
        traffic: The traffic log: a file, or a URL of SQLite or PostgreSQL. Required for feedback.
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
        """The store of spending."""
        return self.state or self.redis or SPENDING

    def beside(self, folder: Path) -> ServerSettings:
        """Return the settings with files that are relative to a folder."""
        update: dict[str, object] = {"keys_file": folder / self.keys_file}
        if self.state is None and self.redis is None:
            update["state"] = str(folder / SPENDING)
        for name in ("state", "traffic"):
            place = getattr(self, name)
            if place is not None:
                update[name] = place_beside(folder, place)
        return self.model_copy(update=update)


def read_settings(config: PoolConfig, path: Path) -> ServerSettings:
    """Read the server's settings from the file; its log is the pool's, unless it names one of its own.

    Raises:
        ConfigError: A value is invalid.
    """
    try:
        told = {"traffic": config.traffic} | config.server
        return ServerSettings.model_validate(told).beside(path.resolve().parent)
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
