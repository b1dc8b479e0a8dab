"""An HTTP server for any agent framework that routes each request to a model of a pool's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crossroute.errors import require_extra
from crossroute.files import as_path

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["build_app", "serve"]


def build_app(path: str | Path) -> Starlette:
    """Return the ASGI application over a pool's file, for a server of one's own.

    Raises:
        ConfigError: The file is invalid, or a key is missing.
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
    """Serve a pool's file until stopped; after Ctrl-C running streams may end.

    Args:
        path: A crossroute.toml.
        host: Replaces the file's host.
        port: Likewise.
        workers: Likewise; number of processes, or of replicas on a cluster.
        engine: "ray" uses Ray Serve on the machines of a cluster.
        address: Address of the Ray cluster; None for that in RAY_ADDRESS, or else this machine only.

    Raises:
        ConfigError: The file is invalid, or a key is missing.
        MissingExtraError: The extra `serve` is not installed.
    """
    with require_extra("A server", "serve"):
        from crossroute.serve.running import run
    given = {"host": host, "port": port, "workers": workers}
    if engine == "local":
        run(as_path(path), given)
        return
    from crossroute.serve.cluster import run_on_cluster

    run_on_cluster(as_path(path), given, address=address)
