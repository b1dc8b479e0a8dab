import json
import re
from html import unescape

import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool, Prediction, Price
from crossroute.data.columns import MEASURES
from crossroute.evaluation import charts, compare
from crossroute.metrics.scores import WILLINGNESS_TO_PAY
from crossroute.metrics.sweep import Sweep


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


@pytest.fixture
def report(outcomes, prediction):
    return compare({"CrossRoute": prediction}, outcomes, resamples=5)


@pytest.fixture
def sweep(outcomes, prediction, report):
    return Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY, report.reward)


def test_free_calls_have_a_place_on_the_logarithmic_axis(outcomes, report, sweep):
    chart = charts.curves(report)
    assert [dot.x for dot in chart.dots] == pytest.approx([0.1, 1])
    assert [dot.told.partition(", ")[2] for dot in chart.dots] == [
        "USD 0 per 1,000 calls",
        "USD 1 per 1,000 calls",
    ]
    for drawn in (chart, charts.shares(sweep, outcomes, report)):
        assert np.min(drawn.at) > 0
        assert np.all(np.diff(drawn.at) >= 0)


def test_everything_lies_within_the_plot(outcomes, report, sweep):
    drawn = [
        charts.curves(report),
        charts.shares(sweep, outcomes, report),
        charts.calibration(sweep, outcomes),
    ]
    for chart in drawn:
        heights = np.concatenate([*(one.y for one in chart.series), [dot.y for dot in chart.dots]])
        places = np.concatenate([chart.x.at(chart.at), chart.y.at(heights[~np.isnan(heights)])])
        assert places.min() >= -1e-6
        assert places.max() <= 1000 + 1e-6


def test_shares_fill_the_height_and_say_what_each_gets(outcomes, report, sweep):
    bottom, top = charts.shares(sweep, outcomes, report).series
    assert (bottom.under == 0).all()
    assert top.y == pytest.approx(1)
    assert np.array_equal(top.under, bottom.y)
    assert [f"{part:.0%}" for part in bottom.y] == bottom.told


def test_a_curve_tells_its_quality_where_it_is_read(report):
    chart = charts.curves(report)
    read = json.loads(unescape(re.search(r'data-read="(.*?)"', chart.html())[1]))
    assert len(read["x"]) == len(read["told"]) == charts.STEPS
    router = chart.series[-1]
    assert read["series"]["2"][-1] == f"{router.y[-1]:.3f}"
    assert router.name == f"CrossRoute ({report.routers['CrossRoute'].aiq:.3f})"
