"""Logs of evaluations, told apart by what they hold, as rows of outcomes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.candidate import Candidate
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers.logs import (
    deepeval,
    helm,
    inspect_ai,
    lm_eval,
    openai_evals,
    promptfoo,
    router_benchmarks,
    traces,
)
from crossroute.data.readers.logs.facts import Placed
from crossroute.data.readers.opening import decoded
from crossroute.data.readers.plain import json_lines, records
from crossroute.data.readers.rows import COLUMNS, Mapped, Row, Rows
from crossroute.errors import DataError, DataWarning

RECORDS: tuple[tuple[Callable[[Row], bool], Callable[[Row], Row]], ...] = (
    (promptfoo.is_row, promptfoo.result_row),
    (router_benchmarks.is_arena_row, router_benchmarks.arena_row),
    (traces.is_langsmith_row, traces.langsmith_row),
    (traces.is_langfuse_row, traces.langfuse_row),
)
"""Logs that are one object an outcome: how such an object is told, and read."""

DOCUMENTS: tuple[tuple[Callable[[Any], bool], Callable[[Path, Any], Placed]], ...] = (
    (inspect_ai.is_log, inspect_ai.read_log),
    (promptfoo.is_log, promptfoo.read_log),
    (deepeval.is_log, deepeval.read_log),
    (router_benchmarks.is_llmrouterbench, router_benchmarks.read_llmrouterbench),
)
"""Logs that are one JSON document."""

__all__ = [
    "FORMS",
    "Placed",
    "helm",
    "read_rows",
    "rows_of_archive",
    "rows_of_document",
    "rows_of_lines",
    "rows_of_table",
]

FORMS = (
    "lm-evaluation-harness, Inspect AI, promptfoo, DeepEval, OpenAI evals, HELM, LangSmith, Langfuse, RouterArena, "
    "SWE-bench leaderboards, EmbedLLM or LLMRouterBench"
)


def rows_of_archive(path: Path) -> Placed:
    """Yield the rows of an `.eval` log."""
    return inspect_ai.read_archive(path)


def rows_of_document(path: Path, data: Any, texts: Mapping[str, str]) -> Placed | None:
    """Return the rows of a JSON document; None where it is no log."""
    if router_benchmarks.is_leaderboards(data):
        return router_benchmarks.read_leaderboards(path, data, texts)
    for told, read in DOCUMENTS:
        if told(data):
            return read(path, data)
    listed = data.get("data") if isinstance(data, Mapping) else data  # an API's page of results
    if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        one = _record_reader(listed[0])
        return None if one is None else ((place, one(fields)) for place, fields in records(path, listed))
    return None


def rows_of_lines(path: Path, first: Row) -> Placed | None:
    """Return the rows of a file of JSON lines, by its first; None where they are no log."""
    if lm_eval.is_row(first):
        return lm_eval.read_samples(path)
    if openai_evals.is_row(first):
        return openai_evals.read_log(path)
    one = _record_reader(first)
    return None if one is None else ((place, one(fields)) for place, fields in json_lines(path))


def rows_of_table(header: Iterable[str]) -> Callable[[Row], Row] | None:
    """Return what reads the rows of a table with separators; None where it is no log."""
    return router_benchmarks.embedllm_row if set(header) >= router_benchmarks.EMBEDLLM else None


def read_rows(
    path: Path, placed: Placed, candidates: Iterable[Candidate], columns: Mapped | None
) -> Outcomes:
    """Return the rows of a log as outcomes; those without a text or a grade are left out, and told."""
    table, left, scores = Rows(path, columns), 0, dict[str, None]()
    with decoded(path):
        for place, fields in _guarded(path, placed):
            scores |= dict.fromkeys(name for name in fields if name not in COLUMNS)
            if fields.get("text") is None or (
                fields.get("quality") is None and "quality" not in table.mapped
            ):
                left += 1
                continue
            table.add(place, fields)
    if "quality" not in table.mapped and len(scores) > 1:
        first, *others = scores
        _tell(f"{path}: graded by {first!r}. Others: {', '.join(others)}; take one by --column quality=NAME.")
    if left:
        _tell(f"{path}: {left} {'answer' if left == 1 else 'answers'} without text or grade left out.")
    return table.outcomes(candidates)


def _guarded(path: Path, placed: Placed) -> Iterator[tuple[str, Row]]:
    """Yield the rows; what a log of another layout trips over is told as an error of the data."""
    try:
        yield from placed
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise DataError(
            f"{path}: not as its tool writes it ({type(error).__name__}: {error}). Write the log again, or convert it "
            "to plain rows of text, candidate and quality."
        ) from None


def _record_reader(first: Row) -> Callable[[Row], Row] | None:
    return next((read for told, read in RECORDS if told(first)), None)


def _tell(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=3)
