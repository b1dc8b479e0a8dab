"""Read RouterBench as published: a wide table with one row per query, as a pandas pickle or as CSV.

Columns: sample_id, prompt (a stringified list of texts), eval_name, one column of quality named after each
model, `<model>|model_response`, `<model>|total_cost` in USD, and oracle_model_to_route_to.

Source: Hu et al., "RouterBench: A Benchmark for Multi-LLM Routing System", 2024, arXiv 2403.12031;
https://huggingface.co/datasets/withmartian/routerbench.
"""

from __future__ import annotations

import ast
import csv
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from crossroute.candidate import Candidate, Price
from crossroute.data.columns import Column
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers.opening import allow_long_fields
from crossroute.data.readers.pickle_frame import Values, read_frame
from crossroute.errors import DataError
from crossroute.numeric import Floats

_PUBLISHED = {
    "WizardLM/WizardLM-13B-V1.2": (0.3, 0.3),
    "claude-instant-v1": (0.8, 2.4),
    "claude-v1": (8.0, 24.0),
    "claude-v2": (8.0, 24.0),
    "gpt-3.5-turbo-1106": (1.0, 2.0),
    "gpt-4-1106-preview": (10.0, 30.0),
    "meta/code-llama-instruct-34b-chat": (0.776, 0.776),
    "meta/llama-2-70b-chat": (0.9, 0.9),
    "mistralai/mistral-7b-chat": (0.2, 0.2),
    "mistralai/mixtral-8x7b-chat": (0.6, 0.6),
    "zero-one-ai/Yi-34B-Chat": (0.8, 0.8),
}

PRICES = {
    name: Price(input=read, output=written, source="RouterBench, routers/common.py", as_of=date(2024, 3, 18))
    for name, (read, written) in _PUBLISHED.items()
}
"""RouterBench's price table, USD per million tokens.

Source: https://github.com/withmartian/routerbench, routers/common.py. Deviation: that file divides these
figures by ten million and calls the result USD per token; the costs in the published data follow from
dividing by one million (each of them is a whole number of tokens at these prices), and so do we.
"""

_REQUIRED = ("sample_id", "prompt", "eval_name")
_COST = "|total_cost"


def is_routerbench(columns: Sequence[str]) -> bool:
    """Return whether the columns of a table are those of RouterBench."""
    return {"prompt", "eval_name"} <= set(columns) and any(name.endswith(_COST) for name in columns)


def read_pickle(path: Path, candidates: Iterable[Candidate] = ()) -> Outcomes:
    """Read routerbench_0shot.pkl or routerbench_5shot.pkl, without executing the pickle (see pickle_frame.py)."""
    return _build_outcomes(path, read_frame(path), candidates)


def read_csv(path: Path, candidates: Iterable[Candidate] = ()) -> Outcomes:
    """Read the same table as CSV, row by row, without the models' responses."""
    columns: dict[str, list[str | None]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file, allow_long_fields():
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            kept = [number for number, name in enumerate(header) if not name.endswith("|model_response")]
            columns = {header[number]: [] for number in kept}
            for row in reader:
                if row and len(row) != len(header):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(row)} cells under {len(header)} columns; "
                        "quote the texts that hold commas or line breaks."
                    )
                for number in kept if row else ():
                    columns[header[number]].append(row[number] or None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}, line {reader.line_num + 1}: {error}. Save it as UTF-8 CSV, quoted."
            ) from None
    return _build_outcomes(path, columns, candidates)


def _build_outcomes(path: Path, columns: Mapping[str, Values], candidates: Iterable[Candidate]) -> Outcomes:
    models = [name.removesuffix(_COST) for name in columns if name.endswith(_COST)]
    missing = [name for name in (*_REQUIRED, *models) if name not in columns]
    if missing or not models:
        raise DataError(
            f"{path} has no column {(*missing, '<model>|total_cost')[0]!r}. Expected RouterBench's columns: "
            "sample_id, prompt, eval_name, and for each model one of its name and <model>|total_cost."
        )
    ids = _number_repeats(_check_strings(path, "sample_id", columns["sample_id"]))
    texts = [join_prompt(text) for text in _check_strings(path, "prompt", columns["prompt"])]
    tasks = _check_strings(path, "eval_name", columns["eval_name"])
    queries = [
        {"query_id": name, "text": text, "task": task}
        for name, text, task in zip(ids, texts, tasks, strict=True)
    ]
    quality, cost = (
        np.concatenate([_to_numbers(path, name + suffix, columns[name + suffix]) for name in models])
        for suffix in ("", _COST)
    )
    rows: dict[str, Column] = {
        "query_id": ids * len(models),
        "candidate": [name for name in models for _ in ids],
        "quality": quality,
        "cost_usd": cost,
    }
    return Outcomes.from_rows(
        queries,
        rows,
        candidates,
        place=lambda row: f"{path}, row {row % len(ids)}, model {models[row // len(ids)]!r}",
    )


def join_prompt(prompt: str) -> str:
    r"""Return the text of a prompt: the joined parts of a stringified list, or any other text unchanged.

    >>> join_prompt("['You are helpful.', 'What is 2 + 2?']")
    'You are helpful.\nWhat is 2 + 2?'
    >>> join_prompt("[draft] What is 2 + 2?")
    '[draft] What is 2 + 2?'
    """
    if not prompt.startswith("["):
        return prompt
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a text may contain "\\d", an invalid escape
            parts = ast.literal_eval(prompt)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return prompt
    if not parts or not all(isinstance(part, str) for part in parts):
        return prompt
    return "\n".join(parts)


def _number_repeats(names: list[str]) -> list[str]:
    """Make names unique by numbering repeats: some published sample_ids have two prompts."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


def _check_strings(path: Path, name: str, values: Values) -> list[str]:
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(
                f"{path}, row {row}: {name} is {value!r}, expected a text; add it, or drop the row."
            )
    return list(values)


def _to_numbers(path: Path, name: str, values: Values) -> Floats:
    """Convert a column to numbers, with NaN for None."""
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is not None:
            try:
                numbers[row] = float(value)
            except (TypeError, ValueError):
                raise DataError(
                    f"{path}, row {row}: {name} is {value!r}. Expected a number, or nothing; correct it."
                ) from None
    return numbers
