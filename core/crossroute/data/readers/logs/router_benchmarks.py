"""Files of benchmarks for routers: RouterArena, LLMRouterBench, EmbedLLM, and SWE-bench's leaderboards.

Sources: RouterArena, `router_inference/predictions`; LLMRouterBench, `results/bench`; EmbedLLM (arXiv 2410.02223),
`data/train.csv`; SWE-bench/swe-bench.github.io, `data/leaderboards.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossroute.data.readers.logs.facts import Placed, listed, number, only, question, row, within
from crossroute.errors import DataError

EMBEDLLM = frozenset({"prompt_id", "model_id", "label", "prompt"})
DATED = 2
"""Folders between a file of LLMRouterBench and its data set: the model's and the split's."""


def is_arena_row(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is a prediction of RouterArena."""
    return {"global index", "prompt", "prediction"} <= fields.keys()


def arena_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Return a prediction of RouterArena as a row: `prediction` is the model that was asked."""
    tokens = within(fields, "generated_result", "token_usage")
    index = str(fields["global index"])
    return row(
        {"accuracy": fields.get("accuracy")},
        text=question(fields["prompt"]),
        candidate=fields["prediction"],
        query_id=index,
        task=index.rpartition("_")[0] or None,
        cost_usd=number(fields.get("cost")),
        input_tokens=number(within(tokens, "input_tokens")),
        output_tokens=number(within(tokens, "output_tokens")),
    )


def is_llmrouterbench(data: object) -> bool:
    """Say whether JSON is a file of LLMRouterBench."""
    records = data.get("records") if isinstance(data, Mapping) else None
    return isinstance(records, list) and bool(records) and {"prompt", "score"} <= set(records[0])


def read_llmrouterbench(path: Path, data: Any) -> Placed:
    """Yield the records; model and data set as the file states them, or as its folders are called."""
    folders = [part.name for part in path.absolute().parents]
    candidate = only((data.get("model_name"), data.get("model")), otherwise=folders[0])
    task = only((data.get("dataset_name"), data.get("dataset")), otherwise=folders[DATED])
    for place, record in listed(str(path), data["records"]):
        yield (
            place,
            row(
                {"score": record.get("score")},
                text=question(record.get("origin_query") or record.get("prompt")),
                candidate=candidate,
                query_id=f"{task}/{record.get('index', place)}",
                task=task,
                cost_usd=number(record.get("cost")),
                input_tokens=number(record.get("prompt_tokens")),
                output_tokens=number(record.get("completion_tokens")),
            ),
        )


def embedllm_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Return a line of EmbedLLM's table as a row."""
    return row(
        {"label": fields.get("label")},
        text=fields.get("prompt"),
        candidate=fields.get("model_name") or fields.get("model_id"),
        query_id=fields.get("prompt_id"),
        task=fields.get("category"),
    )


def is_leaderboards(data: object) -> bool:
    """Say whether JSON is SWE-bench's leaderboards."""
    return isinstance(data, Mapping) and isinstance(data.get("leaderboards"), list)


def read_leaderboards(path: Path, data: Any, texts: Mapping[str, str]) -> Placed:
    """Yield a row an instance and entry that tells details; the texts of the instances stand in no leaderboard."""
    for board, leaderboard in listed(str(path), data["leaderboards"]):
        for entry, result in listed(f"{path}, {board}", leaderboard.get("results") or []):
            details = result.get("per_instance_details")
            for name, told in (details if isinstance(details, Mapping) else {}).items():
                if name not in texts:
                    raise DataError(
                        f"{path}, {board}, {entry}: leaderboards name issues, and not their texts; that of {name!r} is "
                        "not known. Give the data set with --texts FILE (columns instance_id and problem_statement)."
                    )
                yield (
                    f"{board}, {entry}, {name}",
                    row(
                        {"resolved": within(told, "resolved")},
                        text=texts[name],
                        candidate=result.get("name"),
                        query_id=name,
                        task=f"swe-bench-{leaderboard.get('name', '')}".lower(),
                        cost_usd=number(within(told, "cost")),
                    ),
                )
