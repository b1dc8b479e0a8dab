"""Results of promptfoo: `promptfoo eval -o results.json`, or `.jsonl`.

Source: promptfoo 0.121, `src/types/index.ts` (`OutputFile`, `EvaluateResult`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, listed, number, only, question, row, within

FAILED = 2
"""`failureReason` of a call that was not answered, beside an answer that is wrong."""


def is_row(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is one result of promptfoo."""
    return {"provider", "prompt", "success"} <= fields.keys() and bool({"vars", "testCase"} & fields.keys())


def is_log(data: object) -> bool:
    """Say whether JSON is promptfoo's output."""
    return isinstance(data, Mapping) and bool(_results(data)) and is_row(_results(data)[0])


def read_log(path: Path, data: Any) -> Placed:
    """Yield the results of an output file."""
    for place, result in listed(str(path), _results(data)):
        yield place, result_row(result)


def result_row(result: Mapping[str, Any]) -> Mapping[str, object]:
    """Return one result as a row: graded by its score, or by one of its named scores."""
    provider, prompt = result.get("provider"), result.get("prompt")
    names = (
        within(provider, "label"),
        within(provider, "id"),
        provider if isinstance(provider, str) else None,
    )
    tokens = within(result, "response", "tokenUsage") or result.get("tokenUsage")
    unanswered = result.get("failureReason") == FAILED or (
        result.get("error") and not within(result, "response", "output")
    )
    named: Any = result.get("namedScores") if isinstance(result.get("namedScores"), Mapping) else {}
    scores = {"score": result.get("score", result.get("success")), "success": result.get("success"), **named}
    milliseconds = number(result.get("latencyMs"))
    return row(
        dict.fromkeys(scores) if unanswered else scores,
        text=question(within(prompt, "raw") or prompt),
        candidate=only(names, otherwise=""),
        task=within(result, "testCase", "description") or within(result, "testCase", "metadata", "task"),
        cost_usd=number(result.get("cost"), within(result, "response", "cost"))
        or None,  # 0 where it knows no price
        input_tokens=number(within(tokens, "prompt")),
        output_tokens=number(within(tokens, "completion")),
        latency_s=None if milliseconds is None else milliseconds / 1000,
    )


def _results(data: Any) -> Any:
    inner = data.get("results")
    inner = inner.get("results") if isinstance(inner, Mapping) else inner
    return inner if isinstance(inner, list) and inner and isinstance(inner[0], Mapping) else []
