"""A tiny router and what it is made from; nothing touches the user's cache or the network.

Fixtures import what they need, so that a test that needs none of them starts at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

    from crossroute import Outcomes, Router
    from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock at 0 that stands still."""
    from tests.support.clock import Clock

    return Clock()


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """Outcomes of four candidates on 120 texts of three kinds."""
    from tests.support.tiny import make_outcomes

    return make_outcomes()


@pytest.fixture(scope="session")
def router(outcomes: Outcomes) -> Router:
    """A router trained on them for three epochs."""
    from crossroute import fit
    from tests.support.tiny import TINY

    return fit(outcomes, TINY)


@pytest.fixture(scope="session")
def saved(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the router was saved to; tests that alter it copy it first."""
    folder = tmp_path_factory.mktemp("saved") / "router"
    router.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def jsonl(outcomes: Outcomes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same outcomes as plain rows."""
    import numpy as np

    path = tmp_path_factory.mktemp("data") / "outcomes.jsonl"
    with path.open("w") as file:
        for row, column in np.ndindex(outcomes.quality.shape):
            fields = {
                "text": outcomes.texts[row],
                "task": outcomes.tasks[row],
                "split": outcomes.splits[row],
                "candidate": outcomes.pool.names[column],
                "quality": outcomes.quality[row, column],
                "cost_usd": outcomes.cost[row, column],
                "input_tokens": outcomes.input_tokens[row, column],
                "output_tokens": outcomes.output_tokens[row, column],
            }
            file.write(json.dumps(fields) + "\n")
    return path


@pytest.fixture(scope="session")
def cluster(_own_cache: None) -> Iterator[Cluster]:
    """Two nodes of Ray, connected to; a test that stops a node adds one of its own first."""
    from tests.support.ray_cluster import ray_cluster

    with ray_cluster() as running:
        yield running
