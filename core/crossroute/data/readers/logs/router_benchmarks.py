"""Results of RouterArena, LLMRouterBench, EmbedLLM, and SWE-bench's leaderboards.

Sources: RouterArena, `router_inference/predictions`; LLMRouterBench, `results/bench`; EmbedLLM (arXiv 2410.02223),
`data/train.csv`; SWE-bench/swe-bench.github.io, `data/leaderboards.json`.
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
from crossroute.errors import DataError

EMBEDLLM = frozenset({"prompt_id", "model_id", "label", "prompt"})
DATED = 2
"""Number of folders between a file of LLMRouterBench and its data set: one for the model, one for the split."""


def is_arena_row(fields: Mapping[str, Any]) -> bool:
    """Return whether an object is a prediction of RouterArena."""
    return {"global index", "prompt", "prediction"} <= fields.keys()


def read_arena_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Convert a prediction of RouterArena to a row; its field `prediction` is the name of the called model."""
    tokens = look_up(fields, "generated_result", "token_usage")
    index = str(fields["global index"])
    return make_row(
        {"accuracy": fields.get("accuracy")},
        text=find_question(fields["prompt"]),
        candidate=fields["prediction"],
        query_id=index,
        task=index.rpartition("_")[0] or None,
        cost_usd=first_number(fields.get("cost")),
        input_tokens=first_number(look_up(tokens, "input_tokens")),
        output_tokens=first_number(look_up(tokens, "output_tokens")),
    )


def is_llmrouterbench(data: object) -> bool:
    """Return whether JSON is a file of LLMRouterBench."""
    records = data.get("records") if isinstance(data, Mapping) else None
    return isinstance(records, list) and bool(records) and {"prompt", "score"} <= set(records[0])


def read_llmrouterbench(path: Path, data: Any) -> Placed:
    """Yield a row per record; the file states the model and the data set, or else its folders' names do."""
    folders = [part.name for part in path.absolute().parents]
    candidate = first_name((data.get("model_name"), data.get("model")), otherwise=folders[0])
    task = first_name((data.get("dataset_name"), data.get("dataset")), otherwise=folders[DATED])
    for place, record in number_entries(str(path), data["records"]):
        yield (
            place,
            make_row(
                {"score": record.get("score")},
                text=find_question(record.get("origin_query") or record.get("prompt")),
                candidate=candidate,
                query_id=f"{task}/{record.get('index', place)}",
                task=task,
                cost_usd=first_number(record.get("cost")),
                input_tokens=first_number(record.get("prompt_tokens")),
                output_tokens=first_number(record.get("completion_tokens")),
            ),
        )


def read_embedllm_row(fields: Mapping[str, Any]) -> Mapping[str, object]:
    """Convert a line of EmbedLLM's table to a row."""
    return make_row(
        {"label": fields.get("label")},
        text=fields.get("prompt"),
        candidate=fields.get("model_name") or fields.get("model_id"),
        query_id=fields.get("prompt_id"),
        task=fields.get("category"),
    )


def is_leaderboards(data: object) -> bool:
    """Return whether JSON is SWE-bench's leaderboards."""
    return isinstance(data, Mapping) and isinstance(data.get("leaderboards"), list)


def read_leaderboards(path: Path, data: Any, texts: Mapping[str, str]) -> Placed:
    """Yield a row per instance and detailed entry; `texts` has the instances' texts, which leaderboards lack."""
    for board, leaderboard in number_entries(str(path), data["leaderboards"]):
        for entry, result in number_entries(f"{path}, {board}", leaderboard.get("results") or []):
            details = result.get("per_instance_details")
            for name, one in (details if isinstance(details, Mapping) else {}).items():
                if name not in texts:
                    raise DataError(
                        f"{path}, {board}, {entry}: leaderboards contain no texts of issues; that of {name!r} is not "
                        "known. Give the data set with --texts FILE (columns instance_id and problem_statement)."
                    )
                yield (
                    f"{board}, {entry}, {name}",
                    make_row(
                        {"resolved": look_up(one, "resolved")},
                        text=texts[name],
                        candidate=result.get("name"),
                        query_id=name,
                        task=f"swe-bench-{leaderboard.get('name', '')}".lower(),
                        cost_usd=first_number(look_up(one, "cost")),
                    ),
                )
