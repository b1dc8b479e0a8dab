"""A server: one address for every agent framework, which routes each request to a model of a pool's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crossroute.errors import require_extra

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["build_app", "serve"]


def build_app(path: str | Path) -> Starlette:
    """Return the ASGI application over a pool's file, for a server of one's own.

    Raises:
        ConfigError: Something in the file is wrong, or a key is missing.
        MissingExtraError: The extra `serve` is not installed.
    """
    with require_extra("A server", "serve"):
        from crossroute.serve.app import make_app
    from crossroute.serve.service import Service

    return make_app(Service.of(path))


def serve(
    path: str | Path,
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
) -> None:
    """Serve a pool's file until it is stopped; Ctrl-C lets streams under way end.

    Args:
        path: A crossroute.toml.
        host: In place of what the file says.
        port: Likewise.
        workers: Likewise; processes, or replicas on a cluster.
        engine: "ray" serves by Ray Serve, from the machines of a cluster.
        address: Of the Ray cluster; None for what RAY_ADDRESS names, else this machine alone.

    Raises:
        ConfigError: Something in the file is wrong, or a key is missing.
        MissingExtraError: The extra `serve` is not installed.
    """
    with require_extra("A server", "serve"):
        from crossroute.serve.running import run
    given = {"host": host, "port": port, "workers": workers}
    if engine == "local":
        run(Path(path), given)
        return
    from crossroute.serve.cluster import run_on_cluster

    run_on_cluster(Path(path), given, address=address)
