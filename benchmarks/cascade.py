"""Looking at the answer: python benchmarks/cascade.py [--out FOLDER].

Trains a router on gpt4o-llama-qwen, the set whose answers carry log-probabilities, and plays route and cascade on
its test split beside routing alone, the classical cascade and the tuned baselines that quality.py keeps. Prints
the tables of docs/benchmarks.md and docs/escalation.md and draws two pictures: theirs, and that of the first pages.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from predictions import baselines_of
from sets import load

from crossroute import Outcomes, Prediction, Router, fit
from crossroute.escalation.verifier import Verifier
from crossroute.evaluation import compare
from crossroute.evaluation.cascade_report import CascadeReport, cascade_report
from crossroute.evaluation.contenders import cascades
from crossroute.evaluation.plots import draw_curves
from crossroute.evaluation.report import Report, RouterFigures
from crossroute.metrics.cascades import CascadeSweep, play
from crossroute.metrics.scores import WILLINGNESS_TO_PAY, aiq, cost_range, maximum_quality
from crossroute.metrics.sweep import Sweep
from crossroute.metrics.uncertainty import expected_calibration_error, paired_bootstrap
from crossroute.numeric import Floats

SET = "gpt4o-llama-qwen, 9 candidates"
SILENT = "routerbench-5shot, 11 candidates"
PICTURES = Path(__file__).parents[1] / "docs" / "images"
ALONE, CASCADE, CLASSICAL = "CrossRoute, 1 call", "CrossRoute, 2 calls", "classical cascade"


def main(
    folder: Annotated[Path, typer.Option("--out", help="Where quality.py keeps predictions.")] = Path(
        "figures"
    ),
) -> None:
    """Print the tables and draw the pictures."""
    torch.set_num_threads(1)
    outcomes = load(SET)
    router, test = fit(outcomes), outcomes.split("test")
    prediction = router.predict(test.texts)
    played = cascades(router, prediction, outcomes) | variants(router, prediction, test)
    baselines = baselines_of(SET, outcomes, folder)["test"]
    tuned = {label: found for label, found in baselines.items() if label.endswith(", tuned")}
    report = compare(tuned, test, played=played, reference=ALONE)
    draw_curves(report, PICTURES / "cascade.png", routers=(CASCADE, ALONE, CLASSICAL))
    draw_curves(report, PICTURES / "curves.png", routers=(CASCADE, ALONE, best_tuned(tuned, test)))
    print(
        figures_table(report, played),
        tasks_table(report),
        waiting_table(cascade_report(played, test)),
        sep="\n",
    )
    print(against_tuned(tuned, played, test))
    print(calibration(router, prediction, test))
    print(silent())


def variants(router: Router, prediction: Prediction, test: Outcomes) -> dict[str, CascadeSweep]:
    """Return what each part is worth."""
    own = router.verifier
    pooled = own.model_copy(update={"readings": {}})
    alone = own.model_copy(update={"correlation": own.correlation._replace(between=0.0)})

    def two(verifier: Verifier, *, max_calls: int = 2, look_ahead: bool = True) -> CascadeSweep:
        return play(
            prediction, test, verifier, WILLINGNESS_TO_PAY, max_calls=max_calls, look_ahead=look_ahead
        )

    return {
        "3 calls": two(own, max_calls=3),
        "2 calls, the first as routing alone chooses": two(own, look_ahead=False),
        "2 calls, all candidates read alike": two(pooled),
        "2 calls, answers taken as independent": two(alone),
        "2 calls, the verifier of the package": two(Verifier.general()),
    }


def figures_table(report: Report, played: dict[str, CascadeSweep]) -> str:
    lines = [
        "| router | AIQ | less routing alone | maximum quality | gap closed | calls, at most |",
        "|---|" + "---|" * 5,
    ]
    for name, each in sorted(report.routers.items(), key=lambda item: -item[1].aiq):
        calls = f"{played[name].calls.mean(axis=0).max():.2f}" if name in played else "1"
        lines.append(f"| {name} | {_figures(each)} | {calls} |")
    head = (
        f"{report.queries} test queries, zero router {report.zero.aiq:.4f}, oracle {report.oracle.aiq:.4f}."
    )
    return f"{head}\n\n" + "\n".join(lines) + "\n"


def _figures(figures: RouterFigures) -> str:
    return f"{figures.aiq:.4f} | {difference(figures)} | {figures.maximum_quality:.3f} | {figures.gap_closed:.1%}"


def difference(figures: RouterFigures) -> str:
    if figures.difference is None or figures.difference_interval is None:
        return ""
    return f"{figures.difference:+.4f} " + "({:+.4f} to {:+.4f})".format(*figures.difference_interval)


def against_tuned(tuned: dict[str, Prediction], played: dict[str, CascadeSweep], test: Outcomes) -> str:
    """Return by how much cascades exceed the tuned baseline that is best on test, in percent, with intervals."""
    low, high = cost_range(test.quality, test.cost)
    rival = best_tuned(tuned, test)
    sweep = Sweep.of(tuned[rival], test, WILLINGNESS_TO_PAY)

    def gains(weights: Floats, name: str) -> Floats:
        pairs = zip(played[name].points(weights), sweep.points(weights), strict=True)
        ratios = [
            (aiq(ours, low, high) / aiq(theirs, low, high), maximum_quality(ours) / maximum_quality(theirs))
            for ours, theirs in pairs
        ]
        return 100 * (np.array(ratios) - 1)

    lines = [f"| against {rival} | AIQ | maximum quality |", "|---|---|---|"]
    for name in (ALONE, CASCADE, "3 calls"):
        n = len(test)
        found = gains(np.full((1, n), 1 / n), name)[0]
        ends = paired_bootstrap(partial(gains, name=name), n)
        cells = (f"{mean:+.2f} % ({a:+.2f} to {b:+.2f})" for mean, a, b in zip(found, *ends, strict=True))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def best_tuned(tuned: dict[str, Prediction], test: Outcomes) -> str:
    """Return the name of the tuned baseline with the highest AIQ on test."""
    low, high = cost_range(test.quality, test.cost)
    points = {name: Sweep.of(found, test, WILLINGNESS_TO_PAY).points() for name, found in tuned.items()}
    return max(points, key=lambda name: aiq(points[name], low, high))


def tasks_table(report: Report) -> str:
    lines = [
        "| task | queries | routing alone | route and cascade | difference | oracle |",
        "|---|" + "---|" * 5,
    ]
    for task in report.tasks:
        figures = task.routers[CASCADE]
        against = difference(figures)
        cells = f"{task.routers[ALONE].aiq:.4f} | {figures.aiq:.4f} | {against} | {task.oracle.aiq:.4f}"
        lines.append(f"| {task.task} | {task.queries} | {cells} |")
    return "\n".join(lines) + "\n"


def waiting_table(report: CascadeReport) -> str:
    lines = [
        "| cascade | USD per 1,000 | quality | calls | seconds, 50 / 95 / 99 % | ECE | cost at best single |"
    ]
    lines.append("|---|" + "---|" * 6)
    for name in (ALONE, CASCADE, "3 calls", CLASSICAL):
        figures = report.cascades[name]
        share = figures.share_of_best_single_cost
        low, high = figures.share_interval or (np.nan, np.nan)
        ends = f"{figures.calibration_error:.3f} | {share or np.nan:.0%} ({low:.0%} to {high:.0%})"
        for place, point in enumerate(figures.points):
            waiting = " / ".join(f"{seconds:.1f}" for seconds in point.latency or ())
            cells = f"{1000 * point.cost:.3f} | {point.quality:.3f} | {point.calls:.2f} | {waiting}"
            lines.append(f"| {name if place == 0 else ''} | {cells} | {ends if place == 0 else ' | '} |")
    return "\n".join(lines) + "\n"


def calibration(router: Router, prediction: Prediction, test: Outcomes) -> str:
    """Return the calibration error of P(right) of every answer, before and after it is looked at."""
    shift = np.nan_to_num(router.verifier.shifts(tuple(test.pool), prediction.quality, test.answer_logprob))
    log_odds = np.log(prediction.quality / (1 - prediction.quality)) + shift
    after = expected_calibration_error(1 / (1 + np.exp(-log_odds)), test.quality)
    before = expected_calibration_error(prediction.quality, test.quality)
    return f"ECE over all {test.quality.size:,} answers: prior {before:.3f}, posterior {after:.3f}.\n"


def silent() -> str:
    """Say what escalation changes where no answer carries evidence."""
    test = load(SILENT).split("test")
    prediction = Router.from_pretrained("routerbench").subset(test.pool.names).predict(test.texts)
    routed, escalated = (
        play(prediction, test, Verifier.general(), WILLINGNESS_TO_PAY, max_calls=calls) for calls in (1, 2)
    )
    same = np.array_equal(routed.points(), escalated.points())
    return (
        f"{SILENT}, no evidence: the curve of two calls {'is' if same else 'is NOT'} that of routing alone.\n"
    )


if __name__ == "__main__":
    typer.run(main)
