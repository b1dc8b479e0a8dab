"""Routers that a log holds: adopted, gone back from, loaded."""

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import Router
from crossroute.errors import TrafficError
from crossroute.traffic import TrafficLog
from crossroute.traffic.registry import adopt, go_back, load_adopted, read_adopted
from tests.support.routers import ARITHMETIC


@pytest.fixture
def log(tmp_path):
    return TrafficLog(tmp_path / "traffic.db")


@pytest.fixture(scope="module")
def routers():
    whole = Router.from_pretrained("routerbench")
    return [whole.subset(whole.pool.names[:count]) for count in (2, 3)]


def test_a_log_without_a_router_leaves_each_integration_its_own(log):
    assert read_adopted(log) is None
    with pytest.raises(TrafficError, match="No router is adopted"):
        go_back(log)
    with pytest.raises(TrafficError, match="has no router 'none'"):
        load_adopted(log, "none")


def test_a_router_comes_back_as_it_was(log, routers):
    mark = adopt(log, routers[0])
    assert read_adopted(log) == mark
    loaded = load_adopted(log, mark)
    assert loaded.pool.names == routers[0].pool.names
    expected, found = (router.route(ARITHMETIC) for router in (routers[0], loaded))
    assert (found.candidate, found.quality) == (expected.candidate, expected.quality)


def test_going_back_undoes_one_adoption_after_the_other(log, routers):
    first, second = (adopt(log, router) for router in routers)
    assert first != second
    assert adopt(log, routers[0]) == first
    assert [go_back(log), read_adopted(log)] == [second, second]
    assert go_back(log) == first
    third = adopt(log, routers[1], "better")
    assert third == second
    assert go_back(log) == first  # what was undone is not gone back to
    assert go_back(log) is None
    assert read_adopted(log) is None
    with pytest.raises(TrafficError, match="No router is adopted"):
        go_back(log)
