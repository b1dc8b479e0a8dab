"""Samples of lm-evaluation-harness, `--log_samples`: `<out>/<model>/samples_<task>_<date>.jsonl`.

Source: lm_eval 0.4.13, `lm_eval.evaluator.evaluate` and `lm_eval.loggers.evaluation_tracker`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, find_question, first_name, make_row
from crossroute.data.readers.plain import read_json_lines

NAME = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:_-]+)?$")
RESULTS = "results*.json"


def is_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is a sample of lm-evaluation-harness."""
    return {"doc_id", "arguments"} <= fields.keys() and bool({"resps", "filtered_resps"} & fields.keys())


def read_samples(path: Path) -> Placed:
    """Yield a row per document, with the metrics of each filter: "exact_match" and "exact_match,strict-match"."""
    named = NAME.match(path.name.removesuffix(".gz").removesuffix(".jsonl"))
    task = named["task"] if named else path.stem
    candidate = _find_candidate(path)
    rows: dict[object, tuple[str, dict[str, object], Mapping[str, Any]]] = {}
    for place, fields in read_json_lines(path):
        _, scores, _ = rows.setdefault(fields.get("doc_id"), (place, {}, fields))
        for name in _find_metrics(fields):
            scores.setdefault(name, fields.get(name))
            scores[f"{name},{fields.get('filter', 'none')}"] = fields.get(name)
    for number, (place, scores, fields) in rows.items():
        text = find_question(_find_context(fields.get("arguments")))
        yield place, make_row(scores, text=text, candidate=candidate, query_id=f"{task}/{number}", task=task)


def _find_metrics(fields: Mapping[str, Any]) -> list[str]:
    named = fields.get("metrics")
    if isinstance(named, list) and named:
        return [str(name) for name in named if name in fields]
    known = ("acc", "exact_match", "acc_norm", "f1", "em", "pass@1", "pass_at_1")
    return [name for name in known if name in fields]


def _find_context(arguments: Any) -> object:
    """Return the model's input: the first argument of the first request, in either layout."""
    if isinstance(arguments, Mapping):
        first = arguments.get("gen_args_0", next(iter(arguments.values()), None))
        return first.get("arg_0") if isinstance(first, Mapping) else first
    while isinstance(arguments, list) and arguments:
        arguments = arguments[0]
    return arguments


def _find_candidate(path: Path) -> str:
    """Return the model's name in the results file next to the samples, or else the folder's name."""
    results = sorted(path.parent.glob(RESULTS))
    found: Any = {}
    if results:
        try:
            found = json.loads(results[-1].read_text("utf-8"))
        except (ValueError, OSError):
            found = {}
    found = found if isinstance(found, Mapping) else {}
    config = found.get("config") if isinstance(found.get("config"), Mapping) else {}
    arguments = re.search(r"(?:pretrained|model)=([^,]+)", str(config.get("model_args", "")))
    names = (found.get("model_name"), arguments and arguments[1])
    return first_name(names, otherwise=path.parent.name.replace("__", "/") or path.stem)
