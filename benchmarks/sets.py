"""The sets that the benchmarks evaluate on, and the router configurations that they compare."""

from __future__ import annotations

import os
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

SETS = {
    "routerbench-5shot, 11 candidates": ("routerbench-5shot", None),
    "routerbench-0shot, 5 complete candidates": ("routerbench-0shot", COMPLETE_FIVE),
    "routerbench-0shot, 11 candidates, some missing": ("routerbench-0shot", None),
    "gpt4o-llama-qwen, 9 candidates": ("gpt4o-llama-qwen", None),
}

CONFIGURATIONS = {
    "CrossRoute, static": TrainingConfig(),
    "CrossRoute, MiniLM": TrainingConfig(encoder="minilm"),
    "CrossRoute, the paper's plain form, static": TrainingConfig.plain(),
}


def load(name: str) -> Outcomes:
    """Return a set of `SETS`, priced."""
    folder, candidates = SETS[name]
    outcomes = read_outcomes(DATA / folder)
    return priced(outcomes.select(candidates) if candidates else outcomes)
