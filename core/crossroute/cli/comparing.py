"""crossroute compare."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossroute.cli import completing
from crossroute.cli.collection import PoolFile, PromptsFile, TextColumn, find_answers_folder
from crossroute.cli.console import answer, note, warn
from crossroute.cli.outputs import check_output_file, keep_inputs
from crossroute.cli.shared import AsJson, check_one_of_both, load, load_config, router_option, split_names

if TYPE_CHECKING:
    from rich.table import Table

    from crossroute.collection import Prompt
    from crossroute.collection.forecast import PromptForecast
    from crossroute.routing.router import Router

TYPICAL_CALLS = 10_000


def compare(
    prompts: PromptsFile,
    candidates: Annotated[
        str | None,
        typer.Option(
            "--candidates",
            autocompletion=completing.complete_candidates,
            help="Names of models in any spelling: a,b,c.",
        ),
    ] = None,
    config: PoolFile = None,
    router: Annotated[str | None, router_option("universal by default")] = None,
    calls: Annotated[int, typer.Option(min=1, help="Calls per month, for the cost.")] = TYPICAL_CALLS,
    text: TextColumn = None,
    outcomes: Annotated[
        Path | None,
        typer.Option("--outcomes", help="The file that `crossroute collect` wrote, for --page."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            callback=check_output_file,
            help="Write a page with answers side by side to this HTML file.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict where your prompts are routed at each dial, and the monthly cost, without calling a model."""
    from crossroute.collection import read_prompts

    check_one_of_both(candidates, config)
    if page is not None and outcomes is None:
        raise ValueError(
            "--page shows answers: add --outcomes FILE, the file that `crossroute collect` wrote."
        )
    keep_inputs([page], [prompts, *filter(None, (outcomes, config))])
    asked = read_prompts(prompts, text=text)
    over = load_config(config, router)[0] if config else _restrict(router, candidates or "")
    _print(over, asked, calls, as_json)
    if page is not None and outcomes is not None:
        from crossroute.collection.side_by_side import write_page

        write_page(page, over, asked, find_answers_folder(outcomes), outcomes)
        note(f"Wrote {page}.")


def _restrict(router: str | None, candidates: str) -> Router:
    """Return a router over the named candidates; an alias `small=openai:gpt-5-mini` is looked up by either name."""
    spelled = [one.partition("=") for one in split_names(candidates)]
    found = [name for name, _, place in spelled]
    if router is None and all(place and not place.startswith("http") for _, _, place in spelled):
        found = [place for _, _, place in spelled]
    return load(router, ",".join(found))


def _print(router: Router, prompts: tuple[Prompt, ...], calls: int, as_json: bool) -> None:
    from crossroute.collection.forecast import forecast

    seen = forecast(router, [prompt.text for prompt in prompts])
    answer(
        as_json,
        {**asdict(seen), "calls": calls},
        _build_dial_table(seen, calls),
        "",
        _build_candidate_table(seen),
    )
    for warning in seen.warnings:
        warn(warning)


def _build_dial_table(seen: PromptForecast, calls: int) -> Table:
    from rich.markup import escape

    from crossroute.decision import format_usd
    from crossroute.tables import plain_table

    table = plain_table(
        "cost preference",
        title=f"Predicted choices for {seen.queries:,} prompts, and the cost of {calls:,} such calls a month",
        caption="Predicted without calls; quality with its 95 % interval.",
    )
    for heading in ("quality", "USD a month", *map(escape, seen.names)):
        table.add_column(heading, justify="right")
    for row in seen.dials:
        shares = (f"{share:.0%}" if share else "–" for share in row.shares)
        table.add_row(
            f"{row.preference:g}",
            f"{row.quality:.2f} ± {row.error:.2f}",
            format_usd(row.cost * calls),
            *shares,
        )
    return table


def _build_candidate_table(seen: PromptForecast) -> Table:
    from rich.markup import escape

    from crossroute.decision import format_usd
    from crossroute.tables import plain_table

    table = plain_table("candidate alone")
    for heading in ("quality", "USD per 1,000 calls", "evidence"):
        table.add_column(heading, justify="right")
    for one in seen.alone:
        table.add_row(
            escape(one.name),
            f"{one.quality:.2f} ± {one.error:.2f}",
            format_usd(1000 * one.cost),
            escape(one.evidence),
        )
    return table
