"""Write the page of the command line from the command line itself, whenever the site is built."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.core import TyperCommand, TyperGroup

from crossroute.cli import app

HEAD = """# Command line

`crossroute COMMAND --help` says the same in a terminal. `crossroute --install-completion` has your shell complete
commands, options, names of models and routers.

A command's answer goes to standard output. With `--json`, which every command but `serve` takes, it is one JSON
document and nothing else; `route -` prints one a line. Progress, notes, warnings and errors go to standard error. The
exit code is the same either way: 0, 1 for an error, 2 for wrong usage, and 130 when interrupted.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    files.append(File.generated(config, "command-line.md", content="\n".join(page())))
    return files


def page() -> Iterator[str]:
    """Yield the lines of the page, a section a command."""
    group = typer.main.get_group(app)
    yield HEAD
    yield from sections(group, typer.Context(group, info_name="crossroute"))


def sections(group: TyperGroup, context: typer.Context) -> Iterator[str]:
    """Yield the lines of a group's commands; those of a group in it follow its own."""
    for name in group.list_commands(context):
        command = group.commands[name]
        within = typer.Context(command, info_name=name, parent=context)
        if isinstance(command, TyperGroup):
            yield from sections(command, within)
        elif isinstance(command, TyperCommand):
            yield from section(command, within)


def section(command: TyperCommand, context: typer.Context) -> Iterator[str]:
    """Yield the lines of one command: what it does, its usage, a table of its parameters, an example."""
    records = ((each, each.get_help_record(context)) for each in command.get_params(context))
    told = {each: record for each, record in records if record}  # what is hidden has none
    arguments = [
        spelling.split()[0].upper() if each.required else f"[{spelling.split()[0].upper()}]"
        for each, (spelling, _) in told.items()
        if each.param_type_name == "argument"
    ]
    name = context.command_path.removeprefix("crossroute ")
    yield f"## {name}\n\n{command.help}\n"
    yield f"```text\ncrossroute {name} {' '.join([*arguments, '[OPTIONS]'])}\n```\n"
    yield "| Parameter | Meaning |\n|---|---|"
    for spelling, text in told.values():
        yield f"| `{spelling}` | {text.replace('  [', ' [').replace('<', '&lt;').replace('|', '&#124;')} |"
    yield f"\nFor example:\n\n```sh\n{(command.epilog or '').removeprefix('Example: ')}\n```\n"
