"""crossroute config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crossroute.cli.shared import configured, out


def config(
    path: Annotated[Path | None, typer.Argument(help="A crossroute.toml.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of such files, for editors, and exit.")
    ] = False,
) -> None:
    """Check a pool's file and list its models as they are routed among."""
    from crossroute.config import PoolConfig

    if schema:
        print(json.dumps(PoolConfig.model_json_schema(), indent=2))
        return
    if path is None:
        raise ValueError("Give the path of a crossroute.toml, or --schema.")
    router, _ = configured(path)
    out.print(router.pool)
