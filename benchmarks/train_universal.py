"""Train the bundled universal router: python benchmarks/train_universal.py [FOLDER].

All shared sets' train splits together; validation chooses the epoch. Its candidates are the catalogue's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from universal_sets import TYPICAL_TOKENS, load_all

from crossroute import Outcomes, TrainingConfig, fit

FOLDER = Path(__file__).parents[1] / "core" / "crossroute" / "weights" / "universal"

CARD = """# universal

A CrossRoute router over {candidates} candidates of the catalogue (`crossroute candidates`), bundled with the package.

- **Data**: the train splits of seven public sets: RouterBench 5-shot and 0-shot, gpt4o-llama-qwen, ZeroEval,
  MMLU-Pro, BFCL and frontier-2025 (docs/data.md): {train} queries; {validation} more chose the epoch and set the
  dial. Each candidate is known on some of the sets; outcomes of one model from several sets are pooled. No query is
  stored.
- **Encoder**: static, token vectors distilled from all-MiniLM-L6-v2 (Apache-2.0) with model2vec.
- **Training**: `python benchmarks/train_universal.py`, seed {seed}; figures pool by pool:
  `python benchmarks/universal.py`, in docs/benchmarks.md.

## Limits

Candidates that were tried on different queries are compared by way of those that were tried on both. Where that rests
on little, the predicted quality's standard error says so (`quality_error` of a prediction or an alternative): the
models of 2025 were tried on 33 queries. MMLU-Pro states no tokens: candidates known from it alone are taken to write
{typical:.0f} tokens an answer. RouterBench states USD only: output tokens are what is left of it after the input's
price. The queries are English benchmark questions. Make a candidate exact on queries like yours:
`crossroute profile MODEL`; or go on from this router with your own outcomes:
`crossroute train outcomes.jsonl --from universal --out my-router`.
"""

CONFIG = TrainingConfig(components=96, clusters=48, members=2, candidate_dropout=0.5, choose_by="likelihood")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    outcomes = Outcomes.concatenate(list(load_all().values()))
    router = fit(outcomes, CONFIG, on_epoch=lambda epoch: print(epoch, flush=True))
    router.save_pretrained(folder)
    card = CARD.format(
        candidates=len(router.pool),
        train=len(outcomes.split("train")),
        validation=len(outcomes.split("validation")),
        seed=CONFIG.seed,
        typical=TYPICAL_TOKENS,
    )
    (folder / "README.md").write_text(card)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
