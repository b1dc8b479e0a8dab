"""The sets for evaluation, and the router configurations that the benchmarks compare."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from crossroute import Outcomes, TrainingConfig, priced, read_outcomes

DATA = Path(os.environ.get("CROSSROUTE_DATA", Path(__file__).parents[2] / "shared" / "data"))

COMPLETE_FIVE = (
    "WizardLM/WizardLM-13B-V1.2",
    "gpt-4-1106-preview",
    "meta/code-llama-instruct-34b-chat",
    "mistralai/mistral-7b-chat",
    "mistralai/mixtral-8x7b-chat",
)

BEST_KNOWN = (
    "Llama-3.1-405B-Instruct@sambanova",
    "Meta-Llama-3-70B-Instruct",
    "Meta-Llama-3-8B-Instruct",
    "Meta-Llama-3.1-70B-Instruct",
    "Meta-Llama-3.1-8B-Instruct",
    "Qwen2-72B-Instruct",
    "claude-3-5-haiku-20241022",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022",
    "claude-3-haiku-20240307",
    "claude-3-opus-20240229",
    "gemini-1.5-flash",
    "gemini-1.5-pro",
    "gemma-2-27b-it",
    "gemma-2-9b-it",
    "gpt-3.5-turbo-0125",
    "gpt-4o-2024-05-13",
    "gpt-4o-2024-08-06",
    "gpt-4o-mini-2024-07-18",
    "o1-mini-2024-09-12",
)
"""The candidates of zeroeval's 56 with a listed price and outcomes on all queries.

Output tokens only count the text: o1-mini's cost lacks its hidden reasoning.
"""

SETS = {
    "routerbench-5shot, 11 candidates": ("routerbench-5shot", None),
    "routerbench-0shot, 5 complete candidates": ("routerbench-0shot", COMPLETE_FIVE),
    "routerbench-0shot, 11 candidates, some missing": ("routerbench-0shot", None),
    "gpt4o-llama-qwen, 9 candidates": ("gpt4o-llama-qwen", None),
    "zeroeval, 20 candidates": ("zeroeval", BEST_KNOWN),
}

POOLS = SETS | {
    "openhands, 34 candidates": ("openhands", None),
    "paretobandit, 4 candidates": ("paretobandit", None),
}
"""All pools with outcomes and costs per query; the last two have few queries, or grades by a judge."""

CONFIGURATIONS = {
    "CrossRoute, static": TrainingConfig(),
    "CrossRoute, MiniLM": TrainingConfig(encoder="minilm"),
    "CrossRoute, the paper's plain form, static": TrainingConfig.plain(),
}


def load(name: str) -> Outcomes:
    """Return a set of `POOLS`, with prices."""
    folder, candidates = POOLS[name]
    outcomes = read_outcomes(DATA / folder)
    return priced(outcomes.select(candidates) if candidates else outcomes)


def separate(name: str, outcomes: Outcomes) -> Outcomes:
    """Make a set's queries distinct from those of others: a query with five examples differs from one without."""
    return replace(outcomes, query_ids=tuple(f"{name}/{query_id}" for query_id in outcomes.query_ids))


def to_slug(name: str) -> str:
    """Convert a name for use in a path."""
    return re.sub(r"[^A-Za-z0-9.@]+", "-", name)


def find_sets(parts: list[str] | None, names: Iterable[str] = SETS) -> list[str]:
    """Return the sets whose name contains one of the parts; all without parts."""
    return [name for name in names if not parts or any(part in name for part in parts)]
