"""Runs of HELM: one folder per run, with run_spec.json, scenario_state.json and per_instance_stats.json.

Source: crfm-helm 0.5.16, `helm.benchmark.adaptation.scenario_state` and `helm.benchmark.runner`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import (
    Placed,
    check_mapping,
    find_question,
    first_number,
    look_up,
    make_row,
    number_entries,
)
from crossroute.data.readers.opening import read_json

STATE, STATS, SPEC = "scenario_state.json", "per_instance_stats.json", "run_spec.json"
PREFERRED = (
    "quasi_exact_match",
    "exact_match",
    "quasi_prefix_exact_match",
    "f1_score",
    "math_equiv_chain_of_thought",
)
"""Statistics used as the grade, in order of preference."""

COUNTED = (
    "num_",
    "inference_",
    "training_",
    "max_prob",
    "logprob",
    "finish_reason",
    "batch_size",
    "prompt_truncated",
)
"""Beginnings of the names of statistics that are not grades."""


def find_runs(folder: Path) -> list[Path]:
    """Return the runs in a folder: the folder itself, or subfolders of it."""
    return sorted(path.parent for path in folder.rglob(STATE) if (path.parent / STATS).is_file())


def read_run(folder: Path) -> Placed:
    """Yield a row per instance: the first trial, without perturbations."""
    spec = check_mapping(str(folder / SPEC), read_json(folder / SPEC)) if (folder / SPEC).is_file() else {}
    state = check_mapping(str(folder / STATE), read_json(folder / STATE))
    task = (
        str(look_up(spec, "scenario_spec", "class_name") or folder.name).rpartition(".")[2].partition(":")[0]
    )
    measured = dict(_read_stats(folder / STATS))
    for place, asked in number_entries(str(folder / STATE), state.get("request_states")):
        instance, request = asked.get("instance"), asked.get("request")
        if look_up(instance, "perturbation") or asked.get("train_trial_index", 0):
            continue
        name = str(look_up(instance, "id"))
        stats = measured.get(name, {})
        yield (
            place,
            make_row(
                _rank_scores(stats),
                text=find_question(look_up(instance, "input", "text") or look_up(request, "prompt")),
                candidate=look_up(request, "model") or look_up(spec, "adapter_spec", "model"),
                query_id=f"{task}/{name}",
                task=task,
                input_tokens=first_number(stats.get("num_prompt_tokens")),
                output_tokens=first_number(
                    stats.get("num_output_tokens"), stats.get("num_completion_tokens")
                ),
                latency_s=first_number(
                    stats.get("inference_runtime"), look_up(asked, "result", "request_time")
                ),
            ),
        )


def _read_stats(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, one in number_entries(str(path), read_json(path)):
        if one.get("perturbation") or one.get("train_trial_index", 0):
            continue
        stats = number_entries(f"{path}, {place}", one.get("stats"))
        yield str(one.get("instance_id")), {str(look_up(s, "name", "name")): _mean(s) for _, s in stats}


def _mean(stat: Mapping[str, Any]) -> float | None:
    total, count = first_number(stat.get("sum")), first_number(stat.get("count"))
    mean = first_number(stat.get("mean"))
    return mean if mean is not None or not count or total is None else total / count


def _rank_scores(stats: Mapping[str, Any]) -> dict[str, object]:
    ranked = [name for name in PREFERRED if name in stats]
    others = [name for name in stats if name not in ranked and not name.startswith(COUNTED)]
    return {name: stats[name] for name in (*ranked, *others)}
