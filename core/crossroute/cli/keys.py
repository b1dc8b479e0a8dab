"""crossroute keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from crossroute.cli import completing
from crossroute.cli.console import answer, note
from crossroute.cli.shared import AsJson, split_names

keys = typer.Typer(no_args_is_help=True, help="Manage the keys of a server.")
Config = Annotated[Path, typer.Option("--config", help="The crossroute.toml of the server.")]
Name = Annotated[str, typer.Argument(help="Name of the key: a person, a team or a program.")]
CONFIG = Path("crossroute.toml")


@keys.command(epilog="Example: crossroute keys add ann --budget 20 --per month --requests 60")
def add(
    name: Name,
    config: Config = CONFIG,
    allow: Annotated[str | None, typer.Option(help="Only these models: a,b,c.")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Budget in USD per period.")] = None,
    per: Annotated[
        str,
        typer.Option(
            autocompletion=completing.complete_word(*completing.PERIODS),
            help="Period of the budget: day, month or total.",
        ),
    ] = "month",
    requests: Annotated[int | None, typer.Option(min=1, help="Maximum requests per minute.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="Maximum tokens per minute.")] = None,
    admin: Annotated[
        bool, typer.Option("--admin", help="Allow access to the spending of all keys, and to the metrics.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It is shown only once: the server stores only its hash."""
    from crossroute.config import read_config
    from crossroute.serve.keys import Key, hash_secret, new_secret

    models = None if allow is None else frozenset(split_names(allow))
    known = {entry.name for entry in read_config(config).models}
    for model in sorted((models or frozenset()) - known):
        raise ValueError(f"{model!r} is not a model of {config}. Expected {', '.join(sorted(known))}.")
    secret = new_secret()
    limits: dict[str, Any] = {"usd": budget, "requests_a_minute": requests, "tokens_a_minute": tokens}
    key = Key(
        name=name,
        digest=hash_secret(secret),
        allow=models,
        per=cast("Literal['day', 'month', 'total']", per),
        admin=admin,
        **limits,
    )
    kept = _open_keys(config)
    kept.add(key)
    answer(as_json, {"name": name, "key": secret, "file": kept.path}, secret)
    note(f"Store the key now: {kept.path} contains only its hash.")


@keys.command("list", epilog="Example: crossroute keys list")
def list_(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List the keys and their permissions."""
    from crossroute.tables import plain_table

    table = plain_table("key", "models", "budget", "requests/min", "tokens/min", "admin")
    kept = _open_keys(config).all
    for key in kept:
        budget = (
            "" if key.usd is None else f"${key.usd:g} {'in all' if key.per == 'total' else f'a {key.per}'}"
        )
        limits = (
            "" if limit is None else f"{limit:,}" for limit in (key.requests_a_minute, key.tokens_a_minute)
        )
        allowed = "all" if key.allow is None else ", ".join(sorted(key.allow))
        table.add_row(key.name, allowed, budget, *limits, "yes" if key.admin else "")
    answer(as_json, [key.model_dump(exclude={"digest"}) for key in kept], table)


@keys.command(epilog="Example: crossroute keys revoke ann")
def revoke(name: Name, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Revoke a key; a running server stops accepting it within a second."""
    _open_keys(config).revoke(name)
    answer(as_json, {"revoked": name}, f"{name} is revoked.")


def _open_keys(config: Path) -> Any:
    from crossroute.config import read_config
    from crossroute.serve.keys import Keys
    from crossroute.serve.settings import read_settings

    return Keys(read_settings(read_config(config), config).keys_file)
