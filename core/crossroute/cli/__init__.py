"""The command line: parse, call, print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.markup import escape

from crossroute import __version__
from crossroute.cli import updates
from crossroute.cli.catalogue import candidates, prices
from crossroute.cli.collection import collect
from crossroute.cli.comparing import compare
from crossroute.cli.config import config
from crossroute.cli.console import err, print_anything
from crossroute.cli.evaluation import evaluate
from crossroute.cli.keys import keys
from crossroute.cli.learning import data, floor, train
from crossroute.cli.profile import profile
from crossroute.cli.routing import demo, route
from crossroute.cli.serve import serve
from crossroute.cli.traffic import traffic
from crossroute.errors import CrossRouteError, one_line

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
INTERRUPTED = 130
EXAMPLES: dict[Callable[..., None], str] = {
    route: 'route "Prove that 2 is prime." --cost-preference 0.8',
    data: "data outcomes.jsonl",
    compare: "compare prompts.csv --config crossroute.toml",
    collect: "collect prompts.csv --config crossroute.toml --out o.parquet",
    train: "train outcomes.jsonl --out my-router",
    floor: "floor my-router outcomes.jsonl --drop 0.02 --out promised",
    evaluate: "evaluate my-router outcomes.jsonl --plot curves.png",
    candidates: "candidates --search claude",
    prices: "prices routerbench",
    config: "config crossroute.toml",
    profile: "profile openai:gpt-5-mini --max-cost 0.5",
    demo: "demo --plot demo.png",
    serve: "serve crossroute.toml --port 8080",
}
for command, example in EXAMPLES.items():
    app.command(epilog=f"Example: crossroute {example}")(command)
app.add_typer(traffic, name="traffic")
app.add_typer(keys, name="keys")

app.add_typer(updates.app, name="catalogue")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"crossroute {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Route each query to the language model with the best predicted quality for its cost."""


def main() -> NoReturn:
    """Run the command line: exit code 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    print_anything()
    try:
        try:
            app()
        finally:
            if sys.stdout:  # None where it was closed before we began
                sys.stdout.flush()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("Interrupted.")
        raise
    except BrokenPipeError:  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        _fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r}.")
    except (CrossRouteError, ValueError) as error:
        _fail(str(error))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _fail(f"{error.strerror or one_line(error)}{place}.")
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
    sys.exit(1)
