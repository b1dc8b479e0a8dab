"""Train the bundled universal router: python benchmarks/train_universal.py [--only PART] [--without SET] [FOLDER].

All shared sets' train splits together; validation chooses the epoch. What is believed of each model (priors.py) stands
beside what was measured of it, and in its place where nothing was. Queries of our own, with a stated kind, difficulty
and length, tell what ordinary requests are: those of ordinary_queries.jsonl, which set the dial too, those of
further_requests.jsonl, of which neither length nor topic gives the difficulty away, and 400 of either in 15 languages,
translated_requests.jsonl (the scores of words are fitted by word_scores.py before). Tasks of agents' runs
(agent_runs.jsonl), beside requests that only look like them, tell what runs are. `--only` trains no network: it takes
the router in the folder and makes the models without outcomes anew (`pool`), or fits again what reads a query's kind,
difficulty and length (`heads`).
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
"""Of an ordinary query beside a training query, in the heads that tell kind, difficulty and length: 2,470 of them weigh
three times as much as all training queries together. Agents' tasks, and what only looks like these, weigh 1 there, so
that they do not make what people ordinarily ask look hard. Chosen on ordinary queries held out."""

TRANSLATED_WEIGHT = 0.3
"""Of a translation beside its original. Chosen by cross-validation over the requests."""

NEAR = 0.87
"""Share of validation queries within reach; chosen on whole sets left out."""

TYPICAL = 5.75
"""Log tokens of an answer where nothing tells its length: the median of the sets that do not ask for a letter alone."""

LEAN, LEAN_MIDDLE = 0.35, 2.0
"""What is believed far from all training leans to the dearer model: by so much in logits for each e-fold of what its
answers cost at list price, beside e^2 USD for a million tokens. Beliefs alone skip models that turn out well on work
that nobody measured; list price skips none. Chosen on whole sets left out."""

SIBLINGS, STRONG, ROUNDS = 0.75, 2.0, 20
"""Years within which models of a family are siblings; standard errors beyond which a smaller one is believed to be
abler; and rounds in which all that are not in order are made so."""

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
    """Of a router, what is made anew without training its network."""

    pool = "pool"
    heads = "heads"


def main(
    folder: Annotated[Path, typer.Argument(help="Where the router is, or goes.")] = FOLDER,
    only: Annotated[Part | None, typer.Option(help="What of the router in the folder to make anew.")] = None,
    without: Annotated[str, typer.Option(help="A set to leave out whole.")] = "",
) -> None:
    """Train the bundled universal router, or bring a part of it up to date."""
    torch.set_num_threads(1)
    left_out = (without,) if without else ()
    if only is Part.pool:
        extend(Router.from_pretrained(folder), beliefs(left_out), without=left_out).save_pretrained(folder)
    elif only is Part.heads:
        refit_heads(Router.from_pretrained(folder), left_out).save_pretrained(folder)
    else:
        train(folder, left_out)
    write_card(folder, left_out)


def train(folder: Path, without: tuple[str, ...], config: TrainingConfig = CONFIG) -> Router:
    """Train on all sets but those left out, and save."""
    outcomes, believed = outcomes_without(without), beliefs(without)
    prior = prior_of(outcomes, believed, config.encoder)
    router = fit(outcomes, config, prior=prior, on_epoch=lambda epoch: print(epoch, flush=True))
    router = extend(router, believed, without=without)
    router.save_pretrained(folder)
    return router


def refit_heads(router: Router, without: tuple[str, ...]) -> Router:
    """Return a router with its doubt fitted again to its network: where queries lie, and the heads that read them."""
    outcomes, believed = outcomes_without(without), beliefs(without)
    predictor = router.predictor.with_doubt(None)
    encoder, unit = predictor.query_encoder, predictor.cost_unit
    train, validation = (
        prepare(outcomes.split(split), encoder, unit, lambda _: None) for split in ("train", "validation")
    )
    pool = []
    for name in outcomes.pool.names:  # what is believed leans already
        candidate = router.pool[name]
        if candidate.profile is None:
            raise ValueError(f"The router in the folder knows no outcome of {name}.")
        profile = candidate.profile.model_copy(update={"belief": believed[name]})
        pool.append(candidate.model_copy(update={"profile": profile}))
    measured = predictor.with_pool(Pool(pool))
    doubt = fit_prior_doubt(measured, train, validation, prior_of(outcomes, believed, encoder.name))
    return extend(router.with_predictor(measured.with_doubt(doubt)), believed, without=without)


def outcomes_without(without: tuple[str, ...]) -> Outcomes:
    """Return the outcomes of all sets but those left out."""
    return Outcomes.concatenate([part for name, part in load_all().items() if name not in without])


def prior_of(outcomes: Outcomes, believed: dict[str, Belief], encoder: str) -> Prior:
    """Return what is believed of models and stated of requests, for outcomes of these tasks."""
    kinds = {task: find_kind(*task.split(": ", 1)) for task in outcomes.tasks}
    runs = frozenset(task for task, kind in kinds.items() if kind == "agent")
    return Prior(KINDS, kinds, believed, runs, labelled(encoder), NEAR, TYPICAL)


def write_card(folder: Path, without: tuple[str, ...]) -> None:
    """Write a router's model card beside it."""
    outcomes, router = outcomes_without(without), Router.from_pretrained(folder)
    card = CARD.format(
        candidates=len(router.pool),
        rough=len(router.pool) - len(outcomes.pool),
        sets=len(load_all()) - len(without),
        train=len(outcomes.split("train")),
        validation=len(outcomes.split("validation")),
        seed=CONFIG.seed,
    )
    (folder / "README.md").write_text(card, "utf-8")


def beliefs(without: tuple[str, ...]) -> dict[str, Belief]:
    """Return what is believed of every model with a price, at its default effort."""
    found = believe([(name, "") for name in read_prices()], without)
    return {name: belief for (name, _), belief in found.items()}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return requests of our own."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def queries_of(rows: list[dict[str, Any]]) -> list[Query]:
    """Return requests as they are routed: each one call, but for tasks of agents' runs."""
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


def ordinary_queries() -> list[Query]:
    """Return the ordinary requests, on which the dial is set."""
    return queries_of(rows_of(ORDINARY))


def word_scores_held_out() -> Floats:
    """Return the scores of stated requests and translations by words that were fitted without them (word_scores.py)."""
    return np.array(json.loads(SCORES_HELD_OUT.read_text()))


def stated_requests() -> list[dict[str, Any]]:
    """Return the requests of stated kind, difficulty and length, as they were written."""
    return rows_of(ORDINARY) + rows_of(FURTHER)


def translated_requests() -> list[dict[str, Any]]:
    """Return some of them in other languages."""
    originals = {row["id"]: row for row in stated_requests()}
    return [originals[row["id"].partition(":")[2]] | row for row in rows_of(TRANSLATED)]


def labelled(encoder: str) -> Labelled:
    """Return ordinary requests and tasks of agents' whole runs with their stated kind, difficulty and length."""
    parts = stated_requests(), translated_requests(), rows_of(RUNS)
    sizes = list(map(len, parts))
    rows = [row for part in parts for row in part]
    encoded = QueryEncoder(load_encoder(encoder)).read(queries_of(rows))
    scores = word_scores_held_out()
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
    """Return the router over all models that have a price, its dial set on ordinary requests."""
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
            # what is believed leans already, where the router is the bundled one
            profile = profile.model_copy(update={"belief": believed[name]})
            pool.append(stated.model_copy(update={"profile": profile}))
        else:
            pool.append(believed_candidate(stated, believed[name], mix, *effects))
    query_encoder, ensemble = router.predictor.query_encoder, router.predictor.ensemble
    pool = list(map(in_half, in_order(list(map(leaning, pool)))))
    # the context, whatever pool is chosen from
    attended = Pool(each for each in pool if each.name in measured)
    predictor = Predictor(
        InferenceNetwork(network.config, halved(network.weights)),
        attended,
        query_encoder,
        router.predictor.cost_unit,
        doubt=Doubt(doubt.kinds, halved(doubt.tensors)),
        ensemble=ensemble and Ensemble(halved(ensemble.tensors)),
    )
    calibration = query_encoder.read(ordinary_queries())
    return Router(
        predictor.with_pool(Pool(pool)),
        calibration=calibration._replace(word_scores=word_scores_held_out()[: len(calibration.tokens)]),
        cluster_labels=router.cluster_labels,
        reward=router.reward,
        provenance=router.provenance | {"left_out": list(without), "sources": sources(catalogue, measured)},
        verifier=router.own_verifier,
    )


def halved(tensors: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[Any]]:
    """Return tensors in half precision, but for centroids, by which profiles know their router, and whole numbers."""
    return {
        name: tensor.astype(np.float16) if tensor.dtype.kind == "f" and name != "centroids" else tensor
        for name, tensor in tensors.items()
    }


def in_half(candidate: Candidate) -> Candidate:
    """Return a candidate with quality and length by cluster, and what is believed, in half precision."""
    profile = candidate.profile
    if profile is None or profile.belief is None:
        return candidate

    def half(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(np.array(values, dtype=np.float16).tolist())

    belief = Belief(**{field: half(getattr(profile.belief, field)) for field in Belief.model_fields})
    told = {"quality": half(profile.quality), "log_tokens": half(profile.log_tokens), "belief": belief}
    return candidate.model_copy(update={"profile": profile.model_copy(update=told)})


def leaning(candidate: Candidate) -> Candidate:
    """Return a candidate of which it is believed that it is abler the more its answers cost at list price."""
    profile, price = candidate.profile, read_prices()[candidate.name]
    if profile is None or profile.belief is None:
        return candidate
    belief = profile.belief
    dear = np.array(belief.log_tokens) + np.log(price.output + 0.03) - LEAN_MIDDLE
    return with_ability(candidate, (np.array(belief.ability) + LEAN * dear).round(4).tolist())


def in_order(pool: list[Candidate]) -> list[Candidate]:
    """Return the candidates with siblings believed to be no abler than larger ones, unless evidence is strong.

    Where one is, both are believed to be what they are in the mean, weighed by how surely; in turns until none is.
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
    return [with_ability(each, told[each.name]) if each.name in told else each for each in pool]


def is_smaller(name: str, other: str) -> bool:
    """Return whether a model is a smaller sibling of another: of its family, generation and time."""
    one, two = read_facts()[name], read_facts()[other]
    if (one.family, one.reasoning) != (two.family, two.reasoning) or abs(one.years - two.years) > SIBLINGS:
        return False
    if np.isnan(one.size + two.size):
        return one.generation == two.generation and one.tier < two.tier
    apart = 0 if one.generation == two.generation else np.log(2)
    lines = {each.generation.partition(".")[0] for each in (one, two)}
    return one.tier <= two.tier and one.size < two.size - apart and len(lines) == 1


def with_ability(candidate: Candidate, ability: list[float]) -> Candidate:
    """Return a candidate of another believed ability."""
    profile = candidate.profile
    if profile is None or profile.belief is None:
        return candidate
    belief = profile.belief.model_copy(update={"ability": tuple(ability)})
    return candidate.model_copy(update={"profile": profile.model_copy(update={"belief": belief})})


def sources(catalogue: dict[str, Candidate], measured: set[str]) -> dict[str, Any]:
    """Return data set -> queries, for each measured model of the catalogue."""
    entries = {entry.name: entry.sources for entry in Catalogue.bundled()}
    return {name: entries[name] for name in sorted(measured) if entries.get(name) and name in catalogue}


if __name__ == "__main__":
    typer.run(main)
