"""Shared parts of the commands: common options, loading routers, reading outcomes, progress bars."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from crossroute.cli import completing
from crossroute.cli.console import err, note, warn
from crossroute.errors import DataError, DataWarning
from crossroute.files import read_whole

if TYPE_CHECKING:
    from rich.progress import Progress

    from crossroute.candidate import Pool, Price
    from crossroute.config import PoolConfig
    from crossroute.data.outcomes import Outcomes
    from crossroute.routing.router import Router

GOES_ON = "The answers so far are stored; the same command resumes."

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the router in the folder.")]


def router_option(default: str) -> Any:
    """Return the option `--router` with a description of its default in the help."""
    help_text = f"A bundled name, a folder or a hub id; {default}."
    return typer.Option("--router", autocompletion=completing.complete_router, help=help_text)


RouterName = Annotated[
    str | None, router_option("by default universal if candidates are named, else routerbench")
]
RouterArgument = Annotated[
    str,
    typer.Argument(help="A bundled name, a folder or a hub id.", autocompletion=completing.complete_router),
]
Names = Annotated[
    str | None,
    typer.Option(
        "--candidates", autocompletion=completing.complete_candidates, help="Only these candidates: a,b,c."
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Use the pool of a crossroute.toml instead of --router and --candidates."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="OURS=THEIRS", help="Name of a column in the files: quality=score."),
]
Texts = Annotated[
    Path | None,
    typer.Option("--texts", help="A table of texts by id, for logs with ids only."),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print the answer as one JSON document; messages go to standard error."),
]
PricedOnly = Annotated[
    bool, typer.Option("--priced-only", help="Leave out candidates without a known price.")
]
Engine = Annotated[
    Literal["local", "ray"], typer.Option(help="Run here, or on the machines of a Ray cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:6379",
        help="Address of the Ray cluster; by default RAY_ADDRESS, else a cluster on this machine.",
    ),
]


def load(name: str | None, candidates: str | None = None, folder: Path | None = None) -> Router:
    """Load a router.

    Args:
        name: A bundled name, a folder or a hub id; None chooses a suitable bundled router.
        candidates: Restrict the router to these candidates, its own or profiled ones: a,b,c.
        folder: Folder of the profiles, by default the user's; without `candidates`, all profiles in it.
    """
    from crossroute.routing.router import DEFAULT_ROUTER, WIDEST_ROUTER, Router

    if candidates is None and folder is None:
        return Router.from_pretrained(DEFAULT_ROUTER if name is None else name)
    router = Router.from_pretrained(WIDEST_ROUTER if name is None else name)
    from crossroute.profiler.cards import among, find_unused_profiles, profiled_names

    chosen = split_names(candidates) if candidates is not None else profiled_names(folder)
    if not chosen:
        raise DataError(f"There is no profile in {folder}. Make one: crossroute profile MODEL --out {folder}")
    unused = find_unused_profiles(router, chosen, folder)
    if unused:
        note(
            f"Your profiles of {', '.join(unused)} are not used, because not all named candidates have such a profile; "
            "the router's own profiles are comparable."
        )
    return among(router, chosen, folder)


def check_one_of_both(candidates: str | None, config: Path | None) -> None:
    """Check that candidates are named by exactly one of both options."""
    if (candidates is None) == (config is None):
        raise ValueError(
            "Give the candidates either with --candidates a,b,c or with --config crossroute.toml."
        )


def load_config(
    config: Path, router: str | None = None, candidates: str | None = None
) -> tuple[Router, PoolConfig]:
    """Load the router over the pool of a crossroute.toml, and the file's configuration."""
    from crossroute.config import read_config
    from crossroute.routing.members import router_over

    if router is not None or candidates is not None:
        raise ValueError("--config sets the router and its candidates: leave out --router and --candidates.")
    pool = read_config(config)
    return router_over(pool.router, pool.abilities, default=pool.default), pool


def read(
    paths: Iterable[Path],
    candidates: str | None,
    priced_only: bool = False,
    router: Router | None = None,
    *,
    columns: list[str] | None = None,
    texts: Path | None = None,
) -> Outcomes:
    """Read files of outcomes, concatenate them, and fill in prices.

    Args:
        paths: Files or folders of outcomes.
        candidates: Restrict them to these candidates: a,b,c.
        priced_only: Leave out candidates without a known price.
        router: Router with prices of candidates that the files lack.
        columns: Column names in the files: "quality=score".
        texts: Table of texts by id.
    """
    from crossroute.data.outcomes import Outcomes
    from crossroute.data.prices import fill_own_costs, find_unpriced, priced
    from crossroute.data.readers import read_outcomes

    refuse_routers(paths)
    mapped = dict(map(_parse_column, columns or ()))
    with print_warnings():
        parts = {path: read_outcomes(path, columns=mapped, texts=texts) for path in paths}
    for path, part in parts.items():
        if not len(part):
            raise DataError(f"{path} contains no outcomes. Expected rows of text, candidate and quality.")
    outcomes = Outcomes.concatenate(fill_own_costs(list(parts.values())))
    outcomes = outcomes.select(split_names(candidates)) if candidates is not None else outcomes
    outcomes = priced(outcomes, _match_prices(router, outcomes.pool) if router else None)
    left_out = find_unpriced(outcomes) if priced_only else ()
    if not left_out:
        return outcomes
    note(f"Left out, since their price is unknown: {', '.join(left_out)}.")
    return outcomes.select([name for name in outcomes.pool.names if name not in left_out])


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each DataWarning within the block as a line on standard error."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", DataWarning)
        yield
    for each in told:
        if issubclass(each.category, DataWarning):
            warn(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _parse_column(setting: str) -> tuple[str, str]:
    ours, sign, theirs = setting.partition("=")
    if not (ours and sign and theirs):
        raise ValueError(f"Expected --column OURS=THEIRS, such as quality=score, got {setting!r}.")
    return ours, theirs


def refuse_routers(paths: Iterable[Path]) -> None:
    """Raise an error if one of the paths of outcomes is a router."""
    for path in paths:
        if (path / "model.safetensors").exists():
            raise ValueError(
                f"{path} is a router, but outcomes are expected. To evaluate, name the router first, then the "
                "outcomes; to train, name it with --from."
            )


def _match_prices(router: Router, pool: Pool) -> dict[str, Price]:
    """Return a router's prices of candidates, in any spelling of their names."""
    from crossroute.catalogue import find_same_model

    known = ((candidate.name, find_same_model(router.pool, candidate)) for candidate in pool)
    return {name: candidate.price for name, candidate in known if candidate and candidate.price}


def read_settings(config: Path | None) -> dict[str, object]:
    """Read the training settings from a JSON file."""
    try:
        found = json.loads(read_whole(config).decode("utf-8-sig")) if config else {}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{config} is not valid JSON: {error}.") from error
    except OSError as error:
        raise ValueError(f"Cannot read the settings {config}: {error.strerror}.") from error
    if not isinstance(found, dict):
        raise ValueError(f'{config} must contain an object of training settings, such as {{"epochs": 20}}.')
    return found


def on_cluster(engine: str, address: str | None) -> bool:
    """Return whether a command runs on a cluster.

    Raises:
        ValueError: An address is given without the engine "ray".
    """
    if address is not None and engine != "ray":
        raise ValueError("--address is for a Ray cluster: add --engine ray, or leave it out.")
    return engine == "ray"


def split_names(listed: str) -> list[str]:
    """Split a,b,c into names, without duplicates."""
    found = [name for name in dict.fromkeys(map(str.strip, listed.split(","))) if name]
    if not found or (";" in listed and len(found) == 1):
        raise ValueError(f"Expected names, a,b,c, got {listed!r}.")
    return found


def make_progress_bar() -> Progress:
    """Return a progress bar on standard error."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, disable=not err.is_terminal)
