"""What cascades cost beyond money, and the classical cascade beside them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from crossroute import Candidate, Outcomes, Pool
from crossroute.data.columns import MEASURES
from crossroute.evaluation import compare
from crossroute.evaluation.baselines import classical_cascade
from crossroute.evaluation.cascade_report import cascade_report
from crossroute.model.prediction import Prediction

CHEAP, DEAR = 0.001, 0.01


def outcomes_of(right, logprob, n_latency=1.0):
    """A cheap candidate that is right where `right` says, and a dear one that is always right."""
    n = len(right)
    known = {
        "quality": np.stack([np.array(right, dtype=float), np.ones(n)], axis=1),
        "cost": np.tile([CHEAP, DEAR], (n, 1)),
        "latency": np.tile([n_latency, 2 * n_latency], (n, 1)),
        "answer_logprob": np.stack([np.array(logprob, dtype=float), np.full(n, -0.1)], axis=1),
    }
    return Outcomes(
        query_ids=tuple(map(str, range(n))),
        texts=("query",) * n,
        tasks=("task",) * n,
        splits=("test",) * n,
        pool=Pool([Candidate(name="cheap"), Candidate(name="dear")]),
        **dict.fromkeys(MEASURES, np.full((n, 2), np.nan)) | known,
    )


def printed(report):
    shown = Console(width=100, file=io.StringIO())
    shown.print(report)
    return shown.file.getvalue()


@pytest.fixture
def telling():
    """Answers whose log-probability tells exactly which are right."""
    right = [1, 1, 1, 0] * 10
    return outcomes_of(right, [-0.1 if each else -3.0 for each in right])


def test_where_confidence_tells_all_the_classical_cascade_is_right_for_the_least(telling):
    played = classical_cascade(telling, telling)
    cost, quality = played.points()[-1]
    assert quality == 1
    # every query pays the cheap call, a quarter the dear one, too
    assert cost == pytest.approx(CHEAP + DEAR / 4)
    assert played.calls[:, -1].mean() == 1.25
    assert played.latency[:, -1].mean() == pytest.approx(1 + 2 / 4)


def test_where_confidence_tells_nothing_it_is_a_mixture_of_single_candidates():
    right = [1, 0] * 20
    silent = outcomes_of(right, [np.nan] * 40)
    played = classical_cascade(silent, silent)
    np.testing.assert_allclose(played.points(), [[CHEAP, 0.5], [DEAR, 1.0]])
    assert played.calls.max() == 1


def test_thresholds_are_chosen_on_the_tuning_queries_alone(telling):
    upside_down = outcomes_of([0, 1] * 20, [-0.1, -3.0] * 20)
    played = classical_cascade(telling, upside_down)
    assert played.quality.shape[0] == 40
    assert played.points()[-1][1] == pytest.approx(0.5)  # it trusts the confident half, which is wrong here


def test_the_report_tells_calls_waiting_and_the_price_of_the_best_quality(telling):
    played = {"classical": classical_cascade(telling, telling)}
    figures = cascade_report(played, telling, resamples=50).cascades["classical"]
    first, last = figures.points[0], figures.points[-1]
    assert (first.calls, first.quality) == (1, 0.75)
    assert first.latency == (1, 1, 1)
    assert last.calls == 1.25
    assert last.latency == (1, 3, 3)
    assert figures.share_of_best_single_cost == pytest.approx((CHEAP + DEAR / 4) / DEAR)
    low, high = figures.share_interval
    assert low <= figures.share_of_best_single_cost <= high


def test_a_quality_that_is_never_reached_has_no_price():
    tuned_elsewhere = classical_cascade(
        outcomes_of([1] * 40, [-0.1] * 40), outcomes_of([0] * 40, [-0.1] * 40)
    )
    observed = outcomes_of([0] * 40, [-0.1] * 40)
    report = cascade_report({"a": tuned_elsewhere}, observed, resamples=20)
    assert report.cascades["a"].share_of_best_single_cost is None
    assert report.cascades["a"].share_interval is not None
    assert "never" in printed(report)


def test_of_two_equally_good_candidates_the_cheaper_is_the_best_single_one():
    observed = outcomes_of([1] * 40, [-0.1] * 40)
    observed = replace(observed, cost=np.tile([DEAR, CHEAP], (40, 1)))
    played = classical_cascade(observed, observed)
    figures = cascade_report({"a": played}, observed, resamples=20).cascades["a"]
    assert figures.share_of_best_single_cost == pytest.approx(1)


def test_no_share_of_the_cost_is_told_where_the_best_candidate_is_free():
    paid = outcomes_of([1] * 30 + [0] * 10, [-0.1] * 40)
    observed = replace(paid, cost=np.tile([DEAR, 0.0], (40, 1)))
    report = cascade_report({"a": classical_cascade(observed, observed)}, observed, resamples=20)
    assert report.cascades["a"].share_of_best_single_cost is None
    assert report.cascades["a"].share_interval is None
    assert "never" not in printed(report)
    assert "–" in printed(report)


def test_cascades_are_compared_with_routers_on_the_same_draws(telling):
    played = {"classical": classical_cascade(telling, telling)}
    blind = Prediction(("cheap", "dear"), np.tile([0.75, 1.0], (40, 1)), telling.cost)
    report = compare({"blind": blind}, telling, played=played, reference="blind", resamples=50)
    assert report.routers["classical"].aiq > report.routers["blind"].aiq
    assert report.routers["classical"].difference_interval[0] > 0
