"""The application as a deployment of Ray Serve: replicas over the machines of a cluster, one port on each machine.

Each replica reads the pool's file at the same path, and takes the models' keys from its own environment. Limits are
split among replicas, or counted together in Redis, as among the processes of one machine.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crossroute.cluster import connect, raise_worker_errors
from crossroute.errors import CrossRouteError
from crossroute.serve.running import check_settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

NAME = "crossroute"
WATCHED_S = 1.0


def run_on_cluster(path: Path, given: Mapping[str, Any], *, address: str | None = None) -> None:
    """Serve a pool's file from a cluster until stopped by Ctrl-C or SIGTERM.

    Args:
        path: The file, which must have the same path on each machine.
        given: Values that replace the file's: host, port, workers.
        address: As for `connect`.
    """
    with connect(address) as ray, suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # in place of Ray's, which aborts
        deploy(ray, path, given)
        from ray import serve

        try:
            while True:
                time.sleep(WATCHED_S)
        finally:
            serve.shutdown()


def deploy(
    ray: Any,
    path: Path,
    given: Mapping[str, Any],
    *,
    listening: Literal["EveryNode", "HeadOnly"] = "EveryNode",
) -> None:
    """Start the replicas, and return once they answer.

    Args:
        ray: The connected Ray.
        path: The pool's file.
        given: As for `run_on_cluster`.
        listening: Whether the port is open on each machine with a replica, or only on the cluster's first machine.

    Raises:
        ConfigError: The file is invalid, or the server would be open to anyone.
        CrossRouteError: Ray Serve already runs on the cluster, and would keep its own, possibly public, host.
    """
    from ray import serve

    settings = check_settings(path, given)
    running = serve.status()
    if running.proxies or running.applications:
        raise CrossRouteError(
            "Ray Serve runs on this cluster already, and its host and port cannot be changed. Stop it with "
            "`serve shutdown`, or use another cluster."
        )
    place, replicas = path.resolve(), settings.workers

    def application() -> Starlette:
        from crossroute.serve.app import make_app
        from crossroute.serve.service import Service

        return make_app(Service.of(place, workers=replicas))

    replica = serve.deployment(
        name=NAME,
        num_replicas=replicas,
        max_ongoing_requests=settings.most_streams,
        graceful_shutdown_timeout_s=settings.drain_s,
    )(serve.ingress(application)())
    try:
        serve.start(proxy_location=listening, http_options={"host": settings.host, "port": settings.port})
        with raise_worker_errors(ray):
            serve.run(replica.bind(), name=NAME, route_prefix="/")
    except BaseException:  # be it Ctrl-C: what was started would outlive the command
        serve.shutdown()
        raise
