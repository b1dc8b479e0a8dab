"""Write a report as one self-contained HTML file.

It has a summary sentence, interactive curves, shares of the candidates, figures per task, calibration, and the queries
with the largest regret.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation import charts
from crossroute.evaluation.comparison import drop_unanswered
from crossroute.evaluation.report import CurveFigures, Report, RouterFigures
from crossroute.files import as_path, replace_file
from crossroute.metrics.scores import sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.model.prediction import Prediction
from crossroute.reward import Reward, linear_reward, log_exponential_reward
from crossroute.tables import shorten

REGRETS = 25
"""Most queries in the table of regrets."""

_BEGINNING, _END = 120, 280
"""Characters of a collapsed query that are shown, of its beginning and of its end."""
_MOST = 12_000
"""Most characters of an expanded query."""


class Regret(NamedTuple):
    """A query on which another candidate had a higher reward.

    Attributes:
        row: Index of the query in the outcomes.
        chosen: Name of the candidate that the router chose.
        best: Name of the best candidate in hindsight.
        regret: Difference in reward, in units of quality.
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
    about: str = "",
) -> None:
    """Write the page.

    Args:
        path: The file, replaced atomically.
        report: The report; all its routers are drawn.
        router: Name of the router that the page describes.
        prediction: That router's predictions for the queries of `outcomes`.
        outcomes: The observed outcomes.
        willingness_to_pay: USD at which regrets are computed.
        about: A line under the heading that names the router and the outcomes.

    Raises:
        ValueError: The report has no such router.
    """
    if router not in report.routers:
        raise ValueError(f"Expected one of the routers {', '.join(report.routers)}, got {router!r}.")
    seen = drop_unanswered(outcomes)
    sweep = Sweep.of(prediction, outcomes, sweep_for(outcomes.cost), report.reward)
    chosen = Sweep.of(prediction, outcomes, np.array([willingness_to_pay]), report.reward)
    found = find_regrets(chosen, seen, willingness_to_pay, report.reward)
    package = files("crossroute.evaluation")
    template = package.joinpath("page.html").read_text("utf-8")
    page = Template(template).substitute(
        title=escape(f"{router}: {report.queries:,} queries, {len(report.candidates)} candidates"),
        about=escape(about),
        router=escape(router),
        script=package.joinpath("chart.js").read_text("utf-8"),
        verdict=escape(_render_verdict(report, report.routers[router])),
        tiles=_render_tiles(report, report.routers[router]),
        figures=_figures_table(report),
        candidates=_candidates_table(report, router),
        curves=charts.curves(report).html(),
        shares=charts.shares(sweep, seen, report).html(),
        tasks=_tasks_table(report),
        calibration=charts.calibration(sweep, seen).html(),
        regrets=_regrets_table(found, seen),
        pay=f"{willingness_to_pay:.3g}",
    )
    replace_file(as_path(path), page.encode(errors="replace"))  # texts may contain lone surrogates


def find_regrets(sweep: Sweep, outcomes: Outcomes, pay: float, reward: Reward) -> list[Regret]:
    """Return the queries with the largest regret, in descending order.

    Args:
        sweep: The router's choices at one willingness to pay.
        outcomes: The same queries.
        pay: That willingness to pay, USD.
        reward: The reward that was maximized.
    """
    quality, cost = outcomes.quality, outcomes.cost
    earned = (
        np.exp(log_exponential_reward(quality, cost, pay))
        if reward == "exponential"
        else linear_reward(quality, cost, pay)
    )
    best = np.where(np.isnan(earned), -np.inf, earned).argmax(axis=1)
    rows, chosen = np.arange(len(outcomes)), sweep.chosen[:, 0]
    lost = earned[rows, best] - earned[rows, chosen]
    worst = np.argsort(-lost, kind="stable")[:REGRETS]
    names = outcomes.pool.names
    return [
        Regret(int(row), names[chosen[row]], names[best[row]], float(lost[row]))
        for row in worst
        if lost[row] > 0
    ]


def _render_verdict(report: Report, figures: RouterFigures) -> str:
    """Summarize the router in comparison with the best single candidate."""
    best = report.candidates[report.best_single]
    beside = (
        f"{report.best_single}, the best single candidate (quality {best.quality:.3f} for {_usd(best.cost)})"
    )
    if figures.share_of_best_single_cost is None:
        return f"Reaches a quality of {figures.maximum_quality:.3f} at most, beside {beside}."
    share = f"{figures.share_of_best_single_cost:.0%} of its cost"
    return f"Reaches the quality of {beside}, at {share}; at any cost, a quality of {figures.maximum_quality:.3f}."


def _render_tiles(report: Report, figures: RouterFigures) -> str:
    """Render the four main figures."""
    low, high = figures.aiq_interval
    told = (
        ("AIQ", f"{figures.aiq:.3f}", f"95 %: {low:.3f} to {high:.3f}"),
        (
            "Cost at best quality",
            _or_dash(figures.share_of_best_single_cost, ".0%"),
            f"of {report.best_single}",
        ),
        ("Gap closed", _or_dash(figures.gap_closed, ".0%"), "from blind mixing to perfect choice"),
        ("Calibration error", f"{figures.calibration_error:.3f}", "of the predicted quality"),
    )
    cells = (
        f"<div><b>{escape(value)}</b><span>{escape(name)}</span><small>{escape(more)}</small></div>"
        for name, value, more in told
    )
    return "".join(cells)


def _figures_table(report: Report) -> str:
    heads: tuple[str, ...] = (
        "router",
        "AIQ",
        "95 % interval",
        f"vs {report.reference or 'none'}",
        "best quality",
    )
    heads += ("cost at best single", "gap closed", "ECE", "cost factor")
    rows: dict[str, CurveFigures] = {"oracle": report.oracle, "zero router": report.zero, **report.routers}
    ranked = sorted(rows.items(), key=lambda item: -item[1].aiq)
    return _table(heads, (_figures(name, figures) for name, figures in ranked))


def _figures(name: str, figures: CurveFigures) -> tuple[str, ...]:
    aiq, most = f"{figures.aiq:.4f}", f"{figures.maximum_quality:.3f}"
    if not isinstance(figures, RouterFigures):
        return (name, aiq, "", "", most, "", "", "", "")
    against = figures.difference_interval
    return (
        name,
        aiq,
        "{:.4f} to {:.4f}".format(*figures.aiq_interval),
        "{:+.4f} to {:+.4f}".format(*against) if against else "",
        most,
        _or_dash(figures.share_of_best_single_cost, ".0%"),
        _or_dash(figures.gap_closed, ".1%"),
        f"{figures.calibration_error:.3f}",
        _or_dash(figures.cost_factor, ".2f"),
    )


def _candidates_table(report: Report, router: str) -> str:
    heads = ("candidate", "quality", "USD per 1,000 calls", "outcomes", f"share by {router}")
    shares = report.routers[router].shares
    ranked = sorted(report.candidates.items(), key=lambda item: item[1].cost)
    return _table(
        heads,
        (
            (name, f"{one.quality:.3f}", f"{1000 * one.cost:.3g}", f"{one.queries:,}", f"{shares[name]:.0%}")
            for name, one in ranked
        ),
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
    if not found:
        return "<p>None: the router chose best in hindsight.</p>"
    heads = ("query", "task", "chosen", "its quality", "better", "its quality", "reward lost")
    position = outcomes.pool.position
    rows = (
        (
            outcomes.tasks[one.row],
            one.chosen,
            f"{outcomes.quality[one.row, position(one.chosen)]:.2f}",
            one.best,
            f"{outcomes.quality[one.row, position(one.best)]:.2f}",
            f"{one.regret:.3f}",
        )
        for one in found
    )
    return _table(heads, rows, firsts=(_render_opening(outcomes.texts[one.row]) for one in found))


def _render_opening(text: str) -> str:
    """Render a query as an element that expands from its beginning and end to its text."""
    line = shorten(" ".join(text.split()), _BEGINNING, _END)
    whole = shorten(text, _MOST // 2, _MOST // 2)
    return f"<details><summary>{escape(line)}</summary><pre>{escape(whole)}</pre></details>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], firsts: Iterable[str] | None = None) -> str:
    """Render a table of texts; `firsts` are HTML elements for the first column."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    if firsts is not None:
        cells = (f"<td>{first}</td>{row}" for first, row in zip(firsts, cells, strict=True))
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _usd(cost: float) -> str:
    return f"USD {1000 * cost:.3g} per 1,000 calls"


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
