"""Test runs of DeepEval: `.deepeval/.latest_test_run.json`, and files of `DEEPEVAL_RESULTS_FOLDER`.

Source: deepeval 4.3, `deepeval.test_run.test_run` and `deepeval.test_run.api`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, listed, number, only, question, row, within


def is_log(data: object) -> bool:
    """Say whether JSON is a test run of DeepEval."""
    run = _run(data)
    return isinstance(run, Mapping) and isinstance(_cases(run), list)


def read_log(path: Path, data: Any) -> Placed:
    """Yield the test cases; the model is the hyperparameter of that name, or the file's name."""
    run = _run(data)
    chosen = run.get("hyperparameters")
    candidate = only(
        (within(chosen, "model"), within(chosen, "Model"), run.get("model")), otherwise=path.stem.lstrip(".")
    )
    for place, case in listed(str(path), _cases(run)):
        measured = case.get("metricsData") or case.get("metrics_data") or []
        metrics = [
            (str(one.get("name")), one.get("score")) for _, one in listed(f"{path}, {place}", measured)
        ]
        scores = {**dict(metrics), "success": case.get("success")}
        yield (
            place,
            row(
                scores,
                text=question(case.get("input")),
                candidate=candidate,
                cost_usd=number(case.get("tokenCost"), case.get("token_cost")),
                input_tokens=number(case.get("inputTokenCount")),
                output_tokens=number(case.get("outputTokenCount")),
                latency_s=number(case.get("completionTime"), case.get("completion_time")),
            ),
        )


def _run(data: Any) -> Any:
    return data.get("testRunData", data) if isinstance(data, Mapping) else data


def _cases(run: Mapping[str, Any]) -> Any:
    return run.get("testCases", run.get("test_cases"))
