import pickle

import numpy as np
import pytest

from crossroute import Constraints, NoEligibleCandidateError
from tests.support.made import CONSTRAINTS, QUERIES, made_router


@pytest.fixture(scope="module")
def router():
    return made_router()


def chosen(router, query, **settings):
    try:
        decision = router.route(query, **settings)
    except NoEligibleCandidateError:
        return None, np.nan, np.nan, np.nan, np.nan
    first = decision.alternatives[0]
    return decision.candidate, first.quality, first.cost, first.reward, first.quality_error


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cost_preference": 0},
        {"cost_preference": 0.9},
        {"willingness_to_pay": 0.003},
        *({"constraints": each} for each in CONSTRAINTS),
        {"constraints": Constraints(max_cost=0.004, deny={"a"}), "cost_preference": 0.2},
    ],
)
def test_columns_hold_what_is_decided_one_by_one(router, settings):
    found = router.route_columns(QUERIES, **settings)
    expected = [chosen(router, query, **settings) for query in QUERIES]
    assert found.names == [row[0] for row in expected]
    columns = np.stack([found.quality, found.cost, found.reward, found.error], axis=1)
    np.testing.assert_allclose(columns, np.array([row[1:] for row in expected], dtype=float), rtol=2e-5)


def test_more_than_a_batch_comes_in_order(router, monkeypatch):
    whole = router.route_columns(QUERIES)
    monkeypatch.setattr("crossroute.routing.router.COLUMNS_BATCH", 4)
    parts = router.route_columns(iter(QUERIES))
    assert parts.names == whole.names
    assert len(parts) == len(QUERIES)
    np.testing.assert_allclose(parts.cost, whole.cost, rtol=2e-5)


def test_no_query_gives_empty_columns(router):
    found = router.route_columns([])
    assert len(found) == 0
    assert found.names == []
    assert found.cost.shape == found.error.shape == (0,)


def test_one_text_in_place_of_several_is_refused(router):
    with pytest.raises(TypeError, match="put it in a list"):
        router.route_columns("one text")


def test_columns_and_routers_pickle(router):
    found = router.route_columns(QUERIES)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert again.names == found.names
    other = pickle.loads(pickle.dumps(router))  # noqa: S301 - our own
    assert other.dial == router.dial
    assert (other.route_columns(QUERIES).cost == found.cost).all()
