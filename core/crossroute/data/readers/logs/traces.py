"""Exports of LangSmith (runs with feedback) and Langfuse (traces or observations with scores), JSON or JSON lines.

Sources: langsmith 0.4, `langsmith.schemas.Run` and `Feedback`; Langfuse's API, `Observation` and `Score`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossroute.data.readers.logs.facts import grade_of, number, only, question, row, within
from crossroute.patterns import moment


def is_langsmith_row(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is a run of LangSmith."""
    return "inputs" in fields and bool(
        {"run_type", "feedback", "feedback_stats", "reference_example_id"} & fields.keys()
    )


def langsmith_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Return a run as a row: graded by its feedback, the first key first."""
    about, options = within(fields, "extra", "metadata"), within(fields, "extra", "invocation_params")
    told = within(fields, "outputs", "usage_metadata")
    names = (
        within(about, "ls_model_name"),
        within(options, "model"),
        within(options, "model_name"),
        within(about, "model"),
    )
    return row(
        _feedback(fields),
        text=question(fields["inputs"]),
        candidate=only(names, otherwise=str(fields.get("session_name") or fields.get("name") or "")),
        query_id=fields.get("reference_example_id"),
        cost_usd=number(fields.get("total_cost")),
        input_tokens=number(fields.get("prompt_tokens"), within(told, "input_tokens")),
        output_tokens=number(fields.get("completion_tokens"), within(told, "output_tokens")),
        latency_s=number(fields.get("latency")) or _seconds(fields.get("start_time"), fields.get("end_time")),
    )


def is_langfuse_row(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is a trace or an observation of Langfuse."""
    return (
        "input" in fields
        and "output" in fields
        and bool({"scores", "usageDetails", "traceId"} & fields.keys())
    )


def langfuse_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Return a trace or an observation as a row: graded by its scores."""
    observed = fields.get("observations")
    inner = [one for one in observed if isinstance(one, Mapping)] if isinstance(observed, list) else []
    calls = [one for one in (fields, *inner) if one.get("model")]
    call = calls[0] if calls else fields
    usage = call.get("usageDetails") or call.get("usage")
    return row(
        _scores(fields.get("scores")),
        text=question(fields["input"]),
        candidate=call.get("model") or within(fields, "metadata", "model"),
        task=fields.get("name"),
        cost_usd=number(
            fields.get("totalCost"), call.get("calculatedTotalCost"), within(call, "costDetails", "total")
        ),
        input_tokens=number(within(usage, "input"), within(usage, "promptTokens")),
        output_tokens=number(within(usage, "output"), within(usage, "completionTokens")),
        latency_s=number(fields.get("latency")),
    )


def _feedback(fields: Mapping[str, Any]) -> dict[str, object]:
    given, stats = fields.get("feedback"), fields.get("feedback_stats")
    if isinstance(given, list):
        return {
            str(one.get("key")): one.get("score", grade_of(one.get("value")))
            for one in given
            if isinstance(one, Mapping)
        }
    if isinstance(given, Mapping):
        return dict(given)
    pairs = stats.items() if isinstance(stats, Mapping) else ()
    return {str(name): within(stat, "avg") for name, stat in pairs}


def _scores(scores: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in scores if isinstance(scores, list) else ():
        if isinstance(one, Mapping):
            found[str(one.get("name"))] = (
                number(one.get("value")) if one.get("value") is not None else one.get("stringValue")
            )
    return found


def _seconds(begun: object, ended: object) -> float | None:
    try:
        first, last = (moment(str(time)) for time in (begun, ended))
        return max(0.0, (last - first).total_seconds())
    except (ValueError, TypeError):
        return None
