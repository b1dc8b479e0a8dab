"""crossroute traffic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossroute.cli import completing
from crossroute.cli.console import answer, format_count, note
from crossroute.cli.logs import (
    check_log,
    explain_missing_estimates,
    format_cost,
    format_quality,
    name_missing,
)
from crossroute.cli.outputs import check_output_file
from crossroute.cli.shared import GOES_ON, AsJson, RouterArgument, load

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from crossroute.routing.router import Router
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.report import OtherDial, TrafficReport

LATEST = 1_000
"""Number of latest decisions that are read to find a log's current candidates."""


Log = Annotated[
    str,
    typer.Argument(metavar="LOG", callback=check_log, help="URL of the log, or path of a SQLite file."),
]


traffic = typer.Typer(
    no_args_is_help=True, help="Report on a traffic log, grade its answers, and adopt routers."
)


@traffic.command(epilog="Example: crossroute traffic report traffic.db --html traffic.html")
def report(
    log: Log,
    page: Annotated[
        Path | None,
        typer.Option("--html", callback=check_output_file, help="Write the report to this HTML file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print spend, choices, predicted and observed quality, coverage, drift, and estimates for other dials."""
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.logged import read_logged
    from crossroute.traffic.report import build_report, estimate_dials

    logged = read_logged(TrafficLog.existing(log))
    told, dials = build_report(logged), estimate_dials(logged)
    shown: list[RenderableType] = [_build_table(told), "", _build_dial_table(dials)]
    answer(as_json, told.model_dump() | {"dials": dials}, *shown)
    if page is not None:
        from crossroute.files import replace_file
        from crossroute.tables import to_page

        replace_file(page, to_page("CrossRoute: traffic", shown).encode())


@traffic.command(epilog="Example: crossroute traffic feedback traffic.db runs.jsonl --score correctness")
def feedback(
    log: Log,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="EXPORT", help="Export of LangSmith or Langfuse: JSON, JSON lines, CSV or Parquet."
        ),
    ],
    score: Annotated[str | None, typer.Option(help="Import only the scores with this name.")] = None,
    scale: Annotated[
        str,
        typer.Option(
            autocompletion=completing.complete_word(*completing.SCALES),
            help="Scale of the scores: quality (0 to 1), thumbs or stars (1 to 5).",
        ),
    ] = "quality",
    as_json: AsJson = False,
) -> None:
    """Import scores from a tracer's export as feedback."""
    from crossroute.traffic.exports import import_feedback
    from crossroute.traffic.log import TrafficLog

    told = import_feedback(TrafficLog.existing(log), path, score=score, scale=scale)  # type: ignore[arg-type]
    names = ", ".join(f"{name} ({count:,})" for name, count in told.names.items())
    answer(as_json, told, f"{format_count(told.graded, 'decision')} graded by {names}.")
    if told.unknown:
        note(f"{format_count(told.unknown, 'score')} for runs or traces that are not in this log.")
    if told.unread:
        note(f"{format_count(told.unread, 'score')} not on the scale {scale!r}; choose another with --scale.")


@traffic.command(
    epilog="Example: crossroute traffic judge traffic.db --judge openai:gpt-5-mini --share 0.05 --limit 2"
)
def judge(
    log: Log,
    model: Annotated[
        str,
        typer.Option(
            "--judge",
            autocompletion=completing.complete_candidates,
            help="The judge model, spelled as for crossroute collect.",
        ),
    ],
    share: Annotated[
        float, typer.Option(help="Share of the answers, sampled at random.", min=0, max=1)
    ] = 0.05,
    limit: Annotated[float | None, typer.Option(help="Spending limit in USD, above 0.", min=0)] = None,
    prices: Annotated[
        list[str] | None,
        typer.Option("--price", metavar="NAME=IN/OUT", help="USD per million tokens, if it is unknown."),
    ] = None,
    rubric: Annotated[str | None, typer.Option(help="The criterion of the judge.")] = None,
    as_json: AsJson = False,
) -> None:
    """Grade a random share of the answers with a judge model; the log must keep texts.

    A later run continues: no answer is judged twice, and a larger share extends a smaller one.
    """
    from crossroute.calls.failures import shorten_provider_errors
    from crossroute.cli.catalogue import parse_price
    from crossroute.collection import JudgeSettings, asked_model
    from crossroute.traffic.judging import judge_traffic
    from crossroute.traffic.log import TrafficLog

    price = dict(map(parse_price, prices or ())).get(model.partition("=")[0])
    if not share:
        raise ValueError("--share must be above 0 and at most 1, got 0.")
    if limit == 0:
        raise ValueError("--limit must be above 0, got 0.")
    kept, asked = TrafficLog.existing(log), asked_model(model, price=price)
    rubrics = JudgeSettings(rubric=rubric) if rubric else None
    with shorten_provider_errors(asked.candidate.name, GOES_ON):
        told = judge_traffic(kept, asked, share=share, limit=limit, settings=rubrics)
    earlier = f"; with earlier runs {told.graded:,}" if told.graded > told.new else ""
    answer(
        as_json,
        told,
        f"{format_count(told.new, 'answer')} graded for ${told.usd:.4g}{earlier} "
        f"of a random {told.share:.1%} of all answers.",
    )
    if told.stopped:
        note(f"The spending limit of ${limit:.4g} was reached; continue with a higher --limit.")
    if told.unread:
        note(
            f"The judge's reply had no readable grade for {format_count(told.unread, 'answer')} of this share; "
            "a later run asks again."
        )


@traffic.command(epilog="Example: crossroute traffic adopt traffic.db my-router")
def adopt(log: Log, router: RouterArgument, as_json: AsJson = False) -> None:
    """Make the integrations that write to a log use a router, within seconds."""
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.registry import adopt as take_over

    kept, loaded = TrafficLog.existing(log), load(router)
    unknown = _find_unknown(loaded, kept)
    mark = take_over(kept, loaded)
    answer(as_json, {"adopted": mark}, f"Adopted router {mark}.")
    if unknown:
        note(
            f"It does not know {', '.join(unknown)}: programs that use these keep their own router, with a warning."
        )


@traffic.command(epilog="Example: crossroute traffic back traffic.db")
def back(log: Log, as_json: AsJson = False) -> None:
    """Switch back to the previously adopted router."""
    from crossroute.traffic.log import TrafficLog
    from crossroute.traffic.registry import go_back

    mark = go_back(TrafficLog.existing(log))
    answer(as_json, {"adopted": mark}, f"Back to {mark or 'the own router of each integration'}.")


@traffic.command(epilog="Example: crossroute traffic prune traffic.db --days 90")
def prune(
    log: Log,
    days: Annotated[float, typer.Option(help="Age in days; newer entries are kept.", min=0)],
    as_json: AsJson = False,
) -> None:
    """Delete decisions, calls and feedback older than a number of days."""
    from crossroute.traffic.log import TrafficLog

    deleted = TrafficLog.existing(log).prune(days)
    answer(as_json, {"deleted": deleted}, f"{format_count(deleted, 'decision')} deleted.")


def _find_unknown(router: Router, log: TrafficLog) -> list[str]:
    """Return a log's candidates that a router does not know.

    Raises:
        TrafficError: It knows none of them, so that no program would use it.
    """
    from crossroute.errors import TrafficError
    from crossroute.traffic.logged import read_logged
    from crossroute.traffic.policies import restrict_to_log

    try:
        logged = read_logged(log, latest=LATEST)
    except TrafficError:  # no answered decision yet
        return []
    known = restrict_to_log(router, logged).pool
    return [name for name in logged.names if name not in known]


def _build_dial_table(dials: list[OtherDial]) -> Table:
    from crossroute.tables import plain_table

    table = plain_table(
        "willingness to pay",
        title="Estimated quality and cost at other dials",
        caption="Willingness to pay relative to the logged one; doubly robust estimates, 95 % intervals.",
    )
    for heading in ("quality", "USD a call"):
        table.add_column(heading, justify="right")
    for other in dials:
        quality, cost = other.quality, other.cost
        if other.thin:
            table.add_row(other.label, name_missing(other.thin))
        else:
            table.add_row(other.label, format_quality(quality), format_cost(cost))
    explain_missing_estimates(table, {other.label: other.thin for other in dials})
    return table


def _explain_exploration(explorable: float) -> str:
    """Return how many decisions could have gone to another candidate, as a sentence of a caption."""
    if explorable:
        return f" {explorable:.1%} of them could have gone to another candidate by exploration."
    return (
        " None of them could have gone to another candidate: exploration was off, or no other candidate was within "
        "one standard error of the chosen one's reward."
    )


def _build_table(told: TrafficReport) -> Table:
    from rich.markup import escape

    from crossroute.decision import format_usd
    from crossroute.tables import plain_table

    unknown = f" and {told.unknown:,} of unknown cost" if told.unknown else ""
    caption = f"{told.decisions:,} decisions for {format_usd(told.usd)}{unknown}, {told.coverage:.0%} graded."
    if all(math.isnan(row.cost) for row in told.rows):
        caption = f"{told.decisions:,} decisions of unknown cost, {told.coverage:.0%} graded."
    if told.shadow_saving is not None:
        mean, low, high = told.shadow_saving
        seen = (
            f"saves, measured on {told.shadow_observed:,} shadow calls,"
            if told.shadow_observed
            else "is predicted to save"
        )
        caption += f" Routing {seen} {mean:.2g} USD a call ({low:.2g} to {high:.2g}, 95 %)."
    if told.shadow_loss is not None:
        mean, low, high = told.shadow_loss
        caption += f" It loses {mean:.3f} of quality ({low:.3f} to {high:.3f})."
    caption += _explain_exploration(told.explorable)
    table = plain_table("candidate", title="Candidates, observed and predicted", caption=caption)
    for heading in ("calls", "USD", "USD a call", "predicted USD", "graded", "quality", "predicted quality"):
        table.add_column(heading, justify="right")
    table.add_column("drift")
    for row in told.rows:
        spent = "–" if math.isnan(row.cost) else format_usd(row.usd)
        spent += f" + {row.unknown:,} unknown" if row.unknown and not math.isnan(row.cost) else ""
        costs = (spent, format_usd(row.cost), format_usd(row.predicted_cost))
        quality = (f"{row.observed:.3f}", f"{row.predicted:.3f}") if row.graded else ("–", "–")
        drift = ", ".join(row.drift)
        table.add_row(escape(row.candidate), f"{row.calls:,}", *costs, f"{row.graded:,}", *quality, drift)
    return table
