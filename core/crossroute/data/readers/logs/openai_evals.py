"""Logs of OpenAI's evals: JSON lines with a spec, events a sample, and a final report.

Source: openai/evals, `evals/record.py` (`LocalRecorder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, number, only, question, row, within
from crossroute.data.readers.plain import json_lines

PARTS = ("score", "accuracy", "correct", "choice_score")


def is_row(fields: Mapping[str, Any]) -> bool:
    """Say whether a line begins such a log."""
    return isinstance(fields.get("spec"), Mapping) and "completion_fns" in fields["spec"]


def read_log(path: Path) -> Placed:
    """Yield a row a sample: its first prompt, its grade, and the tokens of its calls together."""
    spec: Any = {}
    samples: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
    for place, fields in json_lines(path):
        spec = fields.get("spec", spec)
        if "sample_id" in fields:
            samples.setdefault(str(fields["sample_id"]), (place, []))[1].append(fields)
    named = spec.get("completion_fns") if isinstance(spec, Mapping) else None
    candidate = only(named if isinstance(named, list) else [named], otherwise=path.stem)
    task = str(within(spec, "eval_name") or path.stem)
    for name, (place, events) in samples.items():
        asked = [event.get("data") for event in events if event.get("type") == "sampling"]
        usage = [within(one, "usage") for one in asked]
        yield (
            place,
            row(
                _scores(events),
                text=question(within(asked[0], "prompt")) if asked else None,
                candidate=candidate,
                query_id=f"{task}/{name}",
                task=task,
                input_tokens=_summed(usage, "prompt_tokens"),
                output_tokens=_summed(usage, "completion_tokens"),
            ),
        )


def _scores(events: list[Mapping[str, Any]]) -> dict[str, object]:
    scores: dict[str, object] = {}
    for event in events:
        data = event.get("data")
        if event.get("type") == "match":
            scores["correct"] = within(data, "correct")
        elif event.get("type") == "metrics" and isinstance(data, Mapping):
            scores |= {name: data[name] for name in (*PARTS, *data) if name in data and _is_grade(data[name])}
    return scores


def _is_grade(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def _summed(usage: list[Any], name: str) -> float | None:
    known = [value for one in usage if (value := number(within(one, name))) is not None]
    return sum(known) if known else None
