"""Samples of lm-evaluation-harness, `--log_samples`: `<out>/<model>/samples_<task>_<date>.jsonl`.

Source: lm_eval 0.4.13, `lm_eval.evaluator.evaluate` and `lm_eval.loggers.evaluation_tracker`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, only, question, row
from crossroute.data.readers.plain import json_lines

NAME = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:_-]+)?$")
RESULTS = "results*.json"


def is_row(fields: Mapping[str, Any]) -> bool:
    """Say whether a line is a sample of lm-evaluation-harness."""
    return {"doc_id", "arguments"} <= fields.keys() and bool({"resps", "filtered_resps"} & fields.keys())


def read_samples(path: Path) -> Placed:
    """Yield a row a document, with the metrics of every filter: "exact_match", and "exact_match,strict-match"."""
    named = NAME.match(path.name.removesuffix(".gz").removesuffix(".jsonl"))
    task = named["task"] if named else path.stem
    candidate = _candidate(path)
    rows: dict[object, tuple[str, dict[str, object], Mapping[str, Any]]] = {}
    for place, fields in json_lines(path):
        _, scores, _ = rows.setdefault(fields.get("doc_id"), (place, {}, fields))
        for name in _metrics(fields):
            scores.setdefault(name, fields.get(name))
            scores[f"{name},{fields.get('filter', 'none')}"] = fields.get(name)
    for number, (place, scores, fields) in rows.items():
        text = question(_context(fields.get("arguments")))
        yield place, row(scores, text=text, candidate=candidate, query_id=f"{task}/{number}", task=task)


def _metrics(fields: Mapping[str, Any]) -> list[str]:
    named = fields.get("metrics")
    if isinstance(named, list) and named:
        return [str(name) for name in named if name in fields]
    known = ("acc", "exact_match", "acc_norm", "f1", "em", "pass@1", "pass_at_1")
    return [name for name in known if name in fields]


def _context(arguments: Any) -> object:
    """Return what the model read: the first argument of the first request, in either layout."""
    if isinstance(arguments, Mapping):
        first = arguments.get("gen_args_0", next(iter(arguments.values()), None))
        return first.get("arg_0") if isinstance(first, Mapping) else first
    while isinstance(arguments, list) and arguments:
        arguments = arguments[0]
    return arguments


def _candidate(path: Path) -> str:
    """Return the model: as the results beside the samples name it, else as the folder does."""
    results = sorted(path.parent.glob(RESULTS))
    told: Any = {}
    if results:
        try:
            told = json.loads(results[-1].read_text("utf-8"))
        except (ValueError, OSError):
            told = {}
    told = told if isinstance(told, Mapping) else {}
    config = told.get("config") if isinstance(told.get("config"), Mapping) else {}
    arguments = re.search(r"(?:pretrained|model)=([^,]+)", str(config.get("model_args", "")))
    names = (told.get("model_name"), arguments and arguments[1])
    return only(names, otherwise=path.parent.name.replace("__", "/") or path.stem)
