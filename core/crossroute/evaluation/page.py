"""The page of a report: one self-contained HTML file that needs no network.

Curves with hover, who gets which queries, each task's figures, calibration, and the queries that cost a router
most. Importing this module needs plotly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from crossroute.evaluation import charts
from crossroute.evaluation.comparison import answered
from crossroute.evaluation.regrets import Regret, regrets
from crossroute.evaluation.report import Report, RouterFigures
from crossroute.metrics import WILLINGNESS_TO_PAY
from crossroute.outcomes import Outcomes
from crossroute.prediction import Prediction
from crossroute.storage import replace_file
from crossroute.sweep import Sweep

_BEGINNING, _END = 120, 280


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
    found = regrets(chosen, seen, willingness_to_pay, report.reward)
    template = files("crossroute.evaluation").joinpath("page.html").read_text("utf-8")
    page = Template(template).substitute(
        title=escape(f"{router}: {report.queries:,} queries, {len(report.candidates)} candidates"),
        router=escape(router),
        library=charts.library(),
        figures=_figures_table(report),
        curves=charts.div(charts.curves(report), "curves"),
        shares=charts.div(charts.shares(sweep, seen, report), "shares"),
        tasks=_tasks_table(report),
        calibration=charts.div(charts.calibration(sweep, seen), "calibration"),
        regrets=_regrets_table(found, seen),
        pay=f"{willingness_to_pay:.3g}",
    )
    replace_file(Path(path), page.encode())


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
