"""Plots: a file comes out, labels stay legible, nothing global changes."""

import importlib
import sys

import matplotlib as mpl
import numpy as np
import pytest

from crossroute.errors import MissingExtraError
from crossroute.evaluation import plots
from crossroute.evaluation.report import CandidateFigures, CurveFigures, Report, RouterFigures
from crossroute.model.prediction import Prediction
from crossroute.routing.dial import Dial


def a_report(routers=2, candidates=11):
    generator = np.random.default_rng(0)
    costs, qualities = np.geomspace(1e-4, 5e-3, candidates), np.linspace(0.55, 0.87, candidates)
    near = generator.normal(0, 0.005, candidates)
    curve = tuple(zip((costs * 0.9).tolist(), (qualities + 0.02).tolist(), strict=True))
    bound = {"aiq": 0.8, "maximum_quality": 0.95, "curve": curve}
    figures = RouterFigures(
        **bound,
        aiq_interval=(0.79, 0.81),
        difference=None,
        difference_interval=None,
        cost_at_best_single=None,
        share_of_best_single_cost=None,
        gap_closed=0.2,
        calibration_error=0.01,
        cost_factor=1.1,
        shares={},
        shares_at=None,
    )
    return Report(
        task="all",
        queries=100,
        reward="exponential",
        reference=None,
        willingness_to_pay=None,
        low_cost=1e-4,
        high_cost=5e-3,
        best_single="maker/model-10",
        candidates={
            f"maker/model-{place}": CandidateFigures(quality=quality, cost=cost, queries=100)
            for place, (cost, quality) in enumerate(zip(costs, qualities + near, strict=True))
        },
        zero=CurveFigures(**bound),
        oracle=CurveFigures(**bound),
        routers={f"router {place}": figures for place in range(routers)},
    )


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_draws_into_a_file_of_each_format(tmp_path, suffix, head):
    path = tmp_path / f"curves.{suffix}"
    plots.draw_curves(a_report(), path)
    assert path.read_bytes().startswith(head)


def test_global_state_is_left_alone(tmp_path):
    before = dict(mpl.rcParams), mpl.get_backend(auto_select=False)
    loaded = "matplotlib.pyplot" in sys.modules
    plots.draw_curves(a_report(), tmp_path / "curves.png")
    assert (dict(mpl.rcParams), mpl.get_backend(auto_select=False)) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_names_overlap_neither_each_other_nor_a_candidate():
    (figure, axes), report, floor = plots._frame(), a_report(), 1e-9
    plots._draw_bounds(axes, report, floor)
    lowest = min(each.quality for each in report.candidates.values())
    plots._limit(axes, lowest, report.oracle.maximum_quality, floor, report.high_cost)
    figure.draw_without_rendering()
    points = {name: (each.cost, each.quality) for name, each in report.candidates.items()}
    plots._draw_candidates(axes, points, floor)
    boxes = [text.get_window_extent() for text in axes.texts]
    dots = axes.transData.transform([(1000 * each.cost, each.quality) for each in report.candidates.values()])
    assert [text.get_text() for text in axes.texts] == [f"model-{place}" for place in range(11)]
    for place, box in enumerate(boxes):
        assert box.count_overlaps(boxes[:place]) == 0
        assert box.count_contains(dots) == 0
        assert axes.bbox.contains(*box.min)
        assert axes.bbox.contains(*box.max)


def test_a_free_candidate_has_its_place(tmp_path):
    report = a_report()
    free = report.candidates["maker/model-0"].model_copy(update={"cost": 0.0})
    free_report = report.model_copy(
        update={"candidates": report.candidates | {"maker/model-0": free}, "low_cost": 0.0}
    )
    plots.draw_curves(free_report, tmp_path / "free.png")
    assert (tmp_path / "free.png").read_bytes().startswith(b"\x89PNG")


def test_the_dial_runs_from_the_dearest_choice_to_the_cheapest(tmp_path):
    quality, cost = np.array([[0.9, 0.5], [0.8, 0.7]]), np.array([[0.01, 0.0], [0.02, 0.001]])
    plots.draw_dial(
        Prediction(("a", "b"), quality, cost), Dial.calibrate(quality, cost), tmp_path / "dial.png"
    )
    assert (tmp_path / "dial.png").read_bytes().startswith(b"\x89PNG")


def test_more_routers_than_colours_need_a_choice(tmp_path):
    report = a_report(routers=8)
    plots.draw_curves(report, tmp_path / "first.png")
    plots.draw_curves(report, tmp_path / "chosen.png", routers=["router 7"])
    with pytest.raises(ValueError, match="at most 6"):
        plots.draw_curves(report, tmp_path / "all.png", routers=list(report.routers))
    with pytest.raises(ValueError, match="router 9"):
        plots.draw_curves(report, tmp_path / "unknown.png", routers=["router 9"])


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    monkeypatch.delitem(sys.modules, "crossroute.evaluation.plots")
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[plots\]"'):
        importlib.import_module("crossroute.evaluation.plots")
