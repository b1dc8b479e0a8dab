"""crossroute route, crossroute demo."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossroute.cli.console import answer, note, out
from crossroute.cli.outputs import check_output_file, check_output_folder, check_picture_file
from crossroute.cli.shared import (
    Address,
    AsJson,
    ConfigFile,
    Engine,
    Names,
    RouterName,
    load,
    load_config,
    make_progress_bar,
    on_cluster,
    router_option,
)
from crossroute.errors import check_extra
from crossroute.files import explain_missing_file, is_file

if TYPE_CHECKING:
    from crossroute.routing.policy import Constraints
    from crossroute.routing.router import Router


def _parse_dial(text: str) -> float:
    """Read a cost preference."""
    try:
        preference = float(text)
    except ValueError:
        preference = math.nan
    if not 0 <= preference <= 1:
        raise typer.BadParameter(f"expected a number from 0, quality first, to 1, cheapest; got {text!r}.")
    return preference


def _read_lines() -> Iterator[str]:
    """Yield the non-empty lines of standard input."""
    if sys.stdin is None:
        raise ValueError("Standard input is closed. Give the query as an argument.")
    try:
        yield from (line for line in map(str.strip, sys.stdin) if line)
    except UnicodeDecodeError as error:
        raise ValueError(f"Standard input is not {error.encoding} text. Convert it first.") from None


def _check_folder(told: str | None) -> str | None:
    """Check a local output folder before the work; the URL of a remote folder is not checked."""
    if told is not None and "://" not in told:
        check_output_folder(Path(told))
    return told


def _describe_cluster(
    used: bool, address: str | None, actors: int | None, out_folder: str | None
) -> dict[str, Any] | None:
    """Return the settings of the cluster; None without one."""
    if used and out_folder is None:
        raise ValueError("A cluster routes files: name the output folder with --out.")
    if actors is not None and not used:
        raise ValueError("--actors is for a Ray cluster: add --engine ray, or leave it out.")
    return {"address": address, "actors": actors} if used else None


def route(
    text: Annotated[
        str,
        typer.Argument(
            help="The query; - reads one per line from standard input. With --out, a .parquet, .jsonl or .csv file."
        ),
    ],
    router: RouterName = None,
    cost_preference: Annotated[
        float | None,
        typer.Option(
            parser=_parse_dial, metavar="0..1", help="0 is quality first, 1 is cheapest; 0.5 by default."
        ),
    ] = None,
    willingness_to_pay: Annotated[
        float | None, typer.Option(help="Willingness to pay in USD; replaces the cost preference.")
    ] = None,
    candidates: Names = None,
    profiles: Annotated[
        Path | None, typer.Option(help="Route among the candidates with profiles in this folder.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
    out_folder: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            callback=_check_folder,
            help="Write the choices for a file of queries to this folder, in blocks; a second run resumes.",
        ),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option("--text", help="The column of the queries; `text` by default.")
    ] = None,
    runs: Annotated[
        bool,
        typer.Option(
            "--runs",
            help="Each text is the task of an agent's whole run of many calls; by default it is a single call.",
        ),
    ] = False,
    engine: Engine = "local",
    address: Address = None,
    actors: Annotated[
        int | None,
        typer.Option(min=1, help="Maximum concurrent routers on the cluster; by default one per CPU."),
    ] = None,
) -> None:
    """Choose a candidate for a text, or for each text of a file."""
    from crossroute.query import Query

    constraints = None
    if text_column is not None and out_folder is None:
        raise ValueError("--text is for a file of queries: add --out FOLDER, or leave it out.")
    cluster = _describe_cluster(on_cluster(engine, address), address, actors, out_folder)
    if config is None:
        loaded = load(router, candidates, profiles)
    else:
        loaded, pool = load_config(config, router, candidates)
        constraints = pool.constraints
        if cost_preference is None and willingness_to_pay is None:
            cost_preference, willingness_to_pay = pool.cost_preference, pool.willingness_to_pay
    if out_folder is not None:
        dial = (cost_preference, willingness_to_pay, constraints, runs)
        rows = _route_file(loaded, text, out_folder, text_column or "text", dial, cluster)
        told = f"{rows:,} {'query' if rows == 1 else 'queries'} routed into {out_folder}."
        answer(as_json, {"folder": out_folder, "queries": rows}, told)
        return
    if router is None and candidates is None and profiles is None and config is None:
        note(
            "Among RouterBench's models of 2023 and 2024. Name yours with --candidates; "
            "`crossroute candidates` lists those that are known."
        )
    if is_file(Path(text)):
        note(f"{text} is a file, but only its name is routed. {_explain_route_of(Path(text))}")
    many = text == "-"
    queries = _read_lines() if many else iter([text])
    for query in queries:  # one at a time, so that interactive input is answered at once
        decision = loaded.route(
            Query(query, one_call=not runs),
            cost_preference=cost_preference,
            willingness_to_pay=willingness_to_pay,
            constraints=constraints,
        )
        if many:  # JSON lines, so that a reader need not wait for the last query
            print(decision.model_dump_json() if as_json else decision.candidate, flush=True)
        else:
            answer(as_json, decision, decision, "", decision.explain())


def _explain_route_of(file: Path) -> str:
    """Return how the queries of a file are routed."""
    from crossroute.batch.texts import FORMATS

    if file.name.lower().removesuffix(".gz").endswith(FORMATS):
        return "Route the queries in it with --out FOLDER."
    return f"Route its lines, one query each, with: crossroute route - < {quote(str(file))}"


def _route_file(
    router: Router,
    source: str,
    folder: str,
    column: str,
    dial: tuple[float | None, float | None, Constraints | None, bool],
    cluster: dict[str, Any] | None,
) -> int:
    """Route a file of queries, and return the number of queries routed in this run."""
    from crossroute.batch.run import Batch, DialSettings, route_file
    from crossroute.batch.texts import locate

    if lacking := explain_missing_file(locate(source)):
        raise ValueError(f"{source} {lacking}. With --out, give a .parquet, .jsonl or .csv file of queries.")
    run: Callable[..., None] = route_file
    if cluster is not None:
        from crossroute.batch.cluster import route_file_on_cluster

        run = partial(route_file_on_cluster, **cluster)
    with make_progress_bar() as bar:
        task = bar.add_task("Routing", total=None)
        batch = Batch(locate(source), locate(folder), column)
        run(router, batch, DialSettings(*dial), lambda rows: bar.advance(task, rows))
        return round(bar.tasks[task].completed)


def demo(
    router: Annotated[str | None, router_option("by default universal, over current models")] = None,
    candidates: Names = None,
    config: ConfigFile = None,
    plot_file: Annotated[
        Path | None,
        typer.Option("--plot", callback=check_picture_file, help="Draw the plot into this PNG file."),
    ] = None,
    page_file: Annotated[
        Path | None,
        typer.Option(
            "--html", callback=check_output_file, help="Write an HTML page with an interactive dial."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Route two dozen queries among current models at three cost preferences, and show the savings."""
    from crossroute.cli.demo import OF_TODAY, record, show, write_files

    if plot_file is not None:  # report a missing package before the work
        check_extra("Plotting", "plots", "matplotlib")
    plain = router is None and candidates is None and config is None
    if config is None:
        shown = load(router, ",".join(OF_TODAY) if plain else candidates)
    else:
        shown = load_config(config, router, candidates)[0]
    if as_json:
        answer(True, record(shown))
    else:
        show(shown, out)
    write_files(shown, plot_file, page_file)
    if plain:
        note("\nThe same with a pool of measured models: crossroute demo --router routerbench")
