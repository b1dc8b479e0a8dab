"""All shared sets together, their candidates under the catalogue's names and prices.

Which model and effort a set's spelling means stands in spellings.csv, what is known of it in model_facts.csv. Where a
set ran one model at several efforts, the one nearest its default stands for it; the others count in priors.py.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from sets import DATA, apart

from crossroute import Candidate, Outcomes, Pool, Price, Query, priced, read_outcomes
from crossroute.model.costs import infer_output_tokens
from crossroute.numeric import Floats

SETS = (
    *("routerbench-5shot", "routerbench-0shot", "gpt4o-llama-qwen", "zeroeval", "mmlu-pro", "bfcl"),
    *("frontier-2025", "openhands", "paretobandit", "mcpmark", "zoonk", "thematic", "misguided"),
)
NEAREST_DEFAULT = ("", "medium", "high", "thinking", "low", "none", "minimal", "xhigh", "max")
"""Efforts, the first that a set has stands for the model."""

OF_RUNS = ("mcpmark",)
"""Sets of agents' runs whose input tokens are the run's, not the query's: what they cost counts as written."""


@cache
def price_table() -> dict[str, Price]:
    """Return the price of each model that has one in model_facts.csv."""
    with (Path(__file__).with_name("model_facts.csv")).open() as file:
        return {
            row["name"]: Price(input=float(row["price_in"]), output=float(row["price_out"]))
            for row in csv.DictReader(file)
            if row["price_in"] and row["price_out"]
        }


def load_all() -> dict[str, Outcomes]:
    """Return each set over the models that have a price."""
    return {name: load_one(name) for name in SETS}


@cache
def load_one(name: str) -> Outcomes:
    """Return a set under the catalogue's names, at its prices, with a task name that tells the set."""
    from priors import spellings

    outcomes = read_outcomes(DATA / name)
    spelled: defaultdict[str, dict[str, str]] = defaultdict(dict)
    mean = dict(zip(outcomes.pool.names, np.nanmean(outcomes.quality, axis=0), strict=True))
    for spelling in outcomes.pool.names:
        model, effort = spellings().get((name, spelling), ("", ""))
        if model in price_table():
            other = spelled[model].get(effort)
            # the others' failures are their host's or format's
            if other is None or mean[spelling] > mean[other]:
                spelled[model][effort] = spelling
    chosen = {
        model: next(found[e] for e in NEAREST_DEFAULT if e in found) for model, found in spelled.items()
    }
    part = priced_by_facts(name, outcomes.select(list(chosen.values())))
    part = replace(
        part,
        pool=Pool(Candidate(name=model, price=price_table()[model]) for model in chosen),
        tasks=tuple(f"{name}: {task}" for task in part.tasks),
    )
    return apart(name, part)


def priced_by_facts(name: str, outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with output tokens, at the prices of model_facts.csv where the set counts no tokens.

    Args:
        name: Of the set.
        outcomes: Under the set's own spellings.
    """
    from priors import spellings

    query_tokens = tokens_of(outcomes.texts)
    if name.startswith("routerbench"):
        return costed(replace(outcomes, output_tokens=infer_output_tokens(priced(outcomes), query_tokens)))
    listed = [price_table().get(spellings().get((name, each), ("", ""))[0]) for each in outcomes.pool.names]
    pool = Pool(
        Candidate(name=each, price=price) for each, price in zip(outcomes.pool.names, listed, strict=True)
    )
    if name in OF_RUNS:
        table = np.array([[p.input, p.output] if p else [np.nan] * 2 for p in listed])
        beyond = (outcomes.input_tokens - query_tokens[:, None]) * table[:, 0] / table[:, 1]
        none = np.full(beyond.shape, np.nan)
        tokens = outcomes.output_tokens + np.maximum(beyond, 0)
        return costed(replace(outcomes, pool=pool, output_tokens=tokens, input_tokens=none))
    return costed(
        replace(
            outcomes, pool=pool, output_tokens=infer_output_tokens(replace(outcomes, pool=pool), query_tokens)
        )
    )


@cache
def tokens_of(texts: tuple[str, ...]) -> Floats:
    """Return the estimated tokens of queries, shape (n,)."""
    return np.array([Query(text).text_tokens for text in texts], dtype=float)


def costed(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with costs by their tokens and prices, unless they cannot be told."""
    table: Floats = np.array(
        [[c.price.input, c.price.output] if c.price else [np.nan] * 2 for c in outcomes.pool]
    )
    query_tokens = tokens_of(outcomes.texts)[:, None]
    read = np.where(np.isnan(outcomes.input_tokens), query_tokens, outcomes.input_tokens)
    cost = (read * table[:, 0] + outcomes.output_tokens * table[:, 1]) / 1e6
    return replace(outcomes, cost=cost, input_tokens=np.broadcast_to(read, cost.shape).copy())
