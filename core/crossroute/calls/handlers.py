"""Distinguish errors of a user's own callbacks from errors of the call.

LangChain's callbacks with `raise_error=True`, the handlers of LlamaIndex's `CallbackManager` and observers of a
dispatcher run within the call. The answer passed to them is paid for; the stack frames of the error contain it.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from crossroute.calls.faults import find_note

TELLING = frozenset(
    {
        ("langchain_core.callbacks.manager", "handle_event"),
        ("langchain_core.callbacks.manager", "_ahandle_event_for_handler"),
        ("llama_index.core.callbacks.base", "on_event_start"),
        ("llama_index.core.callbacks.base", "on_event_end"),
        ("llama_index.core.callbacks.base", "start_trace"),
        ("llama_index.core.callbacks.base", "end_trace"),
    }
)
"""Module and function of a framework that call handlers, and let their errors pass."""

BUGS = frozenset({AttributeError, IndexError, KeyError, TypeError})
"""Errors of a client that cannot read an answer, and of mistakes in a user's code."""

INSTALLED = frozenset({"site-packages", "dist-packages"})
PYTHON = sysconfig.get_path("stdlib")
"""Folders of installed code and of Python's own."""


def is_of_handler(error: BaseException) -> bool:
    """Return whether a handler raised an error: by a note, or by the framework's stack frames.

    >>> from crossroute.calls.faults import note
    >>> error = ValueError()
    >>> note(error, handler=True)
    >>> is_of_handler(error), is_of_handler(ValueError())
    (True, False)
    """
    return bool(find_note(error, "handler")) or any(map(_tells, walk_frames(error)))


def is_given_up(error: BaseException) -> bool:
    """Return whether the caller gave a call up while it ran: a cancelled task, Ctrl-C, a stream that was closed.

    >>> is_given_up(KeyboardInterrupt()), is_given_up(GeneratorExit()), is_given_up(TimeoutError())
    (True, True, False)
    """
    return not isinstance(error, Exception) and not is_of_handler(error)


def walk_frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames that an error passed, the outermost first."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def is_bug(error: BaseException) -> bool:
    """Return whether an error is one of programming, in code that is neither installed nor Python's own.

    >>> try:
    ...     {}["missing"]
    ... except KeyError as error:
    ...     is_bug(error)
    True
    """
    files = [frame.f_code.co_filename for frame in walk_frames(error)]
    within = next((file for file in reversed(files) if not _is_pythons(file)), "")
    return type(error) in BUGS and bool(within) and INSTALLED.isdisjoint(Path(within).parts)


def find_handler_arguments(error: BaseException, module: str) -> list[Any]:
    """Return local values of the framework functions that called a failing handler; empty for other errors."""
    if not is_of_handler(error):
        return []
    held: list[Any] = []
    link: BaseException | None = error
    passed: set[FrameType] = set()
    while link is not None:  # a handler that is called for another's error may raise as well
        frames = list(walk_frames(link))
        if passed and passed.isdisjoint(frames):
            break  # an error of another call, in whose handling this one was made
        passed.update(frames)
        inner = (frame for frame in frames if frame.f_globals.get("__name__") == module)
        held += [value for frame in inner for value in frame.f_locals.values()]
        link = link.__context__
    return held


def _is_pythons(file: str) -> bool:
    return file.startswith((PYTHON, "<frozen")) and INSTALLED.isdisjoint(Path(file).parts)


def _tells(frame: FrameType) -> bool:
    return (frame.f_globals.get("__name__"), frame.f_code.co_name) in TELLING
