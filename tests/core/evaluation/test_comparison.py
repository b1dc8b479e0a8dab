"""Evaluation: figures by hand, comparisons that are fair, reports that print and dump."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.errors import DataError
from crossroute.evaluation import compare, evaluate
from crossroute.evaluation.report import Report
from crossroute.metrics.scores import aiq, cost_quality_curve
from crossroute.model.prediction import Prediction

NAMES = ("small", "large")


def outcomes_of(quality, cost, tasks=None, names=None):
    n, m = quality.shape
    unknown = np.full((n, m), np.nan)
    return Outcomes(
        query_ids=tuple(map(str, range(n))),
        texts=("query",) * n,
        tasks=tuple(tasks) if tasks is not None else ("task",) * n,
        splits=("test",) * n,
        pool=Pool(Candidate(name=name) for name in names or [f"candidate-{column}" for column in range(m)]),
        **{**dict.fromkeys(MEASURES, unknown), "quality": quality, "cost": cost},
    )


def simulate(n=120, m=4, seed=0, tasks=None):
    generator = np.random.default_rng(seed)
    quality = (generator.random((n, m)) < np.linspace(0.3, 0.8, m)).astype(float)
    cost = np.geomspace(1e-4, 1e-2, m) * generator.lognormal(0, 0.3, (n, m))
    outcomes = outcomes_of(quality, cost, tasks)
    noisy = np.clip(0.6 * quality + 0.4 * generator.random((n, m)), 0, 1)
    blind = np.broadcast_to(quality.mean(axis=0), quality.shape)
    names = outcomes.pool.names
    return outcomes, {"good": Prediction(names, noisy, cost * 1.25), "blind": Prediction(names, blind, cost)}


def printed(report, width=100):
    console = Console(width=width, file=io.StringIO())
    console.print(report)
    return console.file.getvalue()


def test_figures_by_hand():
    quality, cost = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.001, 0.011], [0.001, 0.011]])
    outcomes = outcomes_of(quality, cost, names=NAMES)
    figures = evaluate(Prediction(NAMES, quality, cost * 2), outcomes, willingness_to_pay=0.01).routers[
        "router"
    ]
    # It sends the first query to the small candidate and the second, while it pays, to the large one:
    # from (0.001, 0.5) to (0.006, 1.0) and flat to the end of the range at 0.011.
    assert figures.aiq == pytest.approx((0.75 * 0.005 + 1.0 * 0.005) / 0.01)
    assert figures.maximum_quality == 1.0
    assert figures.cost_at_best_single == pytest.approx(0.006)
    assert figures.share_of_best_single_cost == pytest.approx(0.006 / 0.011)
    assert figures.gap_closed == pytest.approx(1)
    assert figures.calibration_error == 0
    assert figures.cost_factor == pytest.approx(2)
    assert figures.shares_at == {"small": 0.5, "large": 0.5}
    assert sum(figures.shares.values()) == pytest.approx(1)
    assert figures.difference is None


def test_bounds_and_candidates_by_hand():
    quality, cost = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.001, 0.011], [0.001, 0.011]])
    report = evaluate(Prediction(NAMES, quality, cost), outcomes_of(quality, cost, names=NAMES))
    assert (report.low_cost, report.high_cost) == pytest.approx((0.001, 0.011))
    assert report.best_single == "large"
    assert report.candidates["small"].quality == 0.5
    assert repr(report) == f"Report(all: {report.queries} queries, 2 candidates; routers: router)"
    assert report.zero.aiq == pytest.approx(0.75)  # the straight line from 0.5 to 1.0
    assert report.oracle.aiq == pytest.approx(0.875)


def test_of_two_equally_good_candidates_the_cheaper_is_the_best_single_one():
    quality, cost = np.ones((2, 2)), np.array([[0.011, 0.001], [0.011, 0.001]])
    report = evaluate(Prediction(NAMES, quality, cost), outcomes_of(quality, cost, names=NAMES))
    assert report.best_single == "large"
    assert report.routers["router"].share_of_best_single_cost == pytest.approx(1)


def test_the_figures_do_not_depend_on_the_unit_of_money():
    outcomes, predictions = simulate()
    good = predictions["good"]
    dear = evaluate(replace(good, cost=good.cost * 1e5), replace(outcomes, cost=outcomes.cost * 1e5))
    usual, scaled = evaluate(good, outcomes).routers["router"], dear.routers["router"]
    assert scaled.aiq == pytest.approx(usual.aiq, abs=2e-3)
    assert scaled.share_of_best_single_cost == pytest.approx(usual.share_of_best_single_cost, abs=0.01)


def test_evaluate_is_compare_of_one():
    outcomes, predictions = simulate()
    assert evaluate(predictions["good"], outcomes, name="good") == compare(
        {"good": predictions["good"]}, outcomes
    )


def test_aiq_is_that_of_the_curve():
    outcomes, predictions = simulate()
    report = compare(predictions, outcomes, resamples=10)
    for name, prediction in predictions.items():
        points = cost_quality_curve(prediction.quality, prediction.cost, outcomes.quality, outcomes.cost)
        expected = aiq(points, report.low_cost, report.high_cost)
        assert report.routers[name].aiq == pytest.approx(expected)
        assert aiq(np.array(report.routers[name].curve), report.low_cost, report.high_cost) == pytest.approx(
            expected
        )


def test_differences_are_paired():
    outcomes, predictions = simulate()
    predictions["twin"] = predictions["good"]
    report = compare(predictions, outcomes, reference="good", resamples=200)
    good, blind, twin = (report.routers[name] for name in ("good", "blind", "twin"))
    assert good.difference is None
    assert good.aiq_interval[0] < good.aiq < good.aiq_interval[1]
    assert blind.difference == pytest.approx(blind.aiq - good.aiq)
    assert blind.difference_interval[0] < blind.difference < blind.difference_interval[1] < 0
    assert twin.difference_interval == (0, 0)


def test_columns_are_matched_by_name():
    outcomes, predictions = simulate()
    good = predictions["good"]
    turned = Prediction(good.candidates[::-1], good.quality[:, ::-1], good.cost[:, ::-1])
    assert evaluate(turned, outcomes).routers == evaluate(good, outcomes).routers


def test_tasks_are_reported_where_they_have_enough_queries():
    tasks = ["maths"] * 60 + ["law"] * 50 + ["chess"] * 10
    outcomes, predictions = simulate(tasks=tasks)
    report = compare(predictions, outcomes, resamples=20)
    assert [task.task for task in report.tasks] == ["law", "maths"]
    law = np.array(tasks) == "law"
    cut = {name: Prediction(p.candidates, p.quality[law], p.cost[law]) for name, p in predictions.items()}
    alone = compare(cut, outcomes.take(law), resamples=20)
    assert report.tasks[0].routers == alone.routers
    assert alone.tasks == ()


def test_missing_outcomes_are_neither_chosen_nor_counted():
    outcomes, predictions = simulate(60)
    quality, cost = outcomes.quality.copy(), outcomes.cost.copy()
    quality[:20, 3] = np.nan  # the best candidate is unknown for a third
    cost[20:40, 2] = np.nan
    quality[40:] = np.nan  # nothing is known of the last third
    report = compare(predictions, outcomes_of(quality, cost), resamples=20)
    assert report.queries == 40
    assert report.candidates["candidate-3"].queries == 20
    figures = report.routers["good"]
    assert figures.shares["candidate-3"] <= 0.5
    assert np.isfinite([figures.aiq, figures.calibration_error, figures.cost_factor]).all()


def test_a_candidate_without_outcomes_is_left_out():
    outcomes, predictions = simulate(40)
    quality = outcomes.quality.copy()
    quality[:, 1] = np.nan
    report = compare(predictions, outcomes_of(quality, outcomes.cost), resamples=20)
    assert "candidate-1" not in report.candidates
    assert "candidate-1" not in report.routers["good"].shares


def test_missing_outcomes_do_not_flatter_the_zero_router():
    outcomes, predictions = simulate(200)
    quality = np.where(outcomes.quality[:, [0]] == 1, outcomes.quality, np.nan)  # known on easy queries alone
    quality[:, 0] = outcomes.quality[:, 0]
    quality[:, 1:] = np.where(np.isnan(quality[:, 1:]), np.nan, 1.0)
    report = compare(predictions, outcomes_of(quality, outcomes.cost), resamples=20)
    assert report.candidates["candidate-3"].quality == 1.0
    assert report.zero.maximum_quality == pytest.approx(outcomes.quality[:, 0].mean())
    assert report.zero.aiq <= report.oracle.aiq


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: Prediction(p.candidates[:2], p.quality, p.cost), "outcomes.select"),
        (lambda p: Prediction(p.candidates, p.quality[1:], p.cost), r"shape \(119, 4\), expected \(120, 4\)"),
        (lambda p: Prediction(p.candidates, p.quality * np.nan, p.cost), "NaN or infinity"),
    ],
)
def test_a_prediction_that_does_not_fit_is_refused(change, message):
    outcomes, predictions = simulate()
    with pytest.raises(ValueError, match=message):
        evaluate(change(predictions["good"]), outcomes)


def test_the_reference_must_be_among_the_predictions():
    outcomes, predictions = simulate()
    with pytest.raises(ValueError, match="'tuned kNN' is not among the predictions: good, blind"):
        compare(predictions, outcomes, reference="tuned kNN")
    with pytest.raises(ValueError, match="none"):
        compare({}, outcomes)


@pytest.mark.parametrize("column", [[0], [0, 1]])
def test_outcomes_that_cannot_tell_routers_apart_are_refused(column):
    outcomes, predictions = simulate()
    quality, cost = np.full(outcomes.quality.shape, np.nan), np.full(outcomes.cost.shape, 0.01)
    quality[:, column] = 1.0
    with pytest.raises(DataError, match="Routers cannot be ranked"):
        compare(predictions, outcomes_of(quality, cost))
    with pytest.raises(DataError, match="prices"):
        compare(predictions, outcomes_of(outcomes.quality, cost * np.nan))


def test_a_report_survives_json():
    outcomes, predictions = simulate(tasks=["a"] * 60 + ["b"] * 60)
    predictions["never as good"] = Prediction(
        outcomes.pool.names, np.eye(4)[np.zeros(120, int)], np.zeros((120, 4))
    )
    report = compare(predictions, outcomes, reference="blind", willingness_to_pay=0.01, resamples=20)
    assert report.routers["never as good"].cost_at_best_single is None
    assert report.routers["never as good"].cost_factor is None
    assert Report.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("usd", [None, 0.01])
def test_a_report_prints_within_the_width(width, usd):
    outcomes, predictions = simulate(tasks=["a"] * 60 + ["b"] * 60)
    report = compare(predictions, outcomes, reference="blind", willingness_to_pay=usd, resamples=20)
    text = printed(report, width)
    assert max(map(len, text.splitlines())) <= width
    for word in (
        "oracle",
        "zero router",
        "good",
        "vs blind",
        "candidate-3",
        "AIQ by task",
        f"{report.oracle.aiq:.3f}",
    ):
        assert word in text


def test_names_are_printed_as_they_are():
    outcomes, predictions = simulate()
    assert "[red]router" in printed(evaluate(predictions["good"], outcomes, name="[red]router"))


def test_one_query_is_told_as_too_few_without_a_number_of_more():
    outcomes, predictions = simulate(n=1)
    told = evaluate(predictions["good"], outcomes, name="good").doubt("good")
    assert told.endswith("on 1 query; a few hundred more are needed.")


def test_a_router_that_never_differs_from_a_constant_is_told_as_the_same():
    outcomes, predictions = simulate()
    report = evaluate(predictions["blind"], outcomes, name="blind")
    same = report.routers["blind"].model_copy(update={"gain": 0.0, "gain_interval": (-1e-4, 0.0)})
    told = report.model_copy(update={"routers": {"blind": same}}).doubt("blind")
    assert told == "blind: on these 120 queries no better than choosing without the text."
