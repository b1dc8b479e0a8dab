"""Charts of a report: curves, shares and calibration, to hover over. Importing this module needs plotly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.errors import needs_extra
from crossroute.evaluation.report import PALETTE, CurveFigures, Report
from crossroute.metrics.scores import non_decreasing_convex_hull
from crossroute.metrics.sweep import Sweep

with needs_extra("The HTML report", "report"):
    import plotly.graph_objects as go
    from plotly.colors import sample_colorscale
    from plotly.offline import get_plotlyjs

BINS = 10
_SHOWN_AT_FIRST = 4
_MOST_LABELS = 14
"""Candidates beyond which a chart shows their names on hovering only."""

_CLOSE = (1.5, 0.04)
"""Two dots within this factor of cost and this difference of quality have their names above and below."""

_PER_CALLS = 1000
_QUIET = "#7a7a7a"
"""To be read on white and on black: a page follows the reader's setting."""


def library() -> str:
    """Return the script that draws, as text."""
    script: str = get_plotlyjs()
    return script


def curves(report: Report) -> go.Figure:
    """Return the plane of cost and quality: routers, candidates, zero router and oracle."""
    figure = go.Figure()
    for name, bound, dash in (("oracle", report.oracle, "dot"), ("zero router", report.zero, "dash")):
        figure.add_trace(_hull(name, bound, report, {"color": _QUIET, "dash": dash, "width": 1.5}))
    for place, (name, router) in enumerate(report.routers.items()):
        color = PALETTE[place % len(PALETTE)]
        line = _hull(name, router, report, {"color": color, "width": 2.5})
        line.visible = True if place < _SHOWN_AT_FIRST else "legendonly"
        figure.add_trace(line)
    each = report.candidates.items()
    dots = [(max(candidate.cost, _floor(report)), candidate.quality) for _, candidate in each]
    figure.add_trace(
        go.Scatter(
            x=[_PER_CALLS * cost for cost, _ in dots],
            y=[quality for _, quality in dots],
            text=[escape(name.rpartition("/")[2]) for name, _ in each],
            textposition=[_label_side(dot, dots) for dot in dots],
            textfont={"size": 11},
            cliponaxis=False,
            hovertext=[escape(name) for name, _ in each],
            customdata=[_PER_CALLS * candidate.cost for _, candidate in each],
            mode="markers+text" if len(each) <= _MOST_LABELS else "markers",
            name="single candidates",
            marker={"color": _QUIET, "size": 9, "line": {"color": "rgba(255,255,255,0.7)", "width": 1}},
            hovertemplate="%{hovertext}<br>quality %{y:.3f}<br>USD %{customdata:.3g} per 1,000 calls<extra></extra>",
        )
    )
    return _laid_out(figure, "Mean cost, USD per 1,000 calls", "Mean quality", log=True)


def shares(sweep: Sweep, outcomes: Outcomes, report: Report) -> go.Figure:
    """Return which candidate gets which share of the queries, from the cheapest end to the dearest."""
    cost = sweep.points()[:, 0]
    order = np.argsort(cost, kind="stable")
    figure = go.Figure()
    ranked = sorted(report.candidates, key=lambda name: report.candidates[name].cost)
    shades = sample_colorscale("Viridis", np.linspace(0.95, 0.05, len(ranked)).tolist())
    for name, shade in zip(ranked, shades, strict=True):
        share = (sweep.chosen == outcomes.pool.position(name)).mean(axis=0)
        figure.add_trace(
            go.Scatter(
                x=_PER_CALLS * np.maximum(cost[order], _floor(report)),
                y=share[order],
                customdata=_PER_CALLS * cost[order],
                name=escape(name),
                stackgroup="shares",
                mode="lines",
                line={"width": 0.5, "color": shade},
                fillcolor=shade,
                hovertemplate="%{y:.0%} at USD %{customdata:.3g} per 1,000 calls",
            )
        )
    figure.update_layout(legend_traceorder="reversed", hovermode="x unified")
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    return _laid_out(figure, "Mean cost, USD per 1,000 calls", "Share of the queries", log=True)


def calibration(sweep: Sweep, outcomes: Outcomes) -> go.Figure:
    """Return observed quality against predicted quality, in bins, over all candidates."""
    known = ~np.isnan(outcomes.quality)
    predicted, observed = sweep.predicted_quality[known], outcomes.quality[known]
    place = np.minimum((predicted * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    filled = count > 0
    means = (np.bincount(place, values, BINS)[filled] / count[filled] for values in (predicted, observed))
    x, y = means
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="calibrated", line={"color": _QUIET, "dash": "dot"})
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            customdata=count[filled],
            mode="markers",
            name="predictions",
            marker={"color": PALETTE[0], "size": 6 + 18 * np.sqrt(count[filled] / count.max())},
            hovertemplate="predicted %{x:.3f}<br>observed %{y:.3f}<br>%{customdata:,} outcomes<extra></extra>",
        )
    )
    return _laid_out(figure, "Predicted quality", "Observed quality")


def _hull(name: str, figures: CurveFigures, report: Report, line: dict[str, object]) -> go.Scatter:
    """Return a curve's hull, bent as a straight segment bends on the logarithmic axis."""
    hull = non_decreasing_convex_hull(np.array(figures.curve))
    start = max(hull[0, 0], _floor(report))
    cost = np.union1d(np.geomspace(start, max(report.high_cost, start), 120), hull[hull[:, 0] >= start, 0])
    return go.Scatter(
        x=_PER_CALLS * cost,
        y=np.interp(cost, hull[:, 0], hull[:, 1]),
        mode="lines",
        name=f"{escape(name)} ({figures.aiq:.3f})",
        line=line,
        hovertemplate=f"{escape(name)}<br>quality %{{y:.3f}}<br>USD %{{x:.3g}} per 1,000 calls<extra></extra>",
    )


def _label_side(dot: tuple[float, float], dots: Sequence[tuple[float, float]]) -> str:
    """Return where a dot's name stands: under the lines, and away from a dot that is close."""
    factor, difference = _CLOSE
    close = [
        quality
        for cost, quality in dots
        if (cost, quality) != dot
        and 1 / factor < cost / dot[0] < factor
        and abs(quality - dot[1]) < difference
    ]
    if not close:  # the dearest has the frame to its right
        return "bottom left" if dot[0] == max(cost for cost, _ in dots) else "bottom right"
    return "top center" if dot[1] >= max(close) else "bottom center"


def _ticks(costs: Iterable[float]) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten, over a range of costs."""
    found = list(costs)
    low, high = np.floor(np.log10(min(found))), np.ceil(np.log10(max(found)))
    return [float(f"{step}e{power}") for power in np.arange(low, high + 1, dtype=int) for step in (1, 2, 5)]


def _floor(report: Report) -> float:
    """Return the USD at which free calls are drawn, since a logarithm has no place for them."""
    paid = [candidate.cost for candidate in report.candidates.values() if candidate.cost > 0]
    return min(paid, default=1e-6) / 10


def _laid_out(figure: go.Figure, x: str, y: str, *, log: bool = False) -> go.Figure:
    axis = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False}
    scale: dict[str, object] = {}
    if log:
        drawn = [float(cost) for trace in figure.data for cost in trace.x]
        scale = {"type": "log", "tickvals": _ticks(drawn), "tickformat": "~g"}
    return figure.update_layout(
        xaxis={"title": x, **scale, **axis},
        yaxis={"title": y, **axis},
        template="none",
        font={"family": "system-ui, sans-serif", "size": 13, "color": _QUIET},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 50, "r": 10, "t": 20, "b": 50},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
        hoverlabel={"bgcolor": "#333333", "font": {"color": "#ffffff"}},
        height=540,
    )


def div(figure: go.Figure, name: str) -> str:
    """Return a chart as the HTML element of that name; the page holds the library."""
    config = {"displayModeBar": False, "responsive": True}
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return html
