"""crossroute catalogue: add updates from files, and undo them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossroute.cli import completing
from crossroute.cli.console import answer, format_count, note
from crossroute.cli.outputs import check_output_file
from crossroute.cli.shared import AsJson, load, split_names

if TYPE_CHECKING:
    from crossroute.catalogue import Change

catalogue = typer.Typer(no_args_is_help=True, help="Update the catalogue from files, and undo updates.")


@catalogue.command(epilog="Example: crossroute catalogue update release.json")
def update(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A release, the JSON of genai-prices or a CSV of scores; by default the installed genai-prices."
        ),
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="Expected SHA-256 of the file.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the changes without writing them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add newer facts to the catalogue, and show the changes. They are written to your data folder."""
    from crossroute.catalogue import Catalogue, add_layer, list_changes, read_update

    layer = read_update(file, sha256)
    found = list_changes(layer)
    answer(as_json, found, *map(_format_change, found))
    if not found:
        note("The file contains nothing newer than the catalogue.")
    elif not dry_run:
        path = add_layer(layer)
        Catalogue.bundled.cache_clear()
        if any(change.fact == "scores" for change in found):
            note(
                "The scores are stored and listed, but predictions do not change until you make a profile: "
                "crossroute profile MODEL --from-scores mmlu_pro=0.81,gpqa=0.7"
            )
        note(f"{format_count(len(found), 'fact')} changed, in {path}. Undo it: crossroute catalogue undo")


@catalogue.command(epilog="Example: crossroute catalogue undo")
def undo(as_json: AsJson = False) -> None:
    """Remove the last update."""
    from crossroute.catalogue import Catalogue, undo_layer

    source = undo_layer()
    if source is None:
        raise ValueError("There is no update to undo.")
    Catalogue.bundled.cache_clear()
    answer(as_json, {"undone": source}, f"Removed the update from {source}.")


@catalogue.command(epilog="Example: crossroute catalogue show")
def show(as_json: AsJson = False) -> None:
    """List the updates, and the prices that are stale."""
    from crossroute.catalogue import STALE_DAYS, Catalogue, find_stale_prices, read_layers

    layers, old = read_layers(), find_stale_prices(Catalogue.bundled(), date.today())
    updates = [
        {"made_on": each.made_on, "source": each.source, "models": len(each.entries)} for each in layers
    ]
    answer(
        as_json,
        {"updates": updates, "stale": [{"model": name, "price": price} for name, price in old]},
        *(f"{each.made_on}: {len(each.entries)} models from {each.source}" for each in layers),
        f"{len(old)} prices are older than {STALE_DAYS} days.",
        *(f"{name}: {price.as_of}, {price.source}" for name, price in old),
    )


@catalogue.command(
    epilog="Example: crossroute catalogue release my-router --candidates my-model --out release.json"
)
def release(
    router: Annotated[
        str,
        typer.Argument(
            help="A router with the clusters of the bundled one, and with profiles of the candidates."
        ),
    ],
    candidates: Annotated[
        str, typer.Option(autocompletion=completing.complete_candidates, help="Candidates to release: a,b,c.")
    ],
    file: Annotated[Path, typer.Option("--out", callback=check_output_file, help="File of the release.")],
    as_json: AsJson = False,
) -> None:
    """Write profiles to a release file with their digest, for `crossroute catalogue update`."""
    from crossroute.catalogue import Catalogue, Entry, Release
    from crossroute.files import replace_file

    pool = load(router).pool.subset(split_names(candidates))
    found = {each.name: Catalogue.bundled().find(each.name) for each in pool}
    entries = [
        known.entry
        if (known := found[each.name])
        else Entry(
            name=each.name,
            maker="unknown",
            aliases=each.aliases,
            price=each.price,
            context_window=each.context_window,
            capabilities=each.capabilities,
        )
        for each in pool
    ]
    profiles = {entry.name: each.profile for entry, each in zip(entries, pool, strict=True) if each.profile}
    made = Release(
        made_on=date.today(), source=f"profiles of {router}", entries=tuple(entries), profiles=profiles
    )
    replace_file(file, made.signed().written())
    answer(
        as_json,
        {"file": file, "models": [each.name for each in entries]},
        f"Wrote {format_count(len(entries), 'model')} to {file}.",
    )


def _format_change(change: Change) -> str:
    if change.before is None:
        return f"{change.model}: {change.fact} {change.after}"
    return f"{change.model}: {change.fact} {change.before} -> {change.after or 'none'}"
