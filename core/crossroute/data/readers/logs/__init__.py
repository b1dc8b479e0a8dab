"""Read logs of evaluations; their tool is recognized by their content."""

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
from crossroute.data.readers.opening import convert_decoding_errors
from crossroute.data.readers.plain import read_json_lines, read_records
from crossroute.data.readers.rows import COLUMNS, Mapped, Row, Rows
from crossroute.errors import DataError, DataWarning

RECORDS: tuple[tuple[Callable[[Row], bool], Callable[[Row], Row]], ...] = (
    (promptfoo.is_row, promptfoo.read_result),
    (router_benchmarks.is_arena_row, router_benchmarks.read_arena_row),
    (traces.is_langsmith_row, traces.read_langsmith_row),
    (traces.is_langfuse_row, traces.read_langfuse_row),
)
"""Logs with one object per outcome: the test for such an object, and its reader."""

DOCUMENTS: tuple[tuple[Callable[[Any], bool], Callable[[Path, Any], Placed]], ...] = (
    (inspect_ai.is_log, inspect_ai.read_log),
    (promptfoo.is_log, promptfoo.read_log),
    (deepeval.is_log, deepeval.read_log),
    (router_benchmarks.is_llmrouterbench, router_benchmarks.read_llmrouterbench),
)
"""Logs that are one JSON document: the test for it, and its reader."""

__all__ = [
    "FORMS",
    "Placed",
    "build_outcomes",
    "find_row_reader",
    "helm",
    "read_archive",
    "read_document",
    "read_lines",
]

FORMS = (
    "lm-evaluation-harness, Inspect AI, promptfoo, DeepEval, OpenAI evals, HELM, LangSmith, Langfuse, RouterArena, "
    "SWE-bench leaderboards, EmbedLLM or LLMRouterBench"
)


def read_archive(path: Path) -> Placed:
    """Yield the rows of an `.eval` log of Inspect."""
    return inspect_ai.read_archive(path)


def read_document(path: Path, data: Any, texts: Mapping[str, str]) -> Placed | None:
    """Return the rows of a JSON document; None if it is not a log."""
    if router_benchmarks.is_leaderboards(data):
        return router_benchmarks.read_leaderboards(path, data, texts)
    for matches, read in DOCUMENTS:
        if matches(data):
            return read(path, data)
    listed = data.get("data") if isinstance(data, Mapping) else data  # an API's page of results
    if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        one = _find_record_reader(listed[0])
        return None if one is None else ((place, one(fields)) for place, fields in read_records(path, listed))
    return None


def read_lines(path: Path, first: Row) -> Placed | None:
    """Return the rows of a file of JSON lines, recognized by the first; None if it is not a log."""
    if lm_eval.is_row(first):
        return lm_eval.read_samples(path)
    if openai_evals.is_row(first):
        return openai_evals.read_log(path)
    one = _find_record_reader(first)
    return None if one is None else ((place, one(fields)) for place, fields in read_json_lines(path))


def find_row_reader(header: Iterable[str]) -> Callable[[Row], Row] | None:
    """Return the reader for the rows of a table with separators; None if it is not a log."""
    return router_benchmarks.read_embedllm_row if set(header) >= router_benchmarks.EMBEDLLM else None


def build_outcomes(
    path: Path, placed: Placed, candidates: Iterable[Candidate], columns: Mapped | None
) -> Outcomes:
    """Build outcomes from the rows of a log; rows without a text or grade are skipped, with a warning."""
    table, left, scores = Rows(path, columns), 0, dict[str, None]()
    with convert_decoding_errors(path):
        for place, fields in _convert_errors(path, placed):
            scores |= dict.fromkeys(name for name in fields if name not in COLUMNS)
            if fields.get("text") is None or (
                fields.get("quality") is None and "quality" not in table.mapped
            ):
                left += 1
                continue
            table.add(place, fields)
    if "quality" not in table.mapped and len(scores) > 1:
        first, *others = scores
        _warn(f"{path}: graded by {first!r}. Others: {', '.join(others)}; take one by --column quality=NAME.")
    if left:
        _warn(f"{path}: {left} {'answer' if left == 1 else 'answers'} without text or grade left out.")
    return table.outcomes(candidates)


def _convert_errors(path: Path, placed: Placed) -> Iterator[tuple[str, Row]]:
    """Yield the rows, and convert the errors of a log with another layout to a `DataError`."""
    try:
        yield from placed
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise DataError(
            f"{path}: not as its tool writes it ({type(error).__name__}: {error}). Write the log again, or convert it "
            "to plain rows of text, candidate and quality."
        ) from None


def _find_record_reader(first: Row) -> Callable[[Row], Row] | None:
    return next((read for matches, read in RECORDS if matches(first)), None)


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=3)
