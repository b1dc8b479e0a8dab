"""crossroute candidates, crossroute prices."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossroute.cli import completing
from crossroute.cli.console import answer, note
from crossroute.cli.outputs import check_output_folder
from crossroute.cli.shared import AsJson, ConfigFile, load, load_config
from crossroute.errors import UnknownCandidateError, UnknownModelError

if TYPE_CHECKING:
    from crossroute.candidate import Price

MaybeRouter = Annotated[
    str | None,
    typer.Argument(
        help="A bundled name, a folder or a hub id; by default the catalogue of known models.",
        autocompletion=completing.complete_router,
    ),
]
_NUMBER = r"\d+\.?\d*|\.\d+"


def candidates(
    router: MaybeRouter = None,
    search: Annotated[
        str | None,
        typer.Option(
            autocompletion=completing.complete_candidates,
            help="Only models with this name, in any spelling, or with all these words.",
        ),
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the models of a router or of the catalogue: prices, context windows, capabilities, measurements."""
    from crossroute.catalogue import Catalogue
    from crossroute.cli.listing import build_table, list_catalogue, list_pool, search_rows

    loaded = load_config(config, router)[0] if config else load(router) if router else None
    rows = list_pool(loaded.pool, loaded.provenance.get("sources", {})) if loaded else list_catalogue()
    if search:
        rows = search_rows(rows, search)
        if not rows and loaded:
            raise UnknownCandidateError(search, loaded.pool.names)
        if not rows:
            raise UnknownModelError(search, Catalogue.bundled().nearest(search))
    answer(as_json, [row.record() for row in rows], build_table(rows))


def prices(
    router: MaybeRouter = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=IN/OUT", help="State a price in USD per million tokens."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            callback=check_output_folder,
            help="Write the router here, with the prices of --set, or else those of the catalogue.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the prices that a router uses, with their source and age."""
    from crossroute.cli.price_check import build_table, check_prices, find_listed_prices

    stated = dict(map(parse_price, settings or ()))
    if not router and (stated or folder):
        raise ValueError("--set and --out change a router's prices; name the router.")
    loaded = load(router) if router else None
    if loaded and stated:
        loaded = loaded.with_prices(stated)
    if loaded and folder:
        changed = stated or find_listed_prices(loaded.pool)
        loaded = loaded.with_prices(changed)
        loaded.save_pretrained(folder)
        note(f"Saved to {folder} with {len(changed)} prices set.")
    checks = check_prices(loaded.pool if loaded else None, date.today())
    answer(as_json, checks, build_table(checks))
    differing = [check.candidate for check in checks if check.differs]
    if stated and not folder:
        note("Nothing is saved: --out FOLDER writes the router at these prices.")
    elif differing and router and not folder:
        note(
            f"The catalogue lists other prices for {len(differing)} of these: {', '.join(differing)}. "
            f"Use them with: crossroute prices {shlex.quote(router)} --out FOLDER"
        )


def parse_price(setting: str) -> tuple[str, Price]:
    """Read NAME=IN/OUT."""
    from crossroute.candidate import Price

    parts = re.fullmatch(rf"(.+)=({_NUMBER})/({_NUMBER})", setting)
    if not parts:
        raise ValueError(
            f"Expected NAME=IN/OUT in USD per million tokens, such as small=0.15/0.6, got {setting!r}."
        )
    price = Price(input=float(parts[2]), output=float(parts[3]), source="stated by hand", as_of=date.today())
    return parts[1], price
