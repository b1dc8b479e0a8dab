"""Exports of LangSmith (runs with feedback) and Langfuse (traces or observations with scores), JSON or JSON lines.

Sources: langsmith 0.4, `langsmith.schemas.Run` and `Feedback`; Langfuse's API, `Observation` and `Score`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossroute.data.readers.logs.facts import (
    find_question,
    first_name,
    first_number,
    look_up,
    make_row,
    to_grade,
)
from crossroute.patterns import parse_moment


def is_langsmith_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is a run of LangSmith."""
    return "inputs" in fields and bool(
        {"run_type", "feedback", "feedback_stats", "reference_example_id"} & fields.keys()
    )


def read_langsmith_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Convert a run to a row; the grade is the feedback of its first key."""
    about, options = look_up(fields, "extra", "metadata"), look_up(fields, "extra", "invocation_params")
    usage = look_up(fields, "outputs", "usage_metadata")
    names = (
        look_up(about, "ls_model_name"),
        look_up(options, "model"),
        look_up(options, "model_name"),
        look_up(about, "model"),
    )
    return make_row(
        _collect_feedback(fields),
        text=find_question(fields["inputs"]),
        candidate=first_name(names, otherwise=str(fields.get("session_name") or fields.get("name") or "")),
        query_id=fields.get("reference_example_id"),
        cost_usd=first_number(fields.get("total_cost")),
        input_tokens=first_number(fields.get("prompt_tokens"), look_up(usage, "input_tokens")),
        output_tokens=first_number(fields.get("completion_tokens"), look_up(usage, "output_tokens")),
        latency_s=first_number(fields.get("latency"))
        or _measure_seconds(fields.get("start_time"), fields.get("end_time")),
    )


def is_langfuse_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is a trace or an observation of Langfuse."""
    return (
        "input" in fields
        and "output" in fields
        and bool({"scores", "usageDetails", "traceId"} & fields.keys())
    )


def read_langfuse_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Convert a trace or an observation to a row, graded by its scores."""
    observed = fields.get("observations")
    inner = [one for one in observed if isinstance(one, Mapping)] if isinstance(observed, list) else []
    calls = [one for one in (fields, *inner) if one.get("model")]
    call = calls[0] if calls else fields
    usage = call.get("usageDetails") or call.get("usage")
    return make_row(
        _collect_scores(fields.get("scores")),
        text=find_question(fields["input"]),
        candidate=call.get("model") or look_up(fields, "metadata", "model"),
        task=fields.get("name"),
        cost_usd=first_number(
            fields.get("totalCost"), call.get("calculatedTotalCost"), look_up(call, "costDetails", "total")
        ),
        input_tokens=first_number(look_up(usage, "input"), look_up(usage, "promptTokens")),
        output_tokens=first_number(look_up(usage, "output"), look_up(usage, "completionTokens")),
        latency_s=first_number(fields.get("latency")),
    )


def _collect_feedback(fields: Mapping[str, Any]) -> dict[str, object]:
    given, stats = fields.get("feedback"), fields.get("feedback_stats")
    if isinstance(given, list):
        return {
            str(one.get("key")): one.get("score", to_grade(one.get("value")))
            for one in given
            if isinstance(one, Mapping)
        }
    if isinstance(given, Mapping):
        return dict(given)
    pairs = stats.items() if isinstance(stats, Mapping) else ()
    return {str(name): look_up(stat, "avg") for name, stat in pairs}


def _collect_scores(scores: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in scores if isinstance(scores, list) else ():
        if isinstance(one, Mapping):
            found[str(one.get("name"))] = (
                first_number(one.get("value")) if one.get("value") is not None else one.get("stringValue")
            )
    return found


def _measure_seconds(begun: object, ended: object) -> float | None:
    try:
        first, last = (parse_moment(str(time)) for time in (begun, ended))
        return max(0.0, (last - first).total_seconds())
    except (ValueError, TypeError):
        return None
