"""Results of promptfoo: `promptfoo eval -o results.json`, or `.jsonl`.

Source: promptfoo 0.121, `src/types/index.ts` (`OutputFile`, `EvaluateResult`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import (
    Placed,
    find_question,
    first_name,
    first_number,
    look_up,
    make_row,
    number_entries,
)

FAILED = 2
"""`failureReason` of a call without an answer; a wrong answer has another one."""


def is_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is one result of promptfoo."""
    return {"provider", "prompt", "success"} <= fields.keys() and bool({"vars", "testCase"} & fields.keys())


def is_log(data: object) -> bool:
    """Return whether JSON is promptfoo's output."""
    return isinstance(data, Mapping) and bool(_find_results(data)) and is_row(_find_results(data)[0])


def read_log(path: Path, data: Any) -> Placed:
    """Yield a row per result of an output file."""
    for place, result in number_entries(str(path), _find_results(data)):
        yield place, read_result(result)


def read_result(result: Mapping[str, Any]) -> Mapping[str, object]:
    """Convert a result to a row; the grade is its score, and its named scores have columns of their own."""
    provider, prompt = result.get("provider"), result.get("prompt")
    names = (
        look_up(provider, "label"),
        look_up(provider, "id"),
        provider if isinstance(provider, str) else None,
    )
    tokens = look_up(result, "response", "tokenUsage") or result.get("tokenUsage")
    unanswered = result.get("failureReason") == FAILED or (
        result.get("error") and not look_up(result, "response", "output")
    )
    named: Any = result.get("namedScores") if isinstance(result.get("namedScores"), Mapping) else {}
    scores = {"score": result.get("score", result.get("success")), "success": result.get("success"), **named}
    milliseconds = first_number(result.get("latencyMs"))
    return make_row(
        dict.fromkeys(scores) if unanswered else scores,
        text=find_question(look_up(prompt, "raw") or prompt),
        candidate=first_name(names, otherwise=""),
        task=look_up(result, "testCase", "description") or look_up(result, "testCase", "metadata", "task"),
        cost_usd=first_number(result.get("cost"), look_up(result, "response", "cost"))
        or None,  # promptfoo writes 0 if it does not know the price
        input_tokens=first_number(look_up(tokens, "prompt")),
        output_tokens=first_number(look_up(tokens, "completion")),
        latency_s=None if milliseconds is None else milliseconds / 1000,
    )


def _find_results(data: Any) -> Any:
    inner = data.get("results")
    inner = inner.get("results") if isinstance(inner, Mapping) else inner
    return inner if isinstance(inner, list) and inner and isinstance(inner[0], Mapping) else []
