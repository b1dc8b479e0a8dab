"""Output of the commands to a terminal, pipe or file, in any encoding.

The answer of a command goes to standard output, by `answer` only: as tables and text, or with `--json` as one JSON
document. Progress, notes, warnings and errors go to standard error. The exit code is the same in both forms.
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python
from rich.console import Console, RenderableType
from rich.markup import escape

ENDLESS = 10_000
"""Width of a pipe or a file, in columns, so that nothing is truncated or wrapped."""

PLAIN = {"…": ">", "→": ">", "●": "*", "–": "-", "±": "~"}
"""Replacements of characters that an encoding lacks; any other becomes a question mark."""


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    has_width = "COLUMNS" in os.environ or (stream is not None and stream.isatty())
    return Console(stderr=stderr, highlight=False, emoji=False, width=None if has_width else ENDLESS)


out, err = console(), console(stderr=True)


def answer(as_json: bool, told: object, *shown: RenderableType) -> None:
    """Print the answer of a command.

    Args:
        as_json: Print one JSON document.
        told: The answer as data, for JSON.
        shown: The answer as tables and lines, for people.
    """
    if as_json:
        print(to_json(told))
        return
    for each in shown:
        if isinstance(each, str):
            out.print(each, markup=False, soft_wrap=True)
        else:
            out.print(each)


def to_json(told: object) -> str:
    """Return data as JSON, with models, data classes and named tuples as objects; NaN and infinity are null."""
    return json.dumps(to_jsonable_python(_name_tuples(told), inf_nan_mode="null"), indent=2)


def note(line: str) -> None:
    """Print a note, such as the next step, to standard error."""
    err.print(line, markup=False, soft_wrap=True)


def format_count(count: int, noun: str) -> str:
    """Format a count with a noun.

    >>> format_count(1, "score"), format_count(2_000, "score")
    ('1 score', '2,000 scores')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def warn(line: str) -> None:
    """Print a warning to standard error."""
    err.print(f"[yellow]![/] {escape(line)}", soft_wrap=True)


class _Warnings(logging.Handler):
    """Prints the warnings of a log, each as a line on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a warning."""
        warn(record.getMessage())


def print_estimates() -> None:
    """Print the warnings that a model is not known, and estimated from others."""
    log = logging.getLogger("crossroute.routing")
    if not any(isinstance(handler, _Warnings) for handler in log.handlers):
        log.addHandler(_Warnings(logging.WARNING))


def _name_tuples(told: object) -> Any:
    """Convert named tuples in data to mappings."""
    if isinstance(told, tuple) and hasattr(told, "_asdict"):
        told = told._asdict()
    if isinstance(told, Mapping):
        return {key: _name_tuples(each) for key, each in told.items()}
    if isinstance(told, list | tuple):
        return [_name_tuples(each) for each in told]
    return told


def print_anything() -> None:
    """Make standard output and standard error replace characters that their encoding lacks."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lacking), error.end
