"""Report on cascades: calls, latency and calibration along their curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.markup import escape
from rich.table import Table

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.report import Interval, figures_table
from crossroute.metrics.cascades import CascadeSweep
from crossroute.metrics.scores import best_single, candidate_points, cost_at_quality
from crossroute.metrics.uncertainty import expected_calibration_error, paired_bootstrap
from crossroute.numeric import Floats

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Reported points, as shares of the cost range from the cheapest point to the one of highest quality."""

NEVER_REACHED = 2.0
"""Share of the best single candidate's cost that is used if its quality is not reached in a bootstrap draw."""


class CascadePoint(BaseModel):
    """A cascade at one willingness to pay.

    Attributes:
        cost: Mean cost of all calls of a query, USD.
        quality: Mean quality of the returned answers.
        calls: Mean number of calls per query.
        latency: Seconds of all calls of a query in sequence: median, 95th and 99th percentile; None if unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: float
    quality: float
    calls: float
    latency: tuple[float, float, float] | None


class CascadeFigures(BaseModel):
    """A cascade along its curve.

    Attributes:
        points: From the cheapest end to the highest quality.
        calibration_error: Expected calibration error of P(right) of the returned answers, over the curve.
        share_of_best_single_cost: Cost at which it reaches the best single candidate's quality, as a share of that
            candidate's cost; None if never, or if that candidate is free.
        share_interval: Its 95 % bootstrap interval; None if that candidate is free.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[CascadePoint, ...]
    calibration_error: float
    share_of_best_single_cost: float | None
    share_interval: Interval | None


class CascadeReport(BaseModel):
    """Figures of several cascades; renders as a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cascades: dict[str, CascadeFigures]

    def __rich__(self) -> Table:
        """Render a row for each cascade and level."""
        caption = (
            "Calls and seconds a query, one call after the other, along each curve. ECE: calibration error of "
            "P(right) of the answers returned. Cost: at which the best single candidate's quality is reached, as a "
            "share of that one's, with its 95 % interval."
        )
        headings = ("Cascade", "USD per 1,000", "Quality", "Calls", "s 50 / 95 / 99 %", "ECE", "Cost")
        table = figures_table(*headings, title="Cascades", caption=caption)
        for name, figures in self.cascades.items():
            for place, point in enumerate(figures.points):
                ends = (f"{figures.calibration_error:.3f}", _share(figures)) if place == 0 else ("", "")
                waiting = " / ".join(f"{seconds:.1f}" for seconds in point.latency or ()) or "-"
                cells = (f"{1000 * point.cost:.3g}", f"{point.quality:.3f}", f"{point.calls:.2f}", waiting)
                table.add_row(escape(name) if place == 0 else "", *cells, *ends)
        return table


def cascade_report(
    played: Mapping[str, CascadeSweep], outcomes: Outcomes, *, resamples: int = 1000, seed: int = 0
) -> CascadeReport:
    """Compute the figures of cascades along their curves.

    Args:
        played: Name -> the cascade replayed over the outcomes.
        outcomes: The queries; each with a known outcome.
        resamples: Draws of the bootstrap.
        seed: Of the bootstrap.
    """
    return CascadeReport(
        cascades={name: _figures(each, outcomes, resamples, seed) for name, each in played.items()}
    )


def _figures(played: CascadeSweep, outcomes: Outcomes, resamples: int, seed: int) -> CascadeFigures:
    curve = played.points()
    best = _best_single(outcomes)
    share = _shares(played, best, np.full((1, len(outcomes)), 1 / len(outcomes)))[0]
    low, high = paired_bootstrap(
        lambda weights: _shares(played, best, weights), len(outcomes), resamples=resamples, seed=seed
    )
    free = not np.nansum(best[:, 1])
    top = int(curve[:, 1].argmax())
    levels = curve[:, 0].min() + np.array(LEVELS) * (curve[top, 0] - curve[:, 0].min())
    places = [int(np.abs(curve[:, 0] - level).argmin()) for level in levels]
    return CascadeFigures(
        points=tuple(_point(played, curve, place) for place in places),
        calibration_error=expected_calibration_error(played.posterior.ravel(), played.quality.ravel()),
        share_of_best_single_cost=float(share) if share < NEVER_REACHED else None,
        share_interval=None if free else (float(low), float(high)),
    )


def _point(played: CascadeSweep, curve: Floats, place: int) -> CascadePoint:
    seconds = played.latency[:, place]
    known = not np.isnan(seconds).any()
    low, middle, high = np.percentile(seconds, [50, 95, 99]).tolist() if known else (0.0, 0.0, 0.0)
    return CascadePoint(
        cost=float(curve[place, 0]),
        quality=float(curve[place, 1]),
        calls=float(played.calls[:, place].mean()),
        latency=(low, middle, high) if known else None,
    )


def _best_single(outcomes: Outcomes) -> Floats:
    """Return quality and cost of the best single candidate (the cheapest of equals) per query, shape (n, 2)."""
    cost, quality = candidate_points(outcomes.quality, outcomes.cost).T
    best = best_single(quality, cost)
    return np.stack([outcomes.quality[:, best], outcomes.cost[:, best]], axis=1)


def _shares(played: CascadeSweep, alone: Floats, weights: Floats) -> Floats:
    """Return the cost at the best single candidate's quality as a share of its cost, one value per draw, shape (r,)."""
    known = ~np.isnan(alone).any(axis=1)
    quality, cost = (weights[:, known] @ alone[known] / weights[:, known].sum(axis=1, keepdims=True)).T
    curves = played.points(weights)
    reached = [cost_at_quality(curve, float(level)) for curve, level in zip(curves, quality, strict=True)]
    shares = np.full(len(cost), NEVER_REACHED)
    np.divide(reached, cost, out=shares, where=cost > 0)
    capped: Floats = np.fmin(shares, NEVER_REACHED)
    return capped


def _share(figures: CascadeFigures) -> str:
    if figures.share_interval is None:
        return "–"
    share = figures.share_of_best_single_cost
    low, high = (f"{end:.0%}" if end < NEVER_REACHED else "never" for end in figures.share_interval)
    return f"{'never' if share is None else f'{share:.0%}'} ({low} to {high})"
