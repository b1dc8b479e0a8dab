"""The page of a report: one self-contained HTML file that needs no network.

Curves with hover, who gets which queries, each task's figures, calibration, and the queries that cost a router
most. Importing this module needs plotly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np

from crossroute.errors import MissingExtraError
from crossroute.evaluation.comparison import answered
from crossroute.evaluation.report import Bound, Report, RouterFigures
from crossroute.metrics import WILLINGNESS_TO_PAY, non_decreasing_convex_hull
from crossroute.outcomes import Outcomes
from crossroute.prediction import Prediction
from crossroute.reward import linear_reward, log_exponential_reward
from crossroute.storage import replace_file
from crossroute.sweep import Sweep

try:
    import plotly.graph_objects as go
    from plotly.colors import qualitative
    from plotly.offline import get_plotlyjs
except ImportError as error:
    raise MissingExtraError("The HTML report", "report") from error

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colour-blind readers tell apart."""

REGRETS = 25
BINS = 10
_BEGINNING, _END = 120, 280
_SHOWN_AT_FIRST = 4
_PER_CALLS = 1000
_QUIET = "#707070"


class Regret(NamedTuple):
    """A query on which another candidate would have earned more, in hindsight.

    Attributes:
        row: The query's place among the outcomes.
        chosen: Name of the candidate that the router chose.
        best: Name of the one that it should have chosen.
        regret: Reward lost, in units of quality.
    """

    row: int
    chosen: str
    best: str
    regret: float


def write_page(
    path: str | Path,
    report: Report,
    router: str,
    prediction: Prediction,
    outcomes: Outcomes,
    *,
    willingness_to_pay: float,
) -> None:
    """Write the page.

    Args:
        path: The file, replaced as a whole.
        report: What was found; all its routers are drawn.
        router: Name of the router of the report that the page looks into.
        prediction: That router's, for the queries of outcomes.
        outcomes: What was observed.
        willingness_to_pay: USD, at which regrets are told.

    Raises:
        ValueError: The report knows no such router.
    """
    if router not in report.routers:
        raise ValueError(f"Expected one of the routers {', '.join(report.routers)}, got {router!r}.")
    seen = answered(outcomes)
    sweep = Sweep.of(prediction, outcomes, WILLINGNESS_TO_PAY, report.reward)
    chosen = Sweep.of(prediction, outcomes, np.array([willingness_to_pay]), report.reward)
    found = regrets(chosen, seen, willingness_to_pay, report)
    page = Template(_PAGE).substitute(
        title=escape(f"{router}: {report.queries:,} queries, {len(report.candidates)} candidates"),
        router=escape(router),
        library=get_plotlyjs(),
        figures=_figures_table(report),
        curves=_div(curves(report), "curves"),
        shares=_div(shares(sweep, seen, report), "shares"),
        tasks=_tasks_table(report),
        calibration=_div(calibration(sweep, seen), "calibration"),
        regrets=_regrets_table(found, seen),
        pay=f"{willingness_to_pay:.3g}",
    )
    replace_file(Path(path), page.encode())


def curves(report: Report) -> go.Figure:
    """Return the plane of cost and quality: routers, candidates, zero router and oracle."""
    figure = go.Figure()
    bounds: dict[str, Bound] = {"oracle": report.oracle, "zero router": report.zero}
    for name, bound in bounds.items():
        figure.add_trace(_hull(name, bound, report, {"color": _QUIET, "dash": "dot", "width": 1.5}))
    for place, (name, router) in enumerate(report.routers.items()):
        color = PALETTE[place % len(PALETTE)]
        line = _hull(name, router, report, {"color": color, "width": 2.5})
        line.visible = True if place < _SHOWN_AT_FIRST else "legendonly"
        figure.add_trace(line)
    each = report.candidates.items()
    figure.add_trace(
        go.Scatter(
            x=[_PER_CALLS * candidate.cost for _, candidate in each],
            y=[candidate.quality for _, candidate in each],
            text=[escape(name) for name, _ in each],
            mode="markers",
            name="single candidates",
            marker={"color": "#222222", "size": 9, "line": {"color": "white", "width": 1}},
            hovertemplate="%{text}<br>quality %{y:.3f}<br>USD %{x:.3g} per 1,000 calls<extra></extra>",
        )
    )
    return _laid_out(figure, "Mean cost, USD per 1,000 calls", "Mean quality", log=True)


def shares(sweep: Sweep, outcomes: Outcomes, report: Report) -> go.Figure:
    """Return who gets which share of the queries, from the cheapest end to the dearest."""
    cost = sweep.points()[:, 0]
    order = np.argsort(cost, kind="stable")
    figure = go.Figure()
    for place, name in enumerate(report.candidates):
        share = (sweep.chosen == outcomes.pool.position(name)).mean(axis=0)
        figure.add_trace(
            go.Scatter(
                x=_PER_CALLS * cost[order],
                y=share[order],
                name=escape(name),
                stackgroup="shares",
                mode="lines",
                line={"width": 0.5, "color": qualitative.Dark24[place % len(qualitative.Dark24)]},
                hovertemplate="%{y:.0%} at USD %{x:.3g} per 1,000 calls",
            )
        )
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
            mode="lines+markers",
            name="predictions",
            line={"color": PALETTE[0]},
            marker={"size": 6 + 18 * np.sqrt(count[filled] / count.max())},
            hovertemplate="predicted %{x:.3f}<br>observed %{y:.3f}<br>%{customdata:,} outcomes<extra></extra>",
        )
    )
    return _laid_out(figure, "Predicted quality", "Observed quality")


def regrets(sweep: Sweep, outcomes: Outcomes, pay: float, report: Report) -> list[Regret]:
    """Return the queries on which a router lost most, the worst first.

    Args:
        sweep: The router's choices at one willingness to pay.
        outcomes: Those queries.
        pay: That willingness to pay, USD.
        report: Says which reward decided.
    """
    quality, cost = outcomes.quality, outcomes.cost
    exponential = report.reward == "exponential"
    reward = (
        np.exp(log_exponential_reward(quality, cost, pay))
        if exponential
        else linear_reward(quality, cost, pay)
    )
    best = np.where(np.isnan(reward), -np.inf, reward).argmax(axis=1)
    rows, chosen = np.arange(len(outcomes)), sweep.chosen[:, 0]
    lost = reward[rows, best] - reward[rows, chosen]
    worst = np.argsort(-lost, kind="stable")[:REGRETS]
    names = outcomes.pool.names
    return [
        Regret(int(row), names[chosen[row]], names[best[row]], float(lost[row]))
        for row in worst
        if lost[row] > 0
    ]


def _hull(name: str, bound: Bound, report: Report, line: dict[str, object]) -> go.Scatter:
    """Return a bound's hull, bent as a straight segment bends on the logarithmic axis."""
    hull = non_decreasing_convex_hull(np.array(bound.curve))
    paid = [candidate.cost for candidate in report.candidates.values() if candidate.cost > 0]
    start = max(hull[0, 0], min(paid, default=1e-6) / 10)
    cost = np.union1d(np.geomspace(start, max(report.high_cost, start), 120), hull[hull[:, 0] >= start, 0])
    return go.Scatter(
        x=_PER_CALLS * cost,
        y=np.interp(cost, hull[:, 0], hull[:, 1]),
        mode="lines",
        name=f"{escape(name)} ({bound.aiq:.3f})",
        line=line,
        hovertemplate=f"{escape(name)}<br>quality %{{y:.3f}}<br>USD %{{x:.3g}} per 1,000 calls<extra></extra>",
    )


def _laid_out(figure: go.Figure, x: str, y: str, *, log: bool = False) -> go.Figure:
    axis = {"gridcolor": "#e6e6e6", "zeroline": False}
    return figure.update_layout(
        xaxis={"title": x, "type": "log" if log else "linear", **axis},
        yaxis={"title": y, **axis},
        template="none",
        font={"family": "system-ui, sans-serif", "size": 13},
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        legend={"bgcolor": "rgba(255,255,255,0.6)"},
        height=480,
    )


def _div(figure: go.Figure, name: str) -> str:
    config = {"displaylogo": False, "responsive": True}
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return html


def _figures_table(report: Report) -> str:
    heads = ("router", "AIQ", "95 % interval", "against the reference", "best quality", "gap closed", "ECE")
    ranked = sorted(report.routers.items(), key=lambda item: -item[1].aiq)
    return _table(heads, (_figures(name, figures) for name, figures in ranked))


def _figures(name: str, figures: RouterFigures) -> tuple[str, ...]:
    against = figures.difference_interval
    return (
        name,
        f"{figures.aiq:.4f}",
        "{:.4f} to {:.4f}".format(*figures.aiq_interval),
        "{:+.4f} to {:+.4f}".format(*against) if against else "",
        f"{figures.maximum_quality:.3f}",
        "" if figures.gap_closed is None else f"{figures.gap_closed:.1%}",
        f"{figures.calibration_error:.3f}",
    )


def _tasks_table(report: Report) -> str:
    heads = ("task", "queries", "zero router", *report.routers, "oracle")
    rows = (
        (
            task.task,
            f"{task.queries:,}",
            f"{task.zero.aiq:.3f}",
            *(f"{task.routers[name].aiq:.3f}" for name in report.routers),
            f"{task.oracle.aiq:.3f}",
        )
        for task in report.tasks
    )
    return _table(heads, rows) if report.tasks else "<p>All queries are of one task.</p>"


def _regrets_table(found: Sequence[Regret], outcomes: Outcomes) -> str:
    heads = ("query", "task", "chosen", "its quality", "better", "its quality", "reward lost")
    position = outcomes.pool.position
    rows = (
        (
            _shortened(outcomes.texts[one.row]),
            outcomes.tasks[one.row],
            one.chosen,
            f"{outcomes.quality[one.row, position(one.chosen)]:.2f}",
            one.best,
            f"{outcomes.quality[one.row, position(one.best)]:.2f}",
            f"{one.regret:.3f}",
        )
        for one in found
    )
    return _table(heads, rows) if found else "<p>None: the router chose best in hindsight.</p>"


def _shortened(text: str) -> str:
    """Return the beginning and the end, where the question of a few-shot prompt stands."""
    return text if len(text) <= _BEGINNING + _END else f"{text[:_BEGINNING]} […] {text[-_END:]}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CrossRoute: $title</title>
<link rel="icon" href="data:,">
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p { color: #555; max-width: 46rem; }
table { border-collapse: collapse; font-size: 13px; width: 100%; }
th { text-align: right; border-bottom: 2px solid #ccc; padding: 4px 8px; white-space: nowrap; }
td { text-align: right; border-bottom: 1px solid #eee; padding: 4px 8px; vertical-align: top; }
th:first-child, td:first-child { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
</style>
<script>$library</script>
</head>
<body>
<h1>$title</h1>
$figures
<h2>Cost and quality</h2>
<p>Lines are non-decreasing convex hulls of what a router reaches as the willingness to pay rises; in brackets its AIQ.
A click on a name hides or shows it.</p>
$curves
<h2>Who gets which queries</h2>
<p>The share that $router sends to each candidate, from its cheapest end to its dearest.</p>
$shares
<h2>Tasks</h2>
<p>AIQ of each task, over the cost range of its own queries.</p>
$tasks
<h2>Calibration</h2>
<p>Predicted and observed quality over all queries and candidates; the larger the dot, the more outcomes.</p>
$calibration
<h2>Worst regrets</h2>
<p>Queries on which $router lost most reward to the best choice in hindsight, at a willingness to pay of USD $pay.</p>
$regrets
</body>
</html>
"""
