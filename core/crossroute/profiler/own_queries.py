"""Read a user's own graded queries, as JSONL, in place of the calibration set.

    {"text": "What is 17 * 23? Give the number only.", "reference": 391}
    {"text": "Which team owns ticket 4711?", "reference": ["billing", "payments"], "task": "tickets"}

A reference that is a number, an object or a list of objects, or a capital letter from A to E is compared as such; a
text, or one of a list of texts, must be contained in the final answer. Otherwise pass a grader: a function of the
answer and the line's fields that returns a quality in [0, 1].
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from crossroute.data.readers.opening import not_utf8
from crossroute.errors import DataError, one_line
from crossroute.files import as_path, explain_missing_file
from crossroute.profiler.questions import GradedQuery
from crossroute.profiler.questions.checkers import json_value, letter, number, phrase

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Providers do not accept lone surrogates."""

Grader = Callable[[str, dict[str, Any]], float]


def read_queries(path: str | Path, grader: Grader | None = None) -> tuple[GradedQuery, ...]:
    """Read graded queries.

    Args:
        path: A .jsonl file, one object a line: text, reference and, optionally, task.
        grader: (answer, the line's fields) -> quality; replaces the reference.

    Raises:
        DataError: A line is invalid; the message names it and the remedy.
    """
    path = as_path(path)
    if lacking := explain_missing_file(path):
        raise DataError(
            f"{path} {lacking}. Expected a .jsonl file, one object a line with text and reference."
        )
    try:
        # a text may hold other line breaks
        lines = enumerate(path.read_text("utf-8-sig").split("\n"), start=1)
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    queries = [_parse_query(path, at, line, grader) for at, line in lines if line.strip()]
    if not queries:
        raise DataError(f"{path} holds no queries. Add lines with text and reference.")
    return tuple({query.text: query for query in queries}.values())


def load_object(place: str) -> Any:
    """Import an object given as "module:name"; modules in the working directory are found, too.

    Raises:
        ValueError: There is no such module or name.
    """
    module, _, name = place.partition(":")
    if not module or not name:
        raise ValueError(f"Expected module:name, got {place!r}.")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ValueError(f"There is no module {error.name!r}, which {place!r} needs.") from None
    except AttributeError:
        raise ValueError(f"The module {module!r} has no {name!r}.") from None


def _parse_query(path: Path, at: int, line: str, grader: Grader | None) -> GradedQuery:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}, line {at}: not JSON ({error}). Write one object a line.") from None
    text = fields.get("text") if isinstance(fields, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{path}, line {at}: no text. Expected an object with text and reference.")
    if half := LONE_SURROGATE.search(text):
        raise DataError(f"{path}, line {at}: the text holds the lone surrogate {half[0]!r}. Replace it.")
    task = str(fields.get("task") or "own")
    if grader is not None:
        return GradedQuery(task, 1, text, fields, check_grader(grader), "")
    if fields.get("reference") in (None, "", []):
        raise DataError(f"{path}, line {at}: no reference. Add one, or grade with --grader module:function.")
    reference = fields["reference"]
    if isinstance(reference, (int, float)) and not abs(reference) <= sys.float_info.max:
        raise DataError(
            f"{path}, line {at}: the reference is not a finite number of at most {sys.float_info.max:.2g}. Give it as "
            "a text, or grade with --grader module:function."
        )
    checker, compared = choose_checker(reference)
    return GradedQuery(task, 1, text, compared, checker, _example(reference))


def choose_checker(reference: Any) -> tuple[Callable[[str, Any], float], Any]:
    """Return the checker for a reference, and the reference in the checker's form."""
    if isinstance(reference, (int, float)) and not isinstance(reference, bool):
        return number, reference
    if isinstance(reference, str) and len(reference) == 1 and reference in "ABCDE":
        return letter, reference
    if isinstance(reference, str):
        return phrase, (reference,)
    if isinstance(reference, list) and all(isinstance(one, str) for one in reference):
        return phrase, tuple(reference)
    return json_value, reference


def _example(reference: Any) -> str:
    return reference if isinstance(reference, str) else json.dumps(reference)


def check_grader(grader: Grader) -> Callable[[str, Any], float]:
    """Wrap a grader as a checker that raises ValueError for a quality outside [0, 1]."""

    def graded(answer: str, fields: Any) -> float:
        try:
            quality = float(grader(answer, cast("dict[str, Any]", fields)))
        except Exception as error:
            raise ValueError(f"The grader raised {type(error).__name__}: {one_line(error)}.") from error
        if not 0 <= quality <= 1:
            raise ValueError(f"The grader gave a quality of {quality!r}; expected a number in [0, 1].")
        return quality

    return graded
