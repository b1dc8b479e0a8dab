"""Load all shared sets, with the catalogue's names and prices of candidates.

spellings.csv maps a set's spellings to models and efforts, model_facts.csv has the facts of models. If a set has a
model at several efforts, the one nearest to the default is used; the others are used in priors.py.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from sets import DATA, separate

from crossroute import Candidate, Outcomes, Pool, Price, Query, priced, read_outcomes
from crossroute.model.costs import infer_output_tokens
from crossroute.numeric import Floats

SETS = (
    *("routerbench-5shot", "routerbench-0shot", "gpt4o-llama-qwen", "zeroeval", "mmlu-pro", "bfcl"),
    *("frontier-2025", "openhands", "paretobandit", "mcpmark", "zoonk", "thematic", "misguided"),
)
NEAREST_DEFAULT = ("", "medium", "high", "thinking", "low", "none", "minimal", "xhigh", "max")
"""Efforts in order of preference: the first one in a set represents the model."""

OF_RUNS = ("mcpmark",)
"""Sets of agents' runs with the input tokens of the run instead of the query; their recorded costs are used."""


@cache
def read_prices() -> dict[str, Price]:
    """Return the prices of models from model_facts.csv."""
    with (Path(__file__).with_name("model_facts.csv")).open() as file:
        return {
            row["name"]: Price(input=float(row["price_in"]), output=float(row["price_out"]))
            for row in csv.DictReader(file)
            if row["price_in"] and row["price_out"]
        }


def load_all() -> dict[str, Outcomes]:
    """Return the sets over models with a price."""
    return {name: load_one(name) for name in SETS}


@cache
def load_one(name: str) -> Outcomes:
    """Return a set with the catalogue's names and prices, and the set's name in its tasks."""
    from priors import read_spellings

    outcomes = read_outcomes(DATA / name)
    spelled: defaultdict[str, dict[str, str]] = defaultdict(dict)
    mean = dict(zip(outcomes.pool.names, np.nanmean(outcomes.quality, axis=0), strict=True))
    for spelling in outcomes.pool.names:
        model, effort = read_spellings().get((name, spelling), ("", ""))
        if model in read_prices():
            other = spelled[model].get(effort)
            # failures of the others are caused by their host or format
            if other is None or mean[spelling] > mean[other]:
                spelled[model][effort] = spelling
    chosen = {
        model: next(found[e] for e in NEAREST_DEFAULT if e in found) for model, found in spelled.items()
    }
    part = set_prices(name, outcomes.select(list(chosen.values())))
    part = replace(
        part,
        pool=Pool(Candidate(name=model, price=read_prices()[model]) for model in chosen),
        tasks=tuple(f"{name}: {task}" for task in part.tasks),
    )
    return separate(name, part)


def set_prices(name: str, outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with output tokens, from costs and the prices of model_facts.csv if the set has no tokens.

    Args:
        name: Name of the set.
        outcomes: Outcomes with the set's own spellings.
    """
    from priors import read_spellings

    query_tokens = estimate_tokens(outcomes.texts)
    if name.startswith("routerbench"):
        return add_costs(replace(outcomes, output_tokens=infer_output_tokens(priced(outcomes), query_tokens)))
    listed = [
        read_prices().get(read_spellings().get((name, each), ("", ""))[0]) for each in outcomes.pool.names
    ]
    pool = Pool(
        Candidate(name=each, price=price) for each, price in zip(outcomes.pool.names, listed, strict=True)
    )
    if name in OF_RUNS:
        table = np.array([[p.input, p.output] if p else [np.nan] * 2 for p in listed])
        beyond = (outcomes.input_tokens - query_tokens[:, None]) * table[:, 0] / table[:, 1]
        none = np.full(beyond.shape, np.nan)
        tokens = outcomes.output_tokens + np.maximum(beyond, 0)
        return add_costs(replace(outcomes, pool=pool, output_tokens=tokens, input_tokens=none))
    return add_costs(
        replace(
            outcomes, pool=pool, output_tokens=infer_output_tokens(replace(outcomes, pool=pool), query_tokens)
        )
    )


@cache
def estimate_tokens(texts: tuple[str, ...]) -> Floats:
    """Return the estimated tokens of queries, shape (n,)."""
    return np.array([Query(text).text_tokens for text in texts], dtype=float)


def add_costs(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with costs from tokens and prices, unless tokens are unknown."""
    table: Floats = np.array(
        [[c.price.input, c.price.output] if c.price else [np.nan] * 2 for c in outcomes.pool]
    )
    query_tokens = estimate_tokens(outcomes.texts)[:, None]
    read = np.where(np.isnan(outcomes.input_tokens), query_tokens, outcomes.input_tokens)
    cost = (read * table[:, 0] + outcomes.output_tokens * table[:, 1]) / 1e6
    return replace(outcomes, cost=cost, input_tokens=np.broadcast_to(read, cost.shape).copy())
