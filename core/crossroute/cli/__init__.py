"""The `crossroute` command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.markup import escape
from typer.core import TyperGroup

from crossroute import __version__
from crossroute.cli.console import err, print_anything, print_estimates
from crossroute.errors import CrossRouteError, one_line

INTERRUPTED = 130
COMMANDS = {
    "route": ("routing", 'route "Is 2 prime?" --candidates gpt-6-luna,gpt-6-sol'),
    "data": ("learning", "data outcomes.jsonl"),
    "compare": ("comparing", "compare prompts.csv --config crossroute.toml"),
    "collect": ("collection", "collect prompts.csv --config crossroute.toml --out o.parquet"),
    "train": ("learning", "train outcomes.jsonl --out my-router"),
    "floor": ("learning", "floor my-router outcomes.jsonl --drop 0.02 --out promised"),
    "evaluate": ("evaluation", "evaluate my-router outcomes.jsonl --plot curves.png"),
    "candidates": ("catalogue", "candidates --search claude"),
    "prices": ("catalogue", "prices routerbench"),
    "config": ("config", "config crossroute.toml"),
    "profile": ("profile", "profile openai:gpt-5-mini --max-cost 0.5"),
    "demo": ("routing", "demo --plot demo.png"),
    "serve": ("config", "serve crossroute.toml --port 8080"),
    "traffic": ("traffic", ""),
    "keys": ("keys", ""),
    "catalogue": ("updates", ""),
}
"""Name -> module with the command or command group of this name, and an example."""


class _Commands(Mapping[str, Any]):
    """The click commands by name, imported and built on first use."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _built(name, *COMMANDS[name])
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    """The command group with lazily built commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Commands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names without building the commands."""
        return list(COMMANDS)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; state the valid range in the error for an invalid argument, which typer leaves out."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(cause := error.__cause__, ValidationError):
                fault = cause.errors()[0]
                told = fault["msg"].replace("Input should be", "expected", 1).removeprefix("Value error, ")
                said = "" if fault["type"] == "value_error" else f"; got {fault['input']!r}"
                error.message = f"{told.rstrip('.')}{said}."
            raise


def _built(name: str, module: str, example: str) -> Any:
    found = getattr(import_module(f"{__name__}.{module}"), name)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(name, epilog=f"Example: crossroute {example}")(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


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
    """Run the command line. Exit code: 0, 1 for an error, 2 for wrong usage, 130 if interrupted."""
    print_anything()
    print_estimates()
    if "" in sys.argv[1:]:  # where a path is expected, Python takes it for the current folder
        _fail("An argument is empty. Name what it stands for, or leave it out; the current folder is '.'.")
    try:
        try:
            app()
        finally:
            if sys.stdout:  # None if it was closed before the start
                sys.stdout.flush()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("Interrupted.")
        raise
    except BrokenPipeError:  # the reader has closed the pipe
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
