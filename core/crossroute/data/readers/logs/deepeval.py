"""Test runs of DeepEval: `.deepeval/.latest_test_run.json`, and files of `DEEPEVAL_RESULTS_FOLDER`.

Source: deepeval 4.3, `deepeval.test_run.test_run` and `deepeval.test_run.api`.
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


def is_log(data: object) -> bool:
    """Return whether JSON is a test run of DeepEval."""
    run = _find_run(data)
    return isinstance(run, Mapping) and isinstance(_find_cases(run), list)


def read_log(path: Path, data: Any) -> Placed:
    """Yield a row per test case; the candidate is the hyperparameter `model`, or else the file's name."""
    run = _find_run(data)
    chosen = run.get("hyperparameters")
    candidate = first_name(
        (look_up(chosen, "model"), look_up(chosen, "Model"), run.get("model")),
        otherwise=path.stem.lstrip("."),
    )
    for place, case in number_entries(str(path), _find_cases(run)):
        measured = case.get("metricsData") or case.get("metrics_data") or []
        metrics = [
            (str(one.get("name")), one.get("score"))
            for _, one in number_entries(f"{path}, {place}", measured)
        ]
        scores = {**dict(metrics), "success": case.get("success")}
        yield (
            place,
            make_row(
                scores,
                text=find_question(case.get("input")),
                candidate=candidate,
                cost_usd=first_number(case.get("tokenCost"), case.get("token_cost")),
                input_tokens=first_number(case.get("inputTokenCount")),
                output_tokens=first_number(case.get("outputTokenCount")),
                latency_s=first_number(case.get("completionTime"), case.get("completion_time")),
            ),
        )


def _find_run(data: Any) -> Any:
    return data.get("testRunData", data) if isinstance(data, Mapping) else data


def _find_cases(run: Mapping[str, Any]) -> Any:
    return run.get("testCases", run.get("test_cases"))
