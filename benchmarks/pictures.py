"""Draw the pictures of docs/concepts.md from the bundled router: python benchmarks/pictures.py [FOLDER].

decision.png: a decision in the plane of cost and quality. dial.png: the effect of the cost preference on the queries of
`crossroute demo`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from crossroute import Decision, Router
from crossroute.cli.demo import QUERIES
from crossroute.evaluation.report import PALETTE

QUERY = QUERIES[7]  # a patient has sudden chest pain ...
INK, QUIET, FAINT = "#222222", "#707070", "#e6e6e6"
NOTCHES = np.linspace(0, 1, 101)
COST = np.geomspace(1e-3, 4, 400)
"""Costs of the plot, USD per 1,000 calls."""
PREFERENCES = (0.5, 0.9)
PLACES = {
    "gpt-4-1106-preview": (-4, 9),
    "mistralai/mixtral-8x7b-chat": (-7, 7),
    "WizardLM/WizardLM-13B-V1.2": (8, -3),
    "mistralai/mistral-7b-chat": (8, -3),
    "meta/llama-2-70b-chat": (8, -3),
    "meta/code-llama-instruct-34b-chat": (8, -3),
}
"""Name -> offset of its label in points; other names are not labelled, to avoid overlap."""


def draw_decision(router: Router, path: Path) -> None:
    """Draw each candidate's predicted cost and quality, lines of equal reward, and the choice, at two dials."""
    figure = Figure(figsize=(8, 4.6), dpi=140, layout="constrained")
    for axes, preference in zip(figure.subplots(1, 2, sharey=True), PREFERENCES, strict=True):
        decision = router.route(QUERY, cost_preference=preference)
        _set_axes(
            axes,
            "Predicted cost, USD per 1,000 such calls",
            "Predicted quality" if preference == PREFERENCES[0] else "",
        )
        axes.set_title(f"Cost preference {preference:g}", fontsize=10, color=INK, loc="left")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(COST[0], COST[-1])
        axes.set_ylim(0, 1)
        _draw_rewards(axes, decision)
        for each in decision.alternatives:
            won = each.candidate == decision.candidate
            dot = (1000 * each.cost, each.quality)
            axes.scatter(*dot, s=80 if won else 22, color=PALETTE[1] if won else INK, zorder=5)
            _write_name(axes, each.candidate, dot, bold=won)
    _write(figure, router, path)


def _draw_rewards(axes: Axes, decision: Decision) -> None:
    """Draw lines of equal reward: that of the choice, and of rewards lower by a tenth, two tenths, ..."""
    pay = decision.willingness_to_pay
    most = decision.quality * np.exp(-decision.cost / pay)
    for tenths in range(10, 0, -1):
        line = tenths / 10 * most * np.exp(COST / 1000 / pay)
        first = tenths == 10
        axes.plot(COST, line, color=PALETTE[0], linewidth=2 if first else 0.8, alpha=1 if first else 0.5)


def draw_dial(router: Router, path: Path) -> None:
    """Draw the choices for the queries of the demo, and their expected cost and quality, along the dial."""
    decisions = [list(router.route_many(QUERIES, cost_preference=float(notch))) for notch in NOTCHES]
    figure = Figure(figsize=(8, 6.2), dpi=140, layout="constrained")
    above, below = figure.subplots(2, height_ratios=(3, 2), sharex=True)
    _draw_shares(_set_axes(above, "", "Share of the queries"), decisions, router.pool.names)
    _set_axes(below, "Cost preference", "USD per 1,000 calls")
    cost = 1000 * np.array([np.mean([each.cost for each in row]) for row in decisions])
    below.plot(NOTCHES, cost, color=PALETTE[1], linewidth=2)
    below.set_ylim(0, None)
    below.yaxis.label.set_color(PALETTE[1])
    beside = _set_axes(below.twinx(), "", "Expected quality")
    beside.grid(visible=False)
    beside.plot(
        NOTCHES, [np.mean([each.quality for each in row]) for row in decisions], color=PALETTE[0], linewidth=2
    )
    beside.set_ylim(0, 1)
    beside.yaxis.label.set_color(PALETTE[0])
    _write(figure, router, path)


def describe(router: Router) -> str:
    """Return the Description of a picture: each candidate's mean quality, by which outdated pictures are detected."""
    means = router.predict(QUERIES).quality.mean(axis=0)
    return json.dumps(
        {name: round(float(mean), 3) for name, mean in zip(router.pool.names, means, strict=True)}
    )


def _write(figure: Figure, router: Router, path: Path) -> None:
    figure.savefig(path, metadata={"Description": describe(router)})


def _draw_shares(axes: Axes, decisions: list[list[Decision]], names: tuple[str, ...]) -> None:
    shares = {
        name: np.array([np.mean([each.candidate == name for each in row]) for row in decisions])
        for name in names
    }
    cost = {each.candidate: each.cost for each in decisions[0][0].alternatives}
    shown = sorted((name for name in names if shares[name].any()), key=cost.__getitem__, reverse=True)
    colors = [*PALETTE, "#999999", "#332288", "#F0E442"]
    axes.stackplot(
        NOTCHES,
        [shares[name] for name in shown],
        labels=[_shorten(name) for name in shown],
        colors=colors[: len(shown)],
        edgecolor="white",
        linewidth=0.4,
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False, fontsize=9, labelcolor=INK
    )


def _set_axes(axes: Axes, across: str, up: str) -> Axes:
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.tick_params(colors=QUIET, length=0)
    axes.spines[:].set_visible(False)
    return axes


def _write_name(axes: Axes, name: str, at: tuple[float, float], *, bold: bool) -> None:
    if name not in PLACES:
        return
    text = axes.annotate(
        _shorten(name),
        at,
        PLACES[name],
        textcoords="offset points",
        ha="right" if PLACES[name][0] < 0 else "left",
        fontsize=8.5,
        fontweight="bold" if bold else "normal",
        color=INK,
        zorder=6,
    )
    text.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _shorten(name: str) -> str:
    return name.rpartition("/")[2]


def main(folder: Path) -> None:
    """Draw both pictures into a folder."""
    router = Router.from_pretrained("routerbench")
    draw_decision(router, folder / "decision.png")
    draw_dial(router, folder / "dial.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images"))
