"""Ray: a connection to a cluster, and a function over its workers. Ray is imported where it is used."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from crossroute.errors import CrossRouteError, one_line, require_extra

Item = TypeVar("Item")
Result = TypeVar("Result")

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Unless the environment says otherwise, Ray reports nothing of its use, and leaves variables of GPUs as they are."""


@contextmanager
def connect(address: str | None = None) -> Iterator[Any]:
    """Yield ray, connected to a cluster until the block ends; to the one it is connected to already, where it is.

    Args:
        address: "host:6379", "auto" or "ray://host:10001"; None for what RAY_ADDRESS names, else this machine alone.

    Raises:
        CrossRouteError: No cluster answers there.
        MissingExtraError: Ray is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with require_extra("A cluster", "ray"):
        import ray
    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except ConnectionError as error:
        raise CrossRouteError(
            f"No Ray cluster answers at {address or os.environ.get('RAY_ADDRESS')}: {one_line(error)}. "
            "Start one with `ray start --head`, or leave --address out to use this machine."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def map_tasks(
    function: Callable[[Item], Result], items: Iterable[Item], *, address: str | None = None
) -> Iterator[Result]:
    """Yield what a function returns of each item, in their order; each is a task of the cluster.

    A task whose machine is lost is done again elsewhere. The function is sent once, whatever it holds.

    Args:
        function: It, the items and what it returns can be pickled; its module is installed on each machine.
        items: One a task.
        address: As of `connect`.
    """
    with connect(address) as ray:
        shared = ray.put(function)
        run = ray.remote(num_cpus=1, max_retries=-1)(_apply)
        with raise_worker_errors(ray):
            yield from map(ray.get, [run.remote(shared, item) for item in items])


@contextmanager
def raise_worker_errors(ray: Any) -> Iterator[None]:
    """Raise what failed in a worker as if it had failed here."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        cause: BaseException | None = error
        while cause is not None and isinstance(cause, ray.exceptions.RayError):
            cause = getattr(cause, "cause", None) or cause.__cause__
        if cause is None:
            raise
        raise cause from error


def _apply(function: Callable[[Item], Result], item: Item) -> Result:
    return function(item)
