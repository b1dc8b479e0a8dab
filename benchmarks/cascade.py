"""Compare escalation with routing alone: python benchmarks/cascade.py [--out FOLDER].

Trains a router on gpt4o-llama-qwen, the set with log-probabilities of answers, and replays route-and-cascade on its
test split, compared with routing alone, the classical cascade and the tuned baselines stored by quality.py. Prints the
tables of docs/benchmarks.md and docs/escalation.md, and draws their pictures and that of the first pages.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from predictions import load_baselines
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
    folder: Annotated[Path, typer.Option("--out", help="Folder of quality.py's predictions.")] = Path(
        "figures"
    ),
) -> None:
    """Print the tables and draw the pictures."""
    torch.set_num_threads(1)
    outcomes = load(SET)
    router, test = fit(outcomes), outcomes.split("test")
    prediction = router.predict(test.texts)
    played = cascades(router, prediction, outcomes) | play_variants(router, prediction, test)
    baselines = load_baselines(SET, outcomes, folder)["test"]
    tuned = {label: found for label, found in baselines.items() if label.endswith(", tuned")}
    report = compare(tuned, test, played=played, reference=ALONE)
    draw_curves(report, PICTURES / "cascade.png", routers=(CASCADE, ALONE, CLASSICAL))
    draw_curves(report, PICTURES / "curves.png", routers=(CASCADE, ALONE, find_best_tuned(tuned, test)))
    print(
        format_figures(report, played),
        format_tasks(report),
        format_waiting(cascade_report(played, test)),
        sep="\n",
    )
    print(format_gains(tuned, played, test))
    print(format_calibration(router, prediction, test))
    print(check_silent())


def play_variants(router: Router, prediction: Prediction, test: Outcomes) -> dict[str, CascadeSweep]:
    """Replay variants with one part changed."""
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


def format_figures(report: Report, played: dict[str, CascadeSweep]) -> str:
    lines = [
        "| router | AIQ | less routing alone | maximum quality | gap closed | calls, at most |",
        "|---|" + "---|" * 5,
    ]
    for name, each in sorted(report.routers.items(), key=lambda item: -item[1].aiq):
        calls = f"{played[name].calls.mean(axis=0).max():.2f}" if name in played else "1"
        lines.append(f"| {name} | {_format_figures(each)} | {calls} |")
    head = (
        f"{report.queries} test queries, zero router {report.zero.aiq:.4f}, oracle {report.oracle.aiq:.4f}."
    )
    return f"{head}\n\n" + "\n".join(lines) + "\n"


def _format_figures(figures: RouterFigures) -> str:
    rest = f"{figures.maximum_quality:.3f} | {figures.gap_closed:.1%}"
    return f"{figures.aiq:.4f} | {format_difference(figures)} | {rest}"


def format_difference(figures: RouterFigures) -> str:
    if figures.difference is None or figures.difference_interval is None:
        return ""
    return f"{figures.difference:+.4f} " + "({:+.4f} to {:+.4f})".format(*figures.difference_interval)


def format_gains(tuned: dict[str, Prediction], played: dict[str, CascadeSweep], test: Outcomes) -> str:
    """Return the gains of cascades over the tuned baseline that is best on test, in percent, with intervals."""
    low, high = cost_range(test.quality, test.cost)
    rival = find_best_tuned(tuned, test)
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


def find_best_tuned(tuned: dict[str, Prediction], test: Outcomes) -> str:
    """Return the name of the tuned baseline with the highest AIQ on test."""
    low, high = cost_range(test.quality, test.cost)
    points = {name: Sweep.of(found, test, WILLINGNESS_TO_PAY).points() for name, found in tuned.items()}
    return max(points, key=lambda name: aiq(points[name], low, high))


def format_tasks(report: Report) -> str:
    lines = [
        "| task | queries | routing alone | route and cascade | difference | oracle |",
        "|---|" + "---|" * 5,
    ]
    for task in report.tasks:
        figures = task.routers[CASCADE]
        against = format_difference(figures)
        cells = f"{task.routers[ALONE].aiq:.4f} | {figures.aiq:.4f} | {against} | {task.oracle.aiq:.4f}"
        lines.append(f"| {task.task} | {task.queries} | {cells} |")
    return "\n".join(lines) + "\n"


def format_waiting(report: CascadeReport) -> str:
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


def format_calibration(router: Router, prediction: Prediction, test: Outcomes) -> str:
    """Return the calibration error of P(right) of every answer, before and after its evidence is used."""
    shift = np.nan_to_num(router.verifier.shifts(tuple(test.pool), prediction.quality, test.answer_logprob))
    log_odds = np.log(prediction.quality / (1 - prediction.quality)) + shift
    after = expected_calibration_error(1 / (1 + np.exp(-log_odds)), test.quality)
    before = expected_calibration_error(prediction.quality, test.quality)
    return f"ECE over all {test.quality.size:,} answers: prior {before:.3f}, posterior {after:.3f}.\n"


def check_silent() -> str:
    """State whether escalation changes anything without evidence; it should not."""
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
