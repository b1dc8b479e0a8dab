"""Plot quality against cost with matplotlib, on a logarithmic axis, without its global state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossroute.errors import require_extra
from crossroute.evaluation.report import PALETTE, CurveFigures, Report
from crossroute.metrics.scores import non_decreasing_convex_hull
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward, best
from crossroute.routing.dial import Dial

with require_extra("Plotting", "plots"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import LogLocator, NullLocator
    from matplotlib.transforms import Bbox

_INK, _QUIET, _FAINT = "#222222", "#707070", "#e6e6e6"
_PER_CALLS = 1000
_POINTS_PER_INCH = 72
_LABEL_RADII = (5, 9, 14, 20, 27, 36)
_LABEL_ANGLES = np.deg2rad([0, 180, 270, 90, 315, 45, 225, 135])


def draw_curves(report: Report, path: str | Path, *, routers: Sequence[str] | None = None) -> None:
    """Plot routers, zero router, oracle and single candidates of a report.

    Dots are a router's points at each willingness to pay, lines are non-decreasing convex hulls.

    Args:
        report: The report.
        path: File to write; its suffix determines the format (.png, .svg, .pdf).
        routers: Names of the routers to draw, at most six; the first ones of the report by default.

    Raises:
        ValueError: A name is not in the report, or there are more than six.
    """
    names = tuple(report.routers)[: len(PALETTE)] if routers is None else tuple(routers)
    if len(names) > len(PALETTE) or not set(names) <= set(report.routers):
        raise ValueError(f"Cannot draw {names}; name at most {len(PALETTE)} of {', '.join(report.routers)}.")
    figure, axes = _frame()
    floor = _floor([each.cost for each in report.candidates.values()])
    _draw_bounds(axes, report, floor)
    for name, color in zip(names, PALETTE, strict=False):
        _draw_router(axes, name, report.routers[name], color, high_cost=report.high_cost, floor=floor)
    lowest = min(each.quality for each in report.candidates.values())
    _limit(axes, lowest, report.oracle.maximum_quality, floor, report.high_cost)
    points = {name: (each.cost, each.quality) for name, each in report.candidates.items()}
    _finish(figure, axes, points, floor, path)


def draw_dial(prediction: Prediction, dial: Dial, path: str | Path, reward: Reward = "exponential") -> None:
    """Plot predicted mean quality against predicted mean cost of some queries, along the dial from 0 to 1.

    Args:
        prediction: Predictions for the queries.
        dial: Cost preference -> willingness to pay.
        path: File to write; its suffix determines the format (.png, .svg, .pdf).
        reward: The reward that is maximized.
    """
    quality, cost, rows = prediction.quality, prediction.cost, np.arange(len(prediction.quality))
    chosen = [best(quality, cost, pay, reward) for pay in dial.willingness_to_pay]
    curve = np.array([(cost[rows, pick].mean(), quality[rows, pick].mean()) for pick in chosen])
    figure, axes = _frame()
    floor = _floor(cost.mean(0))
    drawn = _PER_CALLS * np.maximum(curve[:, 0], floor)
    axes.plot(
        drawn,
        curve[:, 1],
        color=PALETTE[0],
        linewidth=1.8,
        label="CrossRoute, the dial from 0 to 1",
        zorder=4,
    )
    for notch in range(0, len(curve), 25):
        dot = (drawn[notch], curve[notch, 1])
        axes.scatter(*dot, s=26, color=PALETTE[0], zorder=5)
        axes.annotate(
            f"{notch / 100:g}",
            dot,
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=PALETTE[0],
        )
    axes.set_ylabel("Mean predicted quality", color=_INK)
    _limit(axes, quality.mean(0).min(), curve[:, 1].max(), floor, cost.mean(0).max())
    points = {name: (cost[:, j].mean(), quality[:, j].mean()) for j, name in enumerate(prediction.candidates)}
    _finish(figure, axes, points, floor, path)


def _frame() -> tuple[Figure, Axes]:
    """Return an empty figure on a logarithmic cost axis."""
    figure = Figure(figsize=(8, 5), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("Mean cost, USD per 1,000 calls", color=_INK)
    axes.set_ylabel("Mean quality", color=_INK)
    axes.grid(color=_FAINT, linewidth=0.6)
    axes.tick_params(colors=_QUIET, length=0)
    axes.spines[:].set_visible(False)
    return figure, axes


def _floor(costs: Floats | Sequence[float]) -> float:
    """Return the cost, USD, at which free calls are drawn on the logarithmic axis."""
    paid = [float(cost) for cost in costs if cost > 0]
    return min(paid) / 3 if len(paid) < len(costs) and paid else min(paid, default=1e-6) / 100


def _limit(axes: Axes, lowest: float, highest: float, floor: float, high_cost: float) -> None:
    """Set the limits of the axes."""
    left = min(float(np.min(line.get_xdata())) for line in axes.lines)
    axes.set_xlim(max(left, _PER_CALLS * floor) / 1.2, _PER_CALLS * max(high_cost, floor) * 1.4)
    axes.set_ylim(lowest - 0.04, highest + 0.03)


def _finish(
    figure: Figure, axes: Axes, points: dict[str, tuple[float, float]], floor: float, path: str | Path
) -> None:
    """Add the legend and the candidates, and write the file."""
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8, labelcolor=_INK)
    figure.draw_without_rendering()  # from here on, positions in pixels are final
    _draw_candidates(axes, points, floor)
    figure.savefig(path)


def _draw_bounds(axes: Axes, report: Report, floor: float) -> None:
    """Draw the oracle and the zero router, the bounds of useful routers."""
    for name, bound, style in (("oracle", report.oracle, "dotted"), ("zero router", report.zero, "dashed")):
        cost, quality = _hull_line(bound, report.high_cost, floor)
        axes.plot(cost, quality, color=_QUIET, linewidth=1.3, linestyle=style, label=_caption(name, bound))


def _draw_router(
    axes: Axes, name: str, router: CurveFigures, color: str, *, high_cost: float, floor: float
) -> None:
    """Draw the points of the curve and their hull."""
    cost, quality = np.array(router.curve).T
    drawn = _PER_CALLS * np.maximum(cost, floor)
    axes.scatter(drawn, quality, s=7, color=color, alpha=0.35, linewidths=0, zorder=3)
    cost, quality = _hull_line(router, high_cost, floor)
    axes.plot(cost, quality, color=color, linewidth=1.8, label=_caption(name, router), zorder=4)


def _caption(name: str, figures: CurveFigures) -> str:
    return f"{name} (AIQ {figures.aiq:.3f})"


def _hull_line(figures: CurveFigures, high_cost: float, floor: float) -> tuple[Floats, Floats]:
    """Return costs per thousand calls, evenly spaced in their logarithm, and the hull's quality there."""
    hull = non_decreasing_convex_hull(np.array(figures.curve))
    start, end = max(hull[0, 0], floor), max(high_cost, hull[-1, 0], 2 * floor)
    cost = np.union1d(np.geomspace(start, end, 400), hull[hull[:, 0] >= start, 0])
    return _PER_CALLS * cost, np.interp(cost, hull[:, 0], hull[:, 1])


def _draw_candidates(axes: Axes, named: dict[str, tuple[float, float]], floor: float) -> None:
    """Draw single candidates, with labels that overlap as little as possible."""
    points = np.array([(_PER_CALLS * max(cost, floor), quality) for cost, quality in named.values()])
    axes.scatter(points[:, 0], points[:, 1], s=26, color=_INK, edgecolors="white", linewidths=0.8, zorder=6)
    lines = [axes.transData.transform(line.get_xydata()) for line in axes.lines]
    dots = axes.transData.transform(points)
    taken = [Bbox([dot - 6, dot + 6]) for dot in dots]
    for name, dot in zip(named, dots, strict=True):
        taken.append(_label(axes, name.rsplit("/", 1)[-1], dot, np.concatenate(lines), taken))


def _label(axes: Axes, name: str, dot: Floats, curves: Floats, taken: Sequence[Bbox]) -> Bbox:
    """Draw a label at the position around its dot that hides least, and return its box."""
    to_data = axes.transData.inverted().transform
    x, y = to_data(dot)
    text = axes.text(x, y, name, fontsize=7.5, color=_INK, zorder=7, va="bottom")
    text.set_path_effects([withStroke(linewidth=2, foreground="white")])
    text.set_in_layout(False)
    size = np.array(text.get_window_extent().size)
    places = [_place(axes, dot, size, radius, angle) for radius in _LABEL_RADII for angle in _LABEL_ANGLES]
    box = min(places, key=lambda place: _hidden(place, axes.bbox, curves, taken))
    x, y = to_data(box.min)
    text.set_position((x, y))
    end = np.clip(dot, box.min, box.max)
    if np.linalg.norm(end - dot) > 1.5 * _pixels(axes, _LABEL_RADII[1]):
        axes.plot(*to_data([dot, end]).T, color=_QUIET, linewidth=0.6, zorder=5)
    return box


def _place(axes: Axes, dot: Floats, size: Floats, radius: float, angle: float) -> Bbox:
    """Return the box, in pixels, of a label at a distance of `radius` points from the dot."""
    direction = np.array([np.cos(angle), np.sin(angle)])
    middle = dot + direction * _pixels(axes, radius) + np.sign(direction.round(6)) * size / 2
    return Bbox([middle - size / 2, middle + size / 2])


def _pixels(axes: Axes, points: float) -> float:
    return points * axes.figure.dpi / _POINTS_PER_INCH


def _hidden(box: Bbox, frame: Bbox, curves: Floats, taken: Sequence[Bbox]) -> float:
    """Return a penalty for what a label would hide: other labels, dots and the frame weigh more than curves."""
    inside = frame.contains(*box.min) and frame.contains(*box.max)
    return 1000 * (not inside) + 100 * box.count_overlaps(taken) + box.count_contains(curves)
