"""Train the bundled universal router: python benchmarks/train_universal.py [--pool-only | --verifier-only] [FOLDER].

All shared sets' train splits together; validation chooses the epoch. Its candidates are the catalogue's: those with
outcomes, and those with published scores, whose profiles are rough. `--pool-only` and `--verifier-only` train no
network: they take the router in the folder and make its uncertain profiles, or its verifier, anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from universal_profiles import told_apart
from universal_sets import TYPICAL_TOKENS, load_all

from crossroute import Candidate, Outcomes, Price, Router, TrainingConfig, fit
from crossroute.catalogue import Catalogue, Entry
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.profiler.scores import profile_from_scores
from crossroute.training.fitting import prepare
from crossroute.training.verification import verifier_of

FOLDER = Path(__file__).parents[1] / "core" / "crossroute" / "weights" / "universal"

HEAD = """# universal

A CrossRoute router over {candidates} candidates of the catalogue (`crossroute candidates`), bundled with the package.
{rough} of them have no recorded outcomes: their profiles are made from published scores and are rough, their tokens are
those of a kindred model or of the typical one, and their `quality_error` is about twice as large.

"""

CARD = """\
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
price. Who was tried on function calls alone (BFCL) is compared with others' calls, so as not to be taken for as good at
texts. The queries are English benchmark questions, and the tokens those of their answers, however long a text is asked
for; those of o1-mini and o1-preview leave out their hidden reasoning, so their cost is foreseen far too low.
Make a candidate exact on queries like yours:
`crossroute profile MODEL`; or go on from this router with your own outcomes:
`crossroute train outcomes.jsonl --from universal --out my-router`.
"""

CONFIG = TrainingConfig(components=96, clusters=48, members=2, candidate_dropout=0.5, choose_by="likelihood")


def main(
    folder: Annotated[Path, typer.Argument(help="Where the router is, or goes.")] = FOLDER,
    pool_only: Annotated[bool, typer.Option(help="Make its uncertain profiles anew.")] = False,
    verifier_only: Annotated[bool, typer.Option(help="Learn its verifier anew.")] = False,
) -> None:
    """Train the bundled universal router, or make a part of it anew."""
    torch.set_num_threads(1)
    if verifier_only:
        with_verifier(Router.from_pretrained(folder)).save_pretrained(folder)
        return
    if pool_only:
        card = (folder / "README.md").read_text()
        train = Outcomes.concatenate(list(load_all().values())).split("train")
        save(told_apart(Router.from_pretrained(folder), train), folder, card[card.index("- **Data**") :])
        return
    outcomes = Outcomes.concatenate(list(load_all().values()))
    router = fit(outcomes, CONFIG, on_epoch=lambda epoch: print(epoch, flush=True))
    card = CARD.format(
        train=len(outcomes.split("train")),
        validation=len(outcomes.split("validation")),
        seed=CONFIG.seed,
        typical=TYPICAL_TOKENS,
    )
    save(told_apart(router, outcomes.split("train")), folder, card)


def with_verifier(router: Router) -> Router:
    """Return the router with its verifier learned anew from the outcomes that it was trained on."""
    outcomes = Outcomes.concatenate(list(load_all().values()))
    predictor = router.subset(outcomes.pool.names).predictor
    encoder, unit = QueryEncoder(predictor.query_encoder.encoder), predictor.cost_unit
    splits = outcomes.split("train"), outcomes.split("validation")
    train, validation = (prepare(split, encoder, unit, lambda _: None) for split in splits)
    router.own_verifier = verifier_of(predictor, train, validation, CONFIG.seed)
    return router


def save(router: Router, folder: Path, card: str) -> None:
    """Write a router with the rough profiles, and its card."""
    router = with_rough_profiles(router)
    router.save_pretrained(folder)
    rough = sum(not any(each.profile.evidence) for each in router.pool if each.profile)
    (folder / "README.md").write_text(HEAD.format(candidates=len(router.pool), rough=rough) + card)


def with_rough_profiles(router: Router) -> Router:
    """Return a router whose pool also holds the catalogue's candidates with published scores and a price."""
    rough = [each.name for each in router.pool if each.profile and not any(each.profile.evidence)]
    measured = router.without(*rough) if rough else router
    added = [
        rough_candidate(measured, entry, entry.price)
        for entry in Catalogue.bundled()
        if entry.scores and entry.price and entry.name not in measured.pool
    ]
    wider = measured.with_candidates(added)
    known = {each.name: Catalogue.bundled()[each.name].sources for each in measured.pool}
    wider.provenance = wider.provenance | {"sources": known}
    return wider


def rough_candidate(router: Router, entry: Entry, price: Price) -> Candidate:
    """Return a candidate of the catalogue with a profile from its published scores."""
    profile = profile_from_scores(router, entry.name, entry.scores, price).profile
    alike = router.pool[entry.writes_like].profile if entry.writes_like else None
    if profile and alike:
        profile = profile.model_copy(update={"log_tokens": alike.log_tokens})
    return entry.candidate.model_copy(update={"profile": profile})


if __name__ == "__main__":
    typer.run(main)
