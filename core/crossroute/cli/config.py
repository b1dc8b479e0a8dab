"""crossroute config, crossroute serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossroute.cli.console import answer
from crossroute.cli.shared import Address, AsJson, Engine, load_config, on_cluster


def config(
    path: Annotated[Path | None, typer.Argument(help="A crossroute.toml.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of such files, for editors, and exit.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a crossroute.toml, and list its models with the router's data."""
    from crossroute.config import PoolConfig

    if schema:
        answer(True, PoolConfig.model_json_schema())
        return
    if path is None:
        raise ValueError("Give the path of a crossroute.toml, or --schema.")
    router, pool = load_config(path)
    answer(as_json, pool, router.pool)


def serve(
    path: Annotated[Path, typer.Argument(help="A crossroute.toml.")] = Path("crossroute.toml"),
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 8080 by default.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, or replicas on a cluster; 1 by default.")
    ] = None,
    engine: Engine = "local",
    address: Address = None,
) -> None:
    """Serve the pool of a crossroute.toml over HTTP, in the formats of OpenAI and Anthropic."""
    from crossroute.serve import serve as run

    on_cluster(engine, address)
    run(path, host=host, port=port, workers=workers, engine=engine, address=address)
