import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool, Prediction, Price
from crossroute.data.columns import MEASURES
from crossroute.evaluation import compare
from crossroute.metrics.scores import WILLINGNESS_TO_PAY
from crossroute.metrics.sweep import Sweep

charts = pytest.importorskip("crossroute.evaluation.charts", exc_type=ImportError)


@pytest.fixture
def outcomes():
    """A candidate that costs nothing beside one that costs a thousandth of a dollar."""
    pool = Pool(
        [
            Candidate(name="free", price=Price(input=0, output=0)),
            Candidate(name="paid", price=Price(input=1, output=1)),
        ]
    )
    measures = dict.fromkeys(MEASURES, np.full((4, 2), np.nan))
    measures["quality"] = np.array([[1, 1], [0, 1], [0, 1], [1, 1]], dtype=float)
    measures["cost"] = np.tile([0, 1e-3], (4, 1))
    texts = tuple("abcd")
    return Outcomes(
        pool=pool, query_ids=texts, texts=texts, tasks=("t",) * 4, splits=("test",) * 4, **measures
    )


@pytest.fixture
def prediction(outcomes):
    return Prediction(outcomes.pool.names, outcomes.quality * 0.8 + 0.1, outcomes.cost)


def test_free_calls_have_a_place_on_the_logarithmic_axis(outcomes, prediction):
    report = compare({"CrossRoute": prediction}, outcomes, resamples=5)
    dots = charts.curves(report).data[-1]
    assert [list(dots.x), list(dots.customdata)] == [pytest.approx([0.1, 1]), [0, 1]]
    sweep = Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY, report.reward)
    for trace in (*charts.curves(report).data, *charts.shares(sweep, outcomes, report).data):
        assert np.min(trace.x) > 0


def test_close_candidates_have_their_names_apart(outcomes, prediction):
    dots = [(1.0, 0.5), (1.2, 0.52), (9.0, 0.5)]
    sides = [charts._label_side(dot, dots) for dot in dots]
    assert sides == ["bottom center", "top center", "bottom left"]


def test_a_logarithmic_axis_counts_by_one_two_and_five():
    assert charts._ticks([0.03, 0.9]) == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]


def test_shares_add_up_from_the_cheapest_end(outcomes, prediction):
    report = compare({"CrossRoute": prediction}, outcomes, resamples=5)
    sweep = Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY, report.reward)
    free, paid = charts.shares(sweep, outcomes, report).data
    assert np.add(free.y, paid.y) == pytest.approx(np.ones(len(free.y)))
    assert (free.y[0], free.y[-1]) == (1, 0.5)
    assert list(paid.customdata) == sorted(paid.customdata)


def test_calibration_compares_the_means_of_bins(outcomes, prediction):
    sweep = Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY)
    dots = charts.calibration(sweep, outcomes).data[-1]
    assert list(dots.x) == pytest.approx([0.1, 0.9])
    assert list(dots.y) == pytest.approx([0, 1])
    assert list(dots.customdata) == [2, 6]
