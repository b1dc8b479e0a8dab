"""A Ray cluster of two nodes on this machine, a CPU each; tests that need one are skipped where Ray is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

STARTS = 3
"""Tries to start a node: Ray gives it half a minute, which a busy machine may not keep."""
MEMORY = 100 * 2**20


@contextmanager
def ray_cluster() -> Iterator[Cluster]:
    """Run a cluster for as long as the block lasts, and be connected to it."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0")
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    started(cluster, include_dashboard=False, no_monitor=True)
    started(cluster)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def started(cluster: Cluster, **options: Any) -> Any:
    """Return another node of a cluster."""
    for left in reversed(range(STARTS)):
        try:
            return cluster.add_node(
                num_cpus=1, object_store_memory=MEMORY, include_log_monitor=False, **options
            )
        except Exception as error:
            if not left or "timed out" not in str(error):
                raise
    raise AssertionError
