"""The command line: parse, call, print."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crossroute.errors import CrossRouteError
from crossroute.outcomes import Split

if TYPE_CHECKING:
    from crossroute.outcomes import Outcomes
    from crossroute.router import Router
    from crossroute.training import Epoch

app = typer.Typer(
    help="Route each query to the language model with the best predicted quality for its cost.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DEFAULT_ROUTER = "routerbench"
RouterName = Annotated[str, typer.Option("--router", help="A bundled name, a folder or a hub id.")]
Names = Annotated[str | None, typer.Option("--candidates", help="Only these candidates: a,b,c.")]


@app.command(epilog='Example: crossroute route "Prove that 2 is prime." --cost-preference 0.8')
def route(
    text: Annotated[str, typer.Argument(help="The query; - reads standard input, one query a line.")],
    router: RouterName = DEFAULT_ROUTER,
    cost_preference: Annotated[
        float | None, typer.Option(min=0, max=1, help="0 is quality first, 1 is cheapest; 0.5 by default.")
    ] = None,
    willingness_to_pay: Annotated[
        float | None, typer.Option(help="USD for one call, in place of the cost preference.")
    ] = None,
    candidates: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a query.")] = False,
) -> None:
    """Choose a candidate for a text."""
    loaded = _load(router, candidates)
    many = text == "-"
    queries = (line for line in map(str.strip, sys.stdin) if line) if many else iter([text])
    for query in queries:  # one at a time, so that whoever types at the other end is answered at once
        decision = loaded.route(query, cost_preference=cost_preference, willingness_to_pay=willingness_to_pay)
        if as_json:
            print(decision.model_dump_json(), flush=many)
        elif many:
            print(decision.candidate, flush=True)
        else:
            out.print(decision)
            out.print(decision.explain(), markup=False)


@app.command(epilog="Example: crossroute data outcomes.jsonl")
def data(
    path: Annotated[
        Path, typer.Argument(help="A folder of parquet files, .jsonl, .csv, or RouterBench's .pkl.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a file of outcomes and say what is in it."""
    from crossroute.summary import summarize

    summary = summarize(_outcomes([path], None))
    if as_json:
        print(summary.model_dump_json(indent=2))
    else:
        out.print(summary)


@app.command(epilog="Example: crossroute train outcomes.jsonl --out my-router")
def train(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="Outcomes; several are trained on together.")
    ],
    folder: Annotated[Path, typer.Option("--out", help="Folder to write the router to.")],
    seed: Annotated[int | None, typer.Option(help="Makes training reproducible.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="static, minilm, sentence-transformers:NAME ...")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="JSON file of training settings.")] = None,
    candidates: Names = None,
) -> None:
    """Train a router; interrupted, it keeps the best so far, and the same command goes on from there."""
    from crossroute.training import TrainingConfig, fit

    given = {"seed": seed, "encoder": encoder}
    given = {name: value for name, value in given.items() if value is not None}
    chosen = TrainingConfig.model_validate(_settings(config) | given)
    outcomes = _outcomes(paths, candidates)
    with _progress() as progress:
        encoding = progress.add_task("encoding", total=len(outcomes))
        training = progress.add_task("training", total=chosen.epochs)

        def on_epoch(epoch: Epoch) -> None:
            progress.update(
                training, completed=epoch.epoch, description=f"validation AIQ {epoch.best_aiq:.4f}"
            )

        router = fit(
            outcomes,
            chosen,
            state_folder=folder,
            on_encoded=lambda count: progress.advance(encoding, count),
            on_epoch=on_epoch,
        )
    router.save_pretrained(folder)
    saved = f"Saved to {folder}. Route with: crossroute route 'TEXT' --router {shlex.quote(str(folder))}"
    err.print(saved, markup=False, soft_wrap=True)


@app.command(epilog="Example: crossroute evaluate my-router outcomes.jsonl --plot curves.png")
def evaluate(
    router: Annotated[str, typer.Argument(help="A bundled name, a folder or a hub id.")],
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

    outcomes = _outcomes(paths, candidates)
    loaded = _load(router, None).subset(outcomes.pool.names)
    predictions = {"CrossRoute": loaded.predict(outcomes.split(split).texts)}
    if baselines:
        with _progress() as progress:
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


@app.command(epilog="Example: crossroute candidates routerbench")
def candidates(
    router: Annotated[str, typer.Argument(help="A bundled name, a folder or a hub id.")] = DEFAULT_ROUTER,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what a router may choose: prices, context windows and measured outcomes."""
    pool = _load(router, None).pool
    if as_json:
        print(json.dumps([candidate.model_dump(mode="json") for candidate in pool], indent=2))
    else:
        out.print(pool)


@app.command(epilog="Example: crossroute demo --plot demo.png")
def demo(
    router: RouterName = DEFAULT_ROUTER,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Draw the plot into this PNG file.")
    ] = None,
) -> None:
    """Route two dozen varied queries at three cost preferences and show what that saves."""
    from crossroute.demo import show

    show(_load(router, None), out, plot_file)


def _load(name: str, candidates: str | None) -> Router:
    from crossroute.router import Router

    router = Router.from_pretrained(name)
    return router.subset(_names(candidates)) if candidates else router


def _outcomes(paths: Iterable[Path], candidates: str | None) -> Outcomes:
    from crossroute.datasets import read_outcomes
    from crossroute.outcomes import Outcomes
    from crossroute.prices import priced

    outcomes = Outcomes.concatenate([read_outcomes(path) for path in paths])
    return priced(outcomes.select(_names(candidates)) if candidates else outcomes)


def _settings(config: Path | None) -> dict[str, object]:
    try:
        settings = json.loads(config.read_text("utf-8")) if config else {}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{config} is not valid JSON: {error}.") from error
    if not isinstance(settings, dict):
        raise ValueError(f'{config} must hold an object of training settings, such as {{"epochs": 20}}.')
    return settings


def _names(listed: str) -> list[str]:
    return [name for name in map(str.strip, listed.split(",")) if name]


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=not err.is_terminal)


def main() -> NoReturn:
    """Run the command line: exit code 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        _fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r}.")
    except (CrossRouteError, ValueError, OSError) as error:
        _fail(str(error))
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
    sys.exit(1)
