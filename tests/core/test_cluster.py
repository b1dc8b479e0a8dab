"""A function over a cluster's workers, and what goes wrong."""

import os
import sys

import pytest

from crossroute import DataError, MissingExtraError
from crossroute.cluster import connect, map_tasks
from crossroute.errors import CrossRouteError


def test_results_come_in_the_order_of_the_items_from_other_processes(cluster):
    assert list(map_tasks((2).__pow__, range(5))) == [1, 2, 4, 8, 16]
    pids = set(map_tasks(_process, range(3)))
    assert os.getpid() not in pids


def _process(_):
    return os.getpid()


def test_what_fails_in_a_worker_is_raised_as_it_was(cluster):
    with pytest.raises(DataError, match="row 1"):
        list(map_tasks(_fail_at_one, range(3)))


def _fail_at_one(row):
    if row == 1:
        raise DataError(f"row {row}")
    return row


def test_where_no_cluster_answers_the_address_is_told(monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuse(**_):
        raise ConnectionError("Ran out of time")

    monkeypatch.setattr(ray, "init", refuse)
    with (
        pytest.raises(CrossRouteError, match=r"answers at 192\.0\.2\.1:6379: Ran out of time"),
        connect("192.0.2.1:6379"),
    ):
        pass


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"crossroute\[ray\]"), connect():
        pass
