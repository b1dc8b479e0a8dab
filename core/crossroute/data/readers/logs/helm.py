"""Runs of HELM: a folder a run with run_spec.json, scenario_state.json and per_instance_stats.json.

Source: crfm-helm 0.5.16, `helm.benchmark.adaptation.scenario_state` and `helm.benchmark.runner`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, listed, mapping, number, question, row, within
from crossroute.data.readers.opening import read_json

STATE, STATS, SPEC = "scenario_state.json", "per_instance_stats.json", "run_spec.json"
PREFERRED = (
    "quasi_exact_match",
    "exact_match",
    "quasi_prefix_exact_match",
    "f1_score",
    "math_equiv_chain_of_thought",
)
"""Which statistic grades, where several do."""

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
"""Beginnings of statistics that count something else."""


def runs_of(folder: Path) -> list[Path]:
    """Return the runs of a folder: itself, or those below it."""
    return sorted(path.parent for path in folder.rglob(STATE) if (path.parent / STATS).is_file())


def read_run(folder: Path) -> Placed:
    """Yield a row an instance, first trial and unperturbed."""
    spec = mapping(str(folder / SPEC), read_json(folder / SPEC)) if (folder / SPEC).is_file() else {}
    state = mapping(str(folder / STATE), read_json(folder / STATE))
    task = (
        str(within(spec, "scenario_spec", "class_name") or folder.name).rpartition(".")[2].partition(":")[0]
    )
    measured = dict(_stats(folder / STATS))
    for place, asked in listed(str(folder / STATE), state.get("request_states")):
        instance, request = asked.get("instance"), asked.get("request")
        if within(instance, "perturbation") or asked.get("train_trial_index", 0):
            continue
        name = str(within(instance, "id"))
        stats = measured.get(name, {})
        yield (
            place,
            row(
                _scores(stats),
                text=question(within(instance, "input", "text") or within(request, "prompt")),
                candidate=within(request, "model") or within(spec, "adapter_spec", "model"),
                query_id=f"{task}/{name}",
                task=task,
                input_tokens=number(stats.get("num_prompt_tokens")),
                output_tokens=number(stats.get("num_output_tokens"), stats.get("num_completion_tokens")),
                latency_s=number(stats.get("inference_runtime"), within(asked, "result", "request_time")),
            ),
        )


def _stats(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, one in listed(str(path), read_json(path)):
        if one.get("perturbation") or one.get("train_trial_index", 0):
            continue
        stats = listed(f"{path}, {place}", one.get("stats"))
        yield str(one.get("instance_id")), {str(within(s, "name", "name")): _mean(s) for _, s in stats}


def _mean(stat: Mapping[str, Any]) -> float | None:
    total, count = number(stat.get("sum")), number(stat.get("count"))
    mean = number(stat.get("mean"))
    return mean if mean is not None or not count or total is None else total / count


def _scores(stats: Mapping[str, Any]) -> dict[str, object]:
    ranked = [name for name in PREFERRED if name in stats]
    others = [name for name in stats if name not in ranked and not name.startswith(COUNTED)]
    return {name: stats[name] for name in (*ranked, *others)}
