"""The console of the commands: on a terminal, in a pipe or a file, in any encoding.

A command's answer goes to standard output, by `answer` alone: for people, or with `--json` as one JSON document.
Progress, notes, warnings and errors go to standard error, and the exit code is the same either way.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python
from rich.console import Console, RenderableType
from rich.markup import escape

ENDLESS = 10_000
"""Columns of a pipe or a file, which have no width: nothing is cut or folded there."""

PLAIN = {"…": ">", "→": ">", "●": "*", "–": "-", "±": "~"}
"""What stands for a character that an encoding lacks; for any other a question mark."""


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    has_width = "COLUMNS" in os.environ or (stream is not None and stream.isatty())
    return Console(stderr=stderr, highlight=False, emoji=False, width=None if has_width else ENDLESS)


out, err = console(), console(stderr=True)


def answer(as_json: bool, told: object, *shown: RenderableType) -> None:
    """Print what a command was asked for.

    Args:
        as_json: Print one JSON document, and nothing else.
        told: The answer as data.
        shown: The answer for people: tables, and lines that are printed as they are.
    """
    if as_json:
        print(document(told))
        return
    for each in shown:
        if isinstance(each, str):
            out.print(each, markup=False, soft_wrap=True)
        else:
            out.print(each)


def document(told: object) -> str:
    """Return data as JSON: models, data classes, named tuples, and what JSON has; NaN and infinity are null."""
    return json.dumps(to_jsonable_python(_named(told), inf_nan_mode="null"), indent=2)


def note(line: str) -> None:
    """Print a line about the answer, such as what to do next, to standard error."""
    err.print(line, markup=False, soft_wrap=True)


def counted(count: int, noun: str) -> str:
    """Return how many there are of something, in words.

    >>> counted(1, "score"), counted(2_000, "score")
    ('1 score', '2,000 scores')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def caution(line: str) -> None:
    """Print a line that calls the answer in doubt to standard error."""
    err.print(f"[yellow]![/] {escape(line)}", soft_wrap=True)


def _named(told: object) -> Any:
    """Return data with named tuples as objects, by the names of their fields."""
    if isinstance(told, tuple) and hasattr(told, "_asdict"):
        told = told._asdict()
    if isinstance(told, Mapping):
        return {key: _named(each) for key, each in told.items()}
    if isinstance(told, list | tuple):
        return [_named(each) for each in told]
    return told


def print_anything() -> None:
    """Let standard output and standard error take characters that their encoding lacks."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lacking), error.end
