"""The commands of the command line, those of groups with it."""

from __future__ import annotations

import typer
from typer.core import TyperCommand, TyperGroup

from crossroute.cli import app


def commands(group: TyperGroup | None = None, before: str = "") -> dict[str, TyperCommand]:
    """Return each command by all its words: "route", "traffic report"."""
    found: dict[str, TyperCommand] = {}
    for name, each in (group or typer.main.get_group(app)).commands.items():
        if isinstance(each, TyperGroup):
            found |= commands(each, f"{before}{name} ")
        elif isinstance(each, TyperCommand):
            found[f"{before}{name}"] = each
    return found
