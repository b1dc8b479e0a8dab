"""The commands of the command line, those of groups with it, and a pool that they take."""

from __future__ import annotations

import typer
from typer.core import TyperCommand, TyperGroup

from crossroute.cli import app

MODELS = """
[[models]]
name = "gpt-5-mini"
model = "openai:gpt-5-mini"

[[models]]
name = "claude-opus-4-5"
model = "anthropic:claude-opus-4-5"
"""
"""Two models, as a crossroute.toml states them."""


def commands(group: TyperGroup | None = None, before: str = "") -> dict[str, TyperCommand]:
    """Return each command by all its words: "route", "traffic report"."""
    found: dict[str, TyperCommand] = {}
    for name, each in (group or typer.main.get_group(app)).commands.items():
        if isinstance(each, TyperGroup):
            found |= commands(each, f"{before}{name} ")
        elif isinstance(each, TyperCommand):
            found[f"{before}{name}"] = each
    return found
