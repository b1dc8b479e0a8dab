"""crossroute evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossroute.cli.shared import Names, RouterArgument, load, out, progress_bar, read
from crossroute.outcomes import Split


def evaluate(
    router: RouterArgument,
    paths: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Outcomes.")],
    split: Annotated[Split, typer.Option(help="Which queries are evaluated.")] = "test",
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Fit, tune and compare all baselines.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Draw the curves into this PNG file.")
    ] = None,
    candidates: Names = None,
) -> None:
    """Measure a router on outcomes: AIQ, quality, cost, calibration, who gets what."""
    from crossroute.contest import baseline_predictions
    from crossroute.evaluation import compare
    from crossroute.storage import replace_file

    outcomes = read(paths, candidates)
    loaded = load(router).subset(outcomes.pool.names)
    predictions = {"CrossRoute": loaded.predict(outcomes.split(split).texts)}
    if baselines:
        with progress_bar() as progress:
            task = progress.add_task("baselines", total=None)
            predictions |= baseline_predictions(
                outcomes,
                loaded.predictor.query_encoder,
                split,
                reward=loaded.reward,
                on_baseline=lambda name: progress.update(task, description=name),
            )
    report = compare(predictions, outcomes.split(split), reference="CrossRoute", reward=loaded.reward)
    out.print(report)
    if json_file:
        replace_file(json_file, report.model_dump_json(indent=2).encode())
    if plot_file:
        from crossroute.plots import draw_curves

        draw_curves(report, plot_file)
