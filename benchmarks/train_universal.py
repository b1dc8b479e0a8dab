"""Train the bundled universal router: python benchmarks/train_universal.py [--only PART] [--without SET] [FOLDER].

The network is trained on the train splits of all shared sets; their validation splits choose the epoch. Each model has
a belief as well (priors.py), which is used alone for models without outcomes. The heads that read a query are also
fitted to queries of our own with a stated kind, difficulty and length: ordinary_queries.jsonl, which sets the dial too,
further_requests.jsonl, where neither length nor topic reveals the difficulty, 400 of both in 15 languages
(translated_requests.jsonl), and tasks of agents' runs beside requests that only resemble them (agent_runs.jsonl). Run
word_scores.py before, which fits the scores of words.

`--only` trains no network. It loads the router in the folder and makes the models without outcomes anew (`pool`), or
fits the heads for kind, difficulty, length and manner again (`heads`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
from priors import KINDS, believe, find_kind, read_facts
from universal_sets import load_all, read_prices

from crossroute import Candidate, Outcomes, Pool, Query, Router, TrainingConfig, fit
from crossroute.candidate import Belief
from crossroute.catalogue import Catalogue
from crossroute.encoder import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.model.doubt import Doubt
from crossroute.model.ensemble import Ensemble
from crossroute.model.inference import InferenceNetwork
from crossroute.numeric import Floats
from crossroute.routing.predictor import Predictor
from crossroute.training.fitting import fit_prior_doubt
from crossroute.training.heads import Labelled
from crossroute.training.priors import Prior, believed_candidate
from crossroute.training.run import prepare

FOLDER = Path(__file__).parents[1] / "core" / "crossroute" / "weights" / "universal"
ORDINARY = Path(__file__).with_name("ordinary_queries.jsonl")
FURTHER = Path(__file__).with_name("further_requests.jsonl")
TRANSLATED = Path(__file__).with_name("translated_requests.jsonl")
SCORES_HELD_OUT = Path(__file__).with_name("word_scores_held_out.json")
RUNS = Path(__file__).with_name("agent_runs.jsonl")
CONFIG = TrainingConfig(
    components=96,
    clusters=48,
    members=2,
    candidate_dropout=0.5,
    choose_by="likelihood",
    epochs=20,
    patience=8,
    trees=24,
    leaves=256,
    least_outcomes=1000,
)
EASE = (8.0, 3.5, 0.9, -0.9)
"""Stated logit of the quality of a candidate of ability 0 on queries of the levels 0, trivial, to 3, hard."""

KIND_OF_ORDINARY = {
    **dict.fromkeys(("chat", "writing", "translation", "summary", "extraction"), "language"),
    **dict.fromkeys(("facts", "rag"), "knowledge"),
    **dict.fromkeys(("classification", "reasoning", "planning"), "reasoning"),
    **{kind: kind for kind in ("code", "agent", "math", "tools")},
    "run": "agent",
}
LABELLED_WEIGHT = 30.0
"""Weight of an ordinary request, where a training query has 1, in the heads for kind, difficulty and length: 2,470 of
them have three times the weight of all training queries. Agents' tasks and requests that only resemble them have a
weight of 1, so that they do not make ordinary requests look hard. Chosen on ordinary requests held out."""

TRANSLATED_WEIGHT = 0.6
"""Weight of a translation relative to its original. Chosen on series of requests left out."""

NEAR = 0.87
"""Share of validation queries within the threshold of strangeness. Chosen on whole sets left out."""

TYPICAL = 5.75
"""Log tokens of an answer whose length is not predicted: the median of the sets that ask for more than a letter."""

LEAN, LEAN_MIDDLE = 0.35, 2.0
"""Logits added to the believed ability for each e-fold of the list price of a model's answers, relative to e^2 USD per
million tokens. Beliefs alone skip models that are good at work that nobody measured; list price skips none. Chosen on
whole sets left out."""

SIBLINGS, STRONG, ROUNDS = 0.75, 2.0, 20
"""Years within which models of a family are siblings; standard errors above which a smaller sibling is believed to be
better; and the number of passes over all pairs."""

CARD = """# universal

A CrossRoute router over {candidates} models of the catalogue (`crossroute candidates`), bundled with the package.
{rough} of them have no recorded outcomes: they are known by published scores, or by what their family, date, size,
price and reasoning lead to expect, and their `quality_error` says how roughly.

- **Data**: the train splits of {sets} public sets (docs/data.md): {train} queries; {validation} more chose the epoch.
  Published scores by kind of work (LiveBench, LMArena, OpenHands index and others) stand behind what is believed.
  2,470 ordinary requests of our own, in 22 languages, and 400 of them translated into 15, tell what is trivial and what
  is hard, and 558 of them set the dial; 209 tasks of our own tell what asks for an agent's whole run. What is believed
  leans to the dearer model. No query is stored.
- **Encoder**: static, token vectors distilled from all-MiniLM-L6-v2 (Apache-2.0) with model2vec.
- **Training**: `python benchmarks/train_universal.py`, seed {seed}; figures: `python benchmarks/universal.py` and
  `python benchmarks/unseen.py`, in docs/benchmarks.md.

## Limits

Far from its training queries the router goes by what is believed of a model at such work; `quality_error` tells how
sure that is. Difficulty of ordinary requests is stated by us, not measured. Token counts of o1-mini and o1-preview
leave out hidden reasoning. An agent's query costs what the whole run cost in the data. Make a model exact on queries
like yours: `crossroute profile MODEL`, or go on from this router with your own outcomes:
`crossroute train outcomes.jsonl --from universal --out my-router`.
"""


class Part(StrEnum):
    """The part of a router that is made anew without training its network."""

    pool = "pool"
    heads = "heads"


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of the router.")] = FOLDER,
    only: Annotated[Part | None, typer.Option(help="Part of the router in the folder to make anew.")] = None,
    without: Annotated[str, typer.Option(help="Name of a set to leave out.")] = "",
) -> None:
    """Train the bundled universal router, or update a part of it."""
    torch.set_num_threads(1)
    left_out = (without,) if without else ()
    if only is Part.pool:
        extend(Router.from_pretrained(folder), make_beliefs(left_out), without=left_out).save_pretrained(
            folder
        )
    elif only is Part.heads:
        refit_heads(Router.from_pretrained(folder), left_out).save_pretrained(folder)
    else:
        train(folder, left_out)
    write_card(folder, left_out)


def train(folder: Path, without: tuple[str, ...], config: TrainingConfig = CONFIG) -> Router:
    """Train on all sets except those left out, and save the router."""
    outcomes, believed = load_outcomes_without(without), make_beliefs(without)
    prior = make_prior(outcomes, believed, config.encoder)
    router = fit(outcomes, config, prior=prior, on_epoch=lambda epoch: print(epoch, flush=True))
    router = extend(router, believed, without=without)
    router.save_pretrained(folder)
    return router


def refit_heads(router: Router, without: tuple[str, ...]) -> Router:
    """Return the router with its doubt model, distances and heads, fitted again to its network."""
    outcomes, believed = load_outcomes_without(without), make_beliefs(without)
    predictor = router.predictor.with_doubt(None)
    encoder, unit = predictor.query_encoder, predictor.cost_unit
    train, validation = (
        prepare(outcomes.split(split), encoder, unit, lambda _: None) for split in ("train", "validation")
    )
    pool = []
    for name in outcomes.pool.names:  # the router's own beliefs already lean to the price
        candidate = router.pool[name]
        if candidate.profile is None:
            raise ValueError(f"The router in the folder knows no outcome of {name}.")
        profile = candidate.profile.model_copy(update={"belief": believed[name]})
        pool.append(candidate.model_copy(update={"profile": profile}))
    measured = predictor.with_pool(Pool(pool))
    doubt = fit_prior_doubt(measured, train, validation, make_prior(outcomes, believed, encoder.name))
    return extend(router.with_predictor(measured.with_doubt(doubt)), believed, without=without)


def load_outcomes_without(without: tuple[str, ...]) -> Outcomes:
    """Return the outcomes of all sets except those left out."""
    return Outcomes.concatenate([part for name, part in load_all().items() if name not in without])


def make_prior(outcomes: Outcomes, believed: dict[str, Belief], encoder: str) -> Prior:
    """Return the beliefs about models and the stated requests, for outcomes of these tasks."""
    kinds = {task: find_kind(*task.split(": ", 1)) for task in outcomes.tasks}
    runs = frozenset(task for task, kind in kinds.items() if kind == "agent")
    return Prior(KINDS, kinds, believed, runs, make_labelled(encoder), NEAR, TYPICAL)


def write_card(folder: Path, without: tuple[str, ...]) -> None:
    """Write a router's model card beside it."""
    outcomes, router = load_outcomes_without(without), Router.from_pretrained(folder)
    card = CARD.format(
        candidates=len(router.pool),
        rough=len(router.pool) - len(outcomes.pool),
        sets=len(load_all()) - len(without),
        train=len(outcomes.split("train")),
        validation=len(outcomes.split("validation")),
        seed=CONFIG.seed,
    )
    (folder / "README.md").write_text(card, "utf-8")


def make_beliefs(without: tuple[str, ...]) -> dict[str, Belief]:
    """Return the belief about each model with a price, at its default effort."""
    found = believe([(name, "") for name in read_prices()], without)
    return {name: belief for (name, _), belief in found.items()}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return requests of our own."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def make_queries(rows: list[dict[str, Any]]) -> list[Query]:
    """Return requests as queries, each declared as one call except tasks of agents' runs."""
    return [
        Query(
            row["text"],
            row.get("system") or "",
            context=row.get("context") or "",
            step=row.get("step") or "",
            one_call=row["kind"] != "run",
        )
        for row in rows
    ]


def read_ordinary_queries() -> list[Query]:
    """Return the ordinary requests, which the dial is calibrated on."""
    return make_queries(read_rows(ORDINARY))


def read_held_out_scores() -> Floats:
    """Return the scores of stated requests and translations by words fitted without them (word_scores.py)."""
    return np.array(json.loads(SCORES_HELD_OUT.read_text()))


def read_stated_requests() -> list[dict[str, Any]]:
    """Return the requests of stated kind, difficulty and length, as they were written."""
    return read_rows(ORDINARY) + read_rows(FURTHER)


def read_translated_requests() -> list[dict[str, Any]]:
    """Return some of them in other languages."""
    originals = {row["id"]: row for row in read_stated_requests()}
    return [originals[row["id"].partition(":")[2]] | row for row in read_rows(TRANSLATED)]


def make_labelled(encoder: str) -> Labelled:
    """Return ordinary requests and tasks of agents' runs with their stated kind, difficulty and length."""
    parts = read_stated_requests(), read_translated_requests(), read_rows(RUNS)
    sizes = list(map(len, parts))
    rows = [row for part in parts for row in part]
    encoded = QueryEncoder(load_encoder(encoder)).read(make_queries(rows))
    scores = read_held_out_scores()
    return Labelled(
        encoded._replace(word_scores=np.concatenate([scores, encoded.word_scores[len(scores) :]])),
        np.array([KINDS.index(KIND_OF_ORDINARY[row["kind"]]) for row in rows]),
        np.array([EASE[row["level"]] for row in rows]),
        np.log(np.maximum([row["output_tokens"] for row in rows], 1)),
        np.array([row["kind"] == "run" for row in rows]),
        np.repeat([LABELLED_WEIGHT, TRANSLATED_WEIGHT * LABELLED_WEIGHT, 1.0], sizes),
        np.repeat([True, False, True], sizes),
    )


def extend(router: Router, believed: dict[str, Belief], *, without: tuple[str, ...]) -> Router:
    """Return the router over all models with a price, its dial calibrated on ordinary requests."""
    network, doubt = router.predictor.network, router.predictor.doubt
    if doubt is None:
        raise ValueError("The router knows no doubt.")
    mix = doubt.kinds_of_clusters(network.weights["centroids"])
    effects: tuple[Floats, Floats] = (network.weights["quality_effects"], network.weights["tokens_effects"])
    catalogue = {entry.name: entry.candidate for entry in Catalogue.bundled()}
    measured = {
        each.name for each in router.pool if each.profile is not None and sum(each.profile.evidence) > 0
    }
    pool = []
    for name, price in read_prices().items():
        stated = catalogue.get(name, Candidate(name=name, price=price))
        stated = stated if stated.price else stated.model_copy(update={"price": price})
        if name in measured and (profile := router.pool[name].profile):
            # the beliefs of the bundled router already lean to the price
            profile = profile.model_copy(update={"belief": believed[name]})
            pool.append(stated.model_copy(update={"profile": profile}))
        else:
            pool.append(believed_candidate(stated, believed[name], mix, *effects))
    query_encoder, ensemble = router.predictor.query_encoder, router.predictor.ensemble
    pool = list(map(round_candidate, order_siblings(list(map(lean_to_price, pool)))))
    # the context of the attention, for every pool
    attended = Pool(each for each in pool if each.name in measured)
    predictor = Predictor(
        InferenceNetwork(network.config, round_tensors(network.weights)),
        attended,
        query_encoder,
        router.predictor.cost_unit,
        doubt=Doubt(doubt.kinds, round_tensors(doubt.tensors)),
        ensemble=ensemble and Ensemble(round_tensors(ensemble.tensors)),
    )
    calibration = query_encoder.read(read_ordinary_queries())
    return Router(
        predictor.with_pool(Pool(pool)),
        calibration=calibration._replace(word_scores=read_held_out_scores()[: len(calibration.tokens)]),
        cluster_labels=router.cluster_labels,
        reward=router.reward,
        provenance=router.provenance
        | {"left_out": list(without), "sources": list_sources(catalogue, measured)},
        verifier=router.own_verifier,
    )


def round_tensors(tensors: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[Any]]:
    """Return tensors in half precision, except integers and centroids, whose digest ties profiles to a router."""
    return {
        name: tensor.astype(np.float16) if tensor.dtype.kind == "f" and name != "centroids" else tensor
        for name, tensor in tensors.items()
    }


def round_candidate(candidate: Candidate) -> Candidate:
    """Return a candidate whose profile and belief are in half precision."""
    profile = candidate.profile
    if profile is None or profile.belief is None:
        return candidate

    def half(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(np.array(values, dtype=np.float16).tolist())

    belief = Belief(**{field: half(getattr(profile.belief, field)) for field in Belief.model_fields})
    told = {"quality": half(profile.quality), "log_tokens": half(profile.log_tokens), "belief": belief}
    return candidate.model_copy(update={"profile": profile.model_copy(update=told)})


def lean_to_price(candidate: Candidate) -> Candidate:
    """Return a candidate whose believed ability is raised with the list price of its answers."""
    profile, price = candidate.profile, read_prices()[candidate.name]
    if profile is None or profile.belief is None:
        return candidate
    belief = profile.belief
    dear = np.array(belief.log_tokens) + np.log(price.output + 0.03) - LEAN_MIDDLE
    return replace_ability(candidate, (np.array(belief.ability) + LEAN * dear).round(4).tolist())


def order_siblings(pool: list[Candidate]) -> list[Candidate]:
    """Return the candidates so that none is believed to be better than a larger sibling, unless evidence is strong.

    Both of a pair in the wrong order get their mean ability, weighted by precision; repeated over all pairs.
    """
    beliefs = {each.name: each.profile.belief for each in pool if each.profile and each.profile.belief}
    ability = np.array([belief.ability for belief in beliefs.values()])  # (m, K)
    error = np.array([belief.ability_error for belief in beliefs.values()])
    names = list(beliefs)
    pairs = [(a, b) for a, one in enumerate(names) for b, other in enumerate(names) if is_smaller(one, other)]
    weight, sure = 1 / error**2, ability.copy()
    for _ in range(ROUNDS):
        for a, b in pairs:
            beyond = sure[a] - sure[b] > STRONG * np.hypot(error[a], error[b])
            mean = (weight[a] * ability[a] + weight[b] * ability[b]) / (weight[a] + weight[b])
            turned = (ability[a] > ability[b] + 1e-4) & ~beyond
            ability[a], ability[b] = np.where(turned, mean, ability[a]), np.where(turned, mean, ability[b])
    told = dict(zip(names, ability.round(4).tolist(), strict=True))
    return [replace_ability(each, told[each.name]) if each.name in told else each for each in pool]


def is_smaller(name: str, other: str) -> bool:
    """Return whether a model is a smaller sibling of another: same family and generation, and of similar date."""
    one, two = read_facts()[name], read_facts()[other]
    if (one.family, one.reasoning) != (two.family, two.reasoning) or abs(one.years - two.years) > SIBLINGS:
        return False
    if np.isnan(one.size + two.size):
        return one.generation == two.generation and one.tier < two.tier
    apart = 0 if one.generation == two.generation else np.log(2)
    lines = {each.generation.partition(".")[0] for each in (one, two)}
    return one.tier <= two.tier and one.size < two.size - apart and len(lines) == 1


def replace_ability(candidate: Candidate, ability: list[float]) -> Candidate:
    """Return a candidate with another believed ability."""
    profile = candidate.profile
    if profile is None or profile.belief is None:
        return candidate
    belief = profile.belief.model_copy(update={"ability": tuple(ability)})
    return candidate.model_copy(update={"profile": profile.model_copy(update={"belief": belief})})


def list_sources(catalogue: dict[str, Candidate], measured: set[str]) -> dict[str, Any]:
    """Return data set -> queries, for each measured model of the catalogue."""
    entries = {entry.name: entry.sources for entry in Catalogue.bundled()}
    return {name: entries[name] for name in sorted(measured) if entries.get(name) and name in catalogue}


if __name__ == "__main__":
    typer.run(main)
