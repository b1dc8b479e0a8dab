"""Read a user's prompts from a table, or from a text file with one prompt per line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossroute.data.readers.opening import open_text
from crossroute.data.readers.plain import read_table, suffix
from crossroute.errors import DataError
from crossroute.files import as_path, explain_missing_file

TEXT_COLUMNS = ("text", "prompt", "question", "query", "input")
"""Default column names of the prompts in a table."""


@dataclass(frozen=True)
class Prompt:
    """A prompt with its reference.

    Attributes:
        text: Text of the prompt.
        task: Task or source of the prompt.
        reference: Reference for grading, such as the right answer; None without one.
        fields: All columns of its row, for custom graders.
    """

    text: str
    task: str = "own"
    reference: Any = field(default=None, repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_prompts(
    path: str | Path, *, text: str | None = None, reference: str | None = None
) -> tuple[Prompt, ...]:
    """Read prompts, without duplicates.

    Args:
        path: A table (.jsonl, .csv, .tsv, .json, .parquet, optionally gzipped), or a .txt with one prompt per line.
        text: Column of the prompts; by default the first present one of TEXT_COLUMNS.
        reference: Column of the references; by default "reference", if present.

    Raises:
        DataError: The file or column does not exist, or a prompt is not a text.
    """
    path = as_path(path)
    if lacking := explain_missing_file(path):
        raise DataError(f"{path} {lacking}. Expected a table of prompts, or a .txt with one prompt per line.")
    found: dict[str, Prompt] = {}
    for place, fields in _lines(path) if suffix(path) == ".txt" else read_table(path):
        prompt = _prompt(f"{path}, {place}", fields, text, reference)
        first = found.setdefault(prompt.text, prompt)
        if first.reference != prompt.reference:
            raise DataError(
                f"{path}, {place}: the reference of {prompt.text!r:.60} is {prompt.reference!r:.60}, and was "
                f"{first.reference!r:.60} before. Use one, or drop a row."
            )
    if not found:
        raise DataError(f"{path} contains no prompts. Add lines with a text.")
    columns = dict.fromkeys(name for prompt in found.values() for name in prompt.fields)
    if reference is not None and reference not in columns:  # a line of JSON may lack it
        raise DataError(
            f"{path}: no column {reference!r} among {', '.join(columns)}. Name another with --reference COLUMN."
        )
    return tuple(found.values())


def _lines(path: Path) -> Any:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield f"line {number}", {"text": line.strip()}


def _prompt(place: str, fields: Mapping[str, Any], text: str | None, reference: str | None) -> Prompt:
    wanted = (text,) if text else TEXT_COLUMNS
    column = next((name for name in wanted if name in fields), None)
    if column is None:
        raise DataError(
            f"{place}: no column {wanted[0]!r} among {', '.join(fields)}. Name it with --text COLUMN."
        )
    said = fields[column]
    if not isinstance(said, str) or not said.strip():
        raise DataError(f"{place}: {column} is {said!r:.60}. Expected a text that is not empty.")
    return Prompt(said, str(fields.get("task") or "own"), fields.get(reference or "reference"), fields)
