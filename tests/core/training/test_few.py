"""Training on few outcomes: what is taken, what is said, and that no signal gives a constant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crossroute import Router
from crossroute.metrics.uncertainty import MOST_MORE
from crossroute.training import few
from tests.support.routers import make_outcomes, make_router


@pytest.fixture(scope="module")
def outcomes():
    return make_outcomes(96).select(["small", "coder", "large"])


@pytest.fixture(scope="module")
def reader():
    """A router that reads these texts."""
    return make_router().subset(["small", "coder", "large"])


def standing(gain: float, half: float) -> few.OutOfFoldResult:
    return few.OutOfFoldResult(0.8, (0.7, 0.9), gain, (gain - half, gain + half))


def test_a_router_that_reads_is_taken_where_that_pays(outcomes, reader, monkeypatch):
    monkeypatch.setattr(few, "fit_blend", lambda outcomes, *, start, seed: start)
    choice = few.fit_few(outcomes, reader, name="mine")
    assert choice.way == "from mine"
    assert choice.standings["from mine"].gain > 0
    assert choice.needed is None
    assert "Reading the text gains +" in str(choice)


def test_where_reading_the_text_misleads_a_constant_is_taken_and_said(outcomes, reader, monkeypatch):
    monkeypatch.setattr(few, "fit_blend", lambda outcomes, *, start, seed: start)
    choice = few.fit_few(replace(outcomes, quality=1 - outcomes.quality), reader, name="mine")
    assert choice.way == few.CONSTANT
    assert "On these queries the text predicts nothing: take " in str(choice)
    predicted = choice.router.predict(list(outcomes.texts))
    np.testing.assert_allclose(predicted.quality, predicted.quality[:1].repeat(len(outcomes), 0), atol=1e-6)


@pytest.mark.parametrize(
    ("gain", "half", "expected"),
    [(0.0, 0.1, 0.004), (0.05, 1e-9, 0.05), (-0.02, 0.0196, -0.008), (-0.02, 0.2, 0.004)],
)
def test_what_few_rows_show_counts_by_its_error_beside_what_is_gained_elsewhere(gain, half, expected):
    assert standing(gain, half).expected_gain(few.BLEND_GAIN) == pytest.approx(expected, abs=0.0005)


def test_a_constant_predicts_each_mean_and_is_saved(outcomes, tmp_path):
    router = few.fit_constant(few.split_randomly(outcomes, 0))
    quality = router.predict(["Anything at all?"]).quality[0]
    observed = np.nanmean(outcomes.quality, axis=0)
    np.testing.assert_allclose(quality, observed, atol=0.1)
    router.save_pretrained(tmp_path / "router")
    again = Router.from_pretrained(tmp_path / "router").predict(["Anything at all?"]).quality[0]
    np.testing.assert_allclose(again, quality, atol=1e-6)


@pytest.mark.parametrize(
    ("gain", "half", "needed"),
    [(0.05, 0.02, None), (0.02, 0.04, 300), (0.01, 0.0101, 10), (1e-12, 0.04, MOST_MORE)],
)
def test_how_many_more_would_tell(gain, half, needed):
    standings = {few.CONSTANT: standing(0, 0), "from universal": standing(gain, half)}
    choice = few.Choice(None, "from universal", 100, standings, ("a", 0.9), ("a", 0.9), 0.0)
    assert choice.needed == needed
    if needed:
        assert f"about {needed:,} more queries would" in str(choice)


def test_the_cheapest_that_cannot_be_told_from_the_best_is_named():
    outcomes = make_outcomes(120)
    quality = outcomes.quality.copy()
    quality[:, 0], quality[:, 2] = np.tile([1, 1, 1, 0], 30), np.tile([1, 1, 1, 1, 0, 1, 0, 1], 15)
    best, enough, saving = few.find_best_and_enough(
        replace(outcomes, quality=quality).select(["small", "large"])
    )
    assert (best[0], enough[0]) == ("small", "small")
    quality[:, 2] = 1
    best, enough, saving = few.find_best_and_enough(
        replace(outcomes, quality=quality).select(["small", "large"])
    )
    assert (best, enough) == (("large", 1.0), ("large", 1.0))
    assert saving == 0
    quality[:, 0] = np.concatenate([[0], np.ones(119)])
    best, enough, saving = few.find_best_and_enough(
        replace(outcomes, quality=quality).select(["small", "large"])
    )
    assert (best[0], enough[0]) == ("large", "small")
    assert saving > 0.9
