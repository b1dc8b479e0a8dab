"""Build the charts of a report: curves, shares and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.drawing import Axis, Chart, Dot, Series
from crossroute.evaluation.report import PALETTE, CurveFigures, Report
from crossroute.metrics.scores import non_decreasing_convex_hull
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats

BINS = 10
STEPS = 240
"""Costs at which curves are drawn."""
_SHOWN_AT_FIRST = 4
_MOST_LABELS = 14
"""With more candidates, a chart shows their names only on hovering."""

_PER_CALLS = 1000
COST = "Mean cost, USD per 1,000 calls"
QUIET = "var(--soft)"
SHADES = ((253, 231, 37), (94, 201, 98), (33, 145, 140), (59, 82, 139), (72, 40, 120))
"""From the cheapest candidate to the most expensive: the Viridis palette."""


def curves(report: Report) -> Chart:
    """Build the chart of quality against cost: routers, candidates, zero router and oracle."""
    each = report.candidates.items()
    dots = [
        Dot(
            _PER_CALLS * max(one.cost, _floor(report)),
            one.quality,
            f"{name}: quality {one.quality:.3f}, {_usd(one.cost)}",
            name.rpartition("/")[2] if len(each) <= _MOST_LABELS else "",
        )
        for name, one in each
    ]
    bounds = {"oracle": (report.oracle, "2 4"), "zero router": (report.zero, "7 5")}
    everyone = [*(one for one, _ in bounds.values()), *report.routers.values()]
    starts = [max(np.array(one.curve)[:, 0].min(), _floor(report)) for one in everyone]
    cost = np.geomspace(min(starts), max(report.high_cost, *starts), STEPS)
    series = [_hull(name, one, cost, QUIET, dash=dash, width=1.5) for name, (one, dash) in bounds.items()] + [
        _hull(name, one, cost, PALETTE[place % len(PALETTE)], shown=place < _SHOWN_AT_FIRST)
        for place, (name, one) in enumerate(report.routers.items())
    ]
    across = np.append(_PER_CALLS * cost, [dot.x for dot in dots])
    heights = np.concatenate([*(one.y for one in series), [dot.y for dot in dots]])
    low, high = np.nanmin(heights), np.nanmax(heights)
    room = 0.06 * max(high - low, 0.01)
    return Chart(
        "curves",
        Axis.logarithmic(COST, across),
        Axis.linear("Mean quality", low - room, high + room),
        _PER_CALLS * cost,
        [_usd(one) for one in cost],
        series,
        dots,
    )


def shares(sweep: Sweep, outcomes: Outcomes, report: Report) -> Chart:
    """Build the chart of each candidate's share of the queries against cost."""
    cost = sweep.points()[:, 0]
    order = np.argsort(cost, kind="stable")
    ranked = sorted(report.candidates, key=lambda name: report.candidates[name].cost)
    drawn = _PER_CALLS * np.maximum(cost[order], _floor(report))
    across = Axis.logarithmic(COST, drawn)
    # one point per pixel, or areas would overlap
    apart = np.append(np.diff(across.at(drawn).round()) > 0, True)
    order, drawn = order[apart], drawn[apart]
    share = np.array([(sweep.chosen == outcomes.pool.position(name)).mean(axis=0)[order] for name in ranked])
    tops = np.minimum(share.cumsum(axis=0), 1.0)
    series = [
        Series(
            name,
            tops[place],
            shade,
            [f"{part:.0%}" for part in share[place]],
            under=tops[place] - share[place],
        )
        for place, (name, shade) in enumerate(zip(ranked, _shades(len(ranked)), strict=True))
    ]
    return Chart(
        "shares",
        across,
        Axis.linear("Share of the queries", 0, 1, ".0%"),
        drawn,
        [_usd(one) for one in cost[order]],
        series,
    )


def calibration(sweep: Sweep, outcomes: Outcomes) -> Chart:
    """Build the chart of observed against predicted quality, in bins, over all candidates."""
    known = ~np.isnan(outcomes.quality)
    predicted, observed = sweep.predicted_quality[known], outcomes.quality[known]
    place = np.minimum((predicted * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    filled = count > 0
    x, y = (np.bincount(place, values, BINS)[filled] / count[filled] for values in (predicted, observed))
    dots = [
        Dot(
            float(mean),
            float(seen),
            f"predicted {mean:.3f}, observed {seen:.3f}: {size:,} outcomes",
            size=6 + 18 * float(np.sqrt(size / count.max())),
            colour=PALETTE[0],
        )
        for mean, seen, size in zip(x, y, count[filled], strict=True)
    ]
    ends = np.array([0.0, 1.0])
    return Chart(
        "calibration",
        Axis.linear("Predicted quality", 0, 1),
        Axis.linear("Observed quality", 0, 1),
        ends,
        series=[Series("calibrated", ends, QUIET, dash="2 4", width=1.5)],
        dots=dots,
    )


def _hull(
    name: str,
    figures: CurveFigures,
    cost: Floats,
    colour: str,
    *,
    dash: str = "",
    width: float = 2.5,
    shown: bool = True,
) -> Series:
    """Return a curve's hull, sampled for the logarithmic axis; NaN before its first point."""
    hull = non_decreasing_convex_hull(np.array(figures.curve))
    quality = np.interp(cost, hull[:, 0], hull[:, 1])
    quality[cost < hull[0, 0] * (1 - 1e-9)] = np.nan
    told = ["" if np.isnan(one) else f"{one:.3f}" for one in quality]
    return Series(f"{name} ({figures.aiq:.3f})", quality, colour, told, dash=dash, width=width, shown=shown)


def _shades(count: int) -> Sequence[str]:
    """Return colours from light to dark."""
    place = np.linspace(0, len(SHADES) - 1, count)
    channels = (np.interp(place, range(len(SHADES)), channel) for channel in zip(*SHADES, strict=True))
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.rint(list(channels)).astype(int).T]


def _floor(report: Report) -> float:
    """Return the cost, USD, at which free calls are drawn on the logarithmic axis."""
    paid = [candidate.cost for candidate in report.candidates.values() if candidate.cost > 0]
    return min(paid, default=1e-6) / 10


def _usd(cost: float) -> str:
    return f"USD {_PER_CALLS * cost:.3g} per 1,000 calls"
