"""crossroute candidates."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from crossroute.cli.shared import DEFAULT_ROUTER, RouterArgument, load, out


def candidates(
    router: RouterArgument = DEFAULT_ROUTER,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what a router may choose: prices, context windows and measured outcomes."""
    pool = load(router).pool
    if as_json:
        print(json.dumps([candidate.model_dump(mode="json") for candidate in pool], indent=2))
    else:
        out.print(pool)
