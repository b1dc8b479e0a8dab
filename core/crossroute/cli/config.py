"""crossroute config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossroute.cli.console import answer
from crossroute.cli.shared import AsJson, configured


def config(
    path: Annotated[Path | None, typer.Argument(help="A crossroute.toml.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of such files, for editors, and exit.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a pool's file and list its models as they are routed among."""
    from crossroute.config import PoolConfig

    if schema:
        answer(True, PoolConfig.model_json_schema())
        return
    if path is None:
        raise ValueError("Give the path of a crossroute.toml, or --schema.")
    router, pool = configured(path)
    answer(as_json, pool, router.pool)
