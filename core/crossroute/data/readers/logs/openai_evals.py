"""Logs of OpenAI's evals: JSON lines with a spec, the events of each sample, and a final report.

Source: openai/evals, `evals/record.py` (`LocalRecorder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import (
    Placed,
    find_question,
    first_name,
    look_up,
    make_row,
    sum_numbers,
)
from crossroute.data.readers.plain import read_json_lines

PARTS = ("score", "accuracy", "correct", "choice_score")


def is_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is the first line of a log of OpenAI's evals."""
    return isinstance(fields.get("spec"), Mapping) and "completion_fns" in fields["spec"]


def read_log(path: Path) -> Placed:
    """Yield a row per sample: its first prompt, its grade, and the total tokens of its calls."""
    spec: Any = {}
    samples: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
    for place, fields in read_json_lines(path):
        spec = fields.get("spec", spec)
        if "sample_id" in fields:
            samples.setdefault(str(fields["sample_id"]), (place, []))[1].append(fields)
    named = spec.get("completion_fns") if isinstance(spec, Mapping) else None
    candidate = first_name(named if isinstance(named, list) else [named], otherwise=path.stem)
    task = str(look_up(spec, "eval_name") or path.stem)
    for name, (place, events) in samples.items():
        asked = [event.get("data") for event in events if event.get("type") == "sampling"]
        usage = [look_up(one, "usage") for one in asked]
        yield (
            place,
            make_row(
                _collect_scores(events),
                text=find_question(look_up(asked[0], "prompt")) if asked else None,
                candidate=candidate,
                query_id=f"{task}/{name}",
                task=task,
                input_tokens=sum_numbers(look_up(one, "prompt_tokens") for one in usage),
                output_tokens=sum_numbers(look_up(one, "completion_tokens") for one in usage),
            ),
        )


def _collect_scores(events: list[Mapping[str, Any]]) -> dict[str, object]:
    scores: dict[str, object] = {}
    for event in events:
        data = event.get("data")
        if event.get("type") == "match":
            scores["correct"] = look_up(data, "correct")
        elif event.get("type") == "metrics" and isinstance(data, Mapping):
            scores |= {name: data[name] for name in (*PARTS, *data) if name in data and _is_grade(data[name])}
    return scores


def _is_grade(value: object) -> bool:
    return isinstance(value, (bool, int, float))
