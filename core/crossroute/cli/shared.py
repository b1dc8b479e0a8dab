"""What the commands share: where they print, how they load and read, their common options."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crossroute.errors import DataError

if TYPE_CHECKING:
    from crossroute.outcomes import Outcomes
    from crossroute.router import Router

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DEFAULT_ROUTER = "routerbench"
RouterName = Annotated[str, typer.Option("--router", help="A bundled name, a folder or a hub id.")]
RouterArgument = Annotated[str, typer.Argument(help="A bundled name, a folder or a hub id.")]
Names = Annotated[str | None, typer.Option("--candidates", help="Only these candidates: a,b,c.")]
PricedOnly = Annotated[
    bool, typer.Option("--priced-only", help="Leave out the candidates whose price is not known.")
]


def load(name: str, candidates: str | None = None, folder: Path | None = None) -> Router:
    """Return a router.

    Args:
        name: A bundled name, a folder or a hub id.
        candidates: Only these: its own, or profiled ones.
        folder: Where these were profiled, by default the user's; named alone, all that are profiled there.
    """
    from crossroute.router import Router

    router = Router.from_pretrained(name)
    if not candidates and folder is None:
        return router
    from crossroute.profiler.profiles import among, profiled_names

    chosen = names(candidates) if candidates else profiled_names(folder)
    if not chosen:
        raise DataError(f"There is no profile in {folder}. Make one: crossroute profile MODEL --out {folder}")
    return among(router, chosen, folder)


def read(paths: Iterable[Path], candidates: str | None, priced_only: bool = False) -> Outcomes:
    """Return what the files hold together, priced; with `priced_only`, without the candidates of no price."""
    from crossroute.datasets import read_outcomes
    from crossroute.outcomes import Outcomes
    from crossroute.prices import priced, unpriced

    outcomes = Outcomes.concatenate([read_outcomes(path) for path in paths])
    outcomes = priced(outcomes.select(names(candidates)) if candidates else outcomes)
    left_out = unpriced(outcomes) if priced_only else ()
    if not left_out:
        return outcomes
    err.print(f"Left out, no price is known: {', '.join(left_out)}.", markup=False, soft_wrap=True)
    return outcomes.select([name for name in outcomes.pool.names if name not in left_out])


def settings(config: Path | None) -> dict[str, object]:
    """Return the training settings of a JSON file."""
    try:
        found = json.loads(config.read_text("utf-8")) if config else {}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{config} is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ValueError(f'{config} must hold an object of training settings, such as {{"epochs": 20}}.')
    return found


def names(listed: str) -> list[str]:
    """Split a,b,c."""
    return [name for name in map(str.strip, listed.split(",")) if name]


def progress_bar() -> Progress:
    """Return a progress bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=not err.is_terminal)
