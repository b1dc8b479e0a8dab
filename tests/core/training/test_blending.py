"""Blending a router with few outcomes: their means and costs are met, nothing is trained, and the whole is saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crossroute import Router
from crossroute.training.blending import BLENDED, fit_blend
from tests.support.routers import make_outcomes, make_router


@pytest.fixture(scope="module")
def outcomes():
    """Outcomes at three times the cost and with other qualities than the router expects."""
    outcomes = make_outcomes(120).select(["small", "coder", "large"])
    return replace(outcomes, quality=1 - outcomes.quality, cost=3 * outcomes.cost)


@pytest.fixture(scope="module")
def start():
    return make_router()


@pytest.fixture(scope="module")
def blended(outcomes, start):
    return fit_blend(outcomes, start)


def test_what_outcomes_show_moves_quality_and_cost(blended, outcomes, start):
    texts = list(outcomes.texts)
    before, after = start.subset(outcomes.pool.names).predict(texts), blended.predict(texts)
    columns = [before.candidates.index(name) for name in after.candidates]
    observed = outcomes.quality.mean(axis=0)
    apart = [
        np.abs(each.mean(axis=0) - observed).max() for each in (before.quality[:, columns], after.quality)
    ]
    assert apart[1] < apart[0] / 2
    assert after.cost.mean() == pytest.approx(outcomes.cost.mean(), rel=0.25)


def test_it_is_saved_as_it_is(blended, outcomes, tmp_path):
    blended.save_pretrained(tmp_path / "blended")
    loaded = Router.from_pretrained(tmp_path / "blended")
    assert loaded.provenance["way"] == BLENDED
    texts = list(outcomes.texts)[:20]
    np.testing.assert_allclose(loaded.predict(texts).quality, blended.predict(texts).quality, atol=1e-4)


def test_a_candidate_that_the_router_does_not_know_is_profiled_by_its_outcomes(outcomes, start):
    unknown = start.without("large")
    found = fit_blend(outcomes.take(np.arange(40)), unknown)
    assert set(found.pool.names) == {"small", "coder", "large"}
