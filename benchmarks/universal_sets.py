"""All shared sets together, their candidates under the catalogue's names and prices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from sets import DATA, apart

from crossroute import Outcomes, Pool, Query, priced, read_outcomes
from crossroute.catalogue import Catalogue
from crossroute.model.costs import written

SETS = (
    "routerbench-5shot",
    "routerbench-0shot",
    "gpt4o-llama-qwen",
    "zeroeval",
    "mmlu-pro",
    "bfcl",
    "frontier-2025",
)

BARE = ("mmlu-pro", "bfcl")
"""Sets whose tasks ("math", "simple") do not say of themselves which set they belong to."""

TYPICAL_TOKENS = 250.0
"""Of an answer with its reasoning, where a candidate's tokens are known on no set: the mean on zeroeval."""


def load_all() -> dict[str, Outcomes]:
    """Return each set, over the candidates that the catalogue has a price of."""
    sets = {name: renamed(name, counted(read_outcomes(DATA / name))) for name in SETS}
    known: set[str] = set()
    for part in sets.values():
        known |= {
            name
            for name, tokens in zip(part.pool.names, part.output_tokens.T, strict=True)
            if not np.isnan(tokens).all()
        }
    return {name: apart(name, typical(part, known)) for name, part in sets.items()}


def counted(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with output tokens, and nothing else of what they cost: prices are the catalogue's."""
    outcomes = priced(outcomes)
    query_tokens = np.array([Query(text).text_tokens for text in outcomes.texts], dtype=float)
    return replace(outcomes, output_tokens=written(outcomes, query_tokens))


def renamed(name: str, outcomes: Outcomes) -> Outcomes:
    """Return the outcomes under the catalogue's candidates, priced by it.

    Of several spellings of one candidate (bfcl's prompted and native calls, zeroeval's hosts) the best on the
    train split stands: the others' failures are their format's or host's, not the model's.
    """
    quality = dict(zip(outcomes.pool.names, np.nanmean(outcomes.split("train").quality, axis=0), strict=True))
    spelled: defaultdict[str, list[str]] = defaultdict(list)
    for entry in Catalogue.bundled():
        if entry.price is not None:
            spelled[entry.name] += [s for s in entry.recorded_as.get(name, ()) if s in quality]
    chosen = {max(found, key=quality.__getitem__): name for name, found in spelled.items() if found}
    part = outcomes.select(chosen)
    part = replace(part, pool=Pool(Catalogue.bundled()[name].candidate for name in chosen.values()))
    read = np.array([[Query(text).text_tokens] for text in part.texts], dtype=float)
    read = np.where(np.isnan(part.input_tokens), read, part.input_tokens)
    price = np.array([[c.price.input, c.price.output] for c in part.pool if c.price])
    cost = (read * price[:, 0] + part.output_tokens * price[:, 1]) / 1e6
    tasks = tuple(f"{name}-{task}" if name in BARE else task for task in part.tasks)
    return replace(part, cost=cost, input_tokens=np.broadcast_to(read, cost.shape), tasks=tasks)


def typical(outcomes: Outcomes, known: set[str]) -> Outcomes:
    """Return the outcomes with a typical length where a candidate's tokens are known nowhere."""
    unknown = [name not in known for name in outcomes.pool.names]
    seen = outcomes.observed & np.array(unknown)
    return replace(outcomes, output_tokens=np.where(seen, TYPICAL_TOKENS, outcomes.output_tokens))
