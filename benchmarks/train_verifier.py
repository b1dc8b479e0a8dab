"""Fit the bundled verifier: python benchmarks/train_verifier.py [FILE].

Trains a router on gpt4o-llama-qwen, and stores the pooled reading of its verifier, fitted on the train and validation
splits. The test split is not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from sets import load

from crossroute import fit
from crossroute.escalation.verifier import Verifier

SET = "gpt4o-llama-qwen, 9 candidates"
FILE = Path(__file__).parents[1] / "core" / "crossroute" / "weights" / "verifier.json"


def main(file: Annotated[Path, typer.Argument(help="Output file.")] = FILE) -> None:
    """Fit the verifier and write it."""
    torch.set_num_threads(1)
    outcomes = load(SET)
    own = fit(outcomes).verifier
    learned = outcomes.take([split != "test" for split in outcomes.splits])
    answers = int((~np.isnan(learned.answer_logprob)).sum())
    source = (
        f"gpt4o-llama-qwen, train and validation splits: {answers:,} answers of {len(outcomes.pool)} models, "
        "one reading for all"
    )
    general = Verifier(pooled=own.pooled, correlation=own.correlation, source=source)
    file.write_text(general.model_dump_json(indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
