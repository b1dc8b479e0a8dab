"""Where the commands print: a terminal, a pipe or a file, in whatever encoding it has."""

from __future__ import annotations

import codecs
import io
import os
import sys

from rich.console import Console

ENDLESS = 10_000
"""Columns of a pipe or a file, which have no width: nothing is cut or folded there."""

PLAIN = {"…": ">", "→": ">", "●": "*", "–": "-", "±": "~"}
"""What stands for a character that an encoding lacks; for any other a question mark."""


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    has_width = "COLUMNS" in os.environ or (stream is not None and stream.isatty())
    return Console(stderr=stderr, highlight=False, width=None if has_width else ENDLESS)


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
