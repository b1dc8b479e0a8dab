"""Report of an evaluation: figures that serialize to JSON and render as tables."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from crossroute.metrics.uncertainty import FEW, estimate_more_queries
from crossroute.reward import Reward
from crossroute.tables import InNotebooks, list_names, plain_table

Interval = tuple[float, float]
Curve = tuple[tuple[float, float], ...]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of routers in charts: Okabe and Ito's palette, distinguishable for colour-blind readers."""

_MOST_COLUMNS = 4
_SAME = 5e-4
"""A gain with an interval within this is reported as none."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CandidateFigures(_Frozen):
    """A candidate on its own.

    Attributes:
        quality: Mean observed quality.
        cost: Mean observed cost, USD for one call.
        queries: Number of known outcomes.
    """

    quality: float
    cost: float
    queries: int


class CurveFigures(_Frozen):
    """Figures of a cost-quality curve: of a router, the zero router or the oracle.

    Attributes:
        aiq: Area under its hull over the report's cost range, divided by the range.
        maximum_quality: Highest mean quality.
        curve: Mean (cost, quality) by increasing willingness to pay, USD for one call, without repeats.
    """

    aiq: float
    maximum_quality: float
    curve: Curve


class RouterFigures(CurveFigures):
    """Figures of a router or a baseline.

    Attributes:
        aiq_interval: 95 % bootstrap interval of the AIQ.
        difference: AIQ minus the reference's; None without a reference, and for the reference itself.
        difference_interval: 95 % interval of the difference, paired (on the same draws of queries).
        cost_at_best_single: Cost at which it reaches the best single candidate's quality, USD; None if never.
        share_of_best_single_cost: The same as a share of that candidate's cost; None if never, or if that is 0.
        gap_closed: (AIQ - zero router's) / (oracle's - zero router's); None without a gap.
        gain: AIQ minus the zero router's: the value of using the text; None if outcomes are missing.
        gain_interval: 95 % interval of the gain, paired.
        calibration_error: Expected calibration error of the predicted quality.
        cost_factor: Median factor between predicted and observed costs; None if all calls are free.
        shares: Candidate -> its share of the queries, averaged over the sweep of the willingness to pay.
        shares_at: The same at the report's willingness to pay; None without one.
    """

    aiq_interval: Interval
    difference: float | None
    difference_interval: Interval | None
    cost_at_best_single: float | None
    share_of_best_single_cost: float | None
    gap_closed: float | None
    calibration_error: float
    cost_factor: float | None
    shares: dict[str, float]
    shares_at: dict[str, float] | None
    gain: float | None = None
    gain_interval: Interval | None = None


class Report(InNotebooks, _Frozen):
    """Figures of routers on the same queries.

    Attributes:
        task: The task of all queries, or "all".
        queries: Number of evaluated queries: those with a known outcome.
        reward: The reward that routers maximized.
        reference: The router that the others are compared with.
        willingness_to_pay: USD at which `shares_at` are computed.
        low_cost: Start of AIQ's cost range: the cheapest candidate's mean cost, USD.
        high_cost: End of AIQ's cost range: the most expensive candidate's mean cost, USD.
        best_single: The candidate with the highest mean quality; the cheapest of equals.
        candidates: Name -> figures, of candidates with a known outcome.
        zero: The zero router: query-independent mixtures of candidates.
        oracle: The best choices in hindsight.
        routers: Name -> figures, in the order given.
        tasks: Reports of the tasks with enough queries, in alphabetical order.
        small_tasks: Task -> number of queries, of the other tasks.
    """

    task: str
    queries: int
    reward: Reward
    reference: str | None
    willingness_to_pay: float | None
    low_cost: float
    high_cost: float
    best_single: str
    candidates: dict[str, CandidateFigures]
    zero: CurveFigures
    oracle: CurveFigures
    routers: dict[str, RouterFigures]
    tasks: tuple[Report, ...] = ()
    small_tasks: dict[str, int] = {}

    def __repr__(self) -> str:
        over = f"{self.task}: {self.queries} queries, {len(self.candidates)} candidates"
        return f"Report({over}; routers: {list_names(tuple(self.routers))})"

    def __rich__(self) -> RenderableType:
        """Render tables of routers, candidates and, if there are several, tasks, with notes on uncertain gains."""
        asked = [self.reference] if self.reference in self.routers else list(self.routers)
        doubts = [f"[yellow]![/] {escape(told)}" for name in asked if name and (told := self.doubt(name))]
        parts: list[RenderableType] = [_router_table(self), *doubts, "", _candidate_table(self)]
        return Group(*parts, "", _task_table(self)) if self.tasks or self.small_tasks else Group(*parts)

    def doubt(self, name: str) -> str:
        """Return a note if a router's gain over a constant choice is not significant; else an empty string."""
        figures = self.routers[name]
        if figures.gain is None or figures.gain_interval is None:
            return ""
        low, high = figures.gain_interval
        if low > 0 or high < 0:
            return ""
        if max(-low, high) < _SAME and self.queries >= FEW:
            return f"{name}: on these {self.queries:,} queries no better than choosing without the text."
        more = estimate_more_queries(figures.gain, (low, high), self.queries)
        needed = f"about {more:,}" if more else "a few hundred"
        return (
            f"{name}: too few queries to distinguish it from choosing without the text, {figures.gain:+.3f} "
            f"({low:+.3f} to {high:+.3f}) on {_queries(self.queries)}; {needed} more are needed."
        )


def _queries(count: int) -> str:
    return f"{count:,} quer{'y' if count == 1 else 'ies'}"


def _router_table(report: Report) -> Table:
    caption = (
        f"AIQ over USD {_per_thousand(report.low_cost)} to {_per_thousand(report.high_cost)} per 1,000 "
        "calls, ± half of its 95 % interval. Best: highest quality reached. "
        f"Cost: at which it reaches the quality of {escape(report.best_single)}, as a share of that one's. "
        "Gap: share of the way from zero router to oracle. ECE: calibration error of quality. "
        "Off: factor of the predicted costs, in the median."
    )
    title = f"{_queries(report.queries)}, {len(report.candidates)} candidates, {report.reward} reward"
    against = f"vs {escape(report.reference)}" if report.reference else ""
    headings = ("Router", "AIQ", against, "Best", "Cost", "Gap", "ECE", "Off")
    table = figures_table(*headings, title=title, caption=caption)
    table.columns[1].justify = "left"
    for column in table.columns[1:]:
        column.no_wrap = True
    rows: dict[str, CurveFigures] = {"oracle": report.oracle, "zero router": report.zero, **report.routers}
    for name, figures in sorted(rows.items(), key=lambda row: -row[1].aiq):
        if isinstance(figures, RouterFigures):
            table.add_row(escape(name), *_router_cells(figures))
        else:
            table.add_row(name, f"{figures.aiq:.3f}", "", f"{figures.maximum_quality:.3f}", style="dim")
    return table


def _router_cells(figures: RouterFigures) -> tuple[str, ...]:
    low, high = figures.aiq_interval
    return (
        f"{figures.aiq:.3f} ±{(high - low) / 2:.3f}",
        "{:+.3f} to {:+.3f}".format(*figures.difference_interval) if figures.difference_interval else "",
        f"{figures.maximum_quality:.3f}",
        _or_dash(figures.share_of_best_single_cost, ".0%"),
        _or_dash(figures.gap_closed, ".0%"),
        f"{figures.calibration_error:.3f}",
        _or_dash(figures.cost_factor, ".2f"),
    )


def _candidate_table(report: Report) -> Table:
    """Build the table of candidates, with their shares of the queries by the first few routers."""
    usd = report.willingness_to_pay
    shares_of = {
        name: each.shares if usd is None else each.shares_at for name, each in report.routers.items()
    }
    shown = [(name, shares) for name, shares in shares_of.items() if shares is not None][:_MOST_COLUMNS]
    over = "averaged over the sweep" if usd is None else f"at a willingness to pay of USD {usd:g}"
    headings = ("Candidate", "Quality", "USD per 1,000", *(escape(name) for name, _ in shown))
    table = figures_table(*headings, title="Candidates", caption=f"Percent: share of the queries, {over}.")
    for name, candidate in report.candidates.items():
        cells = (f"{shares[name]:.0%}" for _, shares in shown)
        table.add_row(escape(name), f"{candidate.quality:.3f}", _per_thousand(candidate.cost), *cells)
    return table


def _task_table(report: Report) -> Table:
    shown = list(report.routers)[:_MOST_COLUMNS]
    headings = ("Task", "Queries", "Zero", *(escape(name) for name in shown), "Oracle")
    table = figures_table(
        *headings, title="AIQ by task", caption="Each over the cost range of its own queries."
    )
    for task in report.tasks:
        routers = (f"{task.routers[name].aiq:.3f}" for name in shown)
        zero, oracle = f"{task.zero.aiq:.3f}", f"{task.oracle.aiq:.3f}"
        table.add_row(escape(task.task), f"{task.queries:,}", zero, *routers, oracle)
    for name, queries in report.small_tasks.items():
        table.add_row(escape(name or "none stated"), f"{queries:,}", "too few", style="dim")
    return table


def figures_table(first: str, *others: str, title: str, caption: str) -> Table:
    """Return an empty table with a first column of texts and other columns of figures."""
    table = plain_table(title=title, caption=caption)
    table.add_column(first, overflow="fold")
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def _per_thousand(usd: float) -> str:
    return f"{1000 * usd:.3g}"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
