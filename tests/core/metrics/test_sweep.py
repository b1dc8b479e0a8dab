"""Choices at every willingness to pay, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool
from crossroute.metrics.sweep import Sweep, reorder
from crossroute.model.prediction import Prediction

PAYS = np.array([1e-6, 1.0])
QUALITY, COST = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.tile([1e-3, 1e-2], (3, 1))


@pytest.fixture
def outcomes():
    unknown = np.full((3, 2), np.nan)
    return Outcomes(
        query_ids=("1", "2", "3"),
        texts=("a", "b", "c"),
        tasks=("t",) * 3,
        splits=("test",) * 3,
        pool=Pool(Candidate(name=name) for name in ("cheap", "dear")),
        quality=QUALITY,
        cost=COST,
        input_tokens=unknown,
        output_tokens=unknown,
        latency=unknown,
        answer_logprob=unknown,
    )


@pytest.fixture
def prediction():
    return Prediction(("cheap", "dear"), np.tile([0.5, 0.9], (3, 1)), COST)


def test_choices_and_what_they_came_to_by_hand(outcomes, prediction):
    sweep = Sweep.of(prediction, outcomes, PAYS)
    assert sweep.chosen.tolist() == [[0, 1]] * 3
    assert sweep.quality.tolist() == [[0, 1], [1, 0], [1, 1]]
    np.testing.assert_allclose(sweep.points(), [[1e-3, 2 / 3], [1e-2, 2 / 3]])
    assert sweep.shares().tolist() == [0.5, 0.5]


def test_queries_count_by_their_weights(outcomes, prediction):
    sweep = Sweep.of(prediction, outcomes, PAYS)
    weights = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])
    np.testing.assert_allclose(sweep.points(weights)[..., 1], [[0, 1], [1, 0.5]])
    np.testing.assert_allclose(sweep.points(np.full(3, 1 / 3)), sweep.points())
    taken = sweep.take(np.array([True, False, False]))
    np.testing.assert_allclose(taken.points(), sweep.points(weights)[0])


def test_only_what_is_known_is_chosen_and_a_query_of_nothing_known_is_left_out(outcomes, prediction):
    holes = QUALITY.copy()
    holes[0, 1], holes[1] = np.nan, np.nan
    sweep = Sweep.of(prediction, replace(outcomes, quality=holes), PAYS)
    assert sweep.chosen.tolist() == [[0, 0], [0, 1]]


def test_columns_may_stand_in_any_order(outcomes, prediction):
    turned = Prediction(("dear", "cheap"), prediction.quality[:, ::-1], COST[:, ::-1])
    for found, expected in zip(reorder(turned, outcomes), reorder(prediction, outcomes), strict=True):
        assert (found == expected).all()


def test_predictions_of_others_are_refused(outcomes, prediction):
    with pytest.raises(ValueError, match=r"Select the same candidates with `outcomes\.select"):
        Sweep.of(replace(prediction, candidates=("cheap", "other")), outcomes, PAYS)
    short = replace(prediction, quality=prediction.quality[:2], cost=COST[:2])
    with pytest.raises(ValueError, match=r"shape \(2, 2\), expected \(3, 2\)"):
        Sweep.of(short, outcomes, PAYS)
