"""What the `[server]` table of a `crossroute.toml` may say."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossroute.config import PoolConfig
from crossroute.config.pool import Address, Amount, Variable
from crossroute.errors import ConfigError

MEGABYTE = 1_000_000


class EmbeddingModel(BaseModel):
    """A model whose embeddings are passed through.

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


class ServerSettings(BaseModel):
    """How the server listens and what it allows; limits are a request's.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        workers: Processes.
        most_bytes: Of a request's body.
        most_headers: Of a request; each may have up to 64 kB in all.
        body_timeout_s: Until a request's body has come.
        connect_timeout_s: Until a provider takes a connection.
        answer_timeout_s: Until a provider says something, and between two pieces of a stream; a model's own `timeout`
            goes before it.
        send_timeout_s: Until a client takes a piece of its answer.
        drain_s: For streams under way when the server stops.
        most_streams: Calls under way at once, of a worker; others are told to come again.
        embeddings: Models whose embeddings are passed through.
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


def server_settings(config: PoolConfig, path: Path) -> ServerSettings:
    """Return what the file says of its server.

    Raises:
        ConfigError: A value is not as expected.
    """
    try:
        return ServerSettings.model_validate(config.server)
    except ValidationError as error:
        raise _fault(path, error) from None


def _fault(path: Path, error: ValidationError) -> ConfigError:
    from crossroute.config.located import LocatedToml

    first = error.errors(include_url=False)[0]
    told = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "extra_forbidden":
        told = f"unknown key. Expected {', '.join(ServerSettings.model_fields)}"
    return LocatedToml(path).fault(("server", *first["loc"]), f"{told}, got {first['input']!r}.")
