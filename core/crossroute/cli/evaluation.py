"""crossroute evaluate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossroute import __version__
from crossroute.cli.console import answer, to_json
from crossroute.cli.logs import evaluate_log, find_log, parse_place
from crossroute.cli.outputs import check_output_file, check_picture_file, keep_inputs
from crossroute.cli.shared import (
    Address,
    AsJson,
    Columns,
    Engine,
    Names,
    PricedOnly,
    RouterArgument,
    Texts,
    load,
    make_progress_bar,
    on_cluster,
    read,
    refuse_routers,
)
from crossroute.data.outcomes import SPLITS, Split
from crossroute.errors import DataError

if TYPE_CHECKING:
    from crossroute.evaluation.contenders import Mapped


def _choose_map(engine: str, address: str | None, baselines: bool) -> Mapped:
    """Return the map function for fitting baselines: local, or on a cluster."""
    if not on_cluster(engine, address):
        return map
    if not baselines:
        raise ValueError("A cluster only fits baselines: add --baselines, or leave out --engine ray.")
    from crossroute.cluster import map_tasks

    return partial(map_tasks, address=address)


def evaluate(
    router: RouterArgument,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="DATA...", parser=parse_place, help="Outcomes, or a log of live traffic."),
    ],
    split: Annotated[Split, typer.Option(help="Which queries are evaluated.")] = "test",
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Fit, tune and compare all baselines.")
    ] = False,
    cascade: Annotated[
        bool,
        typer.Option("--cascade", help="Also evaluate escalation: route and cascade, at most two calls."),
    ] = False,
    as_json: AsJson = False,
    figures_file: Annotated[
        Path | None,
        typer.Option("--out", callback=check_output_file, help="Write the figures as JSON to this file."),
    ] = None,
    plot_file: Annotated[
        Path | None,
        typer.Option("--plot", callback=check_picture_file, help="Draw the curves into this PNG file."),
    ] = None,
    page_file: Annotated[
        Path | None,
        typer.Option(
            "--report",
            callback=check_output_file,
            help="Write a self-contained report to this HTML file.",
        ),
    ] = None,
    candidates: Names = None,
    priced_only: PricedOnly = False,
    columns: Columns = None,
    texts: Texts = None,
    engine: Engine = "local",
    address: Address = None,
) -> None:
    """Measure a router on outcomes: AIQ, quality, cost, calibration, shares; or on logged traffic."""
    mapped = _choose_map(engine, address, baselines)
    if (log := find_log(paths)) is not None:
        evaluate_log(router, log, as_json)
        return
    from crossroute.evaluation.cascade_report import cascade_report
    from crossroute.evaluation.comparison import compare, drop_unanswered
    from crossroute.files import replace_file
    from crossroute.routing.members import over_pool
    from crossroute.routing.router import DEFAULT_COST_PREFERENCE

    if plot_file:  # report a missing package before the work
        from crossroute.evaluation.plots import draw_curves
    if baselines or cascade:
        from crossroute.evaluation.contenders import baseline_predictions, cascades
    if page_file:
        from crossroute.evaluation.page import write_page

    refuse_routers(paths)
    keep_inputs([figures_file, plot_file, page_file], [*paths, *([texts] if texts else [])])
    loaded = load(router)
    outcomes = read(paths, candidates, priced_only, loaded, columns=columns, texts=texts)
    loaded = over_pool(loaded, outcomes.pool)
    for needed in (split, *(SPLITS if baselines else ())):
        if needed not in outcomes.splits:
            raise DataError(
                f"No query is in the {needed} split of {', '.join(map(str, paths))}. Add some, state their splits, or "
                f"{'evaluate another with --split' if needed == split else 'leave out --baselines'}."
            )
    observed = outcomes.split(split)
    predictions = {"CrossRoute": loaded.predict(observed.texts)}
    if baselines:
        with make_progress_bar() as progress:
            task = progress.add_task("baselines", total=None)
            predictions |= baseline_predictions(
                outcomes,
                loaded.predictor.query_encoder,
                split,
                reward=loaded.reward,
                on_baseline=lambda name: progress.update(task, description=name),
                mapped=mapped,
            )
    played = cascades(loaded, predictions["CrossRoute"], outcomes, split) if cascade else {}
    several = {
        name: each for name, each in played.items() if (each.calls > 1).any()
    }  # a single call is plain CrossRoute
    report = compare(predictions, observed, played=several, reference="CrossRoute", reward=loaded.reward)
    looked = [cascade_report(played, drop_unanswered(observed))] if cascade else []
    figures = dict(pair for told in (report, *looked) for pair in told.model_dump().items())
    answer(as_json, figures, report, *looked)
    if figures_file:
        replace_file(figures_file, to_json(figures).encode())
    if page_file:
        pay = loaded.dial.at(DEFAULT_COST_PREFERENCE)
        write_page(
            page_file,
            report,
            "CrossRoute",
            predictions["CrossRoute"],
            observed,
            willingness_to_pay=pay,
            about=f"{router} on the {split} split of {', '.join(map(str, paths))}; CrossRoute {__version__}",
        )
    if plot_file:
        draw_curves(report, plot_file)
